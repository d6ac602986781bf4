"""Match the records of two sides by normalised keys, from the strongest kind to the weakest.

Every record ends in exactly one state: paired, only on its side, in conflict, or rejected. Rejected is who has no
partner and no usable key of the strongest kind: it cannot be told whether the other side lacks it.

* A key that two records of one side hold identifies nothing. Its holders on both sides are in conflict, also when
  a weaker key would tell them apart. A weaker kind of key that is shared (the address of a dock, seen by every
  device that was plugged into it) harms nobody who was paired before, nor a record that has a stronger key of its
  own and meets nobody on the other side by the shared one.
* A weaker key never overrules a stronger one: where both records have a usable stronger key, and these differ, an
  agreement of a weaker key is a conflict, and only of those of the two that have no partner yet.
* A record whose keys lead to two records of the other side is in conflict with both, unless one is paired already.
* Blank, short and placeholder keys are no keys: they neither pair nor conflict.
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Generic, TypeVar

from syncd.reconcile.holders import Holders, Opposite
from syncd.reconcile.keys import Rejected
from syncd.reconcile.model import Listing
from syncd.reconcile.pairs import Pairs, Places, places_of
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known, texts

L = TypeVar("L")
R = TypeVar("R")

Normalise = Callable[[str], str | Rejected | None]

_OPEN, _PAIRED, _CONFLICT = 0, 1, 2
_SLICE = 2_000
"""Records whose keys are looked at together."""

_FLIPPED = itemgetter(1, 0, 2)
_NAMED = 3
"""Other holders of a key that a sentence names; the rest are counted."""


@dataclass(frozen=True)
class Match(Generic[L, R]):
    """The result. Pairs are (left, right, name of the key); conflicts and rejected are (record, why).

    All lists keep the order of their side's records.
    """

    left: Side[L]
    right: Side[R]
    pairs: Sequence[tuple[L, R, str]]
    only_left: list[L]
    only_right: list[R]
    conflicts_left: list[tuple[L, str]]
    conflicts_right: list[tuple[R, str]]
    rejected_left: list[tuple[L, str]]
    rejected_right: list[tuple[R, str]]

    def counts(self) -> dict[str, int]:
        """Return the number of records in each state; a pair counts once."""
        return {
            "matched": len(self.pairs),
            f"only_{self.left.system}": len(self.only_left),
            f"only_{self.right.system}": len(self.only_right),
            "conflict": len(self.conflicts_left) + len(self.conflicts_right),
            "rejected": len(self.rejected_left) + len(self.rejected_right),
        }

    def listings(self) -> list[Listing]:
        """Return a line for every record that has no partner."""
        return [
            *_list_side(self.left, self.right.noun, self.only_left, self.conflicts_left, self.rejected_left),
            *_list_side(self.right, self.left.noun, self.only_right, self.conflicts_right, self.rejected_right),
        ]


def match(left: Side[L], right: Side[R]) -> Match[L, R]:
    """Match two sides whose key rules have the same names in the same order."""
    names = [rule.name for rule in left.keys]
    if names != [rule.name for rule in right.keys]:
        raise ValueError(f"{left.system} and {right.system} must have the same kinds of key in the same order")
    ours, theirs = _Half(left), _Half(right)
    stages: list[tuple[str, Places]] = []
    for rank, name in enumerate(names):
        if not ours.all_settled() or not theirs.all_settled():
            stages.append((name, _Stage(ours, theirs, rank).pairs()))
    return Match(
        left=left,
        right=right,
        pairs=Pairs(left.records, right.records, stages),
        only_left=ours.only(),
        only_right=theirs.only(),
        conflicts_left=ours.conflicts(),
        conflicts_right=theirs.conflicts(),
        rejected_left=ours.rejected(),
        rejected_right=theirs.rejected(),
    )


def flip(pairs: Iterable[tuple[L, R, str]]) -> Iterator[tuple[R, L, str]]:
    """Turn pairs round, for a flow whose source is the right side."""
    return map(_FLIPPED, pairs)


class _Half(Generic[R]):
    """One side while it is matched: what is settled of each record, by its place."""

    def __init__(self, side: Side[R]) -> None:
        self.side = side
        self.fate = bytearray(len(side.records))
        self.why: dict[int, str] = {}

    def all_settled(self) -> bool:
        return _OPEN not in self.fate

    def conflict(self, place: int, why: str) -> None:
        """Put an open record in conflict; one that is settled stays what it is."""
        if self.fate[place] == _OPEN:
            self.fate[place] = _CONFLICT
            self.why[place] = why

    def name(self, place: int) -> str:
        return self.side.name(self.side.records[place])

    def names(self, places: Sequence[int]) -> str:
        named = ", ".join(self.name(place) for place in places[:_NAMED])
        return named if len(places) <= _NAMED else f"{named} and {len(places) - _NAMED} more"

    def keys(self, place: int, rank: int) -> list[str]:
        """Return the usable keys of one kind that one record has."""
        rule = self.side.keys[rank]
        found = map(rule.normalise, texts(rule.read(self.side.records[place])))
        return [key for key in found if not isinstance(key, Rejected)]

    def stronger(self, place: int, rank: int) -> tuple[str, str] | None:
        """Return name and value of the record's strongest usable key above a rank."""
        for above in range(rank):
            for key in self.keys(place, above):
                return self.side.keys[above].name, key
        return None

    def open_keys(self, rank: int) -> set[str]:
        """Return the usable keys of one kind that open records have."""
        return {key for place in self._open() for key in self.keys(place, rank)}

    def index(
        self, rank: int, normalise: Normalise, known: Container[str], *, alone: bool, into: Holders | None = None
    ) -> Holders:
        """Return who holds which key; ``into`` is filled, where it is given.

        ``known`` are keys: a raw text among them is its own key; ``alone``: no other key matters. What ``normalise``
        makes no text of is no key.
        """
        rule, records = self.side.keys[rank], self.side.records
        found = into or Holders()
        for start in range(0, len(records), _SLICE):
            raws = [*map(rule.read, records[start : start + _SLICE])]
            places: Sequence[int] = range(start, start + len(raws))
            keys = rule.all_keys(raws)
            if keys is None:
                found.several = found.several or tuple in set(map(type, raws))
                keys, places = _each(raws, start, normalise, known)
            elif alone:
                mine = [*map(known.__contains__, keys)]
                keys, places = [*compress(keys, mine)], [*compress(places, mine)]
            found.take(keys, places)
        return found

    def only(self) -> list[R]:
        return [self.side.records[place] for place in self._open() if self._usable(place)]

    def conflicts(self) -> list[tuple[R, str]]:
        return [(self.side.records[place], self.why[place]) for place in sorted(self.why)]

    def rejected(self) -> list[tuple[R, str]]:
        records, keys = self.side.records, self.side.keys
        return [
            (records[place], _why_rejected(keys, records[place])) for place in self._open() if not self._usable(place)
        ]

    def _open(self) -> Iterator[int]:
        place = self.fate.find(_OPEN)
        while place >= 0:
            yield place
            place = self.fate.find(_OPEN, place + 1)

    def _usable(self, place: int) -> bool:
        """Return whether the record has a key of the strongest kind."""
        return bool(self.keys(place, 0))


