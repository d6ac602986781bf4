"""Upkeep of the store and the inbox: look at their health, and let the store forget what can be read again."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, inspect, select

from syncd.host.errors import DataError
from syncd.state.backup import how_to_restore, listed
from syncd.state.database import Database
from syncd.state.external_ids import DIGEST
from syncd.state.figures import SNAPSHOT
from syncd.state.files import is_file
from syncd.state.inbox.store import SCHEMA
from syncd.state.lock import holder
from syncd.state.migration import stored_revision
from syncd.state.schema import REVISION, external_ids, facts, metadata, runs, snapshot_meta, snapshots

_JSON_COLUMNS = {
    "runs": ("counts", "sources", "requests", "traffic"),
    "actions": ("before", "after", "found"),
    "circuits": ("state",),
    "imports": ("counts",),
    "people": ("data",),
    "battery_history": ("others",),
    "battery_imports": ("counts",),
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found, and what to do about it where it is not ``ok``."""

    check: str
    state: Literal["ok", "warning", "failed"]
    found: str
    remedy: str = ""


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """How many records were forgotten."""

    snapshots: int
    objects: int
    links: int


def examine(path: Path, *, busy_timeout: float = 30.0) -> list[Finding]:
    """Check a store file from end to end and change nothing in it; it may be absent, old or damaged.

    Raises ConfigurationError (``state.newer``), NotPermitted.
    """
    if not is_file(path):
        return [Finding(check="file", state="warning", found=f"{path} is not there yet; the first run makes it")]
    database = Database(path, busy_timeout)
    findings: list[Finding] = []
    try:
        findings.append(_schema(database))
        with database.read() as connection:
            findings += [_integrity(connection, path)]
            if findings[-1].state == "ok":
                findings += [_orphans(connection, path), _records(connection, path), _open_runs(connection, path)]
    except DataError as error:
        findings.append(Finding(check="file", state="failed", found=error.sentence, remedy=how_to_restore(path)))
    finally:
        database.close()
    return [*findings, _size(path)]


def examine_inbox(path: Path, *, busy_timeout: float = 30.0) -> list[Finding]:
    """Check the file of an inbox and change nothing in it; nothing is found where there is none.

    Raises ConfigurationError (``state.newer``), NotPermitted.
    """
    if not is_file(path):
        return []
    database = Database(path, busy_timeout)
    try:
        stored_revision(database, SCHEMA)
        with database.read() as connection:
            return [msgspec.structs.replace(_integrity(connection, path), check="inbox")]
    except DataError as error:
        return [Finding(check="inbox", state="failed", found=error.sentence, remedy=how_to_restore(path))]
    finally:
        database.close()


def forget(database: Database) -> Forgotten:
    """Forget snapshots and links: the next run reads everything and finds by the match keys what belongs together.

    The audit log stays. Call it only while no job runs: one that does keeps what it has read on top.
    """
    with database.write() as connection:
        numbers = [
            connection.scalar(select(func.count()).select_from(each)) or 0
            for each in (snapshot_meta, snapshots, external_ids)
        ]
        for each in (snapshots, snapshot_meta, external_ids):
            connection.execute(each.delete())
        for prefix in (DIGEST, SNAPSHOT):
            connection.execute(facts.delete().where(facts.c.name.startswith(prefix)))
    return Forgotten(snapshots=numbers[0], objects=numbers[1], links=numbers[2])


# -- checks


def _schema(database: Database) -> Finding:
    stored = stored_revision(database)
    if stored == REVISION:
        return Finding(check="schema", state="ok", found=stored)
    return Finding(check="schema", state="ok", found=f"{stored or 'none'}, and the next run brings it to {REVISION}")


def _integrity(connection: Connection, path: Path) -> Finding:
    """Check every page, row and index of a database."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(100)")]
    if found == ["ok"]:
        return Finding(check="integrity", state="ok", found="every page, row and index is whole")
    return _failed("integrity", found, path)


def _orphans(connection: Connection, path: Path) -> Finding:
    lost = Counter((row[0], row[2]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
    if not lost:
        return Finding(check="orphans", state="ok", found="every record has what it belongs to")
    return _failed(
        "orphans", [f"{number} of {child} without {of}" for (child, of), number in sorted(lost.items())], path
    )


def _records(connection: Connection, path: Path) -> Finding:
    """Try all JSON by SQLite's own parser: a million actions are looked at without a trip through Python."""
    found = []
    tables = inspect(connection)
    for name, columns in _JSON_COLUMNS.items():
        if not tables.has_table(name):  # in a store of an older schema
            continue
        there = {column["name"] for column in tables.get_columns(name)}
        for column in columns:
            if column in there:
                cell = metadata.tables[name].c[column]
                statement = select(func.count()).where(cell.is_not(None), func.json_valid(cell) == 0)
                if number := connection.scalar(statement):
                    found.append(f"{number} of {name}.{column} cannot be read")
    if not found:
        return Finding(check="records", state="ok", found="all can be read")
    return _failed("records", found, path)


def _open_runs(connection: Connection, path: Path) -> Finding:
    statement = select(runs.c.id, runs.c.job).where(runs.c.result == "running").order_by(runs.c.started)
    found = [f"{run} of {job}" for run, job in connection.execute(statement) if holder(path.parent, job) is None]
    if not found:
        return Finding(check="open runs", state="ok", found="none was left open")
    return Finding(
        check="open runs",
        state="warning",
        found=f"killed before the end: {listed(found)}",
        remedy="none needed: the next run of the job closes them",
    )


def _size(path: Path) -> Finding:
    sizes = []
    for file in (path, Path(f"{path}-wal")):
        with suppress(OSError):
            sizes.append(file.stat().st_size)
    return Finding(check="size", state="ok", found=" + ".join(f"{size / 1e6:.1f} MB" for size in sizes))


def _failed(check: str, found: list[str], path: Path) -> Finding:
    return Finding(check=check, state="failed", found=listed(found), remedy=how_to_restore(path))
