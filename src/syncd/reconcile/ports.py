"""What the engine needs from the outside: a ledger that remembers, writers that write, and a way to be stopped."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from syncd.reconcile.model import Action, Outcome, Plan
from syncd.reconcile.values import Known

RunResult = str
"""How a run ended: ``in_sync planned applied partial refused interrupted failed`` (open ones are ``running``)."""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What a run asked of one system: attempts, those of them that were retries, and how many had which answer.

    ``codes`` has a number for each HTTP status, and ``none`` for attempts that no answer came to.
    """

    requests: int = 0
    retries: int = 0
    codes: dict[str, int] = {}


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a run. Times are RFC 3339 in UTC; ``sources`` has the size of each source.

    ``mode`` is ``plan``, ``apply`` or ``revert``; ``code`` is that of the error; ``requests`` has the requests made,
    by system, and ``traffic`` what is known of them besides their number.
    """

    id: str
    job: str
    mode: str
    started: str
    finished: str = ""
    result: RunResult = "running"
    error: str = ""
    code: str = ""
    plan_hash: str = ""
    counts: dict[str, int] = {}
    sources: dict[str, int] = {}
    requests: dict[str, int] = {}
    traffic: dict[str, Traffic] = {}


class Planned(Protocol):
    """What the ledger keeps of a plan besides its actions."""

    @property
    def populations(self) -> Mapping[str, int]:
        """The number of objects that each system had, by the name of the system."""


class Ledger(Protocol):
    """The audit log of runs and actions; every method commits before it returns."""

    def start(self, job: str, mode: str) -> str:
        """Open a run and return its id."""

    def planned(self, run: str, plan: Plan) -> None:
        """Keep the plan of a run: all its actions, in the state ``planned``."""

    def intend(self, run: str, actions: Sequence[Action]) -> None:
        """Mark actions ``started``, before any request for them is made."""

    def settle(self, run: str, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of actions."""

    def finish(self, summary: RunSummary) -> None:
        """Close a run."""

    def last_good(self, job: str) -> RunSummary | None:
        """Return the newest run of a job that read both sides whole and passed the guard, for the shrinkage guard.

        That is one with sources whose result is ``in_sync``, ``planned``, ``applied`` or ``partial``. A refused run
        is not one: a source that shrank would else be refused only once. A revert reads no source.
        """

    def run(self, run: str) -> RunSummary:
        """Return what is kept of a run, or raise DataError or NotFound."""

    def plan_report(self, run: str) -> Planned:
        """Return what is kept of the plan of a run."""

    def actions(self, run: str) -> Iterable[tuple[Action, Outcome]]:
        """Return the actions of a run and what became of each, in the order of its plan.

        The state of one that was not reached is ``planned``, of one that a killed run left open ``started``.
        """


class Writer(Protocol):
    """Writes the actions of one system. One failing action never raises: it is an outcome.

    ``write`` is called from up to ``concurrency`` threads at a time, everything else from one.
    """

    @property
    def system(self) -> str:
        """The name that actions of this system carry."""

    @property
    def concurrency(self) -> int:
        """How many requests may run side by side, at least 1."""

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """Group actions as the system takes them in one request; order within the plan is kept.

        Raises IntegrationError where that takes a request that cannot be made: nothing of the system is started.
        """

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        """Make one request. ``verified`` where the answer itself proves it, ``unproven`` where only a read can.

        Raises Unavailable when the system as a whole is out (open circuit, budget spent): the rest is not started.
        This batch is then ``unproven``, or ``not_started`` where the error's code ends in ``circuit_open``.
        """

    def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
        """Read the present values of the fields of these actions in bulk: action id to field to value.

        ``objects`` gives, by action id, the id of what a create created, where its answer said so; else the writer
        looks for the match key. An action whose object cannot be read is left out.
        """

    def same(self, field: str, wanted: Known, found: Known) -> bool:
        """Return whether a value that was read back is the wanted one, in whatever spelling the system keeps it."""


class Stop(Protocol):
    """Asked between two actions; true after SIGTERM or SIGINT."""

    def __call__(self) -> bool:
        """Return whether to stop."""


Progress = Callable[[str, int, int | None], None]
"""Called with (what, done, total) as work proceeds; total is None when unknown."""
