"""Batteries: their history, and the reports that were imported from files; an import is kept whole or not at all."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Select, bindparam, insert, select

from syncd.host.clock import Clock
from syncd.state.battery_history import BatteryHistory, HistoryRow, keep_changes
from syncd.state.database import Database, batched, driver_rows
from syncd.state.ledger import rfc3339
from syncd.state.schema import battery_imports, battery_reports

Record = tuple[str, bytes]
"""The key of a device, its serial number or else its id, and what is known of it, as JSON."""


class Merge(Protocol):
    """Knows what the records mean."""

    def merged(self, old: bytes, new: bytes, /) -> tuple[bytes, bytes | None]:
        """Make one record of what is kept of a device and what a file says of it; name the one for the history."""

    def past(self, data: bytes, /) -> HistoryRow | None:
        """Return the row that the history is to have of a record; None where it tells nothing of a battery."""


class ImportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What an import makes of the reports: ``devices`` were told of; ``unchanged`` had nothing new.

    ``skipped`` are the rows and cells that could not be used.
    """

    devices: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0


class BatteryImport(msgspec.Struct, frozen=True, kw_only=True):
    """One import that was kept. ``id`` is 0 and ``at`` empty before it is; ``at`` is RFC 3339 in UTC.

    ``content`` is the SHA-256 of the file, and ``reading`` that of how it was read.
    """

    id: int = 0
    content: str
    reading: str
    file: str
    actor: str = ""
    at: str = ""
    counts: ImportCounts = ImportCounts()


