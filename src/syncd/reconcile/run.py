"""The way of a run: observe and compare, plan, guard, apply, verify, and keep all of it in the ledger."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from syncd.host.clock import Clock, SystemClock, rfc3339
from syncd.host.errors import ExitStatus, IntegrationError, Interrupted, NotFound, Refused
from syncd.reconcile.apply import apply, never_stop, no_progress
from syncd.reconcile.chronicle import Chronicle, tell_run, tell_start
from syncd.reconcile.guard import Limits, Refusal, check, enforce
from syncd.reconcile.model import Action, Comparison, Outcome, Plan, Report
from syncd.reconcile.plan import check_fresh, make_plan
from syncd.reconcile.ports import Ledger, Progress, RunResult, RunSummary, Stop, Traffic, Writer
from syncd.reconcile.revert import plan_revert
from syncd.reconcile.verify import verify

logger = logging.getLogger(__name__)

STOPPED = "run.stopped"
"""The code of a run that was stopped between two actions."""

INCOMPARABLE = "run.incomparable"
"""The code of a run that did all but what could not be compared."""

_WHOLE: frozenset[RunResult] = frozenset({"in_sync", "planned", "applied", "partial"})

_STATUS: dict[RunResult, ExitStatus] = {
    "in_sync": ExitStatus.OK,
    "planned": ExitStatus.OK,
    "applied": ExitStatus.OK,
    "partial": ExitStatus.SOME_FAILED,
    "refused": ExitStatus.REFUSED,
    "interrupted": ExitStatus.TRY_LATER,
    "failed": ExitStatus.SOME_FAILED,
}


class Job(Protocol):
    """What a job gives to the engine."""

    @property
    def name(self) -> str:
        """The name that the command line and the configuration use."""

    def observe_and_compare(self) -> Comparison:
        """Read both sides whole and compare them; raise an IntegrationError where that cannot be done."""

    def writers(self) -> Mapping[str, Writer]:
        """Return the writers by the name of their system; called after ``observe_and_compare``, if that was called."""

    def compensate(self, action: Action, created: str) -> Action | None:
        """Return the action that undoes a create, given the id of what it created, or None if nothing does."""

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far, by system."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run came to. ``error`` is the refusal, where there was one."""

    summary: RunSummary
    plan: Plan
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    error: Refused | None = None

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status that tells how the run ended."""
        return _STATUS[self.summary.result]


class Runner:
    """Runs one job. Every method is one run in the ledger; the plan of a refused run is kept and returned, too.

    IntegrationErrors while observing end the run as failed (or interrupted) and are raised again.
    """

    def __init__(
        self,
        job: Job,
        ledger: Ledger,
        limits: Limits,
        *,
        stop: Stop = never_stop,
        progress: Progress = no_progress,
        clock: Clock | None = None,
        on_start: Callable[[str], None] = lambda _: None,
        program: str = "syncd",
    ) -> None:
        """Take what a run needs; ``program`` begins the commands that refusals tell people to type."""
        self._job = job
        self._ledger = ledger
        self._limits = limits
        self._stop = stop
        self._progress = progress
        self._clock = clock or SystemClock()
        self._on_start = on_start
        self._program = program

    def plan(self) -> Done:
        """Show what would change; refused exactly where ``apply`` would be."""
        return self._go("plan", lambda run: self._decide(run, self._fresh_plan(), write=False))

    def apply(self, *, approve: str | None = None, saved: Plan | None = None, command: str | None = None) -> Done:
        """Plan and apply; a saved plan is applied exactly, or refused when it is stale.

        ``approve`` lifts the limits for the plan with this hash. ``command`` is what a refusal tells to run with
        ``--approve``; ``apply JOB`` by default.
        """
        return self._go("apply", lambda run: self._apply(run, approve, saved, command))

    def revert(self, run: str, *, write: bool = False, approve: str | None = None) -> Done:
        """Plan the undoing of a run, and do it if ``write``; raises NotFound for a run of another job."""
        before = self._ledger.run(run)
        if before.job != self._job.name:
            raise NotFound(
                f"Run {run} is of the job {before.job}, not of {self._job.name}: revert it there",
                code="run.other_job",
                operation="revert",
                object=run,
            )
        return self._go("revert", lambda new: self._revert(new, before, approve, write=write))

    def _go(self, mode: str, work: Callable[["_Run"], Done]) -> Done:
        run = _Run(self._ledger.start(self._job.name, mode), mode, self._clock.now())
        self._on_start(run.id)
        tell_start(run.id, self._job.name, mode)
        try:
            done = work(run)
        except IntegrationError as error:
            result = "interrupted" if isinstance(error, Interrupted) else "failed"
            self._finish(run, result, error=f"{error.sentence} ({error.code})", code=error.code)
            error.told = True
            raise
        except Exception as error:
            self._finish(run, "failed", error=f"internal error: {type(error).__name__} (internal)", code="internal")
            raise
        return done

    def _apply(self, run: "_Run", approve: str | None, saved: Plan | None, command: str | None) -> Done:
        fresh = self._fresh_plan()
        if saved is None:
            return self._decide(run, fresh, write=True, approve=approve, command=command)
        try:
            check_fresh(saved, fresh)
        except Refused as error:
            return self._refuse(run, fresh, error, [])
        # Sizes and report are of now: the hash does not cover them, so those in the file prove nothing.
        plan = msgspec.structs.replace(saved, populations=fresh.populations, report=fresh.report)
        return self._decide(run, plan, write=True, approve=approve, command=command)

    def _revert(self, run: "_Run", before: RunSummary, approve: str | None, *, write: bool) -> Done:
        plan = plan_revert(
            self._job.name,
            self._ledger.actions(before.id),
            self._job.writers(),
            self._job.compensate,
            self._ledger.plan_report(before.id).populations,
        )
        command = f"{self._program} revert {before.id} --apply"
        return self._decide(run, plan, write=write, approve=approve, command=command, observed=False)

    def _fresh_plan(self) -> Plan:
        comparison = self._job.observe_and_compare()
        report = Report(
            counts=dict(comparison.counts),
            sources=dict(comparison.sources or comparison.populations),
            listings=list(comparison.listings),
            troubles=list(comparison.troubles),
        )
        return make_plan(self._job.name, comparison.actions, comparison.populations, report)

    def _decide(
        self,
        run: "_Run",
        plan: Plan,
        *,
        write: bool,
        approve: str | None = None,
        command: str | None = None,
        observed: bool = True,
    ) -> Done:
        command = command or f"{self._program} apply {plan.job}"
        previous = self._ledger.last_good(self._job.name) if observed else None
        refusals = check(plan, self._limits, previous)
        try:
            enforce(plan, refusals, approve, command)
        except Refused as error:
            return self._refuse(run, plan, error, refusals)
        self._ledger.planned(run.id, plan)
        if write and plan.actions:
            return self._write(run, plan, refusals)
        return Done(self._finish(run, "planned" if plan.actions else "in_sync", plan), plan, [], refusals)

    def _refuse(self, run: "_Run", plan: Plan, error: Refused, refusals: list[Refusal]) -> Done:
        self._ledger.planned(run.id, plan)
        summary = self._finish(run, "refused", plan, error=error.sentence, code=error.code)
        return Done(summary, plan, [], refusals, error)

    def _write(self, run: "_Run", plan: Plan, refusals: list[Refusal]) -> Done:
        chronicle = Chronicle(plan)
        writers = self._job.writers()
        outcomes = apply(
            plan,
            writers,
            self._ledger,
            run.id,
            stop=self._stop,
            progress=self._progress,
            settled=chronicle.settle,
        )
        outcomes = verify(plan, outcomes, writers, self._ledger, run.id, stop=self._stop, settled=chronicle.settle_open)
        result = self._result(outcomes)
        if result == "interrupted":
            summary = self._finish(run, result, plan, outcomes, _where_stopped(outcomes), STOPPED)
        else:
            summary = self._finish(run, result, plan, outcomes)
        return Done(summary, plan, outcomes, refusals)

    def _result(self, outcomes: Sequence[Outcome]) -> RunResult:
        states = {outcome.state for outcome in outcomes}
        if states == {"verified"}:
            return "applied"
        return "interrupted" if states & {"not_started", "unproven"} and self._stop() else "partial"

    def _finish(
        self,
        run: "_Run",
        result: RunResult,
        plan: Plan | None = None,
        outcomes: Sequence[Outcome] = (),
        error: str = "",
        code: str = "",
    ) -> RunSummary:
        traffic = dict(self._job.traffic())
        if plan and plan.report.troubles and result in _WHOLE:
            error = " ".join(filter(None, (error, *plan.report.troubles)))
            result, code = "partial", code or INCOMPARABLE
        summary = RunSummary(
            id=run.id,
            job=self._job.name,
            mode=run.mode,
            started=rfc3339(run.started, "milliseconds"),
            finished=rfc3339(self._clock.now(), "milliseconds"),
            result=result,
            error=error,
            code=code,
            plan_hash=plan.hash if plan else "",
            counts=_counts(plan, outcomes) if plan else {},
            sources=plan.report.sources if plan else {},
            requests={system: asked.requests for system, asked in traffic.items()},
            traffic=traffic,
        )
        self._ledger.finish(summary)
        tell_run(summary)
        return summary


@dataclass(frozen=True, slots=True)
class _Run:
    id: str
    mode: str
    started: datetime


def _where_stopped(outcomes: Sequence[Outcome]) -> str:
    """Return where a stop came, for people."""
    states = Counter(outcome.state for outcome in outcomes)
    begun = len(outcomes) - states["not_started"]
    unproven = f", {states['unproven']} of these not read back" if states["unproven"] else ""
    return (
        f"stopped after {begun} of {len(outcomes)} actions{unproven}; {states['not_started']} were not started: "
        "run it again to go on"
    )


def _counts(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return what the comparison counted, then the actions planned, by kind, and by outcome."""
    kinds = Counter(str(action.kind) for action in plan.actions)
    states = Counter(str(outcome.state) for outcome in outcomes)
    return {**plan.report.counts, "actions": len(plan.actions), **kinds, **states}
