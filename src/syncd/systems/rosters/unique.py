"""Values that only one row may have."""

from collections import Counter
from collections.abc import Sequence

from syncd.host.problems import shown
from syncd.systems.rosters.cells import Complain


class Unique:
    """The values of one column so far; empty ones do not count."""

    def __init__(self, *, any_case: bool = False) -> None:
        self._any_case = any_case
        self._values: set[str] = set()
        self._batches: list[tuple[Sequence[str], Sequence[int]]] = []

    def add(self, values: Sequence[str], rows: Sequence[int], complain: Complain) -> None:
        """Take further values; for each that was there before, complain with the row that has it."""
        keys = list(map(str.casefold, values)) if self._any_case else values
        fresh = set(keys)
        fresh.discard("")
        single = len(fresh) == len(keys) - keys.count("") and self._values.isdisjoint(fresh)
        self._batches.append((keys, rows))
        if not single:
            self._name_doubles(values, keys, rows, complain)
        self._values |= fresh

    def _name_doubles(
        self, values: Sequence[str], keys: Sequence[str], rows: Sequence[int], complain: Complain
    ) -> None:
        """Look through all batches for the first rows of what is double in the last one."""
        counts = Counter(keys)
        doubles = {key for key, count in counts.items() if key and (count > 1 or key in self._values)}
        first: dict[str, int] = {}
        for some, numbers in self._batches:
            if not doubles.isdisjoint(some):
                for key, row in zip(some, numbers, strict=True):
                    first.setdefault(key, row)
        for at, (key, row) in enumerate(zip(keys, rows, strict=True)):
            if key in doubles and first[key] != row:
                complain(at, f"{shown(values[at])} stands in row {first[key]} already")
