"""The audit log: every run, every action of it, and what became of each. Fits ``reconcile.ports.Ledger``."""

import difflib
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Update, bindparam, case, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from syncd.host import clock
from syncd.host.clock import Clock
from syncd.host.errors import DataError
from syncd.reconcile.model import Action, Listing, Outcome, Plan
from syncd.reconcile.ports import RunSummary
from syncd.state.database import Database, batched
from syncd.state.records import (
    ActionResult,
    PlanReport,
    RunRecord,
    action_and_result,
    action_values,
    json_text,
    plan_report,
    report_text,
    run_record,
    run_values,
    settled_values,
)
from syncd.state.schema import actions, runs
from syncd.state.totals import add_run, is_open

GOOD_RESULTS = ("in_sync", "planned", "applied", "partial")
"""Results of runs that read both sides whole and that no guard refused."""

FAILED_RESULTS = ("partial", "refused", "interrupted", "failed")

UNTOUCHED = ("planned", "not_started")
"""States of actions that no request was made for."""

KILLED = "run.killed"
"""The code of actions that a killed run left open."""

_RUN_COLUMNS = [column for column in runs.columns if column.name != "report"]
_NEWEST_FIRST = (runs.c.started.desc(), runs.c.id.desc())


def _intended() -> Update:
    return (
        actions.update()
        .where(actions.c.run == bindparam("of_run"), actions.c.action == bindparam("with_action"))
        .values(state="started", started_at=bindparam("at"))
    )


def _settled() -> Update:
    # What an earlier outcome found out stays, when a later one (the read-back) has no word about it.
    objects = bindparam("to_object", type_=actions.c.created_object.type)
    duration = bindparam("to_duration_ms", type_=actions.c.duration_ms.type)
    found = bindparam("to_found", type_=actions.c.found.type)
    return (
        actions.update()
        .where(actions.c.run == bindparam("of_run"), actions.c.action == bindparam("with_action"))
        .values(
            state=bindparam("to_state"),
            error=bindparam("to_error"),
            code=bindparam("to_code"),
            settled_at=bindparam("at"),
            found=func.coalesce(found, actions.c.found),
            created_object=case((objects == "", actions.c.created_object), else_=objects),
            duration_ms=case((duration == 0, actions.c.duration_ms), else_=duration),
        )
    )


