"""What is wrong with the rows of a file of batteries: each named, many counted."""

from collections.abc import Iterator

import msgspec

KEPT = 1000
"""Problems that are kept in full; the rest is counted."""


class Problem(msgspec.Struct, frozen=True):
    """A cell, or with an empty ``column`` a row, that cannot be used.

    ``row`` counts as a spreadsheet does: the first line of the file is row 1. ``reason`` may hold the value.
    """

    file: str
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        """Return the sentence: "devices.csv, row 3, column cycleCount: ..."."""
        place = f", column {self.column}" if self.column else ""
        return f"{self.file}, row {self.row}{place}: {self.reason}"


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

    def __iter__(self) -> Iterator[Problem]:
        """Yield what was kept."""
        return iter(self.kept)
