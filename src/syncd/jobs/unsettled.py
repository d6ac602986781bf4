"""The error that a run for one event ends in, where its change was not made or nobody knows."""

from syncd.host.errors import Unavailable, WriteRefused
from syncd.jobs.sides.rt_writer import NOT_MADE, REFUSED, SYSTEM
from syncd.reconcile.model import Outcome
from syncd.reconcile.run import Done

PASSING = NOT_MADE | {"rt.incomplete", "rt.login", "rt.unavailable", "rt.unreachable"}
"""Codes of trouble with RT that passes: nobody has refused the change, and a later try may make it."""


def unsettled(done: Done, what: str, *, code: str, object: str = "") -> Unavailable | WriteRefused | None:  # noqa: A002
    """Return the error for the first change that was not read back; None where all were.

    What RT refused, it refuses again: WriteRefused. All else may come right with another try: Unavailable. ``what``
    begins the sentence (``asset 17 did not get its tag:``), and ``code`` stands where the outcome has none.
    """
    outcome = next((outcome for outcome in done.outcomes if outcome.state != "verified"), None)
    if outcome is None:
        return None
    why = outcome.error or "what RT has now is not what was written"
    return (WriteRefused if _refused(outcome) else Unavailable)(
        f"{what} {why} (syncd show {done.summary.id} has it).",
        code=outcome.code or code,
        system=SYSTEM,
        object=object,
    )


def _refused(outcome: Outcome) -> bool:
    # Of an update that RT refused in part the rest was written, and the state is unproven.
    if outcome.code == REFUSED:
        return True
    return outcome.state == "failed" and outcome.code.startswith(f"{SYSTEM}.") and outcome.code not in PASSING
