"""What a job's runs come to, as metrics: one file for each job, written again at the end of every run.

All of it comes from the store. Counters are totals that the store keeps for this purpose, so they go on growing when
the file is lost, when old runs are deleted, and while the folder could not be written.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

from syncd.host.circuit import CircuitState
from syncd.host.errors import IntegrationError
from syncd.host.metrics import Metric, Samples, exposition, write_textfile
from syncd.jobs.options import Mode
from syncd.reconcile.model import Kind
from syncd.state.figures import Figures
from syncd.state.store import Store
from syncd.state.totals import OUTCOMES, Totals

_log = logging.getLogger(__name__)

SUCCESSES = ("in_sync", "planned", "applied")
"""Results of runs that did all they should have."""

MODES: dict[Mode, tuple[str, ...]] = {"plan": ("plan", "apply"), "apply": ("apply",)}
"""Modes of runs that do what the job is there for: a dry run is no success of a job that applies."""

_CODES = ("200", "429", "500", "502", "503", "504", "none")
"""Answers that are counted from 0 on, so that the first of a kind shows as an increase."""

LAST_SUCCESS = Metric(
    "syncd_run_last_success_timestamp_seconds",
    "gauge",
    "When the last run of the job ended that did all it should have; 0: never.",
    ("job",),
)
LAST_RUN = Metric(
    "syncd_run_last_run_timestamp_seconds", "gauge", "When the last run of the job ended; 0: never.", ("job",)
)
DURATION = Metric("syncd_run_duration_seconds", "gauge", "How long the last run of the job took.", ("job",))
ACTIONS = Metric(
    "syncd_actions_total", "counter", "Actions of applied plans, by what became of them.", ("job", "kind", "outcome")
)
OBJECTS = Metric("syncd_objects", "gauge", "Objects by their state in the newest comparison.", ("job", "state"))
REFUSALS = Metric("syncd_guard_refusals_total", "counter", "Runs that the guard refused.", ("job",))
REQUESTS = Metric(
    "syncd_http_requests_total",
    "counter",
    "Requests by the status of the answer; none: no answer came.",
    ("job", "system", "code"),
)
RETRIES = Metric("syncd_http_retries_total", "counter", "Requests that repeated a failed one.", ("job", "system"))
CIRCUIT = Metric(
    "syncd_circuit_state",
    "gauge",
    "Whether the system was left alone after failures when the last run ended: 0 no, 1 on trial, 2 yes.",
    ("job", "system"),
)
SNAPSHOT = Metric(
    "syncd_snapshot_age_seconds",
    "gauge",
    "Age of the kept snapshot when the last run ended, since its last read, and since its last full read.",
    ("job", "system", "read"),
)

METRICS = (LAST_SUCCESS, LAST_RUN, DURATION, ACTIONS, OBJECTS, REFUSALS, REQUESTS, RETRIES, CIRCUIT, SNAPSHOT)
"""All that a file has. ``job`` is a label of each, since no series may be in two files."""


def publish(directory: str, store: Store, job: str, mode: Mode, systems: Sequence[str], now: datetime) -> None:
    """Write the metrics of a job, or say in a warning why that cannot be done: no run fails for it."""
    try:
        text = exposition(metrics(store, job, mode, systems, now))
        write_textfile(Path(directory).expanduser(), job, text)
    except IntegrationError as error:
        extra = {"message_id": "METRICS_UNWRITABLE", "syncd": {"ERROR": error.code, "OBJECT": error.object}}
        _log.warning("%s", error.sentence, extra=extra)


def metrics(store: Store, job: str, mode: Mode, systems: Sequence[str], now: datetime) -> dict[Metric, Samples]:
    """Return the metrics of a job. ``mode`` is the job's own, ``systems`` are those that it talks to."""
    figures = store.figures
    totals = figures.totals(job)
    systems = sorted({*systems, *totals.traffic})
    return {
        **_last_runs(figures, job, mode),
        ACTIONS: dict(_actions(totals, job)),
        OBJECTS: {(job, state): number for state, number in figures.objects(job).items()},
        REFUSALS: {(job,): totals.refusals},
        REQUESTS: dict(_requests(totals, job, systems)),
        RETRIES: {(job, system): _retries(totals, system) for system in systems},
        CIRCUIT: {(job, system): _state(store.circuits.load(system), now) for system in systems},
        SNAPSHOT: dict(_ages(figures, job, now)),
    }


def _last_runs(figures: Figures, job: str, mode: Mode) -> dict[Metric, Samples]:
    last = figures.last(job, MODES[mode])
    success = figures.last(job, MODES[mode], SUCCESSES)
    return {
        LAST_SUCCESS: {(job,): success.finished.timestamp() if success else 0},
        LAST_RUN: {(job,): last.finished.timestamp() if last else 0},
        DURATION: {(job,): (last.finished - last.started).total_seconds()} if last else {},
    }


def _actions(totals: Totals, job: str) -> Iterator[tuple[tuple[str, ...], float]]:
    for kind in sorted({*get_args(Kind), *totals.actions}):
        states = totals.actions.get(kind, {})
        for state in OUTCOMES:
            yield (job, kind, state), states.get(state, 0)


def _requests(totals: Totals, job: str, systems: Sequence[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    for system in systems:
        codes = totals.traffic[system].codes if system in totals.traffic else {}
        for code in sorted({*_CODES, *codes}):
            yield (job, system, code), codes.get(code, 0)


def _retries(totals: Totals, system: str) -> int:
    return totals.traffic[system].retries if system in totals.traffic else 0


def _state(circuit: CircuitState | None, now: datetime) -> int:
    if circuit is None or circuit.open_until == 0:
        return 0
    return 2 if circuit.open_until > now.timestamp() else 1


def _ages(figures: Figures, job: str, now: datetime) -> Iterator[tuple[tuple[str, ...], float]]:
    for system, times in figures.snapshots(job).items():
        for read, since in (("last", times.as_of), ("full", times.full)):
            # The system's clock may be ahead of ours.
            yield (job, system, read), max(0.0, (now - since).total_seconds())
