"""The history of batteries: one row for each time that the battery of a device was another than before.

Any source may tell of any time: a row is held against the one before it in time, so that yesterday's report and last
year's are both in their places. What a source does not know is no change.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select, tuple_

from syncd.host.errors import DataError
from syncd.state.database import Database, batched, driver_rows
from syncd.state.ledger import rfc3339
from syncd.state.schema import battery_history

PRUNED_AT_A_TIME = 5000

_SECONDS = len("2026-11-21T01:30:45")

_Row = tuple[Any, ...]
"""The values of a row, in the order of the columns."""

_DEVICE, _TIME, _, _PERCENT, _HEALTH, _, _DESIGN, _, _, _BATTERY, _COUNT, _ = range(len(battery_history.c))
_IDENTITY = (_HEALTH, _DESIGN, _BATTERY)
_device, _time = itemgetter(_DEVICE), itemgetter(_TIME)
_encode = msgspec.json.Encoder().encode


class OtherBattery(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A battery of a device besides the one that counts; the fields mean what those of ``HistoryRow`` do."""

    battery: str
    time: datetime
    percent: float | None = None
    health: str = ""
    full_charge: int | None = None
    design: int | None = None
    cycles: int | None = None
    level: int | None = None


class HistoryRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A device at one moment, by the battery that counts. None, or "": not known.

    ``device``: serial number in capitals, else the device id. ``time``: aware, in UTC, whole seconds, when the device
    reported it. ``source``: gam, csv or telemetry. ``percent`` of the design capacity; capacities in mAh; ``level``:
    charge in percent. ``battery``: its serial number.
    """

    device: str
    time: datetime
    source: str
    percent: float | None = None
    health: str = ""
    full_charge: int | None = None
    design: int | None = None
    cycles: int | None = None
    level: int | None = None
    battery: str = ""
    others: tuple[OtherBattery, ...] = ()


_decode_others = msgspec.json.Decoder(tuple[OtherBattery, ...]).decode


class BatteryHistory:
    """The history of all devices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, rows: Iterable[HistoryRow], noise: float = 1.0) -> int:
        """Keep the rows that tell of a change, in one transaction; return how many.

        A row is kept where it differs from the one before it: by ``noise`` points of the percentage, which became
        known or moved; by health, design capacity, battery, or the number of batteries. Of two rows of one moment the
        one that knows more is kept. ``rows`` is read inside the transaction.
        """
        with self._database.write() as connection:
            return keep_changes(connection, rows, noise)

    def of(self, device: str) -> list[HistoryRow]:
        """Return the rows of a device, the oldest first."""
        return list(self._rows(_ordered().where(battery_history.c.device == device)))

    def newest(self) -> Iterator[HistoryRow]:
        """Yield the newest row of each device, by device; a connection is held until the last one."""
        return self._rows(_ordered().where(_is_newest()))

    def all(self) -> Iterator[HistoryRow]:
        """Yield all rows, by device and time; a connection is held until the last one."""
        return self._rows(_ordered())

    def prune(self, before: datetime, *, batches: int | None = None) -> int:
        """Delete rows from before a time, but for the newest of each device; return how many.

        ``batches``: at most so many transactions.
        """
        done = 0
        while batches is None or batches > 0:
            with self._database.write() as connection:
                gone = connection.execute(_delete_old(before)).rowcount
            done += gone
            if gone < PRUNED_AT_A_TIME:
                break
            batches = None if batches is None else batches - 1
        return done

    def _rows(self, statement: Select[Any]) -> Iterator[HistoryRow]:
        with self._database.read() as connection:
            yield from map(_history_row, driver_rows(connection.execute(statement)))


def keep_changes(connection: Connection, rows: Iterable[HistoryRow], noise: float = 1.0) -> int:
    """Do what ``BatteryHistory.note`` does, in a transaction of the caller; rows by device are written the fastest."""
    statement = _upsert(connection)
    newest = _Newest(connection)
    kept = 0
    for batch in batched(map(_values, rows)):
        changes = _changes(newest, batch, noise)
        kept += len(changes)
        if changes:
            connection.exec_driver_sql(statement, changes)
    return kept


# -- what is a change


