"""What monitoring asks of the store: when a job last ran, what it found then, its totals, the age of its snapshots."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select

from syncd.reconcile.model import canonical
from syncd.state.database import Database
from syncd.state.records import plan_report
from syncd.state.schema import facts, runs
from syncd.state.totals import Totals, read_totals

REVERT = "revert"

SNAPSHOT = "snapshot:"
"""What the names of facts about snapshots begin with."""


class Span(msgspec.Struct, frozen=True):
    """The beginning and the end of a run, in UTC."""

    started: datetime
    finished: datetime


class SnapshotTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When the last read of a kept snapshot began, and the last one that read everything again; the system's clock."""

    as_of: datetime
    full: datetime


class Figures:
    """Figures of each job. All but the totals are of the newest runs that the store still has."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, job: str, modes: Collection[str], results: Collection[str] = ()) -> Span | None:
        """Return when the newest closed run of these modes was, with one of these results if any are given."""
        statement = select(runs.c.started, runs.c.finished).where(
            runs.c.job == job, runs.c.mode.in_(modes), runs.c.result != "running"
        )
        if results:
            statement = statement.where(runs.c.result.in_(results))
        with self._database.read() as connection:
            row = connection.execute(statement.order_by(runs.c.started.desc(), runs.c.id.desc()).limit(1)).first()
        return Span(*map(datetime.fromisoformat, row)) if row else None

    def objects(self, job: str) -> dict[str, int]:
        """Return what the newest comparison of the two sides counted, by state; a revert compares none."""
        statement = select(runs.c.report).where(runs.c.job == job, runs.c.plan_hash != "", runs.c.mode != REVERT)
        with self._database.read() as connection:
            text = connection.scalar(statement.order_by(runs.c.started.desc(), runs.c.id.desc()).limit(1))
        return plan_report(text or "").counts

    def totals(self, job: str) -> Totals:
        """Return what all closed runs of a job come to, those included that have been deleted since."""
        with self._database.read() as connection:
            return read_totals(connection, job)

    def note_snapshot(self, job: str, system: str, times: SnapshotTimes) -> None:
        """Keep when a job last read the snapshot of a system."""
        name = f"{_snapshots(job)}{system}"
        with self._database.write() as connection:
            connection.execute(facts.delete().where(facts.c.name == name))
            connection.execute(facts.insert().values(name=name, value=canonical(times).decode()))

    def snapshots(self, job: str) -> dict[str, SnapshotTimes]:
        """Return what ``note_snapshot`` kept, by system; without what cannot be read."""
        prefix = _snapshots(job)
        statement = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(facts.c.name)).all()
        found = {name.removeprefix(prefix): _times(value) for name, value in rows}
        return {system: times for system, times in found.items() if times}


def _snapshots(job: str) -> str:
    return f"{SNAPSHOT}{job}:"


def _times(text: str) -> SnapshotTimes | None:
    try:
        return msgspec.json.decode(text, type=SnapshotTimes)
    except msgspec.DecodeError:
        return None
