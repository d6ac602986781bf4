import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from syncd.host.errors import DataError
from syncd.reconcile.model import Outcome
from syncd.reconcile.ports import Ledger, Traffic
from syncd.state.store import Store, open_store
from unit.state.sample import action, outcome, plan, summary
from unit.virtual_clock import START, VirtualClock


def as_port(ledger: Ledger) -> Ledger:
    return ledger


def test_a_run_is_kept_from_start_to_end(store: Store, clock: VirtualClock) -> None:
    ledger = as_port(store.ledger)
    run = ledger.start("chromebooks", "apply")
    assert re.fullmatch(r"20260101T000000-[0-9a-f]{4}", run)
    opened = store.ledger.run(run)
    assert (opened.result, opened.finished, opened.started) == ("running", "", "2026-01-01T00:00:00.000Z")
    ledger.planned(run, plan(action(1)))
    clock.advance(1.5)
    traffic = {"rt": Traffic(requests=3, retries=1, codes={"200": 2, "503": 1})}
    closing = summary(run, counts={"verified": 1}, requests={"rt": 3}, traffic=traffic, plan_hash="hash-of-plan")
    ledger.finish(msgspec.structs.replace(closing, error="e", code="rt.refused"))
    closed = store.ledger.run(run)
    assert (closed.job, closed.mode, closed.actor) == ("chromebooks", "apply", "operator")
    assert (closed.result, closed.error, closed.plan_hash) == ("applied", "e", "hash-of-plan")
    assert closed.started == "2026-01-01T00:00:00.000Z"
    assert closed.finished == "2026-01-01T00:00:01.500Z"
    assert (closed.counts, closed.sources) == ({"verified": 1}, {"google": 4, "rt": 3})
    assert (closed.requests, closed.traffic, closed.code) == ({"rt": 3}, traffic, "rt.refused")


def test_a_given_end_of_a_run_is_kept(store: Store) -> None:
    run = store.ledger.start("chromebooks", "plan")
    store.ledger.finish(summary(run, finished="2026-05-05T05:05:05Z"))
    assert store.ledger.run(run).finished == "2026-05-05T05:05:05Z"


def test_a_plan_is_kept_whole_and_in_order(store: Store) -> None:
    run = store.ledger.start("chromebooks", "plan")
    planned = [action(number) for number in (3, 1, 2)]
    store.ledger.planned(run, plan(*planned))
    kept = list(store.ledger.actions(run))
    assert [each for each, _ in kept] == planned
    assert {(result.state, result.run, result.started_at, result.settled_at) for _, result in kept} == {
        ("planned", run, "", "")
    }
    report = store.ledger.plan_report(run)
    made = plan().report
    assert (report.counts, report.sources, report.listings) == (made.counts, made.sources, made.listings)
    assert (report.fingerprint, report.populations) == ("print", {"google": 4, "rt": 3})
    assert store.ledger.run(run).plan_hash == "hash-of-plan"


def test_a_run_without_a_plan_has_an_empty_report(store: Store) -> None:
    run = store.ledger.start("chromebooks", "plan")
    assert store.ledger.plan_report(run).counts == {}
    with pytest.raises(DataError):
        store.ledger.plan_report("nothing")


def test_intent_and_outcome_of_an_action_are_kept(store: Store, clock: VirtualClock) -> None:
    run = store.ledger.start("chromebooks", "apply")
    store.ledger.planned(run, plan(action(1), action(2), action(3)))
    store.ledger.intend(run, [action(1), action(2)])
    clock.advance(1)
    found = {"annotatedUser": "x", "notes": None, "tags": ("a",)}
    store.ledger.settle(run, [outcome(1, "failed", error="no", code="c", found=found, duration_ms=7)])
    one, two, three = (result for _, result in store.ledger.actions(run))
    assert (one.state, one.error, one.code, one.found, one.duration_ms) == ("failed", "no", "c", found, 7)
    assert (one.started_at, one.settled_at) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z")
    assert (two.state, two.started_at, two.settled_at) == ("started", "2026-01-01T00:00:00.000Z", "")
    assert (three.state, three.started_at) == ("planned", "")


