"""Devices that came back: a row for each device of each check-in, begun before anything is changed in RT.

A row that was begun keeps what RT had before, so that a check-in that was cut off is finished as it began.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from syncd.state.database import Database
from syncd.state.ledger import rfc3339
from syncd.state.schema import checkins


class CheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """One device that came back. ``at`` is RFC 3339 in UTC; ``previous_owner`` is a name: personal data.

    ``ticket`` is 0 where there is none.
    """

    event: str
    asset: int
    at: str
    name: str
    type: str = ""
    serial: str = ""
    student: str = ""
    previous_owner: str = ""
    ticket: int = 0
    description: str = ""
    broken_screen: bool = False
    checked_by: str = ""


class CheckIns:
    """The check-ins of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, rows: Sequence[CheckIn]) -> None:
        """Keep what is about to be checked in, all of it or nothing."""
        with self._database.write() as connection:
            connection.execute(checkins.insert(), [{**msgspec.structs.asdict(row), "done": False} for row in rows])

    def of(self, event: str) -> list[CheckIn]:
        """Return what an event has begun, finished or not."""
        statement = select(checkins).where(checkins.c.event == event).order_by(checkins.c.asset)
        with self._database.read() as connection:
            return [_check_in(dict(row)) for row in connection.execute(statement).mappings()]

    def finish(self, event: str, ticket: int) -> None:
        """Note that all of an event was done, and the ticket that was opened, 0 for none."""
        with self._database.write() as connection:
            connection.execute(checkins.update().where(checkins.c.event == event).values(ticket=ticket, done=True))

    def forget(self, event: str) -> None:
        """Let go of what was begun: nothing was changed in RT."""
        with self._database.write() as connection:
            connection.execute(checkins.delete().where(checkins.c.event == event, ~checkins.c.done))

    def between(self, since: datetime, until: datetime) -> Iterator[CheckIn]:
        """Yield what was finished of the check-ins of a span of time, the oldest first; ``until`` is not in it."""
        begun = (checkins.c.at >= rfc3339(since), checkins.c.at < rfc3339(until))
        statement = select(checkins).where(checkins.c.done, *begun).order_by(checkins.c.at, checkins.c.asset)
        names = statement.selected_columns.keys()
        return (_check_in(dict(zip(names, row, strict=True))) for row in self._database.stream(statement))

    def prune(self, before: datetime) -> None:
        """Delete the finished check-ins from before a time: they are personal data."""
        with self._database.write() as connection:
            connection.execute(checkins.delete().where(checkins.c.done, checkins.c.at < rfc3339(before)))


def _check_in(row: dict[str, Any]) -> CheckIn:
    row.pop("done")
    return CheckIn(**row)
