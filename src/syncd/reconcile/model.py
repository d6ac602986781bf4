"""The nouns of a run: actions, plans, outcomes. All are plain data with a canonical JSON form."""

import hashlib
from collections.abc import Mapping
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


class Listing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the report: a record that was not, or could not be, reconciled, and why.

    ``state`` is ``only_<system>``, ``conflict`` or ``rejected`` for a record that has no partner, ``unknown`` for a
    field that was left alone, and ``changed_since``, ``unreadable``, ``irreversible`` or ``restored`` in a revert.
    """

    state: str
    system: str
    object: str
    label: str
    why: str


class Report(msgspec.Struct, kw_only=True):
    """What a comparison found. ``counts`` has a number for each state, ``listings`` the records behind them.

    ``sources`` has the number of records that each system gave. ``troubles`` are as in a Comparison.
    """

    counts: dict[str, int] = {}
    sources: dict[str, int] = {}
    listings: list[Listing] = []
    troubles: list[str] = []


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a job hands to the engine after it has read both sides whole and compared them.

    ``populations`` is the number of objects in each system, by the name of the system; the guard's percentages are
    of these. ``sources`` is what the shrinkage guard compares from run to run; the populations, where it is empty.
    ``troubles``: of a job that compares things that have nothing to do with each other, a sentence for each that could
    not be compared, without personal data. The others go on, and the run is ``partial``.
    """

    actions: list[Action]
    listings: list[Listing]
    counts: dict[str, int]
    populations: dict[str, int]
    sources: dict[str, int] = {}
    troubles: list[str] = []


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


def make_action(
    *,
    kind: Kind,
    system: str,
    object: str,  # noqa: A002
    label: str,
    before: Mapping[str, Known],
    after: Mapping[str, Known],
    reason: str,
    source: str = "",
    reversible: bool = True,
) -> Action:
    """Return an action with its id, which depends on kind, system, object, before and after and on nothing else."""
    return Action(
        id=action_id(kind, system, object, before, after),
        kind=kind,
        system=system,
        object=object,
        label=label,
        before=dict(before),
        after=dict(after),
        reason=reason,
        source=source,
        reversible=reversible,
    )


def action_id(
    kind: Kind,
    system: str,
    object: str,  # noqa: A002
    before: Mapping[str, Known],
    after: Mapping[str, Known],
) -> str:
    """Return 20 hexadecimal digits that name one change, the same ones whenever it is planned."""
    return digest([kind, system, object, dict(before), dict(after)])[:20]


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """Return the canonical JSON of a value: keys sorted, no white space, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: Any) -> str:  # noqa: ANN401
    """Return the SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
