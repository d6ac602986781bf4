"""What is wrong with the rows of a file: each named, many counted."""

from collections.abc import Iterator

import msgspec

KEPT = 1000
"""Problems that are kept in full; the rest is counted."""

SHOWN = 40
"""Characters of a text that a sentence quotes."""


def shown(text: str) -> str:
    """Return a text as a sentence quotes it, cut if it is long: a cell may have millions of characters."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


class Problem(msgspec.Struct, frozen=True):
    """A cell, or with an empty ``column`` a row, that cannot be used.

    ``row`` counts as a spreadsheet does: the first one of the file is row 1. ``reason`` may hold the value, so it is
    for the person who has the file, not for a log.
    """

    file: str
    row: int
    column: str
    reason: str

    @property
    def place(self) -> str:
        """Where in its file it is, without any value: this may be logged."""
        return f"row {self.row}{f', {self.column}' if self.column else ''}"

    def __str__(self) -> str:
        """Return the sentence: "devices.csv, row 3, cycleCount: ..."."""
        return f"{self.file}, {self.place}: {self.reason}"


class Problems:
    """The problems of one reading, in the order they were met."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Problem] = []

    def add(self, file: str, row: int, column: str, reason: str) -> None:
        """Count a problem, and keep it while there are few."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(Problem(file, row, column, reason))

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Problem]:
        """Yield what was kept, by row."""
        return iter(sorted(self.kept, key=lambda problem: (problem.file, problem.row)))

    def places(self, most: int) -> str:
        """Return where the first problems are, without any value: this may be logged."""
        told = [problem.place for problem in self][:most]
        more = self.count - len(told)
        return "; ".join(told) + (f"; and {more} more" if more else "")