class AuditLog:
    """Runs and actions in the store, for any number of threads; what a method kept is on disk when it returns."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor
        self._intended = _intended()
        self._settled = _settled()

    def start(self, job: str, mode: str) -> str:
        """Open a run and return its id: the time in UTC and four random hex digits, ``20261121T013045-3f9a``."""
        while True:
            now = self._clock.now().astimezone(UTC)
            run = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
            begun: dict[str, Any] = {"id": run, "job": job, "mode": mode, "started": rfc3339(now), "actor": self._actor}
            try:
                with self._database.write() as connection:
                    connection.execute(runs.insert().values(run_values(RunRecord(**begun)) | begun | {"report": ""}))
            except IntegrityError:
                continue  # that id is taken
            return run

    def planned(self, run: str, plan: Plan) -> None:
        """Keep the plan of a run: its report, and all its actions, in the state ``planned``."""
        statement = runs.update().where(runs.c.id == run).values(plan_hash=plan.hash, report=report_text(plan))
        rows = (action_values(run, seq, action) for seq, action in enumerate(plan.actions))
        with self._database.write() as connection:
            _require(connection.execute(statement).rowcount, 1, run)
            for batch in batched(rows):
                connection.execute(actions.insert(), batch)

    def intend(self, run: str, actions: Sequence[Action]) -> None:
        """Mark actions ``started``, before any request for them is made."""
        self._update(self._intended, run, [{"with_action": action.id} for action in actions])

    def settle(self, run: str, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of actions; a later outcome of the same action replaces the state and the error."""
        self._update(self._settled, run, [settled_values(outcome) for outcome in outcomes])

    def finish(self, summary: RunSummary) -> None:
        """Close a run; one without an end ends now."""
        values = run_values(summary)
        values["finished"] = summary.finished or self._now()
        with self._database.write() as connection:
            was_open = is_open(connection, summary.id)
            result = connection.execute(runs.update().where(runs.c.id == summary.id).values(values))
            _require(result.rowcount, 1, summary.id)
            if was_open:
                add_run(connection, summary.id)

    def last_good(self, job: str) -> RunRecord | None:
        """Return the newest run of a job that read both sides whole and that no guard refused."""
        statement = _of_job(job).where(runs.c.result.in_(GOOD_RESULTS), runs.c.sources != "{}").limit(1)
        found = self._runs(statement)
        return found[0] if found else None

    def runs(
        self, job: str | None = None, *, since: datetime | None = None, failed: bool = False, limit: int | None = 50
    ) -> list[RunRecord]:
        """Return runs, newest first; ``failed``: only those that did not do all they should have.

        ``since``: only those that started then or later; ``limit`` None: all of them.
        """
        statement = _of_job(job)
        if since is not None:
            statement = statement.where(runs.c.started >= rfc3339(since))
        if failed:
            statement = statement.where(runs.c.result.in_(FAILED_RESULTS))
        return self._runs(statement.limit(limit))

    def newest(
        self,
        job: str,
        *,
        compared: bool = False,
        modes: Sequence[str] = (),
        results: Sequence[str] = (),
        actor: str = "",
    ) -> RunRecord | None:
        """Return the newest run of a job.

        ``compared``: the newest closed one that made a plan of what it found on both sides, which a revert does not.
        ``modes`` and ``results``: one of such a mode, one that ended so; ``actor``: one that this user or unit began.
        """
        statement = _of_job(job)
        if modes:
            statement = statement.where(runs.c.mode.in_(modes))
        if compared:
            statement = statement.where(runs.c.mode != "revert", runs.c.plan_hash != "", runs.c.result != "running")
        if results:
            statement = statement.where(runs.c.result.in_(results))
        if actor:
            statement = statement.where(runs.c.actor == actor)
        found = self._runs(statement.limit(1))
        return found[0] if found else None

    def counted(self, run: str) -> dict[str, int]:
        """Count the actions of a run as they stand now: all, by kind, and by state unless planned."""
        with self._database.read() as connection:
            return _counted(connection, run)

    def run(self, run: str) -> RunRecord:
        """Return one run by its id, or by the beginning of it where only one run begins so.

        Raises DataError (``state.no_such_run``, ``state.ambiguous_run``), which names the nearest ids.
        """
        found = self._runs(_of_job(None).where(runs.c.id == run))
        if not found and run:
            found = self._runs(_of_job(None).where(runs.c.id.startswith(run, autoescape=True)).limit(6))
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(
                f"several runs begin with {run!r}: {_listed(found)}; give more of the id.",
                code="state.ambiguous_run",
                object=run,
            )
        raise self._no_such_run(run)

    def plan_report(self, run: str) -> PlanReport:
        """Return what the plan of a run found; an empty report where none was made."""
        with self._database.read() as connection:
            text = connection.scalar(select(runs.c.report).where(runs.c.id == run))
        if text is None:
            raise self._no_such_run(run)
        return plan_report(text)

    def reports(self, job: str, *, limit: int) -> list[tuple[list[Listing], set[str]]]:
        """Return the listings of the newest good runs of a job that applied, newest first, and whom each disabled.

        Only who was proven to be disabled is named.
        """
        statement = select(runs.c.id, runs.c.report).where(*_applied(job)).order_by(*_NEWEST_FIRST).limit(limit)
        with self._database.read() as connection:
            found = [(str(row[0]), str(row[1])) for row in connection.execute(statement)]
            return [(plan_report(text).listings, _disabled(connection, run)) for run, text in found]

    def applied(self, job: str) -> list[str]:
        """Return when the good runs of a job that applied ended, the oldest first: RFC 3339 in UTC."""
        statement = select(runs.c.finished).where(*_applied(job)).order_by(runs.c.finished)
        with self._database.read() as connection:
            return [*connection.scalars(statement)]

    def actions(self, run: str) -> Iterator[tuple[Action, ActionResult]]:
        """Yield the actions of a run (by its whole id), in the order of the plan, and what became of each."""
        statement = select(actions).where(actions.c.run == run).order_by(actions.c.seq)
        return map(action_and_result, self._database.stream(statement))

    def only_in(self, run: str, other: str) -> Iterator[Action]:
        """Yield the actions in the plan of one run that another run's plan does not have, both by their whole ids."""
        there = actions.alias()
        same = exists().where(there.c.run == other, there.c.action == actions.c.action)
        statement = select(actions).where(actions.c.run == run, ~same).order_by(actions.c.seq)
        return (action_and_result(row)[0] for row in self._database.stream(statement))

    def history(
        self, system: str, object_id: str, *, limit: int = 100, written: bool = False
    ) -> list[tuple[Action, ActionResult]]:
        """Return what was planned for and done to one object, newest first; also the create that it came from.

        ``written``: only what was done, or at least begun.
        """
        same = or_(actions.c.object == object_id, actions.c.created_object == object_id)
        statement = (
            select(actions)
            .join(runs)
            .where(actions.c.system == system, same)
            .order_by(*_NEWEST_FIRST, actions.c.seq.desc())
            .limit(limit)
        )
        if written:
            statement = statement.where(actions.c.state.not_in(UNTOUCHED))
        with self._database.read() as connection:
            return [action_and_result(row) for row in connection.execute(statement)]

    def abandoned(self, job: str) -> list[RunRecord]:
        """Return runs of a job that were never closed, newest first. Call it only while holding the job's lock."""
        return self._runs(_of_job(job).where(runs.c.result == "running"))

    def mark_abandoned(self, run: str) -> None:
        """Close a killed run as ``interrupted``: what it had started is ``unproven``, the rest ``not_started``."""
        now = self._now()
        error = "the run was killed before it could close; what it had started may have happened."
        with self._database.write() as connection:
            _close_actions(connection, run, "started", {"state": "unproven", "error": error, "settled_at": now})
            _close_actions(connection, run, "planned", {"state": "not_started", "settled_at": now})
            statement = runs.update().where(runs.c.id == run, runs.c.result == "running")
            values = {"result": "interrupted", "finished": now, "error": error, "code": KILLED}
            values["counts"] = json_text(_counted(connection, run))
            if connection.execute(statement.values(values)).rowcount:
                add_run(connection, run)

    def _update(self, statement: Update, run: str, changes: list[dict[str, object]]) -> None:
        if not changes:
            return
        common = {"of_run": run, "at": self._now()}
        with self._database.write() as connection:
            done = sum(
                connection.execute(statement, [common | change for change in batch]).rowcount
                for batch in batched(changes)
            )
            _require(done, len(changes), run)

    def _runs(self, statement: Select[Any]) -> list[RunRecord]:
        with self._database.read() as connection:
            return [run_record(row) for row in connection.execute(statement)]

    def _no_such_run(self, run: str) -> DataError:
        newest = self._runs(_of_job(None).limit(200))
        near = difflib.get_close_matches(run, [record.id for record in newest], n=3)
        known = [record for record in newest if record.id in near] or newest[:3]
        hint = f"the nearest are {_listed(known)}" if near else f"the newest are {_listed(known)}"
        return DataError(
            f"there is no run {run!r}; {hint if known else 'no run has been recorded yet'}.",
            code="state.no_such_run",
            object=run,
        )

    def _now(self) -> str:
        return rfc3339(self._clock.now())


