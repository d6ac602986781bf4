"""Compare paired records through the mapping: what the target has to change so that it follows the source.

An empty source never overwrites unless the field says ``clear``; an unknown value on either side is never written,
and is listed once for each field.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from operator import ne
from typing import Generic, TypeVar

from syncd.reconcile.mapping import Field, Flow, Judged, Verdict
from syncd.reconcile.model import Action, Kind, Listing, make_action
from syncd.reconcile.values import Known, Unknown, Value

S = TypeVar("S")
T = TypeVar("T")

_SLICE = 2000
"""Pairs that are looked at together."""


def diff(flow: Flow[S, T], pairs: Iterable[tuple[S, T, str]]) -> tuple[list[Action], list[Listing]]:
    """Return the actions that let targets follow their sources, and listings of what is unknown.

    Pairs are (source, target, name of the key). There is one action for each target and kind: ``clear`` when it
    empties at least one field, else the kind of its fields.
    """
    actions: list[Action] = []
    listings: list[Listing] = []
    actor = _Actor(flow)
    for source, target in _doubtful(flow, pairs):
        judged = judge(flow, source, target)
        actions.extend(actor.actions(source, target, judged))
        listings.extend(actor.listings(target, judged))
    return actions, listings


def _doubtful(flow: Flow[S, T], pairs: Iterable[tuple[S, T, str]]) -> Iterator[tuple[S, T]]:
    """Yield the pairs that are not equal at a glance: values differ, or are equally unknown and have to be listed.

    Field by field over many pairs, since nearly all are equal: that takes half the time of pair by pair.
    """
    unread = iter(pairs if flow.fields else ())
    while some := list(islice(unread, _SLICE)):
        sources, targets, _ = zip(*some, strict=True)
        places = unlike(flow.fields, sources, targets)
        yield from ((sources[place], targets[place]) for place in sorted(places))


def unlike(fields: Iterable[Field[S, T]], sources: Sequence[S], targets: Sequence[T]) -> set[int]:
    """Return the places of pairs that are not equal at a glance in some field."""
    return {place for field in fields for place in _unequal(field, sources, targets)}


def _unequal(field: Field[S, T], sources: Sequence[S], targets: Sequence[T]) -> Iterable[int]:
    """Return the places where a field's values are not plainly equal."""
    places: Iterable[int] = range(len(sources))
    if field.peek:
        ours, theirs = field.peek
        places = [*compress(places, map(ne, map(ours, sources), map(theirs, targets)))]
    wanted = ((place, field.read_source(sources[place])) for place in places)
    return [place for place, value in wanted if value != field.read_target(targets[place]) or type(value) is Unknown]


def judge(flow: Flow[S, T], source: S, target: T) -> Sequence[Judged]:
    """Return the verdict on every field of one pair, in the order of the mapping."""
    judged = [_judge(field, field.read_source(source), field.read_target(target)) for field in flow.fields]
    return flow.settle(source, target, judged) if flow.settle else judged


def _judge(field: Field[S, T], wanted: Value, present: Value) -> Judged:
    verdict, why = _verdict(field, wanted, present)
    return Judged(field=field.name, verdict=verdict, wanted=wanted, present=present, why=why)


def _verdict(field: Field[S, T], wanted: Value, present: Value) -> tuple[Verdict, str]:
    for value in (wanted, present):
        if isinstance(value, Unknown):
            return "unknown", f"{field.name} left alone because {value.reason}"
    if wanted == present:
        return "same", ""
    if wanted is None:
        return ("clear", "") if field.clear else ("kept", f"{field.name} kept because {field.source_name} is empty")
    if present is not None and field.same(wanted, present):  # type: ignore[arg-type]
        return "same", ""
    return "change", ""


class _Actor(Generic[S, T]):
    """Makes the actions and listings of one flow."""

    def __init__(self, flow: Flow[S, T]) -> None:
        self.flow = flow
        self.fields = {field.name: field for field in flow.fields}

    def actions(self, source: S, target: T, judged: Iterable[Judged]) -> Iterator[Action]:
        by_kind: dict[Kind, list[Judged]] = {}
        for item in judged:
            if item.verdict in {"change", "clear"}:
                by_kind.setdefault(self.fields[item.field].kind, []).append(item)
        for kind, changes in by_kind.items():
            yield self._action(kind, source, target, changes)

    def _action(self, kind: Kind, source: S, target: T, changes: list[Judged]) -> Action:
        side = self.flow.target
        empties = any(item.verdict == "clear" for item in changes)
        return make_action(
            kind="clear" if empties and kind == "update" else kind,
            system=side.system,
            object=side.ident(target),
            label=side.label(target),
            before={item.field: _known(item.present) for item in changes},
            after={item.field: _known(item.wanted) for item in changes},
            reason=self._reason([item.field for item in changes]),
            source=self.flow.source.ident(source),
        )

    def _reason(self, names: list[str]) -> str:
        origins = ", ".join(self.fields[name].source_name for name in names)
        return f"{', '.join(names)} from {self.flow.source.system} {origins}"

    def listings(self, target: T, judged: Iterable[Judged]) -> Iterator[Listing]:
        side = self.flow.target
        for item in judged:
            if item.verdict == "unknown":
                yield Listing(
                    state="unknown",
                    system=side.system,
                    object=side.ident(target),
                    label=side.label(target),
                    why=item.why,
                )


def _known(value: Value) -> Known:
    if isinstance(value, Unknown):
        raise TypeError("an unknown value is never written")
    return value
