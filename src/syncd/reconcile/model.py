"""The nouns of a run: actions, plans, outcomes. All are plain data with a canonical JSON form."""

from typing import Any, Literal

import msgspec

from syncd.reconcile.values import Known

Kind = Literal["create", "update", "clear", "move", "disable", "delete"]
"""What an action does to its object; limits are set per kind. ``clear`` is an update that empties a field."""

State = Literal["planned", "started", "verified", "failed", "unproven", "not_started"]
"""Where an action stands. Only ``verified`` means that the new values were read back.

``failed``: the system refused it or could not be asked; ``unproven``: it may have happened, the read-back
could not tell or shows something else; ``not_started``: the run stopped before it.
"""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One change to one object of one system.

    ``id`` is the same whenever the same change is planned again. ``object`` is the system's own id, for a
    create the match key. ``label`` is what people call it (asset name, serial). ``before`` and ``after`` hold
    the fields that change, and only those; ``source`` is the id of the record the new values come from.
    """

    id: str
    kind: Kind
    system: str
    object: str
    label: str
    before: dict[str, Known]
    after: dict[str, Known]
    reason: str
    source: str = ""
    reversible: bool = True


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: a record that was not, or could not be, reconciled, and why."""

    state: str
    system: str
    object: str
    label: str
    why: str


class Report(msgspec.Struct, kw_only=True):
    """What a comparison found. ``counts`` has a number for each state, ``listings`` the records behind them."""

    counts: dict[str, int] = {}
    sources: dict[str, int] = {}
    listings: list[Listing] = []


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered actions with a hash, and a fingerprint of the state that they were made from.

    ``hash`` is SHA-256 over the canonical JSON of job, actions and fingerprint, so that the same drift gives the same
    hash at any time. ``populations`` is the number of objects that each system has, for the guard's percentages.
    """

    format: int = 1
    job: str
    actions: tuple[Action, ...]
    populations: dict[str, int]
    fingerprint: str
    hash: str
    report: Report


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one action. ``found`` holds values that were read back, where there are any."""

    action: str
    state: State
    error: str = ""
    code: str = ""
    object: str = ""
    found: dict[str, Known] | None = None
    duration_ms: int = 0


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """Return the canonical JSON of a value: keys sorted, no white space, UTF-8."""
    return msgspec.json.encode(value, order="deterministic")