def rfc3339(time: datetime) -> str:
    """Spell a time as the store keeps it, with milliseconds: ``2026-11-21T01:30:45.123Z``."""
    return clock.rfc3339(time, "milliseconds")


def _applied(job: str) -> tuple[ColumnElement[bool], ...]:
    """Return what tells the good runs of a job that applied; a revert reads no source."""
    return (runs.c.job == job, runs.c.mode == "apply", runs.c.result.in_(GOOD_RESULTS), runs.c.sources != "{}")


def _disabled(connection: Connection, run: str) -> set[str]:
    done = (actions.c.run == run, actions.c.kind == "disable", actions.c.state == "verified")
    return {*connection.scalars(select(actions.c.object).where(*done))}


def _of_job(job: str | None) -> Select[Any]:
    statement = select(*_RUN_COLUMNS).order_by(*_NEWEST_FIRST)
    return statement if job is None else statement.where(runs.c.job == job)


def _counted(connection: Connection, run: str) -> dict[str, int]:
    """Count as a run that ends by itself does."""
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    statement = select(actions.c.kind, actions.c.state, func.count().label("number")).where(actions.c.run == run)
    for kind, state, number in connection.execute(statement.group_by(actions.c.kind, actions.c.state)):
        kinds[kind] += number
        states[state] += number
    del states["planned"]
    return {"actions": kinds.total(), **kinds, **states}


def _close_actions(connection: Connection, run: str, state: str, values: dict[str, str]) -> None:
    statement = actions.update().where(actions.c.run == run, actions.c.state == state)
    connection.execute(statement.values(values | {"code": KILLED}))


def _listed(found: Sequence[RunRecord]) -> str:
    return ", ".join(f"{record.id} ({record.job})" for record in found)


def _require(done: int, wanted: int, run: str) -> None:
    """Undo a write (by raising inside its transaction) that did not meet the rows that it is about."""
    if done != wanted:
        raise DataError(
            f"run {run} is not in the audit log with all the actions that were to be recorded; nothing was recorded. "
            "Was the state file replaced during the run? Run the job again.",
            code="state.not_recorded",
            object=run,
        )
