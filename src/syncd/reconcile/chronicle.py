"""The journal's records of a run: one for each changed object, one for the run, never a value.

Objects appear by their ids, fields by their names. The sentences of systems are kept in the ledger only, since they
may quote values.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable

from syncd.reconcile.guard import GUARD
from syncd.reconcile.model import Action, Outcome, Plan, State
from syncd.reconcile.ports import RunSummary
from syncd.reconcile.verify import is_open

logger = logging.getLogger(__name__)

_LEVELS: dict[State, tuple[int, str]] = {
    "verified": (logging.INFO, "ACTION_DONE"),
    "failed": (logging.ERROR, "ACTION_FAILED"),
    "unproven": (logging.WARNING, "ACTION_UNPROVEN"),
}
_WORST: tuple[State, ...] = ("failed", "unproven", "verified")

_RUN_LEVELS = {
    "in_sync": (logging.INFO, "RUN_FINISHED"),
    "planned": (logging.INFO, "RUN_FINISHED"),
    "applied": (logging.INFO, "RUN_FINISHED"),
    "partial": (logging.ERROR, "RUN_PARTIAL"),
    "refused": (logging.ERROR, "RUN_REFUSED"),
    "interrupted": (logging.WARNING, "RUN_INTERRUPTED"),
    "failed": (logging.ERROR, "RUN_FAILED"),
}


class Chronicle:
    """Tells of every object once, when the last of its actions is settled for good."""

    def __init__(self, plan: Plan) -> None:
        self._actions = {action.id: action for action in plan.actions}
        self._waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
        for action in plan.actions:
            self._waiting[action.system, action.object].append(action.id)
        self._settled: dict[str, Outcome] = {}

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Take outcomes of writes; those that a read-back may yet change are told later."""
        self.settle_open(outcome for outcome in outcomes if not is_open(outcome))

    def settle_open(self, outcomes: Iterable[Outcome]) -> None:
        """Take outcomes that are final, after the read-back."""
        for outcome in outcomes:
            self._settled[outcome.action] = outcome
            action = self._actions[outcome.action]
            ids = self._waiting[action.system, action.object]
            if all(waiting in self._settled for waiting in ids):
                self._tell([(self._actions[id_], self._settled[id_]) for id_ in ids])

    @staticmethod
    def _tell(changes: list[tuple[Action, Outcome]]) -> None:
        states = {outcome.state for _, outcome in changes}
        worst = next((state for state in _WORST if state in states), None)
        if worst is None:
            return
        action, fields = changes[0][0], ", ".join(name for action, _ in changes for name in action.after)
        codes = ", ".join(dict.fromkeys(outcome.code for _, outcome in changes if outcome.code))
        kinds = ", ".join(action.kind for action, _ in changes)
        level, message_id = _LEVELS[worst]
        logger.log(
            level,
            "%s %s: %s of %s %s%s",
            action.system,
            action.object,
            kinds,
            fields or "the object",
            worst,
            f" ({codes})" if codes else "",
            extra={
                "message_id": message_id,
                "syncd": {
                    "SYSTEM": action.system,
                    "OBJECT": action.object,
                    "ACTION": kinds,
                    "FIELD": fields,
                    "ERROR": codes,
                    "DURATION_MS": sum(outcome.duration_ms for _, outcome in changes),
                },
            },
        )


def tell_start(run: str, job: str, mode: str) -> None:
    """Write that a run has started: all that the journal has of one that is killed before it changes anything."""
    extra = {"message_id": "RUN_STARTED", "syncd": {"JOB": job, "RUN_ID": run}}
    logger.info("%s of %s started", mode, job, extra=extra)


def tell_run(summary: RunSummary) -> None:
    """Write the one record of a run, with all its counts."""
    level, message_id = _RUN_LEVELS.get(summary.result, (logging.ERROR, "RUN_FAILED"))
    if summary.code.startswith(GUARD):
        message_id = "GUARD_REFUSED"
    counts = ", ".join(f"{name} {count}" for name, count in summary.counts.items())
    logger.log(
        level,
        "%s of %s %s: %s",
        summary.mode,
        summary.job,
        summary.result.replace("_", " "),
        summary.error or counts or "nothing was read",
        extra={
            "message_id": message_id,
            "syncd": {
                "JOB": summary.job,
                "RUN_ID": summary.id,
                "RESULT": summary.result,
                "ERROR": summary.code,
                "PLAN": summary.plan_hash,
                **{f"COUNT_{name.upper()}": count for name, count in summary.counts.items()},
                **{f"REQUESTS_{name.upper()}": count for name, count in summary.requests.items()},
                **{f"RETRIES_{name.upper()}": asked.retries for name, asked in summary.traffic.items()},
            },
        },
    )