def test_a_read_back_does_not_erase_what_the_write_found_out(store: Store) -> None:
    run = store.ledger.start("chromebooks", "apply")
    store.ledger.planned(run, plan(action(1, "create")))
    first = outcome(1, "unproven", object="77", duration_ms=12, found={"a": "b"}, error="not read", code="x")
    store.ledger.settle(run, [first])
    store.ledger.settle(run, [outcome(1)])
    ((_, result),) = store.ledger.actions(run)
    assert (result.state, result.error, result.code) == ("verified", "", "")
    assert (result.object, result.duration_ms, result.found) == ("77", 12, {"a": "b"})


def test_an_outcome_is_for_its_own_run_only(store: Store) -> None:
    first, second = (store.ledger.start("chromebooks", "apply") for _ in range(2))
    for run in (first, second):
        store.ledger.planned(run, plan(action(1)))
    store.ledger.settle(second, [outcome(1)])
    assert [result.state for _, result in store.ledger.actions(first)] == ["planned"]
    assert [result.state for _, result in store.ledger.actions(second)] == ["verified"]


def test_what_was_never_planned_cannot_be_recorded(store: Store) -> None:
    run = store.ledger.start("chromebooks", "apply")
    store.ledger.planned(run, plan(action(1)))
    with pytest.raises(DataError, match=run):
        store.ledger.intend(run, [action(1), action(2)])
    assert [result.state for _, result in store.ledger.actions(run)] == ["planned"], "half of it was kept"
    with pytest.raises(DataError):
        store.ledger.planned("no-such-run", plan(action(1)))
    with pytest.raises(DataError):
        store.ledger.finish(summary("no-such-run"))


def test_nothing_to_record_is_no_error(store: Store) -> None:
    run = store.ledger.start("chromebooks", "apply")
    store.ledger.planned(run, plan())
    store.ledger.intend(run, [])
    store.ledger.settle(run, [])
    assert list(store.ledger.actions(run)) == []


def test_a_taken_run_id_is_not_given_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    hexes = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(hexes))
    assert store.ledger.start("one", "plan") == "20260101T000000-aaaa"
    assert store.ledger.start("two", "plan") == "20260101T000000-bbbb"


def test_runs_come_newest_first_and_can_be_narrowed(store: Store, clock: VirtualClock) -> None:
    ids = []
    for job, result in (("a", "applied"), ("b", "failed"), ("a", "refused"), ("a", "in_sync")):
        run = store.ledger.start(job, "apply")
        store.ledger.finish(summary(run, result, job))
        ids.append(run)
        clock.advance(0.01)
    assert [run.id for run in store.ledger.runs()] == ids[::-1]
    assert [run.id for run in store.ledger.runs("a", limit=2)] == [ids[3], ids[2]]
    assert [run.id for run in store.ledger.runs(failed=True)] == [ids[2], ids[1]]
    assert store.ledger.runs("a", failed=True)[0].id == ids[2]
    since = START + timedelta(seconds=0.02)
    assert [run.id for run in store.ledger.runs(since=since, limit=None)] == [ids[3], ids[2]]
    assert store.ledger.runs(since=since + timedelta(seconds=1)) == []


@pytest.mark.parametrize("bad", ["refused", "failed", "interrupted"])
def test_the_last_good_run_is_one_that_read_both_sides_and_was_not_refused(
    store: Store, clock: VirtualClock, bad: str
) -> None:
    assert store.ledger.last_good("a") is None
    ids = []
    for job, result, sources in (
        ("a", "in_sync", {"rt": 10}),
        ("a", "planned", {"rt": 11}),
        ("a", bad, {"rt": 1}),
        ("a", "applied", {}),
        ("b", "applied", {"rt": 99}),
    ):
        run = store.ledger.start(job, "apply")
        store.ledger.finish(summary(run, result, job, sources=sources))
        ids.append(run)
        clock.advance(1)
    store.ledger.start("a", "apply")
    good = store.ledger.last_good("a")
    assert good is not None
    assert (good.id, good.sources) == (ids[1], {"rt": 11})


def test_the_newest_run_of_a_kind_is_found(store: Store, clock: VirtualClock) -> None:
    assert store.ledger.newest("a") is None
    ids = []
    for mode, result, plan_hash in (
        ("apply", "applied", "one"),
        ("plan", "refused", "two"),
        ("apply", "failed", ""),
        ("revert", "applied", "three"),
    ):
        run = store.ledger.start("a", mode)
        store.ledger.finish(msgspec.structs.replace(summary(run, result, "a"), plan_hash=plan_hash))
        ids.append(run)
        clock.advance(1)
    still_open = store.ledger.start("a", "apply")
    store.ledger.planned(still_open, plan(action(1)))
    found = [
        store.ledger.newest("a"),
        store.ledger.newest("a", compared=True),
        store.ledger.newest("a", compared=True, results=["applied", "in_sync"]),
        store.ledger.newest("a", results=["applied"]),
        store.ledger.newest("a", modes=["plan", "revert"], results=["refused"]),
        store.ledger.newest("a", results=["failed"], actor="operator"),
        store.ledger.newest("a", actor="somebody"),
        store.ledger.newest("b"),
    ]
    assert [run and run.id for run in found] == [still_open, ids[1], ids[0], ids[3], ids[1], ids[2], None, None]


