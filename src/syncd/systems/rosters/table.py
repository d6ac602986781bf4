"""A file of delimited text as a header and batches of columns."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, NamedTuple

from syncd.host.errors import DataError
from syncd.host.problems import Problems
from syncd.systems.rosters.text import examine, lines

BATCH = 500
"""Rows that are held at a time."""

DELIMITERS = ",;\t"
MOST_COLUMNS = 1000
_HINT = re.compile(r"sep=(?P<delimiter>.)\s*", re.IGNORECASE)  # Excel's own first line
_ASIDE = re.compile(r"[\W_]+")


class Batch(NamedTuple):
    """Rows, by column. ``rows`` are their numbers as a spreadsheet shows them: the header is row 1."""

    rows: Sequence[int]
    columns: Sequence[Sequence[str]]


def plain(header: str) -> str:
    """Return a column's name as names are compared: letters and digits only, in any case."""
    return _ASIDE.sub("", header.casefold())


class Table:
    """One file, looked through once: its header is known, its rows are still to be read."""

    def __init__(self, file: BinaryIO, name: str, encoding: str = "") -> None:
        """Examine the file and read its header.

        Raises DataError: ``roster.empty``, ``roster.binary``, ``roster.long_line``, ``roster.encoding``,
        ``roster.wide``.
        """
        self.name = name
        self._file = file
        examined = examine(file, name, encoding)
        self.encoding = examined.encoding
        self.digest = examined.digest
        self.delimiter, self._above = self._layout()
        self.header = self._read_header()

    def place(self, column: str) -> int | None:
        """Return where a column is, None where there is none of that name."""
        wanted = plain(column)
        return next((at for at, name in enumerate(self.header) if plain(name) == wanted), None)

    def batches(self, problems: Problems) -> Iterator[Batch]:
        """Yield the rows from the first to the last; blank ones are passed over, ragged ones are problems.

        Raises DataError ``roster.cell`` for a cell that never ends.
        """
        row = self._above + 1
        with self._records() as records:
            next(islice(records, self._above, self._above + 1))  # the header, again
            while found := list(islice(records, BATCH)):
                batch = self._batch(found, row + 1, problems)
                row += len(found)
                if batch is not None:
                    yield batch

    def _batch(self, found: list[list[str]], first: int, problems: Problems) -> Batch | None:
        rows: Sequence[int] = range(first, first + len(found))
        width = len(self.header)
        if not all(map(any, found)) or set(map(len, found)) != {width}:
            kept = [(at, cells) for at, cells in zip(rows, found, strict=True) if not _blank(cells)]
            whole = [(at, cells[:width]) for at, cells in kept if self._fits(at, cells, problems)]
            if not whole:
                return None
            rows, found = [at for at, _ in whole], [cells for _, cells in whole]
        return Batch(rows, list(zip(*found, strict=True)))

    def _fits(self, row: int, cells: list[str], problems: Problems) -> bool:
        width = len(self.header)
        if len(cells) == width or (len(cells) > width and _blank(cells[width:])):
            return True
        problems.add(self.name, row, "", f"has {len(cells)} cells, and the header has {width}")
        return False

    @contextmanager
    def _records(self) -> Iterator[Iterator[list[str]]]:
        with lines(self._file, self.name, self.encoding) as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            try:
                yield reader
            except csv.Error:
                raise DataError(
                    f"{self.name}, about line {reader.line_num}: a cell has more than {csv.field_size_limit():,} "
                    "characters; a quotation mark is opened there and not closed, or this is no roster.",
                    code="roster.cell",
                    object=self.name,
                ) from None

    def _layout(self) -> tuple[str, int]:
        """Return the delimiter, and how many records stand above the header."""
        with lines(self._file, self.name, self.encoding) as text:
            for above, line in enumerate(text):
                hint = _HINT.fullmatch(line.lstrip("\ufeff"))
                if hint is None and line.strip("\ufeff \t,;\r\n"):
                    return max(DELIMITERS, key=lambda delimiter: _cells(line, delimiter)), above
        raise DataError(f"{self.name} is empty; export the roster again.", code="roster.empty", object=self.name)

    def _read_header(self) -> list[str]:
        with self._records() as records:
            header = next(islice(records, self._above, None))
        while header and not header[-1].strip():
            header.pop()
        if len(header) > MOST_COLUMNS:
            raise DataError(
                f"{self.name} has {len(header):,} columns, and at most {MOST_COLUMNS:,} are read; export fewer.",
                code="roster.wide",
                object=self.name,
            )
        return [" ".join(name.lstrip("\ufeff").split()) for name in header]


def _cells(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter)))


def _blank(cells: Sequence[str]) -> bool:
    return not any(map(str.strip, cells))