class _Wanted(dict[str, str | None]):
    """The key that each raw text is, None for those that nobody looks for. Both sides mostly hold the same texts."""

    def __init__(self, normalise: Normalise, wanted: Collection[str]) -> None:
        super().__init__()
        self._normalise = normalise
        self._wanted = wanted

    def __missing__(self, raw: str) -> str | None:
        key = self._normalise(raw)
        found = self[raw] = key if isinstance(key, str) and key in self._wanted else None
        return found


@dataclass(slots=True)
class _Stage(Generic[L, R]):
    """One kind of key: who meets whom by it, and what that settles."""

    left: _Half[L]
    right: _Half[R]
    rank: int
    edges: list[tuple[int, int, str]] = field(default_factory=list)

    def pairs(self) -> Places:
        """Settle what this kind of key settles, and return the pairs."""
        left, right = self._indices()
        for key in left.shared | right.shared:
            self._settle_shared(key, left.of(key), right.of(key))
            left.first.pop(key, None)
        lefts: Iterable[int] = left.first.values()
        met: Iterable[int | None] = right.partners(left.first)
        if self.rank or left.several or right.several:
            lefts, met = self._agreed(zip(lefts, met, left.first, strict=True))
        # Nothing but shared keys is settled by one key of the first kind, and whoever has another one has no more.
        places = places_of(zip(lefts, met, strict=True))
        for fate, settled in zip((self.left.fate, self.right.fate), places, strict=True):
            for place in settled:
                fate[place] = _PAIRED
        return places

    def _agreed(self, met: Iterable[tuple[int, int | None, str]]) -> tuple[list[int], list[int | None]]:
        """Return those who meet nobody else, by no stronger key; all others are in conflict."""
        self.edges = [(i, j, key) for i, j, key in met if j is not None]
        self._drop_overruled()
        self._drop_ambiguous()
        found = dict.fromkeys((i, j) for i, j, _ in self.edges if self._open(i, j))
        return [i for i, _ in found], [j for _, j in found]

    def _indices(self) -> tuple[Holders, Holders]:
        """Return who holds which key on either side."""
        ours, theirs = (half.side.keys[self.rank].normalise for half in (self.left, self.right))
        if not self.rank:
            left = self.left.index(0, ours, (), alone=False)
            opposite = Holders() if left.several else Opposite(left.first, len(self.left.fate))
            return left, self.right.index(0, theirs, left.first, alone=False, into=opposite)
        # Of weaker keys only those matter that a record without a partner holds.
        wanted = self.left.open_keys(self.rank) | self.right.open_keys(self.rank)
        spell = {normalise: _Wanted(normalise, wanted).__getitem__ for normalise in (ours, theirs)}
        left = self.left.index(self.rank, spell[ours], wanted, alone=True)
        return left, self.right.index(self.rank, spell[theirs], wanted, alone=True)

    def _open(self, i: int, j: int) -> bool:
        return self.left.fate[i] == _OPEN == self.right.fate[j]

    def _settle_shared(self, key: str, lefts: Sequence[int], rights: Sequence[int]) -> None:
        kind = self.left.side.keys[self.rank].name
        holders = " and ".join(filter(None, (self.left.names(lefts), self.right.names(rights))))
        why = f"{kind} {key} is held by {holders}"
        met = bool(lefts and rights)
        for i in lefts:
            if self.left.fate[i] == _OPEN and (met or self.left.stronger(i, self.rank) is None):
                self.left.conflict(i, why)
        for j in rights:
            if self.right.fate[j] == _OPEN and (met or self.right.stronger(j, self.rank) is None):
                self.right.conflict(j, why)

    def _drop_overruled(self) -> None:
        """Keep what may pair: both open, and no stronger keys that differ. The rest are conflicts of the open ones."""
        kept: list[tuple[int, int, str]] = []
        for i, j, key in self.edges:
            if self._open(i, j) and not self._differ(i, j):
                kept.append((i, j, key))
            else:
                self.left.conflict(i, self._overruled(key, self.right, j))
                self.right.conflict(j, self._overruled(key, self.left, i))
        self.edges = kept

    def _differ(self, i: int, j: int) -> bool:
        """Return whether both have a usable key of one stronger kind; they are not paired, so these differ."""
        return any(self.left.keys(i, above) and self.right.keys(j, above) for above in range(self.rank))

    def _overruled(self, key: str, other: "_Half[L] | _Half[R]", place: int) -> str:
        kind = other.side.keys[self.rank].name
        stronger = other.stronger(place, self.rank)
        whose = f"whose {stronger[0]} is {stronger[1]}" if stronger else "which has another partner or is in conflict"
        return f"has the {kind} {key} of {other.name(place)}, {whose}"

    def _drop_ambiguous(self) -> None:
        """Put into conflict who meets two records of the other side, and whoever meets one that is in conflict."""
        meets_left: dict[int, list[int]] = {}
        meets_right: dict[int, list[int]] = {}
        for i, j in dict.fromkeys((i, j) for i, j, _ in self.edges):
            meets_left.setdefault(i, []).append(j)
            meets_right.setdefault(j, []).append(i)
        for i, j, _ in self.edges:
            if not (len(meets_left[i]) == 1 == len(meets_right[j]) and self._open(i, j)):
                self.left.conflict(i, self._ambiguous(self.right, meets_left[i]))
                self.right.conflict(j, self._ambiguous(self.left, meets_right[j]))

    def _ambiguous(self, other: "_Half[L] | _Half[R]", places: Sequence[int]) -> str:
        kind = other.side.keys[self.rank].name
        alone = ", which is in conflict itself" if len(places) == 1 else ""
        return f"its {kind} leads to {other.names(places)}{alone}"


