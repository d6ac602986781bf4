"""Read back, in bulk and once for each system, what the answers of the writes did not prove."""

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from syncd.host.errors import IntegrationError
from syncd.reconcile.apply import INTERNAL, Settled, never_stop
from syncd.reconcile.model import Action, Outcome, Plan, State
from syncd.reconcile.ports import Ledger, Stop, Writer
from syncd.reconcile.values import Known

logger = logging.getLogger(__name__)

UNCHANGED = "verify.unchanged"
DIFFERENT = "verify.different"


def is_open(outcome: Outcome) -> bool:
    """Return whether a read-back may tell more: the write is unproven, or its writer broke on the way."""
    return outcome.state == "unproven" or (outcome.state == "failed" and outcome.code == INTERNAL)


def verify(
    plan: Plan,
    outcomes: Sequence[Outcome],
    writers: Mapping[str, Writer],
    ledger: Ledger,
    run: str,
    *,
    stop: Stop = never_stop,
    settled: Settled = lambda _: None,
) -> list[Outcome]:
    """Return the outcomes with all that a read-back proves or disproves; keep those in the ledger.

    ``verified``: every field reads as wanted. ``failed``: every field still has its old value. ``unproven``: it
    reads as something else (``found`` has it) or cannot be read. After ``stop`` nothing more is read.
    """
    by_id = {outcome.action: outcome for outcome in outcomes}
    for system, writer in sorted(writers.items()):
        actions = [action for action in plan.actions if action.system == system and is_open(by_id[action.id])]
        if actions and not stop():
            proven = _verify_system(writer, actions, by_id)
            ledger.settle(run, proven)
            by_id.update((outcome.action, outcome) for outcome in proven)
    final = [by_id[action.id] for action in plan.actions]
    settled([outcome for before, outcome in zip(outcomes, final, strict=True) if is_open(before)])
    return final


def read_present(
    writer: Writer, actions: Sequence[Action], objects: Mapping[str, str]
) -> Mapping[str, Mapping[str, Known]]:
    """Return present values by action id and field; nothing, with a warning, when the system cannot be read."""
    extra = {"message_id": "READ_BACK_FAILED", "syncd": {"SYSTEM": writer.system}}
    try:
        return writer.read_back(actions, objects)
    except IntegrationError as error:
        logger.warning("%s could not be read back: %s", writer.system, error.code, extra=extra)
    except Exception:
        logger.exception("The writer of %s failed to read back", writer.system, extra=extra)
    return {}


def _verify_system(writer: Writer, actions: Sequence[Action], outcomes: Mapping[str, Outcome]) -> list[Outcome]:
    objects = {action.id: outcomes[action.id].object for action in actions if outcomes[action.id].object}
    present = read_present(writer, actions, objects)
    return [
        _judge(action, outcomes[action.id], present[action.id], writer.same)
        for action in actions
        if action.id in present
    ]


def _judge(
    action: Action, outcome: Outcome, found: Mapping[str, Known], same: Callable[[str, Known, Known], bool]
) -> Outcome:
    def all_read_as(values: Mapping[str, Known]) -> bool:
        return all(name in found and same(name, values.get(name), found[name]) for name in action.after)

    if not action.after:
        return outcome
    if all_read_as(action.after):
        return msgspec.structs.replace(outcome, state="verified", code="", error="", found=dict(found))
    if all_read_as(action.before):
        why = f"{action.system} took the request, and the old values are still there"
        return _doubtful(outcome, "failed", UNCHANGED, why, found)
    return _doubtful(
        outcome, "unproven", DIFFERENT, "values were read back that are neither the old nor the new ones", found
    )


def _doubtful(outcome: Outcome, state: State, code: str, why: str, found: Mapping[str, Known]) -> Outcome:
    """Return the outcome in this state; a code and error that the write gave already say more and stay."""
    return msgspec.structs.replace(
        outcome, state=state, code=outcome.code or code, error=outcome.error or why, found=dict(found)
    )