class Batteries:
    """What the store knows of batteries."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self.history = BatteryHistory(database)
        self._database = database
        self._clock = clock
        self._actor = actor

    def imported(self) -> Iterator[Record]:
        """Yield what was imported of each device, the first of all first; a connection is held until the last one."""
        with self._database.read() as connection, closing(connection.execute(_records())) as result:
            for device, data in driver_rows(result):
                yield device, bytes(data)

    def imports(self, most: int = 20) -> list[BatteryImport]:
        """Return the newest imports, the newest first."""
        statement = select(battery_imports).order_by(battery_imports.c.id.desc()).limit(most)
        with self._database.read() as connection:
            return [_import(dict(row)) for row in connection.execute(statement).mappings()]

    def import_of(self, content: str, reading: str) -> BatteryImport | None:
        """Return the newest import of a content that was read in a way."""
        same = battery_imports.c.content == content, battery_imports.c.reading == reading
        statement = select(battery_imports).where(*same).order_by(battery_imports.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else _import(dict(row))

    def take_import(
        self,
        new: BatteryImport,
        batches: Iterable[Sequence[Record]],
        merge: Merge,
        keep: Callable[[ImportCounts], ImportCounts | None],
    ) -> ImportCounts:
        """Merge the records of a file into those that are kept, in one transaction; return what that makes of them.

        ``keep`` is asked at the end, for the counts as they are to be kept: where it returns None or raises, nothing
        has happened. ``batches`` is read inside the transaction; a device may be in several.
        """
        try:
            with self._database.write() as connection:
                taking = _Taking(connection, new, self._actor, rfc3339(self._clock.now()), merge)
                for batch in batches:
                    for some in batched(batch):
                        taking.take(some)
                taking.end(keep)
        except _NotKept:
            pass
        return taking.counts


class _NotKept(Exception):
    """Undoes the transaction."""


class _Before:
    """All records as they are before an import: to look up each batch would cost more than the rest of the import.

    ``at`` is the place of a device in lists, which take less memory than a tuple for each would.
    """

    def __init__(self, connection: Connection) -> None:
        self.at: dict[str, int] = {}
        self._numbers = array("q")
        self._data: list[bytes] = []
        statement = select(battery_reports.c.device, battery_reports.c.id, battery_reports.c.data)
        for device, number, data in driver_rows(connection.execute(statement.order_by(battery_reports.c.id))):
            self.at[device] = len(self._data)
            self._numbers.append(number)
            self._data.append(data)

    def get(self, device: str) -> bytes | None:
        """Return the record of a device."""
        at = self.at.get(device)
        return None if at is None else self._data[at]

    def number(self, device: str) -> int:
        """Return the number of the row of a device."""
        return self._numbers[self.at[device]]


class _Taking:
    """What happens inside the transaction of an import."""

    def __init__(self, connection: Connection, new: BatteryImport, actor: str, at: str, merge: Merge) -> None:
        self.counts = ImportCounts()
        self._connection = connection
        self._merge = merge
        self._before = _Before(connection)
        self._added: set[str] = set()
        self._changed: set[str] = set()
        self._same: set[str] = set()
        self._past: list[Record] = []
        values = {"content": new.content, "reading": new.reading, "file": new.file, "actor": actor, "at": at}
        # The records point to their import, so it is there before them; its counts come at the end.
        done = connection.execute(battery_imports.insert().values(**values, counts="{}"))
        self._number = done.inserted_primary_key[0] if done.inserted_primary_key else 0
        self._statements: dict[int, str] = {}
        self._update = _update(connection)

    def take(self, batch: Sequence[Record]) -> None:
        """Add records, or merge them with those that are there."""
        write: dict[str, bytes] = {}
        for device, data in batch:
            again = device in self._added or device in self._changed
            known = (write.get(device) or self._stored(device)) if again else self._before.get(device)
            if known is None:
                self._added.add(device)
                write[device] = data
            elif known != data:
                self._put_together(device, known, data, write)
            elif not again:
                self._same.add(device)
        rows = {device: write.pop(device) for device in [*write] if device in self._before.at}
        if rows:
            self._replace(rows)
        if write:
            self._write(write)

    def _put_together(self, device: str, known: bytes, data: bytes, write: dict[str, bytes]) -> None:
        merged, older = self._merge.merged(known, data)
        if older is not None:
            self._past.append((device, older))
        if merged != known:
            write[device] = merged
            if device not in self._added:
                self._changed.add(device)
        elif device not in self._added and device not in self._changed:
            self._same.add(device)

    def _stored(self, device: str) -> bytes | None:
        """Return a record as this import has left it."""
        return self._connection.scalar(select(battery_reports.c.data).where(battery_reports.c.device == device))

    def _replace(self, records: Mapping[str, bytes]) -> None:
        """Write records that were there before by the numbers of their rows: a quarter faster than by device."""
        values = [(data, self._number, self._before.number(device)) for device, data in records.items()]
        self._connection.exec_driver_sql(self._update, values)

    def _write(self, records: Mapping[str, bytes]) -> None:
        if len(records) not in self._statements:
            self._statements[len(records)] = _upsert(self._connection, len(records))
        values = zip(records, records.values(), repeat(self._number), strict=False)
        self._connection.exec_driver_sql(self._statements[len(records)], tuple(chain.from_iterable(values)))

    def end(self, keep: Callable[[ImportCounts], ImportCounts | None]) -> None:
        """Count, ask whether to keep it, and let the history have what is no longer the newest."""
        same = len(self._same - self._changed)
        devices = len(self._added) + len(self._changed) + same
        self.counts = ImportCounts(devices=devices, added=len(self._added), changed=len(self._changed), unchanged=same)
        kept = keep(self.counts)
        if kept is None:
            raise _NotKept
        self.counts = kept
        text = msgspec.json.encode(kept).decode()
        mine = battery_imports.c.id == self._number
        self._connection.execute(battery_imports.update().where(mine).values(counts=text))
        # By device, as the history lies: in another order its rows take twice the time to write.
        self._past.sort(key=itemgetter(0))
        keep_changes(self._connection, filter(None, map(self._merge.past, map(itemgetter(1), self._past))))


def _records() -> Select[Any]:
    return select(battery_reports.c.device, battery_reports.c.data).order_by(battery_reports.c.id)


def _import(row: dict[str, Any]) -> BatteryImport:
    return BatteryImport(**row | {"counts": msgspec.json.decode(row["counts"], type=ImportCounts)})


def _update(connection: Connection) -> str:
    """Return the statement for the data, the import and the number of a row, in this order."""
    statement = battery_reports.update().where(battery_reports.c.id == bindparam("number"))
    return str(statement.compile(dialect=connection.dialect, column_keys=["data", "import"]))


def _upsert(connection: Connection, rows: int) -> str:
    """Return the statement for so many rows; their values go past SQLAlchemy, which would take a third more time."""
    # The same words in SQLite and in PostgreSQL.
    columns = ("device", "data", "import")
    text = str(insert(battery_reports).compile(dialect=connection.dialect, column_keys=columns))
    head, _, row = text.partition(" VALUES ")
    values = ", ".join([row] * rows)
    return (
        f'{head} VALUES {values} ON CONFLICT (device) DO UPDATE SET data = excluded.data, "import" = excluded."import"'
    )