def _each(
    raws: Sequence[Known], start: int, normalise: Normalise, known: Container[str]
) -> tuple[list[str], list[int]]:
    """Return the keys of records that follow each other, looked at one by one, and their places."""
    keys, places = [], []
    for place, raw in enumerate(raws, start):
        for text in (raw,) if type(raw) is str else raw or ():
            key = text if text in known else normalise(text) if text else None
            if type(key) is str:
                keys.append(key)
                places.append(place)
    return keys, places


def _why_rejected(keys: Sequence[KeyRule[R]], record: R) -> str:
    reasons = [
        f"{rule.name} {verdict.reason}" if isinstance(verdict, Rejected) else f"{rule.name} has no partner"
        for rule in keys
        for verdict in map(rule.normalise, texts(rule.read(record)) or ("",))
    ]
    return "no usable key: " + ", ".join(dict.fromkeys(reasons))


def _list_side(
    side: Side[R],
    other_noun: str,
    only: Iterable[R],
    conflicts: Iterable[tuple[R, str]],
    rejected: Iterable[tuple[R, str]],
) -> Iterator[Listing]:
    names = " or ".join(rule.name for rule in side.keys)
    nobody = f"no {other_noun} has its {names}"
    for record in only:
        yield _listing(side, f"only_{side.system}", record, nobody)
    for record, why in conflicts:
        yield _listing(side, "conflict", record, why)
    for record, why in rejected:
        yield _listing(side, "rejected", record, why)


def _listing(side: Side[R], state: str, record: R, why: str) -> Listing:
    return Listing(state=state, system=side.system, object=side.ident(record), label=side.label(record), why=why)
