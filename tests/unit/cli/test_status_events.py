"""``syncd status``: what came in, what became of it, and whether anybody works on it."""

from datetime import datetime, timedelta

import pytest

from syncd.cli import status as status_module
from syncd.host.systemd import Unit, Units
from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox, open_inbox
from syncd.state.lock import JobLock
from unit.cli.desk import Desk, desk, no_systemd, on_a_terminal

__all__ = ["desk", "no_systemd"]

LEASE = timedelta(seconds=60)


def inbox_of(desk: Desk) -> Inbox:
    return open_inbox(desk.state / DIRECTORY_NAME)


def fill(desk: Desk, *states: str) -> None:
    """Put an event into the inbox for each state that one is to be in."""
    with inbox_of(desk) as inbox:
        for asset, state in enumerate(states, 1):
            (receipt,) = inbox.accept([asset_created(asset, "webhook")], desk.now - timedelta(hours=3))
            if state in {"done", "dead"}:
                inbox.claim("a", desk.now, LEASE)
            if state == "done":
                inbox.finish(receipt.id, "a", desk.now, b"{}")
            elif state == "dead":
                inbox.bury(receipt.id, "a", desk.now, "rt.refused", "RT refused to update asset 17.")


def give_daemons(monkeypatch: pytest.MonkeyPatch, webhooks: str, worker: str, result: str = "success") -> None:
    """Let systemd have both units, in these states."""
    units = {
        name: Unit(service=f"syncd-{name}.service", loaded=True, active=active, result=result, exit_status=78)
        for name, active in (("webhooks", webhooks), ("worker", worker))
    }
    monkeypatch.setattr(status_module, "units_of", lambda names: Units(jobs={n: units[n] for n in names if n in units}))


def test_without_events_nothing_is_told_of_them_and_no_inbox_is_made(desk: Desk) -> None:
    shown = desk.status()
    assert (shown["inbox"], shown["daemons"]) == (None, [])
    assert "events" not in desk.cli.ended(0, "status").out
    assert not desk.state.exists()


def test_events_are_counted_by_kind_and_state(desk: Desk) -> None:
    fill(desk, "done", "done", "dead", "waiting")
    (row,) = desk.status()["inbox"]["kinds"]
    assert row == {"kind": "asset-created", "waiting": 1, "working": 0, "dead": 1, "done": 2, "dropped": 0}
    rows = desk.cli.ended(0, "status").rows
    assert ["events", "waiting", "working", "dead", "done", "dropped"] in rows
    assert ["asset-created", "1", "0", "1", "2", "0"] in rows


def test_the_age_of_what_waits_is_told(desk: Desk) -> None:
    fill(desk, "waiting")
    oldest = datetime.fromisoformat(desk.status()["inbox"]["oldest_waiting"])
    assert oldest == desk.now - timedelta(hours=3)
    assert "The oldest event that waits came 3 h ago." in on_a_terminal(desk, 100)


def test_dead_events_need_somebody(desk: Desk) -> None:
    fill(desk, "done", "dead")
    assert desk.attention() == [("events", "1 event is dead", ["syncd events list --state dead"])]
    fill(desk, "done", "dead", "dead")
    assert [what for _, what, _ in desk.attention()] == ["2 events are dead"]


def test_what_waits_while_no_worker_runs_is_told_with_what_to_type(desk: Desk) -> None:
    fill(desk, "waiting")
    assert desk.attention() == [("events", "1 waits, and no worker runs", ["syncd work"])]
    fill(desk, "waiting", "waiting")
    assert [what for _, what, _ in desk.attention()] == ["2 wait, and no worker runs"]


def test_a_worker_by_hand_is_known_by_its_lock(desk: Desk) -> None:
    fill(desk, "waiting")
    with JobLock(desk.state, "worker-2"):
        shown = desk.status()
    (worker,) = shown["daemons"]
    assert (worker["daemon"], worker["state"], worker["unit"]) == ("worker", "running", None)
    assert abs(datetime.fromisoformat(worker["since"]) - desk.now) < timedelta(minutes=5)
    assert shown["attention"] == []


def test_units_are_told_with_their_state(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    give_daemons(monkeypatch, webhooks="active", worker="inactive")
    assert [(each["daemon"], each["state"]) for each in desk.status()["daemons"]] == [
        ("webhooks", "running"),
        ("worker", "stopped"),
    ]
    assert ["webhooks", "running", "-"] in desk.cli.ended(0, "status").rows
    assert desk.attention() == []
    fill(desk, "waiting")
    assert desk.attention() == [
        ("events", "1 waits, and no worker runs", ["systemctl start syncd-worker.service"]),
    ]


def test_a_unit_that_failed_is_told_with_the_command_that_tells_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk, "waiting")
    give_daemons(monkeypatch, webhooks="active", worker="failed", result="exit-code")
    assert desk.attention() == [
        (
            "worker",
            "syncd-worker.service does not run (exit-code, exit status 78)",
            ["journalctl --catalog --unit=syncd-worker.service --lines=20"],
        )
    ]
