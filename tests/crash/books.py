"""What the store, the inbox, and the folder of a scene hold, read past the program."""

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from syncd.state.inbox.store import DIRECTORY_NAME
from syncd.state.inbox.store import FILE_NAME as INBOX
from syncd.state.lock import DIRECTORY_NAME as LOCKS
from syncd.state.lock import holder
from syncd.state.store import FILE_NAME

Rows = Mapping[str, list[tuple[Any, ...]]]

_LASTING = {
    "people": "SELECT roster, id, school, active, data FROM people",
    "imports": "SELECT roster, scope, extent, content FROM imports",
    "battery_reports": "SELECT device, data FROM battery_reports",
    "battery_imports": "SELECT content, file FROM battery_imports",
    "battery_history": "SELECT * FROM battery_history",
    "checkins": "SELECT event, asset, name, serial, student, previous_owner, ticket, description, done FROM checkins",
    "tags": "SELECT prefix, number, object FROM tags",
    "tag_sequences": "SELECT prefix, next FROM tag_sequences",
    "external_ids": "SELECT job, left_system, left_id, right_system, right_id, match_key FROM external_ids"
    " WHERE gone_since = ''",
    "cursors": "SELECT name, value FROM facts WHERE name LIKE 'cursor:%'",
}
_EVENTS = "SELECT kind, key, object, state, code FROM events"
_CHANGING = re.compile(r"\d{8}T\d{6}Z?")
_SQLITES_OWN = ("-wal", "-shm")


class Act(NamedTuple):
    """An action in the audit log."""

    run: str
    kind: str
    system: str
    object: str
    created: str
    state: str
    settled: str


class Books(NamedTuple):
    """What is kept.

    ``runs``: their results by id, the oldest first; ``lasting``: what outlives a run, without its times; ``news``:
    whether systemd is told of an import, None where no drop zone was looked at.
    """

    runs: dict[str, str]
    actions: list[Act]
    lasting: Rows
    news: bool | None

    @property
    def newest(self) -> str:
        """How the newest run ended; empty where there is none."""
        return [*self.runs.values()][-1] if self.runs else ""

    @property
    def states(self) -> Counter[str]:
        """The states of the newest run's actions."""
        return Counter(act.state for act in self.actions if act.run == [*self.runs][-1])

    @property
    def events(self) -> Counter[str]:
        """The states of the events."""
        return Counter(row[3] for row in self.lasting["events"])


def read_books(state: Path) -> Books:
    """Read store and inbox from a copy: what a killed process left is for the next one to clear up."""
    with _copied(state / FILE_NAME) as store, _copied(state / DIRECTORY_NAME / INBOX) as inbox:
        runs = dict(_rows(store, "SELECT id, result FROM runs ORDER BY started, rowid"))
        columns = "run, kind, system, object, created_object, state, settled_at"
        actions = [Act(*row) for row in _rows(store, f"SELECT {columns} FROM actions")]  # noqa: S608 - no input
        lasting = {name: sorted(_rows(store, query)) for name, query in _LASTING.items()}
        lasting["events"] = sorted(_rows(inbox, _EVENTS))
        return Books(runs, actions, lasting, _news(state / "imported"))


def _news(folder: Path) -> bool | None:
    return any(folder.iterdir()) if folder.exists() else None


@contextmanager
def _copied(path: Path) -> Iterator[sqlite3.Connection | None]:
    if not path.exists():
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal"):
            if (part := path.with_name(path.name + end)).exists():
                shutil.copy(part, folder)
        with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
            yield connection


def _rows(connection: sqlite3.Connection | None, query: str) -> list[tuple[Any, ...]]:
    """Return the rows; none of a table that is not there yet."""
    if connection is None:
        return []
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def next_try(state: Path) -> str:
    """Return when the next event that is open may be tried, RFC 3339; empty where none is open."""
    with _copied(state / DIRECTORY_NAME / INBOX) as inbox:
        found = _rows(inbox, "SELECT min(next_try) FROM events WHERE finished IS NULL")
    return str(found[0][0] or "") if found else ""


def held_locks(state: Path) -> list[str]:
    """Return the locks that somebody holds."""
    return [path.stem for path in (state / LOCKS).glob("*.lock") if holder(state, path.stem) is not None]


def files(folder: Path) -> dict[str, int]:
    """Return all files by name, times in names left out; of what was written for others (``out``) the sizes, too."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(_SQLITES_OWN)]
    names = {path: _CHANGING.sub("TIME", str(path.relative_to(folder))) for path in found}
    return {name: path.stat().st_size if name.startswith("out/") else 0 for path, name in names.items()}
