"""``syncd runs --since``, ``syncd show`` with its figures, and ``syncd diff``."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncd.reconcile.model import Action, Plan, digest, make_action
from syncd.reconcile.ports import RunSummary, Traffic
from syncd.reconcile.values import Known
from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from syncd.state.store import Store, open_store
from unit.cli.commands import Cli, column, with_store
from unit.state.sample import action, outcome, plan
from unit.virtual_clock import VirtualClock

DAY = 86_400


class Past:
    """A store with runs of our making, and the command line that reads it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "state"
        self.clock = VirtualClock(datetime.now(UTC) - timedelta(days=9.5))
        self.cli = with_store(directory)

    def store(self) -> Store:
        return open_store(self.directory, actor="syncd-chromebooks.service", clock=self.clock)

    def run(self, *actions: Action, result: str = "planned", job: str = "chromebooks", **more: Any) -> str:  # noqa: ANN401
        """Record a run; a day goes by."""
        made: Plan = msgspec.structs.replace(plan(*actions, job=job), hash=digest([action.id for action in actions]))
        with self.store() as store:
            run = store.ledger.start(job, "plan")
            if result != "failed":
                store.ledger.planned(run, made)
            summary = RunSummary(id=run, job=job, mode="plan", started="", result=result)
            counts = {"matched": 3, "actions": len(actions)}
            hashed = "" if result == "failed" else made.hash
            store.ledger.finish(msgspec.structs.replace(summary, counts=counts, plan_hash=hashed, **more))
        self.clock.advance(DAY)
        return run


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path)


# -- runs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "number"),
    [
        (lambda _: "30h", 1),
        (lambda _: "1d 24h", 2),
        (lambda _: "100w", 10),
        (lambda now: f"{now - timedelta(days=3):%Y-%m-%dT%H:%M}Z", 3),
        (lambda now: f"{now - timedelta(days=3):%Y-%m-%d %H:%M:%S}+00:00", 3),
        (lambda now: f"{(now + timedelta(days=2)).astimezone():%Y-%m-%d}", 0),
        (lambda now: f"{(now + timedelta(minutes=30)).astimezone():%H:%M:%S}", 1),
        (lambda now: f"{(now - timedelta(minutes=30)).astimezone():%H:%M}", 0),
    ],
)
def test_runs_since_a_date_a_time_or_a_span(past: Past, since: Callable[[datetime], str], number: int) -> None:
    runs = [past.run() for _ in range(10)][::-1]
    found = past.cli.ended(0, "runs", "--since", since(datetime.now(UTC)), "--json").json
    assert [run["id"] for run in found] == runs[:number]


def test_all_runs_since_then_are_listed_unless_a_number_is_given(past: Past) -> None:
    for _ in range(25):
        past.run()
    assert len(past.cli.ended(0, "runs", "--json").json) == 20
    assert len(past.cli.ended(0, "runs", "--json", "--since", "100d").json) == 25
    assert len(past.cli.ended(0, "runs", "--json", "--since", "100d", "--limit", "3").json) == 3


@pytest.mark.parametrize("since", ["yesteryear", "", "2", "-3d", "2026-13-01", "25:00", "99999999y"])
def test_what_is_no_time_is_wrong_usage_with_examples(past: Past, since: str) -> None:
    told = past.cli.ended(64, "runs", "--since", since)
    assert "2d, 12h" in told.err
    assert "2026-11-20" in told.err


# -- show -------------------------------------------------------------------------------------------------------


def test_a_run_is_shown_with_its_times_its_requests_and_the_journal(past: Past) -> None:
    with past.store() as store:
        run = store.ledger.start("chromebooks", "apply")
        store.ledger.planned(run, plan(action(1), action(2)))
        past.clock.advance(4)
        store.ledger.intend(run, [action(1), action(2)])
        past.clock.advance(8.5)
        store.ledger.settle(run, [outcome(1, duration_ms=812), outcome(2, "failed", error="no", duration_ms=90)])
        past.clock.advance(0.5)
        traffic = {"google": Traffic(requests=12, retries=2, codes={"200": 10, "503": 2}), "rt": Traffic()}
        summary = RunSummary(id=run, job="chromebooks", mode="apply", started="", result="partial")
        store.ledger.finish(msgspec.structs.replace(summary, traffic=traffic, requests={"google": 12, "rt": 0}))
    shown = past.cli.ended(0, "show", run)
    assert [took for took in column(shown.rows[:7], "took") if took] == ["812 ms", "90 ms"]
    assert "by syncd-chromebooks.service, took 13.0 s (4.0 s until the first write, 8.5 s writing)." in shown.out
    assert "Slowest writes: google SYN0001 812 ms, google SYN0002 90 ms." in shown.out
    assert ["google", "12", "2", "10 x 200, 2 x 503"] in shown.rows
    assert f"Journal: journalctl SYNCD_RUN_ID={run}" in shown.out
    document = past.cli.ended(0, "show", run, "--json").json
    assert document["timings"] == {"total": 13.0, "reading": 4.0, "writing": 8.5}
    assert document["run"]["traffic"]["google"] == {"requests": 12, "retries": 2, "codes": {"200": 10, "503": 2}}
    assert document["journal"] == f"journalctl SYNCD_RUN_ID={run}"