def test_the_actions_of_a_run_under_way_are_counted(store: Store) -> None:
    run = store.ledger.start("a", "apply")
    assert store.ledger.counted(run) == {"actions": 0}
    store.ledger.planned(run, plan(action(1), action(2, "create"), action(3)))
    store.ledger.settle(run, [outcome(1), outcome(2, "failed")])
    assert store.ledger.counted(run) == {"actions": 3, "create": 1, "update": 2, "verified": 1, "failed": 1}


def test_what_only_one_of_two_plans_has_is_found(store: Store) -> None:
    one, two = (store.ledger.start("a", "plan") for _ in range(2))
    store.ledger.planned(one, plan(action(3), action(1), action(2)))
    store.ledger.planned(two, plan(action(2), action(4)))
    assert list(store.ledger.only_in(one, two)) == [action(3), action(1)]
    assert list(store.ledger.only_in(two, one)) == [action(4)]
    assert list(store.ledger.only_in(one, one)) == []


def test_a_run_is_found_by_the_beginning_of_its_id(store: Store, clock: VirtualClock) -> None:
    first = store.ledger.start("a", "plan")
    clock.advance(86400)
    second = store.ledger.start("a", "plan")
    clock.advance(1)
    third = store.ledger.start("a", "plan")
    assert store.ledger.run("20260101").id == first
    assert store.ledger.run(second).id == second
    with pytest.raises(DataError, match="several runs begin") as several:
        store.ledger.run("20260102")
    assert second in several.value.sentence
    assert third in several.value.sentence


@pytest.mark.parametrize("wrong", ["20260101T000000-zzzz", "", "%", "2026010_", "utter nonsense"])
def test_a_missing_run_names_what_there_is(store: Store, wrong: str) -> None:
    run = store.ledger.start("a", "plan")
    with pytest.raises(DataError) as missing:
        store.ledger.run(wrong)
    assert missing.value.code == "state.no_such_run"
    assert run in missing.value.sentence


def test_a_missing_run_in_an_empty_store_says_so(store: Store) -> None:
    with pytest.raises(DataError, match="no run has been recorded yet"):
        store.ledger.run("2026")


def test_history_tells_all_that_was_done_to_one_object(store: Store, clock: VirtualClock) -> None:
    for number in (1, 2):
        run = store.ledger.start("a", "apply")
        store.ledger.planned(run, plan(action(1), action(7)))
        store.ledger.settle(run, [outcome(1, "verified", duration_ms=number)])
        clock.advance(1)
    history = store.ledger.history("google", "device-1")
    assert [result.duration_ms for _, result in history] == [2, 1]
    assert len(store.ledger.history("google", "device-1", limit=1)) == 1
    assert store.ledger.history("rt", "device-1") == []


def test_history_of_what_was_written_leaves_out_what_was_only_planned(store: Store, clock: VirtualClock) -> None:
    for state in ("verified", "failed", "unproven", "not_started"):
        run = store.ledger.start("a", "apply")
        store.ledger.planned(run, plan(action(1)))
        store.ledger.settle(run, [outcome(1, state)])
        clock.advance(1)
    store.ledger.planned(store.ledger.start("a", "plan"), plan(action(1)))
    states = [result.state for _, result in store.ledger.history("google", "device-1", written=True)]
    assert states == ["unproven", "failed", "verified"]


def test_history_of_a_created_object_begins_with_its_creation(store: Store) -> None:
    run = store.ledger.start("a", "apply")
    store.ledger.planned(run, plan(action(1, "create")))
    store.ledger.settle(run, [outcome(1, object="4711")])
    ((created, _),) = store.ledger.history("google", "4711")
    assert created.kind == "create"


