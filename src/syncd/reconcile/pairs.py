"""The pairs of a match, kept as places: a tuple for each would take more memory than all else of a large match."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

L = TypeVar("L")
R = TypeVar("R")

_SLICE = 2_000
"""Pairs that are made together."""

Places = tuple[Sequence[int], Sequence[int]]
"""Places of paired records, left and right."""


def places_of(pairs: Iterable[tuple[int, int | None]]) -> Places:
    """Return the places of pairs of places; who meets nobody is left out."""
    lefts, rights = array("q"), array("q")
    for left, right in pairs:
        if right is not None:
            lefts.append(left)
            rights.append(right)
    return lefts, rights


class Pairs(Sequence[tuple[L, R, str]], Generic[L, R]):
    """Pairs as (left, right, name of the key), in the order of the left records; each is made when it is read."""

    def __init__(self, left: Sequence[L], right: Sequence[R], stages: Iterable[tuple[str, Places]]) -> None:
        """Take what each kind of key paired, by its name."""
        found = [(name, places) for name, places in stages if places[0]]
        self._left = left
        self._right = right
        self._names = [name for name, _ in found]
        self._lefts, self._rights, self._kinds = array("q"), array("q"), bytearray()
        for kind, (_, (lefts, rights)) in enumerate(found):
            self._lefts.extend(lefts)
            self._rights.extend(rights)
            self._kinds.extend(bytes([kind]) * len(lefts))
        if len(found) > 1:
            self._sort()

    def __len__(self) -> int:
        return len(self._lefts)

    def __iter__(self) -> Iterator[tuple[L, R, str]]:
        for start in range(0, len(self), _SLICE):
            yield from self[start : start + _SLICE]

    @overload
    def __getitem__(self, at: int) -> tuple[L, R, str]: ...

    @overload
    def __getitem__(self, at: slice) -> list[tuple[L, R, str]]: ...

    def __getitem__(self, at: int | slice) -> tuple[L, R, str] | list[tuple[L, R, str]]:
        if isinstance(at, slice):
            ours = [self._left[place] for place in self._lefts[at]]
            theirs = [self._right[place] for place in self._rights[at]]
            return [*zip(ours, theirs, map(self._names.__getitem__, self._kinds[at]), strict=True)]
        return self._left[self._lefts[at]], self._right[self._rights[at]], self._names[self._kinds[at]]

    def _sort(self) -> None:
        order = sorted(range(len(self)), key=self._lefts.__getitem__)
        self._lefts = array("q", map(self._lefts.__getitem__, order))
        self._rights = array("q", map(self._rights.__getitem__, order))
        self._kinds = bytearray(map(self._kinds.__getitem__, order))