def test_a_run_that_is_still_open_has_no_end(past: Past) -> None:
    with past.store() as store:
        run = store.ledger.start("chromebooks", "apply")
    assert "Started " in past.cli.ended(0, "show", run).out
    timings = past.cli.ended(0, "show", run, "--json").json["timings"]
    assert timings == {"total": None, "reading": None, "writing": None}


def test_retries_of_a_run_are_shown(site: Sandbox, syncd: Cli) -> None:
    site.config_file.write_text(site.config_file.read_text().replace("attempts = 1", "attempts = 3"))
    site.server.faults.add(Rule(route="/admin/.*chromeos", times=1, status=503, body=""))
    run = syncd.ended(0, "plan", "chromebooks").run
    asked = syncd.ended(0, "show", run, "--json").json["run"]["traffic"]
    assert (asked["google"]["retries"], asked["google"]["codes"]["503"]) == (1, 1)
    assert asked["rt"]["retries"] == 0


@pytest.mark.parametrize("verb", [["show"], ["diff", "x"]])
def test_a_run_that_does_not_exist_names_near_ones(past: Past, verb: Sequence[str]) -> None:
    assert "no run has been recorded yet" in past.cli.ended(65, *verb, "20260101T000000-aaaa").err
    assert not past.directory.exists()
    run = past.run()
    wrong = f"{run[:-1]}{'0' if run[-1] != '0' else '1'}"
    told = past.cli.ended(65, *[run if word == "x" else word for word in verb], wrong)
    assert f"there is no run '{wrong}'; the nearest are {run} (chromebooks)" in told.err


# -- diff -------------------------------------------------------------------------------------------------------


def change(number: int, old: Known, new: Known, **more: Known) -> Action:
    return make_action(
        kind="clear" if new is None else "update",
        system="google",
        object=f"device-{number}",
        label=f"SYN{number:04}",
        before={"annotatedUser": old} | dict.fromkeys(more),
        after={"annotatedUser": new} | more,
        reason="",
    )


def test_two_equal_plans_do_not_differ(past: Past) -> None:
    one, two = (past.run(change(1, "a", "b")) for _ in range(2))
    shown = past.cli.ended(0, "diff", one, two)
    assert shown.out == f"The plans of {one} and {two} are the same.\n"


def test_what_only_one_plan_has_and_what_both_change_otherwise_is_shown(past: Past) -> None:
    same = change(1, "a", "b")
    one = past.run(same, change(2, "a", "b"), change(3, "a", "b"), sources={"google": 40, "rt": 38})
    two = past.run(same, change(3, "a", None, notes="x"), change(4, "a", "b"), sources={"google": 41, "rt": 38})
    found = past.cli.ended(0, "diff", one, two, "--json").json
    assert [item["object"] for item in found["only_first"]] == ["device-2"]
    assert [item["object"] for item in found["only_second"]] == ["device-4"]
    assert [(item["field"], item["first"], item["second"]) for item in found["changed"]] == [
        ("annotatedUser", ["a", "b"], ["a", None]),
        ("notes", None, [None, "x"]),
    ]
    assert (found["counts"], found["sources"]) == ({}, {"google": [40, 41]})
    shown = past.cli.ended(0, "diff", one, two)
    assert f"Only in {one}: 1\n" in shown.out
    assert ["update", "google", "SYN0004", "annotatedUser", "a", "b", ""] in shown.rows
    assert ["google", "SYN0003", "annotatedUser", "a -> b", "a -> -"] in shown.rows
    assert ["google", "SYN0003", "notes", "left alone", "- -> x"] in shown.rows
    assert ["read from google", "40", "41"] in shown.rows


def test_counts_that_differ_are_shown(past: Past) -> None:
    one, two = past.run(), past.run(change(1, "a", "b"))
    shown = past.cli.ended(0, "diff", one, two)
    assert ["actions", "0", "1"] in shown.rows
    assert [row[0] for row in shown.rows if row[0] == "matched"] == []


def test_two_actions_of_one_kind_on_one_object_are_not_taken_for_one(past: Past) -> None:
    one = past.run(change(1, "a", "b"), change(1, "a", "c"))
    two = past.run(change(1, "a", "d"))
    found = past.cli.ended(0, "diff", one, two, "--json").json
    assert (len(found["only_first"]), len(found["only_second"]), found["changed"]) == (2, 1, [])


def test_all_lists_every_difference(past: Past) -> None:
    one = past.run(*(change(number, "a", "b") for number in range(30)))
    two = past.run(*(change(number, "a", "c") for number in range(30)))
    few, every = past.cli.ended(0, "diff", one, two), past.cli.ended(0, "diff", one, two, "--all")
    assert "... and 20 more; --all lists them." in few.out
    assert len(every.rows) == len(few.rows) + 20


def test_runs_of_two_jobs_are_not_compared(past: Past) -> None:
    one, two = past.run(), past.run(job="rosters")
    assert "compare two runs of one job" in past.cli.ended(65, "diff", one, two).err


def test_a_run_without_a_plan_is_not_compared(past: Past) -> None:
    one, two = past.run(), past.run(result="failed", error="RT is down (rt.unreachable)")
    told = past.cli.ended(65, "--log", "json", "diff", one, two)
    assert json.loads(told.err)["MESSAGE"] == f"run {two} made no plan, it is failed: RT is down (rt.unreachable)"
