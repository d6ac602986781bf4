"""Why an object is, or is not, changed: the facts behind the verdict of a comparison, as data.

What is explained is what was compared. A job that reads only what has to do with one object gives the engine every
record that shares a key with it, however indirectly, so that the verdict is the one of a whole run.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from syncd.reconcile.diff import judge
from syncd.reconcile.keys import Rejected
from syncd.reconcile.mapping import Flow, Verdict
from syncd.reconcile.match import Match
from syncd.reconcile.model import Action, Listing
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known, Value, texts

L = TypeVar("L")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

Id = tuple[str, str]
"""System and the system's own id of a record."""

MATCHED, CONFLICT, NOT_CREATED = "matched", "conflict", "not_created"


_NAMED = 5
"""Records that a sentence names; of more, the rest are counted."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a record: its ``text`` there, and the normalised ``key``, or why it is ``rejected``.

    ``holders`` are the other records, of either side, that have it.
    """

    kind: str
    text: str
    key: str = ""
    rejected: str = ""
    holders: list[str] = []


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record. ``label`` is what people call it, ``name`` how a sentence does; ``sought``: this was asked for."""

    system: str
    id: str
    label: str
    name: str
    state: str
    why: str
    sought: bool
    keys: list[Key]


class FieldFact(msgspec.Struct, frozen=True, kw_only=True):
    """One mapped field of a pair.

    ``field`` of the record ``object`` follows ``source`` of the record ``origin``, in the system ``owner``.
    ``wanted`` is the owner's value as the field would show it, ``present`` what the field has. ``action`` is the id
    of the action that writes it.
    """

    system: str
    object: str
    field: str
    owner: str
    origin: str
    source: str
    present: Value
    wanted: Value
    verdict: Verdict
    why: str = ""
    action: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing: the records that were asked for, their partners, and whatever else has one of their keys.

    ``key`` is the kind of key that paired them. ``actions`` are what the next run would do, ``why`` the reason for
    these, or for there being none; ``remedies`` what a person has to do first.
    """

    state: str
    key: str
    why: str
    records: list[Record]
    fields: list[FieldFact]
    actions: list[Action]
    remedies: list[str]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found for what was asked. ``read`` says how much of each system was read for it.

    ``several`` is what a sentence says of many cases, between their number and what was sought.
    """

    job: str
    sought: str
    cases: list[Case]
    read: dict[str, str] = {}
    several: str = "different things are called"


@runtime_checkable
class Explains(Protocol):
    """A job that can explain single objects."""

    def explain(self, sought: str) -> Explanation:
        """Read what has to do with an object, by whatever name people give it, and explain it.

        Raises DataError where nothing has this name.
        """


@dataclass(frozen=True, kw_only=True)
class Aside:
    """A record that takes no part in the comparison; ``texts`` has its raw keys by their kind."""

    listing: Listing
    name: str
    texts: Mapping[str, Known]


@dataclass(frozen=True, kw_only=True)
class Compared(Generic[L, R]):
    """A comparison, and what it left aside. ``merging`` says for a system how to begin "... A and B": "merge"."""

    found: Match[L, R]
    to_left: Flow[R, L]
    to_right: Flow[L, R]
    actions: Sequence[Action]
    listings: Sequence[Listing] = ()
    aside: Sequence[Aside] = ()
    merging: Mapping[str, str] = field(default_factory=dict)


def explain(compared: Compared[L, R], sought: Iterable[Id]) -> list[Case]:
    """Return a case for each thing that was asked for; records that share a key are one case."""
    book = _Book(compared)
    wanted = [one for one in dict.fromkeys(sought) if one in book.entries]
    return [book.case(group, wanted) for group in book.groups(wanted)]


@dataclass(frozen=True)
class _Entry:
    """What is known of a record: its place in the comparison, and its usable keys as pairs of kind and key."""

    id: Id
    label: str
    name: str
    state: str
    why: str
    keys: list[Key]
    partner: Id | None = None
    kind: str = ""

    @property
    def usable(self) -> list[tuple[str, str]]:
        return [(key.kind, key.key) for key in self.keys if key.key]


class _Book(Generic[L, R]):
    """All records by system and id, and who holds which key."""

    def __init__(self, compared: Compared[L, R]) -> None:
        self._compared = compared
        found = compared.found
        self.entries: dict[Id, _Entry] = {}
        self._enter(
            found.left, {_id(found.left, a): (_id(found.right, b), found.right.name(b), k) for a, b, k in found.pairs}
        )
        self._enter(
            found.right, {_id(found.right, b): (_id(found.left, a), found.left.name(a), k) for a, b, k in found.pairs}
        )
        for aside in compared.aside:
            self._enter_aside(aside)
        self._holders: dict[tuple[str, str], list[Id]] = {}
        for entry in self.entries.values():
            for key in dict.fromkeys(entry.usable):
                self._holders.setdefault(key, []).append(entry.id)

    def _enter(self, side: Side[Any], partners: Mapping[Id, tuple[Id, str, str]]) -> None:
        """Enter the records of a side; the last word about one without a partner is the last listing of it."""
        listed = {(item.system, item.object): item for item in self._compared.found.listings()}
        listed |= {(item.system, item.object): item for item in self._compared.listings}
        for record in side.records:
            one = _id(side, record)
            keys = _keys(side.keys, {rule.name: rule.read(record) for rule in side.keys})
            partner, name, kind = partners.get(one, (None, "", ""))
            state, why = (MATCHED, f"it has the {kind} of {name}") if partner else (listed[one].state, listed[one].why)
            self.entries[one] = _Entry(one, side.label(record), side.name(record), state, why, keys, partner, kind)

    def _enter_aside(self, aside: Aside) -> None:
        item = aside.listing
        sides: tuple[Side[Any], ...] = (self._compared.found.left, self._compared.found.right)
        side = next(side for side in sides if side.system == item.system)
        one = (item.system, item.object)
        self.entries[one] = _Entry(one, item.label, aside.name, item.state, item.why, _keys(side.keys, aside.texts))

    def groups(self, sought: Sequence[Id]) -> list[list[Id]]:
        """Put together what was asked for and shares a key."""
        groups: list[list[Id]] = []
        for one in sought:
            near = {*self._core([one]), *self._related(self._core([one]))}
            home = next((group for group in groups if not near.isdisjoint(group)), None)
            if home is None:
                groups.append([one])
            else:
                home.append(one)
        return groups

    def case(self, group: Sequence[Id], sought: Collection[Id]) -> Case:
        """Return what there is to say about some records of one thing."""
        core = self._core(group)
        related = self._related(core)
        first = self._foremost(core)
        actions = [action for action in self._compared.actions if _about(action, core)]
        fields = self._fields(core, actions)
        return Case(
            state=first.state,
            key=first.kind,
            why=_agreement(fields) if first.state == MATCHED else first.why,
            records=[self._record(one, sought) for one in (*core, *related)],
            fields=fields,
            actions=actions,
            remedies=self._remedies(core, related) if first.state == CONFLICT else [],
        )

    def _core(self, group: Iterable[Id]) -> list[Id]:
        """Return records and their partners."""
        return [*dict.fromkeys(two for one in group for two in (one, self.entries[one].partner) if two)]

    def _related(self, core: Sequence[Id]) -> list[Id]:
        """Return the other records that have a key of one of these."""
        holders = (one for entry in core for key in self.entries[entry].usable for one in self._holders[key])
        return [one for one in dict.fromkeys(holders) if one not in core]

    def _foremost(self, core: Sequence[Id]) -> "_Entry":
        """Return the record that tells most: one that takes part."""
        aside = {(item.listing.system, item.listing.object) for item in self._compared.aside}
        ranks = (MATCHED, CONFLICT)
        entries = [self.entries[one] for one in core]
        return min(
            entries, key=lambda entry: ranks.index(entry.state) if entry.state in ranks else 2 + (entry.id in aside)
        )

    def _record(self, one: Id, sought: Collection[Id]) -> Record:
        entry = self.entries[one]
        keys = [msgspec.structs.replace(key, holders=self._others(key, one)) for key in entry.keys]
        return Record(
            system=one[0],
            id=one[1],
            label=entry.label,
            name=entry.name,
            state=entry.state,
            why=entry.why,
            sought=one in sought,
            keys=keys,
        )

    def _others(self, key: Key, one: Id) -> list[str]:
        return [self.entries[other].name for other in self._holders.get((key.kind, key.key), ()) if other != one]

    def _fields(self, core: Collection[Id], actions: Sequence[Action]) -> list[FieldFact]:
        found = self._compared.found
        facts: list[FieldFact] = []
        for left, right, _ in found.pairs:
            if _id(found.left, left) in core:
                facts += _facts(self._compared.to_left, right, left, actions)
                facts += _facts(self._compared.to_right, left, right, actions)
        return facts

    def _remedies(self, core: Sequence[Id], related: Sequence[Id]) -> list[str]:
        """Say which records to make one; where no side has a key twice, one of the keys is wrong."""
        keys = dict.fromkeys(key for one in core for key in self.entries[one].usable)
        found = [remedy for kind, key in keys for remedy in self._merges(kind, key)]
        names = joined([self.entries[one].name for one in (*core, *related)])
        return found or [f"find out which of {names} are one thing, and correct the key that says otherwise"]

    def _merges(self, kind: str, key: str) -> Iterator[str]:
        by_system: dict[str, list[str]] = {}
        for one in self._holders[kind, key]:
            if self.entries[one].state == CONFLICT:
                by_system.setdefault(one[0], []).append(self.entries[one].name)
        for system, names in by_system.items():
            if len(names) > 1:
                begin = self._compared.merging.get(system, "merge")
                yield f"{begin} {joined(names)}, or correct the {kind} where it is wrong: each has {key}"


def _id(side: Side[S], record: S) -> Id:
    return side.system, side.ident(record)


def _keys(rules: Sequence[KeyRule[Any]], raw: Mapping[str, Known]) -> list[Key]:
    return [_key(rule, text) for rule in rules for text in texts(raw.get(rule.name)) or ("",)]


def _key(rule: KeyRule[Any], text: str) -> Key:
    verdict = rule.normalise(text)
    if isinstance(verdict, Rejected):
        return Key(kind=rule.name, text=text, rejected=verdict.reason)
    return Key(kind=rule.name, text=text, key=verdict)


def _about(action: Action, core: Collection[Id]) -> bool:
    """Whether an action writes one of these records, or makes a new one from it."""
    if action.kind == "create":
        return any(action.source == ident for system, ident in core if system != action.system)
    return (action.system, action.object) in core


def _facts(flow: Flow[S, T], source: S, target: T, actions: Iterable[Action]) -> list[FieldFact]:
    object_id = flow.target.ident(target)
    writes = {
        name: action.id
        for action in actions
        if (action.system, action.object) == (flow.target.system, object_id)
        for name in action.after
    }
    return [
        FieldFact(
            system=flow.target.system,
            object=object_id,
            field=item.field,
            owner=flow.source.system,
            origin=flow.source.ident(source),
            source=owned.source_name,
            present=item.present,
            wanted=item.wanted,
            verdict=item.verdict,
            why=item.why,
            action=writes.get(item.field, ""),
        )
        for owned, item in zip(flow.fields, judge(flow, source, target), strict=True)
    ]


def _agreement(fields: Sequence[FieldFact]) -> str:
    """Return in how far a pair agrees."""
    different = [fact.field for fact in fields if fact.verdict in {"change", "clear"}]
    alone = [fact.field for fact in fields if fact.verdict in {"kept", "unknown"}]
    told = f"{joined(different)} differ{'' if len(different) > 1 else 's'}" if different else "both sides agree"
    return f"{told}; {joined(alone)} left alone" if alone else told


def joined(names: Sequence[str]) -> str:
    """Return names as a sentence has them; of many, the first few."""
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED + 1 else []
    named = [*names[:_NAMED], *more] if more else [*names]
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
