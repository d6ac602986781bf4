from datetime import UTC, datetime
from pathlib import Path

from syncd.reconcile.ports import Traffic
from syncd.state.figures import SnapshotTimes, Span
from syncd.state.store import Store, open_store
from syncd.state.totals import Totals
from unit.state.sample import action, outcome, plan, summary
from unit.virtual_clock import VirtualClock

JOB = "chromebooks"


def done(store: Store, *states: str, result: str = "applied", job: str = JOB, **more: object) -> str:
    """Close a run whose actions ended in these states."""
    run = store.ledger.start(job, str(more.get("mode", "apply")))
    store.ledger.planned(run, plan(*(action(number) for number in range(len(states)))))
    store.ledger.settle(run, [outcome(number, state) for number, state in enumerate(states) if state != "planned"])
    store.ledger.finish(summary(run, result, job, **{"plan_hash": "hash-of-plan", **more}))
    return run


def remove_runs(store: Store) -> None:
    with store._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM actions")
        connection.exec_driver_sql("DELETE FROM runs")


# -- totals


def test_a_job_that_never_ran_has_no_totals(store: Store) -> None:
    assert store.figures.totals(JOB) == Totals()


def test_totals_add_up_over_runs_by_kind_and_outcome(store: Store) -> None:
    done(store, "verified", "verified", "failed")
    done(store, "verified", "unproven", "not_started")
    assert store.figures.totals(JOB).actions == {
        "update": {"verified": 3, "failed": 1, "unproven": 1, "not_started": 1}
    }


def test_actions_that_were_only_planned_are_not_counted(store: Store) -> None:
    done(store, "planned", "planned", result="planned", mode="plan")
    done(store, "planned", result="refused", code="guard.refused")
    assert store.figures.totals(JOB).actions == {}


def test_requests_are_added_by_system_and_code(store: Store) -> None:
    done(store, traffic={"rt": Traffic(requests=5, retries=1, codes={"200": 4, "503": 1})})
    done(store, traffic={"rt": Traffic(requests=2, codes={"200": 2}), "google": Traffic(requests=1, codes={"none": 1})})
    assert store.figures.totals(JOB).traffic == {
        "rt": Traffic(requests=7, retries=1, codes={"200": 6, "503": 1}),
        "google": Traffic(requests=1, codes={"none": 1}),
    }


def test_a_refusal_by_the_guard_is_told_from_a_stale_plan(store: Store) -> None:
    for code in ("guard.refused", "plan.stale", "guard.wrong_approval"):
        done(store, result="refused", code=code)
    done(store, result="failed", code="guard.defect")
    assert store.figures.totals(JOB).refusals == 2


def test_each_job_has_totals_of_its_own(store: Store) -> None:
    done(store, "verified", job="one")
    assert store.figures.totals("two") == Totals()


def test_a_run_that_is_closed_twice_is_counted_once(store: Store) -> None:
    run = done(store, "verified", traffic={"rt": Traffic(requests=1, codes={"200": 1})})
    before = store.figures.totals(JOB)
    store.ledger.finish(summary(run, "failed"))
    store.ledger.mark_abandoned(run)
    assert store.figures.totals(JOB) == before


def test_a_killed_run_is_counted_when_the_next_one_closes_it(store: Store) -> None:
    run = store.ledger.start(JOB, "apply")
    store.ledger.planned(run, plan(action(1), action(2), action(3)))
    store.ledger.intend(run, [action(1), action(2)])
    store.ledger.settle(run, [outcome(1)])
    assert store.figures.totals(JOB) == Totals()
    store.ledger.mark_abandoned(run)
    assert store.figures.totals(JOB).actions == {"update": {"verified": 1, "unproven": 1, "not_started": 1}}


def test_totals_stay_when_runs_are_deleted_and_the_store_is_opened_again(store: Store, tmp_path: Path) -> None:
    done(store, "verified")
    remove_runs(store)
    store.close()
    with open_store(tmp_path / "state") as again:
        done(again, "verified")
        assert again.figures.totals(JOB).actions == {"update": {"verified": 2}}


def test_totals_that_cannot_be_read_begin_anew(store: Store) -> None:
    done(store, "verified")
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE facts SET value = '[]' WHERE name LIKE 'totals:%'")
    done(store, "failed")
    assert store.figures.totals(JOB).actions == {"update": {"failed": 1}}


# -- last runs


def test_the_last_run_is_the_newest_closed_one_of_the_asked_modes_and_results(
    store: Store, clock: VirtualClock
) -> None:
    assert store.figures.last(JOB, ["apply"]) is None
    for mode, result in (("apply", "applied"), ("apply", "failed"), ("plan", "planned"), ("revert", "applied")):
        done(store, mode=mode, result=result)
        clock.advance(60)
    store.ledger.start(JOB, "apply")
    done(store, job="other")

    def minute(*asked: object) -> int | None:
        span = store.figures.last(JOB, *asked)  # type: ignore[arg-type]  # lists of text in every call
        return span.started.minute if span else None

    assert minute(["apply"]) == 1
    assert minute(["apply"], ["applied", "in_sync"]) == 0
    assert minute(["plan", "apply"], ["planned", "applied"]) == 2
    assert minute(["apply"], ["in_sync"]) is None


def test_a_run_has_a_beginning_and_an_end(store: Store) -> None:
    done(store, finished="2026-01-01T00:00:01.500Z")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert store.figures.last(JOB, ["apply"]) == Span(start, start.replace(second=1, microsecond=500_000))


# -- objects and snapshots


def test_objects_are_those_of_the_newest_comparison(store: Store, clock: VirtualClock) -> None:
    assert store.figures.objects(JOB) == {}
    done(store, mode="plan", result="refused")
    clock.advance(1)
    failed = store.ledger.start(JOB, "apply")
    store.ledger.finish(summary(failed, "failed"))
    clock.advance(1)
    revert = store.ledger.start(JOB, "revert")
    reverted = plan()
    reverted.report.counts.clear()
    store.ledger.planned(revert, reverted)
    store.ledger.finish(summary(revert, mode="revert", plan_hash="hash-of-plan"))
    assert store.figures.objects(JOB) == {"matched": 3, "only_google": 1}


def test_snapshot_times_are_kept_for_each_job_and_system(store: Store, clock: VirtualClock) -> None:
    now = clock.now()
    times = SnapshotTimes(as_of=now, full=now.replace(year=2025))
    store.figures.note_snapshot(JOB, "rt", SnapshotTimes(as_of=now, full=now))
    store.figures.note_snapshot(JOB, "rt", times)
    store.figures.note_snapshot(f"{JOB}2", "rt", SnapshotTimes(as_of=now, full=now))
    assert store.figures.snapshots(JOB) == {"rt": times}
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE facts SET value = '[]' WHERE name LIKE 'snapshot:%'")
    assert store.figures.snapshots(JOB) == {}
