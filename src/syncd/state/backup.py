"""Copies of the store and the inbox, taken while others use them."""

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from syncd.host.errors import DataError, IntegrationError, NotPermitted
from syncd.state.database import Database
from syncd.state.tables import REVISION_TABLE

_SQLITE_HEADER = b"SQLite format 3\0"
_FAULTS_SHOWN = 5
_RESTORE = (
    "restore a backup: stop the units, remove {path}-wal and {path}-shm, copy the backup over {path}; "
    "without a backup move {path} away: the next run begins anew, without the history"
)


def how_to_restore(path: Path) -> str:
    """Return what to do about a damaged store or inbox."""
    return _RESTORE.format(path=path)


def listed(faults: Sequence[str]) -> str:
    """Return faults as one text; of many the first ones, and how many more there are."""
    more = f"; and {len(faults) - _FAULTS_SHOWN} more" if len(faults) > _FAULTS_SHOWN else ""
    return "; ".join(faults[:_FAULTS_SHOWN]) + more


def inbox_copy(file: Path) -> Path:
    """Return where the inbox goes when the store is copied to a file."""
    return file.with_name(f"{file.name}.inbox")


def back_up(copies: Mapping[Path, Path], *, busy_timeout: float = 30.0) -> dict[Path, int]:
    """Copy databases, target to source, in this order and while others use them; return the size of each copy in bytes.

    A copy is checked before it takes the place of an older backup of that name. Raises DataError (``state.backup``,
    ``state.damaged``), NotPermitted (``state.backup``); nothing is written where one of the targets is none.
    """
    for target in copies:
        with _explained(target):
            _may_be_replaced(copies.values(), target)
    sizes: dict[Path, int] = {}
    for target, source in copies.items():
        database = Database(source, busy_timeout)
        try:
            with _explained(target):
                sizes[target] = _back_up(database, target)
        finally:
            database.close()
    return sizes


def _back_up(database: Database, target: Path) -> int:
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


def _may_be_replaced(sources: Collection[Path], target: Path) -> None:
    """Refuse a target that is something else than an older backup."""
    if not target.exists():
        return
    in_use = [Path(f"{source}{end}") for source in sources for end in ("", "-wal", "-shm")]
    if any(other.exists() and target.samefile(other) for other in in_use):
        raise DataError(
            f"{target} is a file that syncd works with; name another file.", code="state.backup", object=str(target)
        )
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
            f"{store} is damaged, and a copy of it would be no backup: {listed(found)}; "
            f"{how_to_restore(store)}. Older backups are left as they are.",
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
