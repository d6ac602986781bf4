"""The connection to the store: transactions, streaming reads, and errors in plain words.

All that is particular to SQLite is in this file; the rest of the room speaks portable SQL.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, CursorResult, Engine, PoolProxiedConnection, Row, Select, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from syncd.host.errors import Busy, ConfigurationError, DataError, IntegrationError, NotPermitted, Unavailable

BATCH = 500
"""Rows that are held at a time when many are written or read."""

WAL_KEPT = 16 * 2**20  # bytes of -wal file that stay on disk after a large transaction

T = TypeVar("T")


class Database:
    """One store file, usable from many threads: readers side by side, writers one after the other."""

    def __init__(self, path: Path, busy_timeout: float, *, cache: int = 0, log_pages: int = 0) -> None:
        """Open lazily; ``busy_timeout`` is how long, in seconds, to wait for a writer in another process.

        ``cache``: bytes of pages that each connection may keep; ``log_pages``: pages in the -wal file with which a
        commit folds it into the store. 0: what SQLite thinks is enough.
        """
        self.path = path
        self._busy_timeout = busy_timeout
        self._engine = _sqlite_engine(path, busy_timeout, cache, log_pages)
        self._writer = self._engine.execution_options(syncd_writes=True)
        self._one_writer = threading.Lock()
        self._direct: PoolProxiedConnection | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose work is committed, on disk, at the end; or undone, if an exception ends it.

        What runs inside waits for nothing but the disk: all other writers wait for it.
        """
        # SQLite's own waiting is a sleep with back-off; threads of one process queue here instead.
        with self._explained(), self._one_writer, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def write_directly(self) -> Iterator[sqlite3.Cursor]:
        """Give the driver's own cursor for the work of ``write``, on a connection that is kept.

        For what is done many times a second: SQLAlchemy's own takes as long as a small transaction itself.
        """
        with self._explained(), self._one_writer:
            if self._direct is None:
                self._direct = self._engine.raw_connection()
            with closing(self._direct.cursor()) as cursor, _transaction(cast("sqlite3.Cursor", cursor)) as writer:
                yield writer

    def stream(self, statement: Select[Any]) -> Iterator[Row[Any]]:
        """Yield the rows of a query, few in memory at a time; a connection is held until the last one."""
        with self.read() as connection:
            yield from connection.execution_options(yield_per=BATCH).execute(statement)

    def column(self, statement: Select[tuple[T]]) -> Iterator[T]:
        """Yield the values of a query for one column as the driver gives them, cheaper than ``stream``."""
        with self.read() as connection, closing(connection.execute(statement)) as result:
            yield from chain.from_iterable(driver_rows(result))

    def use_wal(self) -> None:
        """Make readers independent of the writer; a property of the file, written only when it is missing."""
        with self._explained(), self._engine.connect() as connection:
            # Past SQLAlchemy, which would begin a transaction: the mode cannot change inside one.
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            (mode,) = cursor.fetchall()[0]
            cursor.close()
        if mode != "wal":
            raise ConfigurationError(
                f"the file system of {self.path} cannot hold the state of syncd (no shared memory for SQLite's WAL); "
                "set state.directory to a directory on a local disk.",
                code="state.directory",
                object=str(self.path),
            )

    def close(self) -> None:
        """Close all connections; the last process to do so folds the -wal file into the store."""
        if self._direct is not None:
            self._direct.close()
            self._direct = None
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            explained = self._explain(error.orig)
            if explained is None:
                raise
            raise explained from error
        except sqlite3.Error as error:
            explained = self._explain(error)
            if explained is None:
                raise
            raise explained from error

    def _explain(self, error: BaseException | None) -> IntegrationError | None:
        # The low byte is the primary result code (SQLite, "Result and Error Codes").
        found = _EXPLANATIONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if found is None:
            return None
        kind, code, sentence = found
        return kind(sentence.format(path=self.path, seconds=self._busy_timeout), code=code, object=str(self.path))


@contextmanager
def _transaction(cursor: sqlite3.Cursor) -> Iterator[sqlite3.Cursor]:
    cursor.execute("BEGIN IMMEDIATE")
    try:
        yield cursor
        cursor.execute("COMMIT")
    except BaseException:
        if cursor.connection.in_transaction:  # SQLite ends it by itself after some errors
            cursor.execute("ROLLBACK")
        raise


_Explanation = tuple[type[IntegrationError], str, str]

_DAMAGED: _Explanation = (
    DataError,
    "state.damaged",
    "{path} is damaged or is no state file of syncd; restore a backup, or move it away to start with an empty one.",
)
_REFUSED: _Explanation = (
    NotPermitted,
    "state.not_permitted",
    "syncd may not write {path} and the files beside it; give them to the user that syncd runs as.",
)
_BUSY: _Explanation = (
    Busy,
    "state.locked",
    "another process has kept {path} locked for over {seconds:g} s (`fuser -v {path}` names it); try again later.",
)
_DISK: _Explanation = (
    Unavailable,
    "state.disk",
    "the disk of {path} is full or failing; free some space or look at the kernel log, then run again.",
)
_EXPLANATIONS = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_CANTOPEN: _REFUSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_READONLY: _REFUSED,
}


def driver_rows(result: CursorResult[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query as the driver gives them: SQLAlchemy's own cost more than the reading."""
    assert result.cursor is not None
    # SQLite's cursor reads on as it is asked to.
    return chain.from_iterable(iter(partial(result.cursor.fetchmany, BATCH), []))


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Cut items into lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _sqlite_engine(path: Path, busy_timeout: float, cache: int, log_pages: int) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_timeout})

    def connected(connection: DBAPIConnection, _record: object) -> None:
        # Transactions begin where SQLAlchemy says, not where the driver guesses.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA journal_size_limit={WAL_KEPT}")
        if cache:
            cursor.execute(f"PRAGMA cache_size={-cache // 1024}")
        if log_pages:
            cursor.execute(f"PRAGMA wal_autocheckpoint={log_pages}")
        cursor.close()

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("syncd_writes")
        # A writer takes its lock at once: one that first read could not wait for another and would fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine
