"""What ``syncd status`` knows: of each job, of each system, and what a person has to look at."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from syncd.cli.attention import Attention, how_it_ended, look_at_unit
from syncd.cli.intake import DaemonStatus, InboxStatus, daemons, event_troubles, inbox_status
from syncd.cli.times import ago
from syncd.host.circuit import CircuitState
from syncd.host.systemd import Unit, Units
from syncd.jobs.metrics import MODES, SUCCESSES
from syncd.jobs.settings import JOBS, Settings, systems_of
from syncd.reconcile.guard import GUARD
from syncd.state.inbox.store import Inbox
from syncd.state.ledger import AuditLog
from syncd.state.lock import Holder, holder
from syncd.state.records import RunRecord
from syncd.state.store import Store

BAD = {"partial": "some actions failed", "interrupted": "stopped before the end", "failed": "failed"}

_REASON = re.compile(r"nothing was changed: (?P<reason>.+?)\.? If the plan is right")
_APPROVE_BY = re.compile(r"approve this plan and no other: (?P<command>.+)$")


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest comparison of a job found: ``counts`` by state, and how many of its actions are still open."""

    run: str
    at: str
    actions: int
    open: int
    counts: dict[str, int]


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One job. ``result`` is that of its last run, or ``never``, ``running``, ``killed``.

    ``mode`` is empty for a job that is not configured any more. ``under_way``: the actions of the run that is
    running, by kind and state. ``unrecorded_failure``: the unit failed before it could open the store.
    """

    job: str
    mode: str
    result: str
    last_run: RunRecord | None
    last_success: RunRecord | None
    next_start: datetime | None
    drift: Drift | None
    approve: str
    holder: Holder | None
    under_way: dict[str, int]
    unit: Unit | None
    unrecorded_failure: bool


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One outside system. ``circuit`` is ``closed``, ``open`` or ``on trial``; ``last_read``: read whole by a job."""

    system: str
    health: str
    circuit: str
    failures: int
    open_until: datetime | None
    last_read: str


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A kept snapshot: when it was last brought up to date, and last read in full; by its system's clock."""

    job: str
    system: str
    as_of: datetime
    full_read: datetime


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. ``systemd`` says why systemd is not asked; empty where it is.

    ``inbox`` is None where nothing has ever come in.
    """

    now: datetime
    systemd: str
    jobs: list[JobStatus]
    systems: list[SystemStatus]
    snapshots: list[SnapshotStatus]
    daemons: list[DaemonStatus]
    inbox: InboxStatus | None
    attention: list[Attention]


def overview(
    settings: Settings, store: Store | None, inbox: Inbox | None, units: Units, program: str, now: datetime
) -> Overview:
    """Look at everything; nothing is asked of an outside system. ``program`` begins the commands to type."""
    looked = [_look(settings, store, units, program, job) for job in JOBS]
    jobs = [job for job in looked if job.mode or job.last_run]
    systems = _systems(settings, store, jobs, now)
    running, events = daemons(units, settings.state.path), inbox_status(inbox) if inbox else None
    return Overview(
        now=now,
        systemd=units.problem,
        jobs=jobs,
        systems=systems,
        snapshots=_snapshots(store),
        daemons=running,
        inbox=events,
        attention=[
            *_job_troubles(jobs, program),
            *event_troubles(events, running, program),
            *_system_troubles(systems, now),
        ],
    )


# -- jobs


def _look(settings: Settings, store: Store | None, units: Units, program: str, job: str) -> JobStatus:
    options = settings.jobs.of(job)
    mode = options.mode if options else ""
    held = holder(settings.state.path, job)
    unit = units.jobs.get(job)
    last = store.ledger.newest(job) if store else None
    compared = store.ledger.newest(job, compared=True) if store else None
    return JobStatus(
        job=job,
        mode=mode,
        result=_result(last, held),
        last_run=last,
        last_success=_last_success(store.ledger, job, mode) if store else None,
        next_start=unit.next if unit else None,
        drift=_drift(compared),
        approve=_approval(last, compared, program),
        holder=held,
        under_way=store.ledger.counted(last.id) if store and last and last.result == "running" else {},
        unit=unit if unit and (unit.loaded or unit.timer) else None,
        unrecorded_failure=_failed_unrecorded(store, job, unit),
    )


def _result(last: RunRecord | None, held: Holder | None) -> str:
    if last is None:
        return "running" if held else "never"
    if last.result == "running" and held is None:
        return "killed"
    return last.result


def _failed_unrecorded(store: Store | None, job: str, unit: Unit | None) -> bool:
    """Return whether the unit's last start failed and is none of the runs that the unit has recorded."""
    if unit is None or not unit.failed:
        return False
    last = store.ledger.newest(job, actor=unit.service) if store else None
    if last is None or unit.started is None:
        return last is None
    # The unit's time has whole seconds, and its process starts before it records a run.
    return datetime.fromisoformat(last.started) < unit.started


def _last_success(ledger: AuditLog, job: str, mode: str) -> RunRecord | None:
    """Return the newest run that did what the job is there for; a plan does for a job that only plans."""
    return ledger.newest(job, modes=MODES["apply" if mode == "apply" else "plan"], results=SUCCESSES)


def _drift(compared: RunRecord | None) -> Drift | None:
    if compared is None:
        return None
    counts = compared.counts
    planned = counts.get("actions", 0)
    return Drift(
        run=compared.id,
        at=compared.finished,
        actions=planned,
        open=planned - counts.get("verified", 0),
        counts=counts,
    )


def _approval(last: RunRecord | None, compared: RunRecord | None, program: str) -> str:
    """Return the command that lifts the limits for the plan that waits for it, empty where none does."""
    if last and last.mode == "revert" and _refused_by_guard(last):
        found = _APPROVE_BY.search(last.error)
        return found["command"] if found else ""
    if compared and _refused_by_guard(compared):
        # Whatever was applied, a job or a file: what counts is the plan, and its hash is the same.
        return f"{program} apply {compared.job} --approve {compared.plan_hash[:16]}"
    return ""


def _refused_by_guard(run: RunRecord) -> bool:
    return run.result == "refused" and run.code.startswith(GUARD)


# -- systems


def _systems(settings: Settings, store: Store | None, jobs: Sequence[JobStatus], now: datetime) -> list[SystemStatus]:
    circuits = store.circuits.all() if store else {}
    configured = (name for job in jobs if job.mode for name in systems_of(job.job, settings.jobs.of(job.job)))
    names = dict.fromkeys((*configured, *circuits))
    reads = _last_reads(settings, store, jobs)
    return [_system(name, circuits.get(name, CircuitState()), reads.get(name, ""), now) for name in names]


def _last_reads(settings: Settings, store: Store | None, jobs: Iterable[JobStatus]) -> dict[str, str]:
    """Return when each system was read; a source may have another name than the system that it is in."""
    reads: dict[str, str] = {}
    for job in jobs:
        compared = store.ledger.newest(job.job, compared=True) if store else None
        asked = systems_of(job.job, settings.jobs.of(job.job)) if job.mode else ()
        for system in (*compared.sources, *asked) if compared else ():
            reads[system] = max(reads.get(system, ""), compared.finished if compared else "")
    return reads


def _system(name: str, state: CircuitState, last_read: str, now: datetime) -> SystemStatus:
    until = datetime.fromtimestamp(state.open_until, UTC) if state.open_until else None
    circuit = "closed" if until is None else "open" if until > now else "on trial"
    health = {"open": "left alone", "on trial": "failing"}.get(circuit, "failing" if state.failures else "good")
    if health == "good" and not last_read:
        health = "not read yet"
    return SystemStatus(
        system=name, health=health, circuit=circuit, failures=state.failures, open_until=until, last_read=last_read
    )


def _snapshots(store: Store | None) -> list[SnapshotStatus]:
    return [
        SnapshotStatus(job=job, system=system, as_of=times.as_of, full_read=times.full)
        for job in JOBS
        for system, times in (store.figures.snapshots(job) if store else {}).items()
    ]


# -- what a person has to look at


def _job_troubles(jobs: Iterable[JobStatus], program: str) -> Iterator[Attention]:
    for job in jobs:
        if job.unrecorded_failure and job.unit:
            yield _unrecorded_failure(job.job, job.unit)
        last = job.last_run
        if job.approve:
            refused = last.id if last and last.mode == "revert" else job.drift.run if job.drift else ""
            yield Attention(about=job.job, what=_refusal(job, refused), next=[f"{program} show {refused}", job.approve])
        if last is not None and job.result == "killed":
            what = f"run {last.id} was killed; the next one closes it, and does what is left to do"
            yield Attention(about=job.job, what=what, next=[f"{program} show {last.id}"])
        elif last is not None and (job.result in BAD or (job.result == "refused" and not job.approve)):
            what = last.error or BAD.get(last.result, last.result)
            yield Attention(about=job.job, what=f"{last.mode}: {what}", next=[f"{program} show {last.id}"])


def _refusal(job: JobStatus, refused: str) -> str:
    if job.last_run and job.last_run.id == refused:
        found = _REASON.search(job.last_run.error)
        return f"waits for approval: {found['reason'] if found else job.last_run.error}"
    return f"the plan of run {refused} waits for approval"


def _unrecorded_failure(job: str, unit: Unit) -> Attention:
    what = f"{unit.service} failed before it could record a run ({how_it_ended(unit)})"
    return Attention(about=job, what=what, next=[look_at_unit(unit)])


def _system_troubles(systems: Iterable[SystemStatus], now: datetime) -> Iterator[Attention]:
    for system in systems:
        if system.circuit == "open":
            again = ago(system.open_until, now)
            what = f"left alone after {system.failures} failed calls in a row; tried again {again}"
        elif system.failures:
            what = f"the last {system.failures} calls failed"
        else:
            continue
        command = f"journalctl SYNCD_SYSTEM={system.system} --priority=warning --lines=20"
        yield Attention(about=system.system, what=what, next=[command])
