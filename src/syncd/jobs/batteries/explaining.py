"""Explain single devices: source and RT are read whole, which costs a few requests where nothing changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from syncd.host.errors import DataError
from syncd.jobs.batteries.frame import Frame
from syncd.jobs.batteries.reports import known_serial
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Case, Compared, Id, explain
from syncd.reconcile.mapping import Flow
from syncd.reconcile.model import Listing
from syncd.reconcile.sides import Side

R = TypeVar("R")


def explained(sought: str, laid: Frame) -> list[Case]:
    """Return what there is to say about whatever has this serial number, name or id; DataError where nothing has."""
    found, sorted_out = laid.found, laid.compared(laid.found.pairs)
    actions, _ = diff(laid.flow, sorted_out.pairs)
    compared = Compared(
        found=replace(found, pairs=[*sorted_out.pairs]),
        to_left=Flow(source=found.right, target=found.left, fields=()),
        to_right=laid.flow,
        actions=actions,
        listings=[*laid.listings(), *sorted_out.aside, *_counterparts(laid, sorted_out.aside)],
    )
    cases = explain(compared, [*_named(sought, laid)])
    if not cases:
        raise DataError(
            f"nothing is called {sought!r}: no device of the source and no asset has this serial number or id, and no "
            "asset this name; syncd assets lists what there is.",
            code="explain.not_found",
            object=sought,
        )
    return cases


def _named(sought: str, laid: Frame) -> Iterator[Id]:
    """Yield who has this id or name in any case, or this serial number in any spelling."""
    yield from _called(sought, laid.found.left)
    yield from _called(sought, laid.found.right)


def _called(sought: str, side: Side[R]) -> Iterator[Id]:
    text, serial = sought.strip().casefold(), known_serial(sought)
    for record in side.records:
        names = (side.ident(record).casefold(), side.label(record).casefold())
        if text in names or (serial and ("serial", serial) in side.usable(record)):
            yield side.system, side.ident(record)


def _counterparts(laid: Frame, aside: Sequence[Listing]) -> Iterator[Listing]:
    """Yield a line for the device of each asset that is left alone."""
    reasons = {listing.object: listing for listing in aside}
    left, right = laid.found.left, laid.found.right
    for report, asset, _ in laid.found.pairs:
        if (listing := reasons.get(right.ident(asset))) is not None:
            why = f"its {right.name(asset)} gets nothing from it: {listing.why}"
            ident, label = left.ident(report), left.label(report)
            yield Listing(state=listing.state, system=left.system, object=ident, label=label, why=why)
