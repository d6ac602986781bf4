"""What the ledger gives back, and how its records are spelled in the tables."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

from syncd.host.errors import DataError
from syncd.reconcile.model import Action, Outcome, Plan, Report, canonical
from syncd.reconcile.ports import RunSummary, Traffic
from syncd.reconcile.values import Known

T = TypeVar("T")
Fields = dict[str, Known]


class RunRecord(RunSummary, frozen=True, kw_only=True):
    """A run as it is kept; ``actor`` is the user or unit that started it."""

    actor: str = ""


class ActionResult(Outcome, frozen=True, kw_only=True):
    """What became of an action, in which run and when (RFC 3339, UTC; empty: not yet)."""

    run: str
    started_at: str = ""
    settled_at: str = ""


class PlanReport(Report, kw_only=True):
    """What the plan of a run found, and what it was made from."""

    fingerprint: str = ""
    populations: dict[str, int] = msgspec.field(default_factory=dict)


def run_record(row: Row[Any]) -> RunRecord:
    """Read a row of ``runs`` (without the report)."""
    return RunRecord(
        id=row.id,
        job=row.job,
        mode=row.mode,
        actor=row.actor,
        started=row.started,
        finished=row.finished,
        result=row.result,
        error=row.error,
        code=row.code,
        plan_hash=row.plan_hash,
        counts=_decoded(row.counts, dict[str, int]),
        sources=_decoded(row.sources, dict[str, int]),
        requests=_decoded(row.requests, dict[str, int]),
        traffic=_decoded(row.traffic, dict[str, Traffic]),
    )


def run_values(summary: RunSummary) -> dict[str, object]:
    """Spell what may change of a run after its start."""
    return {
        "finished": summary.finished,
        "result": summary.result,
        "error": summary.error,
        "code": summary.code,
        "plan_hash": summary.plan_hash,
        "counts": json_text(summary.counts),
        "sources": json_text(summary.sources),
        "requests": json_text(summary.requests),
        "traffic": json_text(summary.traffic),
    }


def report_text(plan: Plan) -> str:
    """Spell the report of a plan."""
    return json_text(
        PlanReport(
            counts=plan.report.counts,
            sources=plan.report.sources,
            listings=plan.report.listings,
            fingerprint=plan.fingerprint,
            populations=plan.populations,
        )
    )


def plan_report(text: str) -> PlanReport:
    """Read the report of a plan; an empty one where no plan was made."""
    return _decoded(text, PlanReport) if text else PlanReport()


def action_values(run: str, seq: int, action: Action) -> dict[str, object]:
    """Spell a planned action as a row of ``actions``."""
    return {
        "run": run,
        "seq": seq,
        "action": action.id,
        "kind": action.kind,
        "system": action.system,
        "object": action.object,
        "label": action.label,
        "before": json_text(action.before),
        "after": json_text(action.after),
        "reason": action.reason,
        "source": action.source,
        "reversible": action.reversible,
        "state": "planned",
        "error": "",
        "code": "",
        "started_at": "",
        "settled_at": "",
        "found": None,
        "duration_ms": 0,
        "created_object": "",
    }


def settled_values(outcome: Outcome) -> dict[str, object]:
    """Spell an outcome, under the parameter names of the ledger's update."""
    return {
        "with_action": outcome.action,
        "to_state": outcome.state,
        "to_error": outcome.error,
        "to_code": outcome.code,
        "to_object": outcome.object,
        "to_found": None if outcome.found is None else json_text(outcome.found),
        "to_duration_ms": outcome.duration_ms,
    }


def action_and_result(row: Row[Any]) -> tuple[Action, ActionResult]:
    """Read a row of ``actions``."""
    action = Action(
        id=row.action,
        kind=row.kind,
        system=row.system,
        object=row.object,
        label=row.label,
        before=_decoded(row.before, Fields),
        after=_decoded(row.after, Fields),
        reason=row.reason,
        source=row.source,
        reversible=row.reversible,
    )
    result = ActionResult(
        action=row.action,
        run=row.run,
        state=row.state,
        error=row.error,
        code=row.code,
        object=row.created_object,
        found=None if row.found is None else _decoded(row.found, Fields),
        duration_ms=row.duration_ms,
        started_at=row.started_at,
        settled_at=row.settled_at,
    )
    return action, result


def json_text(value: Mapping[str, object] | msgspec.Struct) -> str:
    """Return the canonical JSON of a value as text."""
    return canonical(value).decode()


def _decoded(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise DataError(
            f"the state file holds a record that cannot be read ({error}); restore the file from a backup.",
            code="state.damaged",
        ) from error
