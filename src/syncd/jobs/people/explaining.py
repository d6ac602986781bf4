"""Explain single people and users: both sides are read whole, which costs a few requests where nothing changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from syncd.host.errors import DataError
from syncd.jobs.people.frame import Frame
from syncd.jobs.people.roster_side import SYSTEM as ROSTER
from syncd.jobs.people.roster_side import text_key
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.explain import Case, Compared, Id, explain
from syncd.reconcile.mapping import Flow
from syncd.reconcile.model import Action, Listing
from syncd.reconcile.sides import Side
from syncd.reconcile.values import texts

R = TypeVar("R")

READ = {ROSTER: "all people of the sources", SYSTEM: "all users"}
MERGING = {SYSTEM: "take it away from all but one of", ROSTER: "correct all but one of"}


def explained(sought: str, laid: Frame, planned: tuple[Sequence[Action], Sequence[Listing]]) -> list[Case]:
    """Return what there is to say about whoever has this id, address or name; DataError where nobody has."""
    actions, listings = planned
    found = laid.found
    compared = Compared(
        found=replace(found, pairs=[*laid.pairs]),
        to_left=Flow(source=found.right, target=found.left, fields=()),
        to_right=laid.flow,
        actions=actions,
        listings=[*found.listings(), *_spared(laid), *listings],
        merging=MERGING,
    )
    cases = explain(compared, [*_named(sought, laid)])
    if not cases:
        raise DataError(
            f"nobody is called {sought!r}: no person of the roster and no user of RT has this id, e-mail address or "
            "name.",
            code="explain.not_found",
            object=sought,
        )
    return cases


def _named(sought: str, laid: Frame) -> Iterator[Id]:
    """Yield who has one of its keys, or its own number, spelled so."""
    yield from _called(sought, laid.found.left)
    yield from _called(sought, laid.found.right)


def _called(sought: str, side: Side[R]) -> Iterator[Id]:
    key = text_key(sought)
    for record in side.records:
        keys = {rule.normalise(text) for rule in side.keys for text in texts(rule.read(record))}
        if key in keys or sought.strip() == side.ident(record):
            yield side.system, side.ident(record)


def _spared(laid: Frame) -> Iterator[Listing]:
    """Yield a line for each person whose user is not touched."""
    reasons = {listing.object: listing for listing in laid.aside}
    for entry, user, _ in laid.found.pairs:
        if (listing := reasons.get(str(user.id))) is not None:
            why = f"its user {user.id} is not touched: {listing.why}"
            yield Listing(state=listing.state, system=ROSTER, object=entry.ident, label=entry.ident, why=why)
