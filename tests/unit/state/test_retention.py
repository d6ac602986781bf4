from datetime import timedelta

import pytest

from syncd.state import retention
from syncd.state.retention import Pruned
from syncd.state.store import Store
from unit.state.sample import action, link, outcome, plan, summary
from unit.virtual_clock import VirtualClock

DAY = 86_400


def old_run(
    store: Store, clock: VirtualClock, result: str = "applied", *, job: str = "chromebooks", actions: int = 2
) -> str:
    run = store.ledger.start(job, "apply")
    store.ledger.planned(run, plan(*(action(number) for number in range(actions)), job=job))
    store.ledger.settle(run, [outcome(number) for number in range(actions)])
    store.ledger.finish(summary(run, result, job))
    clock.advance(DAY)
    return run


def left(store: Store) -> list[str]:
    return [run.id for run in store.ledger.runs(limit=None)][::-1]


def test_runs_older_than_the_retention_leave_with_their_actions(store: Store, clock: VirtualClock) -> None:
    runs = [old_run(store, clock) for _ in range(6)]
    assert store.prune(clock.now() - timedelta(days=3.5)) == Pruned(runs=3, actions=6)
    assert left(store) == runs[3:]
    with store._database.read() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT run FROM actions ORDER BY run").scalars().all() == runs[3:]
    assert store.prune(clock.now() - timedelta(days=3.5)) == Pruned()


def test_a_kept_run_keeps_all_that_its_revert_needs(store: Store, clock: VirtualClock) -> None:
    runs = [old_run(store, clock) for _ in range(4)]
    before = {run: (list(store.ledger.actions(run)), store.ledger.plan_report(run)) for run in runs[2:]}
    store.prune(clock.now() - timedelta(days=2.5))
    assert {run: (list(store.ledger.actions(run)), store.ledger.plan_report(run)) for run in runs[2:]} == before


def test_the_newest_run_of_each_result_and_the_last_good_one_stay(store: Store, clock: VirtualClock) -> None:
    good = old_run(store, clock)
    old_run(store, clock, "failed")
    old_run(store, clock, "refused")
    other = old_run(store, clock, "in_sync", job="other")
    without_sources = store.ledger.start("chromebooks", "revert")
    store.ledger.finish(summary(without_sources, "applied", sources={}))
    clock.advance(DAY)
    failed, refused = old_run(store, clock, "failed"), old_run(store, clock, "refused")
    open_run = store.ledger.start("chromebooks", "apply")
    clock.advance(DAY)
    assert store.prune(clock.now()).runs == 2
    assert set(left(store)) == {good, other, without_sources, failed, refused, open_run}
    kept = store.ledger.last_good("chromebooks")
    assert kept is not None
    assert kept.id == good


def test_an_open_run_stays_however_old_it_is(store: Store, clock: VirtualClock) -> None:
    runs = [store.ledger.start("chromebooks", "apply") for _ in range(2)]
    clock.advance(500 * DAY)
    assert store.prune(clock.now()) == Pruned()
    assert set(left(store)) == set(runs)


def test_links_and_snapshots_are_no_part_of_the_audit(store: Store, clock: VirtualClock) -> None:
    for _ in range(2):
        old_run(store, clock)
    store.external_ids.record("chromebooks", [link("device-1", "1")], clock.now())
    store.external_ids.record("chromebooks", [], clock.now())
    store.snapshots.commit("rt:x", meta=b"m", upsert=[("1", b"row")])
    clock.advance(500 * DAY)
    assert store.prune(clock.now()).runs == 1
    assert len(list(store.external_ids.links("chromebooks", former=True))) == 1
    assert store.snapshots.meta("rt:x") == b"m"


def test_the_work_is_done_in_small_transactions(
    store: Store, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "RUNS_AT_A_TIME", 3)
    runs = [old_run(store, clock, actions=1) for _ in range(8)]
    assert store.prune(clock.now(), batches=1) == Pruned(runs=3, actions=3)
    assert left(store) == runs[3:]
    assert store.prune(clock.now()) == Pruned(runs=4, actions=4)


def test_a_transaction_holds_few_actions_or_one_run(
    store: Store, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ACTIONS_AT_A_TIME", 5)
    sizes = (9, 2, 2, 2, 1)
    for size in sizes:
        old_run(store, clock, actions=size)
    assert [store.prune(clock.now(), batches=1).actions for _ in range(3)] == [9, 4, 2]
