"""What a job's file says about its runs. The text of it is in tests/unit/host, whole runs are in tests/system."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncd.host.circuit import CircuitState
from syncd.host.metrics import Metric, Samples
from syncd.jobs import metrics
from syncd.jobs.options import Mode
from syncd.reconcile.ports import Traffic
from syncd.state.figures import SnapshotTimes
from syncd.state.store import Store
from unit.state.conftest import clock, store
from unit.state.sample import action, outcome, plan, summary
from unit.virtual_clock import START, VirtualClock

__all__ = ["clock", "store"]

JOB = "chromebooks"
SYSTEMS = ("google", "rt")


def run(store: Store, clock: VirtualClock, result: str, mode: str = "apply", seconds: float = 60) -> None:
    """Make a run that takes a minute, and let another minute pass."""
    number = store.ledger.start(JOB, mode)
    clock.advance(seconds)
    store.ledger.finish(summary(number, result, mode=mode, finished=clock.now().isoformat()))
    clock.advance(60)


def told(store: Store, mode: Mode = "apply", now: datetime = START) -> dict[Metric, Samples]:
    return metrics.metrics(store, JOB, mode, SYSTEMS, now)


def value(found: dict[Metric, Samples], metric: Metric, *labels: str) -> float:
    return found[metric][(JOB, *labels)]


def minutes(seconds: float) -> float:
    return (seconds - START.timestamp()) / 60


def test_every_metric_has_the_job_as_a_label_and_counters_are_named_so() -> None:
    assert len({metric.name for metric in metrics.METRICS}) == len(metrics.METRICS)
    for metric in metrics.METRICS:
        assert metric.labels[0] == "job"
        assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_a_job_that_never_ran_has_zeros_and_no_duration(store: Store) -> None:
    found = told(store)
    assert set(found) == set(metrics.METRICS)
    assert value(found, metrics.LAST_SUCCESS) == value(found, metrics.LAST_RUN) == 0
    assert found[metrics.DURATION] == found[metrics.OBJECTS] == found[metrics.SNAPSHOT] == {}
    assert set(found[metrics.ACTIONS].values()) == {0}
    assert value(found, metrics.ACTIONS, "update", "failed") == 0
    assert value(found, metrics.REFUSALS) == 0
    assert value(found, metrics.REQUESTS, "google", "503") == value(found, metrics.REQUESTS, "rt", "none") == 0
    assert value(found, metrics.RETRIES, "rt") == value(found, metrics.CIRCUIT, "rt") == 0


@pytest.mark.parametrize("result", metrics.SUCCESSES)
def test_a_success_moves_both_times(store: Store, clock: VirtualClock, result: str) -> None:
    run(store, clock, "failed")
    run(store, clock, result, seconds=90)
    found = told(store)
    assert minutes(value(found, metrics.LAST_SUCCESS)) == minutes(value(found, metrics.LAST_RUN)) == 3.5
    assert value(found, metrics.DURATION) == 90


@pytest.mark.parametrize("result", ["failed", "partial", "refused", "interrupted"])
def test_no_other_end_moves_the_last_success(store: Store, clock: VirtualClock, result: str) -> None:
    run(store, clock, "applied")
    run(store, clock, result)
    found = told(store)
    assert minutes(value(found, metrics.LAST_SUCCESS)) == 1
    assert minutes(value(found, metrics.LAST_RUN)) == 3


def test_a_dry_run_or_a_revert_is_no_run_of_a_job_that_applies(store: Store, clock: VirtualClock) -> None:
    run(store, clock, "applied")
    run(store, clock, "planned", mode="plan")
    run(store, clock, "applied", mode="revert")
    assert minutes(value(told(store), metrics.LAST_SUCCESS)) == 1
    assert minutes(value(told(store), metrics.LAST_RUN)) == 1


def test_a_dry_run_is_what_a_job_that_plans_is_there_for(store: Store, clock: VirtualClock) -> None:
    run(store, clock, "planned", mode="plan")
    assert minutes(value(told(store, "plan"), metrics.LAST_SUCCESS)) == 1
    run(store, clock, "applied")
    assert minutes(value(told(store, "plan"), metrics.LAST_SUCCESS)) == 3


def test_actions_requests_and_retries_are_totals(store: Store) -> None:
    number = store.ledger.start(JOB, "apply")
    store.ledger.planned(number, plan(action(1), action(2), action(3, "create")))
    store.ledger.settle(number, [outcome(1), outcome(2, "failed"), outcome(3)])
    traffic = {"rt": Traffic(requests=9, retries=2, codes={"200": 6, "418": 3})}
    store.ledger.finish(summary(number, "partial", traffic=traffic))
    found = told(store)
    states = {labels[1:]: number for labels, number in found[metrics.ACTIONS].items() if number}
    assert states == {("update", "verified"): 1, ("update", "failed"): 1, ("create", "verified"): 1}
    codes = {labels[1:]: number for labels, number in found[metrics.REQUESTS].items() if number}
    assert codes == {("rt", "200"): 6, ("rt", "418"): 3}
    assert value(found, metrics.RETRIES, "rt") == 2


def test_objects_have_the_states_of_the_newest_comparison(store: Store) -> None:
    number = store.ledger.start(JOB, "plan")
    store.ledger.planned(number, plan())
    assert told(store)[metrics.OBJECTS] == {(JOB, "matched"): 3, (JOB, "only_google"): 1}


@pytest.mark.parametrize(
    ("circuit", "state"),
    [
        (CircuitState(), 0),
        (CircuitState(failures=4), 0),
        (CircuitState(failures=5, open_until=START.timestamp() + 30, cooldown=60), 2),
        (CircuitState(failures=5, open_until=START.timestamp() - 30, cooldown=60), 1),
    ],
)
def test_a_circuit_is_closed_on_trial_or_open(store: Store, circuit: CircuitState, state: int) -> None:
    store.circuits.save("rt", circuit)
    assert value(told(store), metrics.CIRCUIT, "rt") == state
    assert value(told(store), metrics.CIRCUIT, "google") == 0


def test_the_snapshot_has_two_ages(store: Store) -> None:
    times = SnapshotTimes(as_of=START - timedelta(minutes=1), full=START - timedelta(days=2))
    store.figures.note_snapshot(JOB, "rt", times)
    found = told(store)
    assert (value(found, metrics.SNAPSHOT, "rt", "last"), value(found, metrics.SNAPSHOT, "rt", "full")) == (60, 172800)
    early = told(store, now=START - timedelta(days=1))
    assert value(early, metrics.SNAPSHOT, "rt", "last") == 0


def test_what_cannot_be_written_is_one_warning(store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    metrics.publish(str(tmp_path / "missing"), store, JOB, "plan", SYSTEMS, START)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert str(tmp_path / "missing") in record.getMessage()
    assert record.message_id == "METRICS_UNWRITABLE"  # type: ignore[attr-defined]


def test_a_home_is_found(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    metrics.publish("~", store, JOB, "plan", SYSTEMS, START)
    assert (tmp_path / "syncd-chromebooks.prom").exists()
