"""What a whole run comes to when a fault strikes while it reads, while it writes, and while it makes something new.

Worked out from what comes of the single requests, so that the two cannot say different things.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from faults import breaks, statuses
from faults.kinds import Expect, Fault, Row
from syncd.reconcile.model import State
from syncd.reconcile.ports import RunResult

System = Literal["google", "rt"]
Phase = Literal["read", "write", "create"]

FAULTS: Mapping[System, Mapping[str, Fault]] = {
    "google": breaks.BREAKS | statuses.GOOGLE,
    "rt": breaks.BREAKS | statuses.RT,
}
ROWS: Mapping[System, Mapping[str, Row]] = {
    "google": breaks.BELOW | breaks.GOOGLE_BODIES | statuses.OF_GOOGLE,
    "rt": breaks.BELOW | breaks.RT_BODIES | statuses.OF_RT,
}


class Run(NamedTuple):
    """How a run ends: its result and exit status, the code that it keeps, and the state of the action it was about.

    Without a state nothing was planned.
    """

    result: RunResult
    status: int
    code: str = ""
    state: State | None = None


_ALIKE = 3
APPLIED = Run("applied", 0, state="verified")


def expected(system: System, phase: Phase, title: str) -> Run:
    """Return how a run ends that a fault strikes for as long as it lasts."""
    fault, row = FAULTS[system][title], ROWS[system][title]
    asked = row.of({"read": "read" if system == "google" else "search"}.get(phase, phase)).called(system)
    return _reading(asked) if phase == "read" else _writing(asked, fault)


def _reading(asked: Expect) -> Run:
    """A run that cannot read all ends, and has planned nothing."""
    return Run("failed", int(asked.exit_status), asked.code) if asked.error else APPLIED


def _writing(asked: Expect, fault: Fault) -> Run:
    """What was done is found out by reading back, whatever was said; what was not done is for the next run."""
    return APPLIED if fault.effect else Run("partial", 1, asked.code or "verify.unchanged", "failed")


def cells() -> Iterator[tuple[System, Phase, str]]:
    """Yield what whole runs are struck with, while they read and change: at most three faults that come to the same.

    While a run makes something, one of each outcome. Single requests are struck with all of them.
    """
    for system, faults in FAULTS.items():
        alike: Counter[tuple[Row, bool]] = Counter()
        for title, fault in faults.items():
            alike[ROWS[system][title], fault.effect] += 1
            if alike[ROWS[system][title], fault.effect] <= _ALIKE:
                yield from ((system, "read", title), (system, "write", title))
    makes = {(ROWS["rt"][title].create, fault.effect): title for title, fault in FAULTS["rt"].items()}
    yield from (("rt", "create", title) for title in makes.values())
