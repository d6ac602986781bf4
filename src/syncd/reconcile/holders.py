"""Who holds which key: an index of the keys of one kind on one side of a match."""

from array import array
from collections.abc import Iterable, Mapping, Sequence

_NOBODY = -1


class Holders:
    """Holders of the keys of one kind, by place: a first one of each key, and all of a key that is shared.

    ``several`` tells whether a record has several keys.
    """

    def __init__(self) -> None:
        self.first: dict[str, int] = {}
        self.shared: dict[str, list[int]] = {}
        self.several = False

    def take(self, keys: Sequence[str], places: Sequence[int]) -> None:
        """Take keys with the places of their holders."""
        fresh = dict(zip(keys, places, strict=True))
        if len(fresh) == len(keys) and self.first.keys().isdisjoint(fresh):
            self.first.update(fresh)
            return
        for key, place in zip(keys, places, strict=True):
            self._meet(key, self.first.setdefault(key, place), place)

    def of(self, key: str) -> list[int]:
        """Return all places of a key."""
        return self.shared.get(key) or ([self.first[key]] if key in self.first else [])

    def partners(self, keys: Mapping[str, int]) -> Iterable[int | None]:
        """Return the first holder of each of these keys, given with their places on the other side."""
        return map(self.first.get, keys)

    def _meet(self, key: str, first: int, place: int) -> None:
        """Note who holds a key besides its first holder."""
        if first != place:
            known = self.shared.setdefault(key, [first])
            if known[-1] != place:
                known.append(place)


class Opposite(Holders):
    """Holders of keys that mostly the other side holds too, by the place of the holder there.

    It takes an eighth of the memory, and no record of the other side may have several keys.
    """

    def __init__(self, other: Mapping[str, int], size: int) -> None:
        """Take the keys of the other side with their holders' places, and how many records it has."""
        super().__init__()
        self._other = other
        self._met = array("q", [_NOBODY]) * size

    def take(self, keys: Sequence[str], places: Sequence[int]) -> None:
        """Take keys with the places of their holders."""
        met = self._met
        for key, place, there in zip(keys, places, map(self._other.get, keys), strict=True):
            if there is None:
                super().take((key,), (place,))
            elif met[there] == _NOBODY:
                met[there] = place
            else:
                self._meet(key, met[there], place)

    def of(self, key: str) -> list[int]:
        """Return all places of a key."""
        there = self._other.get(key)
        if there is None or key in self.shared:
            return super().of(key)
        return [self._met[there]] if self._met[there] != _NOBODY else []

    def partners(self, keys: Mapping[str, int]) -> Iterable[int | None]:
        """Return the first holder of each of these keys, given with their places on the other side."""
        return (None if place == _NOBODY else place for place in map(self._met.__getitem__, keys.values()))