def test_a_killed_run_is_found_and_closed_by_the_next(store: Store, clock: VirtualClock) -> None:
    closed = store.ledger.start("a", "apply")
    store.ledger.finish(summary(closed, job="a"))
    other = store.ledger.start("b", "apply")
    killed = store.ledger.start("a", "apply")
    store.ledger.planned(killed, plan(action(1), action(2), action(3)))
    store.ledger.intend(killed, [action(1), action(2)])
    store.ledger.settle(killed, [outcome(1)])
    clock.advance(60)
    assert [run.id for run in store.ledger.abandoned("a")] == [killed]
    store.ledger.mark_abandoned(killed)
    assert store.ledger.abandoned("a") == []
    assert [run.id for run in store.ledger.abandoned("b")] == [other]
    run = store.ledger.run(killed)
    assert (run.result, run.code, run.finished) == ("interrupted", "run.killed", "2026-01-01T00:01:00.000Z")
    assert run.counts == {"actions": 3, "update": 3, "verified": 1, "unproven": 1, "not_started": 1}
    states = [(result.state, result.code) for _, result in store.ledger.actions(killed)]
    assert states == [("verified", ""), ("unproven", "run.killed"), ("not_started", "run.killed")]


def test_marking_a_closed_run_leaves_its_result(store: Store) -> None:
    run = store.ledger.start("a", "apply")
    store.ledger.finish(summary(run, "applied", "a"))
    store.ledger.mark_abandoned(run)
    assert store.ledger.run(run).result == "applied"


def test_many_threads_record_at_once(store: Store) -> None:
    run = store.ledger.start("a", "apply")
    planned = [action(number) for number in range(80)]
    store.ledger.planned(run, plan(*planned))

    def work(share: int) -> None:
        for each in planned[share::8]:
            store.ledger.intend(run, [each])
            store.ledger.settle(run, [Outcome(action=each.id, state="verified")])

    threads = [threading.Thread(target=work, args=(share,)) for share in range(8)]
    for thread in threads:
        thread.start()
    reads = [store.ledger.run(run).result for _ in range(20)]
    for thread in threads:
        thread.join(timeout=30)
    assert set(reads) == {"running"}
    assert [result.state for _, result in store.ledger.actions(run)] == ["verified"] * 80


def test_a_plan_that_cannot_be_kept_leaves_no_part_of_it(store: Store) -> None:
    run = store.ledger.start("a", "apply")
    twice = [action(number) for number in range(600)] + [action(0)]
    with pytest.raises(Exception, match="UNIQUE"):
        store.ledger.planned(run, plan(*twice))
    assert list(store.ledger.actions(run)) == []
    assert store.ledger.run(run).plan_hash == ""


def test_good_runs_that_applied_tell_their_listings_and_whom_they_disabled(store: Store, clock: VirtualClock) -> None:
    disables = [msgspec.structs.replace(action(number), kind="disable") for number in (1, 2)]
    for mode, result in (("apply", "partial"), ("plan", "planned"), ("apply", "refused"), ("apply", "in_sync")):
        clock.advance(60)
        run = store.ledger.start("a", mode)
        store.ledger.planned(run, plan(*disables, action(3)))
        if result == "partial":
            store.ledger.settle(run, [outcome(1), outcome(2, "failed"), outcome(3)])
        store.ledger.finish(summary(run, result, "a", mode=mode))
    listings = plan().report.listings
    assert store.ledger.reports("a", limit=9) == [(listings, set()), (listings, {"device-1"})]
    assert store.ledger.reports("a", limit=1) == [(listings, set())]
    assert store.ledger.applied("a") == ["2026-01-01T00:01:00.000Z", "2026-01-01T00:04:00.000Z"]
    assert store.ledger.applied("b") == []


def test_records_are_there_after_the_store_is_opened_again(store: Store, tmp_path: Path) -> None:
    run = store.ledger.start("a", "apply")
    store.ledger.planned(run, plan(action(1)))
    store.close()
    with open_store(tmp_path / "state") as again:
        assert again.ledger.run(run).job == "a"
        assert [each for each, _ in again.ledger.actions(run)] == [action(1)]


def test_a_thread_waits_for_another_as_long_as_it_takes(store: Store) -> None:
    started = threading.Event()

    def work() -> None:
        started.set()
        store.ledger.start("a", "apply")

    with store._database.write():
        thread = threading.Thread(target=work)
        thread.start()
        started.wait(timeout=30)
        time.sleep(0.5)  # over twice the time that another process is waited for
    thread.join(timeout=30)
    assert len(store.ledger.runs()) == 1