class _Newest:
    """Reads the newest rows of devices. Its statements are kept: to make one takes longer than to run it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._statements: dict[int, str] = {}

    def of(self, devices: Collection[str]) -> dict[str, _Row]:
        """Return the newest row of each device that has one."""
        if len(devices) not in self._statements:
            statement = select(battery_history).where(battery_history.c.device.in_(devices), _is_newest())
            made = statement.compile(dialect=self.connection.dialect, compile_kwargs={"render_postcompile": True})
            self._statements[len(devices)] = str(made)
        result = self.connection.exec_driver_sql(self._statements[len(devices)], tuple(devices))
        return {row[_DEVICE]: row for row in driver_rows(result)}


def _changes(newest: _Newest, batch: Sequence[_Row], noise: float) -> list[_Row]:
    """Return the rows of a batch to write."""
    devices = {*map(_device, batch)}
    known = newest.of(devices)
    rows = batch if len(devices) == len(batch) else _moments(batch)
    changes: list[_Row] = []
    # Of most devices there is one row, which is like the newest that is kept, or comes after it.
    odd: set[str] = set()
    for row in rows:
        last = known.get(row[_DEVICE])
        if last is None or (row[_TIME] > last[_TIME] and _differs(last, row, noise)):
            changes.append(row)
            known[row[_DEVICE]] = row
        elif row[_TIME] < last[_TIME] or (row[_TIME] == last[_TIME] and _knows_more(row, last)):
            odd.add(row[_DEVICE])
    if not odd:
        return changes
    straight = [row for row in changes if row[_DEVICE] not in odd]
    return straight + _in_between(newest.connection, [row for row in rows if row[_DEVICE] in odd], noise)


def _moments(batch: Sequence[_Row]) -> list[_Row]:
    """Return one row for each device and moment, by time."""
    told: dict[tuple[str, str], _Row] = {}
    for row in batch:
        key = row[0], row[1]
        if key not in told or _knows_more(row, told[key]):
            told[key] = row
    return sorted(told.values(), key=_time)


def _in_between(connection: Connection, rows: Sequence[_Row], noise: float) -> list[_Row]:
    """Return the rows to write of devices that are told of at times before the newest that is kept."""
    there: defaultdict[str, list[_Row]] = defaultdict(list)
    devices = {*map(_device, rows)}
    for row in _fetched(connection, _ordered().where(battery_history.c.device.in_(devices))):
        there[row[_DEVICE]].append(row)
    changes: dict[tuple[str, str], _Row] = {}
    for row in sorted(rows, key=itemgetter(_DEVICE, _TIME)):
        kept = there[row[_DEVICE]]
        at = bisect_right(kept, row[_TIME], key=_time)
        before = kept[at - 1] if at else None
        if before is not None and before[_TIME] == row[_TIME]:
            if not _knows_more(row, before):
                continue
            kept[at - 1] = row
        elif before is None or _differs(before, row, noise):
            kept.insert(at, row)
        else:
            continue
        changes[row[0], row[1]] = row
    return [*changes.values()]


def _differs(before: _Row, row: _Row, noise: float) -> bool:
    """Tell whether a row is a change after the one before it."""
    percent, was = row[_PERCENT], before[_PERCENT]
    # Percentages have one decimal, and their difference has more.
    if percent is not None and (was is None or round(abs(percent - was), 6) >= noise):
        return True
    return row[_COUNT] != before[_COUNT] or any(row[at] and row[at] != before[at] for at in _IDENTITY)


def _knows_more(row: _Row, other: _Row) -> bool:
    """Tell whether a row of the same moment knows what the other does, and more."""
    ours, theirs = (tuple(each[at] not in (None, "") for at in (_PERCENT, *_IDENTITY)) for each in (row, other))
    return ours != theirs and all(our >= their for our, their in zip(ours, theirs, strict=True))


# -- rows of the store


def _values(row: HistoryRow) -> _Row:
    others = _encode(row.others).decode() if row.others else "[]"
    known = row.full_charge, row.design, row.cycles, row.level, row.battery
    return (row.device, _text(row.time), row.source, row.percent, row.health, *known, 1 + len(row.others), others)


def _text(time: datetime) -> str:
    # What rfc3339 makes of whole seconds, in half of the time.
    return rfc3339(time) if time.tzinfo is not UTC or time.microsecond else f"{time.isoformat()[:_SECONDS]}.000Z"


def _history_row(row: _Row) -> HistoryRow:
    device, time, source, percent, health, full_charge, design, cycles, level, battery, _, others = row
    return HistoryRow(
        device=device,
        time=datetime.fromisoformat(time).astimezone(UTC),
        source=source,
        percent=percent,
        health=health,
        full_charge=full_charge,
        design=design,
        cycles=cycles,
        level=level,
        battery=battery,
        others=() if others == "[]" else _others(others),
    )


def _others(text: str) -> tuple[OtherBattery, ...]:
    try:
        return _decode_others(text)
    except msgspec.DecodeError:
        raise DataError(
            "the history of a battery in the store cannot be read; restore a backup of the store (syncd state check).",
            code="state.damaged",
        ) from None


def _ordered() -> Select[Any]:
    return select(battery_history).order_by(battery_history.c.device, battery_history.c.time)


def _is_newest() -> Any:  # noqa: ANN401 - SQLAlchemy's expressions have no plain type
    same = battery_history.alias()
    newest = select(func.max(same.c.time)).where(same.c.device == battery_history.c.device)
    return battery_history.c.time == newest.scalar_subquery()


def _fetched(connection: Connection, statement: Select[Any]) -> list[_Row]:
    return list(driver_rows(connection.execute(statement)))


def _delete_old(before: datetime) -> Any:  # noqa: ANN401 - as above
    key = battery_history.c.device, battery_history.c.time
    old = select(*key).where(battery_history.c.time < rfc3339(before), ~_is_newest()).limit(PRUNED_AT_A_TIME)
    return battery_history.delete().where(tuple_(*key).in_(old))


def _upsert(connection: Connection) -> str:
    # The same words in SQLite and in PostgreSQL; the values go past SQLAlchemy, which would take most of the time.
    columns = battery_history.c
    changes = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in columns if not column.primary_key)
    head = insert(battery_history).compile(dialect=connection.dialect)
    return f"{head} ON CONFLICT (device, time) DO UPDATE SET {changes}"
