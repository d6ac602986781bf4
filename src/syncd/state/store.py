"""The store: one SQLite file that holds all that syncd remembers."""

from datetime import datetime
from pathlib import Path

import msgspec

from syncd.host.clock import Clock, SystemClock
from syncd.host.closing import Closing
from syncd.state.batteries import Batteries
from syncd.state.checkins import CheckIns
from syncd.state.circuits import Circuits
from syncd.state.cursors import Cursors
from syncd.state.database import Database
from syncd.state.external_ids import ExternalIds
from syncd.state.figures import Figures
from syncd.state.files import is_file, prepare_directory, prepare_file
from syncd.state.ledger import AuditLog
from syncd.state.migration import bring_up_to_date
from syncd.state.retention import Pruned, prune
from syncd.state.rosters import Rosters
from syncd.state.snapshots import Snapshots
from syncd.state.tags import Tags
from syncd.state.upkeep import Forgotten, forget

FILE_NAME = "syncd.sqlite"

PAGES_KEPT = 8 * 2**20
"""Bytes of pages that a connection keeps: an import of 200,000 rows in no order takes a tenth less than with 2 MiB."""


class Store(Closing):
    """An open store; a context manager that closes it."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self._database = database
        self.path = database.path
        self.ledger = AuditLog(database, clock, actor)
        self.snapshots = Snapshots(database)
        self.external_ids = ExternalIds(database)
        self.circuits = Circuits(database)
        self.figures = Figures(database)
        self.rosters = Rosters(database, clock, actor)
        self.checkins = CheckIns(database)
        self.batteries = Batteries(database, clock, actor)
        self.tags = Tags(database, clock, actor)
        self.cursors = Cursors(database)

    def prune(self, before: datetime, *, batches: int | None = None) -> Pruned:
        """Delete runs and battery reports from before a time, but for those that are still needed; and check-ins.

        See ``state.retention``. ``batches``: at most so many transactions for each of the first two.
        """
        self.checkins.prune(before)
        done = prune(self._database, before, batches=batches)
        return msgspec.structs.replace(done, batteries=self.batteries.history.prune(before, batches=batches))

    def forget(self) -> Forgotten:
        """Forget snapshots and links, not the audit log. Call it only while holding the locks of all jobs."""
        return forget(self._database)

    def close(self) -> None:
        """Let go of the file; iterators over it must be done by then."""
        self._database.close()


def open_store(directory: Path, *, actor: str = "", clock: Clock | None = None, busy_timeout: float = 30.0) -> Store:
    """Open the store of a state directory; create or migrate it where needed.

    ``actor`` is kept with each run that is started: the user or the unit. ``busy_timeout``: seconds to wait for a
    writer in another process. Raises ConfigurationError (``state.directory``, ``state.newer``), NotPermitted
    (``state.not_permitted``), DataError (``state.damaged``), Busy (``state.locked``), Unavailable (``state.disk``).
    """
    prepare_directory(directory)
    path = directory / FILE_NAME
    prepare_file(path)
    database = Database(path, busy_timeout, cache=PAGES_KEPT)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database, clock or SystemClock(), actor)


def find_store(directory: Path, *, actor: str = "", busy_timeout: float = 30.0) -> Store | None:
    """Open the store of a state directory where there is one; None where there is none, and none is made.

    Raises as ``open_store`` does.
    """
    if not is_file(directory / FILE_NAME):
        return None
    return open_store(directory, actor=actor, busy_timeout=busy_timeout)
