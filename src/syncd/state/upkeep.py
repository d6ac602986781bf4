"""Upkeep of the store: look at its health, copy it while it is in use, and let it forget what can be read again."""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, inspect, select

from syncd.host.errors import DataError, IntegrationError, NotPermitted
from syncd.state.database import Database
from syncd.state.external_ids import DIGEST
from syncd.state.figures import SNAPSHOT
from syncd.state.files import is_file
from syncd.state.lock import holder
from syncd.state.migration import stored_revision
from syncd.state.schema import REVISION, REVISION_TABLE, external_ids, facts, metadata, runs, snapshot_meta, snapshots

_SQLITE_HEADER = b"SQLite format 3\0"
_FAULTS_SHOWN = 5
_RESTORE = (
    "restore a backup: stop the units, remove {path}-wal and {path}-shm, copy the backup over {path}; "
    "without a backup move {path} away: the next run begins anew, without the history"
)
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
        findings.append(Finding(check="file", state="failed", found=error.sentence, remedy=_RESTORE.format(path=path)))
    finally:
        database.close()
    return [*findings, _size(path)]


def back_up(database: Database, target: Path) -> int:
    """Copy the store to a file while others use it; return its size in bytes.

    The copy is checked before it takes the place of an older backup of that name. Raises DataError
    (``state.backup``, ``state.damaged``), NotPermitted (``state.backup``).
    """
    with _explained(target):
        _may_be_replaced(database.path, target)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # with mode 0600
        os.close(handle)
        part = Path(name)
        try:
            with closing(sqlite3.connect(part)) as copy:
                _copy(database, copy)
                _check_copy(copy, database.path)
            _to_disk(part)
            part.replace(target)
            _to_disk(target.parent)
        finally:
            for rest in (part, Path(f"{name}-journal")):
                rest.unlink(missing_ok=True)
        return target.stat().st_size


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
        found=f"killed before the end: {_listed(found)}",
        remedy="none needed: the next run of the job closes them",
    )


def _size(path: Path) -> Finding:
    sizes = []
    for file in (path, Path(f"{path}-wal")):
        with suppress(OSError):
            sizes.append(file.stat().st_size)
    return Finding(check="size", state="ok", found=" + ".join(f"{size / 1e6:.1f} MB" for size in sizes))


def _failed(check: str, found: list[str], path: Path) -> Finding:
    return Finding(check=check, state="failed", found=_listed(found), remedy=_RESTORE.format(path=path))


def _listed(found: list[str]) -> str:
    more = f"; and {len(found) - _FAULTS_SHOWN} more" if len(found) > _FAULTS_SHOWN else ""
    return "; ".join(found[:_FAULTS_SHOWN]) + more


# -- backup


def _may_be_replaced(store: Path, target: Path) -> None:
    """Refuse a target that is something else than an older backup."""
    if not target.exists():
        return
    if any(other.exists() and target.samefile(other) for other in (store, Path(f"{store}-wal"), Path(f"{store}-shm"))):
        raise DataError(f"{target} is the store itself; name another file.", code="state.backup", object=str(target))
    if not target.is_file() or not _is_store(target):
        raise DataError(
            f"{target} is there and is no backup of syncd; name another file, or remove it first.",
            code="state.backup",
            object=str(target),
        )


def _is_store(file: Path) -> bool:
    with file.open("rb") as opened:
        if opened.read(len(_SQLITE_HEADER)) != _SQLITE_HEADER:
            return False
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as found:
        return bool(found.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (REVISION_TABLE,)).fetchall())
    return True  # a backup that has been damaged


def _copy(database: Database, copy: sqlite3.Connection) -> None:
    with database.read() as connection:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(copy)
    # One file that is whole by itself; the store goes back to WAL when it is opened.
    copy.execute("PRAGMA journal_mode=DELETE")


def _check_copy(copy: sqlite3.Connection, store: Path) -> None:
    found = [str(row[0]) for row in copy.execute(f"PRAGMA integrity_check({_FAULTS_SHOWN})")]
    if found != ["ok"]:
        raise DataError(
            f"{store} is damaged, and a copy of it would be no backup: {_listed(found)}; "
            f"{_RESTORE.format(path=store)}. Older backups are left as they are.",
            code="state.damaged",
            object=str(store),
        )


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except IntegrationError:
        raise
    except PermissionError as error:
        raise NotPermitted(
            f"syncd may not write the backup to {target}; name a file in a folder of the user that syncd runs as.",
            code="state.backup",
            object=str(target),
        ) from error
    except (OSError, sqlite3.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise DataError(
            f"the backup cannot be written to {target}: {why}; name another file.",
            code="state.backup",
            object=str(target),
        ) from error
