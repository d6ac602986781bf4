"""Writes that got no answer, and whether that is the trouble of one object or of the whole system."""

from syncd.host.errors import Unavailable
from syncd.reconcile.model import Action, Outcome

_WHOLE_SYSTEM = ("circuit_open", "daily_limit")


def doubtful(action: Action, error: Unavailable) -> Outcome:
    """Return the outcome of a write that was given up: it may have happened, only a read can tell.

    One object that a system cannot deal with must not stop the others; where the system as a whole is out, the
    circuit opens after a few of these. Raises the error where it is about the whole system.
    """
    if error.code.endswith(_WHOLE_SYSTEM):
        raise error
    return Outcome(action=action.id, state="unproven", error=error.sentence, code=error.code)
