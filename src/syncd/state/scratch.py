"""A database for sorting and joining what would not fit in memory: gone when it is closed, and never seen by others."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from syncd.host.closing import Closing
from syncd.host.errors import Unavailable
from syncd.state.database import BATCH

_CACHE = 8 * 2**10  # KiB


class Scratch(Closing):
    """Tables that a caller makes. SQLite keeps them in a file without a name, in $SQLITE_TMPDIR, $TMPDIR or /var/tmp.

    Raises Unavailable (``state.scratch``) where there is no room for them.
    """

    def __init__(self, schema: str) -> None:
        """Open it; ``schema`` are the statements that make the tables."""
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -{_CACHE}; BEGIN; {schema}")

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it has changed."""
        with _explained():
            return self._connection.execute(statement, values).rowcount

    def fill(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of many rows."""
        with _explained():
            self._connection.executemany(statement, rows)

    def read(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, few in memory at a time; nothing may be written until the last one."""
        with _explained(), closing(self._connection.execute(statement, values)) as cursor:
            while rows := cursor.fetchmany(BATCH):
                yield from rows

    def number(self, statement: str) -> int:
        """Return the one number that a query gives."""
        return next(int(value or 0) for (value,) in self.read(statement))

    def close(self) -> None:
        """Let everything go."""
        self._connection.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        # The low byte is the primary result code.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise
        raise Unavailable(
            "there is no room for a temporary file of the export; free some space in /var/tmp, or set SQLITE_TMPDIR to "
            "a folder that has it.",
            code="state.scratch",
        ) from error
