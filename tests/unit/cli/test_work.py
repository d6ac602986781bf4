"""``syncd work`` and ``syncd poll``: what they need, and that their options do something."""

import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.cli.session import impatient
from syncd.cli.work import ATTEMPTS, BUDGET, _close_abandoned, _policy, _slot
from syncd.host.clock import SystemClock
from syncd.jobs.events import EventsOptions
from syncd.jobs.settings import Settings
from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from syncd.state.store import open_store
from syncd.systems.rt.options import RtOptions
from unit.cli.commands import with_store


def test_a_worker_without_anything_to_do_says_so(tmp_path: Path) -> None:
    cli = with_store(tmp_path, '[rt]\nurl = "https://rt.example.org"\n')
    assert "nothing says what to do with events" in cli.ended(78, "work", "--until-idle").err


def test_a_poll_without_rt_says_so(tmp_path: Path) -> None:
    assert "needs [rt]" in with_store(tmp_path).ended(78, "poll", "asset-created").err


def test_the_options_are_those_of_the_worker() -> None:
    options = EventsOptions(tries=3, first_wait_seconds=1, longest_wait_seconds=9, lease_seconds=20)
    policy = _policy(options)
    assert (policy.tries, policy.first_wait, policy.longest_wait) == (3, 1, 9)
    assert policy.lease == timedelta(seconds=20)


@pytest.mark.parametrize(
    ("own", "hasty"),
    [({}, (ATTEMPTS, BUDGET)), ({"attempts": 1, "budget_seconds": 5}, (1, 5))],
    ids=["usual", "hasty already"],
)
def test_systems_are_given_up_soon_so_that_other_events_need_not_wait(
    own: Mapping[str, float], hasty: tuple[int, float]
) -> None:
    options = RtOptions(url="https://rt.example.org", **own)  # type: ignore[arg-type]
    rt = impatient(Settings(rt=options), attempts=ATTEMPTS, seconds=BUDGET).rt
    assert rt is not None
    assert (rt.attempts, rt.budget_seconds) == hasty


def test_workers_side_by_side_have_numbers_of_their_own_and_free_ones_are_used_again(tmp_path: Path) -> None:
    with _slot(tmp_path) as first:
        with _slot(tmp_path) as second:
            assert (first, second) == (1, 2)
        with _slot(tmp_path) as again:
            assert again == 2


@pytest.mark.parametrize(("actor", "closed"), [("unit#1", True), ("unit#2", False), ("unit#3", True), ("root", True)])
def test_runs_of_dead_workers_are_closed_and_those_of_living_ones_are_not(
    tmp_path: Path,
    actor: str,
    closed: bool,  # noqa: FBT001
) -> None:
    with open_store(tmp_path, actor=actor, clock=SystemClock()) as store:
        run = store.ledger.start("asset-created", "apply")
    with _slot(tmp_path) as mine, _slot(tmp_path), open_store(tmp_path) as store:
        _close_abandoned(store, tmp_path, mine, ["asset-created"])
        assert (store.ledger.run(run).result == "interrupted") is closed


def test_systemd_is_told_that_the_worker_is_ready_alive_and_what_there_is_to_do(tmp_path: Path) -> None:
    cli = with_store(
        tmp_path,
        '[rt]\nurl = "http://127.0.0.1:9"\n[[events.asset-created.sequences]]\ncatalog = "C"\nprefix = "W12-"\n',
    )
    with open_inbox(tmp_path / "state" / DIRECTORY_NAME) as inbox:
        (receipt,) = inbox.accept([asset_created(17, "webhook")], SystemClock().now())
        inbox.drop(receipt.id, SystemClock().now())
        inbox.accept([asset_created(18, "webhook")], SystemClock().now() + timedelta(hours=1))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        cli.environment |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        cli.ended(0, "work", "--until-idle")
        told = [systemd.recv(4096).decode() for _ in range(4)]
    assert told == ["READY=1", "WATCHDOG=1", "STATUS=1 events wait, 0 are dead, 0 are done", "STOPPING=1"]


def test_a_run_of_an_event_is_not_undone_as_a_whole_and_it_is_said_where_its_values_are(tmp_path: Path) -> None:
    cli = with_store(tmp_path)
    with open_store(tmp_path / "state") as store:
        run = store.ledger.start("asset-created", "apply")
    assert f"syncd show {run} has the values from before" in cli.ended(65, "revert", run).err
