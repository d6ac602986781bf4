"""The inbox itself: events come in durably, are claimed under a lease, and leave as done, dead or dropped.

Of each object one event at a time can be claimed, its head: the one that is worked on, else the oldest that is open.
All that is asked for often goes by an index of a few rows (``schema``).
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, literal_column, select, update

from syncd.host.closing import Closing
from syncd.host.errors import Unavailable
from syncd.state.database import Database
from syncd.state.files import is_file, prepare_directory, prepare_file
from syncd.state.inbox.records import Event, NewEvent, Receipt, State
from syncd.state.inbox.schema import REVISION, events, totals
from syncd.state.ledger import rfc3339
from syncd.state.migration import Schema, bring_up_to_date

DIRECTORY_NAME = "webhooks"
"""The folder of the inbox in the state directory; the listener is let into no other."""

FILE_NAME = "inbox.db"

SCHEMA = Schema(REVISION, Path(__file__).parent / "migrations")

PRUNED_AT_A_TIME = 500
"""Events that leave in one transaction, while the listener waits."""

CACHE = 32 * 2**20  # bytes of pages; the index of a million keys, which come in no order, fits

LOG_PAGES = 4000
"""Pages of the -wal file, 16 MB, until a commit has to fold it into the inbox, and those who wait for it wait on.

With SQLite's 1000 that is every 60th commit under load, and the 99th of 100 answers is one of those that wait.
"""

# As the partial indices say it: SQLite compares the text.
_IS_HEAD: ColumnElement[bool] = literal_column("events.head = 1")
_IS_OPEN = events.c.finished.is_(None)
_NOT_DONE: ColumnElement[bool] = literal_column("events.state <> 'done'")

_INSERT = (
    "INSERT INTO events (id, kind, sender, key, object, state, attempts, next_try, holder, received, code, error, body,"
    " head) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?6, '', ?6, '', '', ?7,"
    " NOT EXISTS (SELECT 1 FROM events WHERE object = ?5 AND finished IS NULL)) ON CONFLICT DO NOTHING"
)
_FIRST = "SELECT id FROM events WHERE kind = ? AND key = ?"

_oldest = select(func.min(events.c.seq)).where(events.c.object == bindparam("of"), _IS_OPEN).scalar_subquery()
_PROMOTE = update(events).where(events.c.seq == _oldest).values(head=True)


class Inbox(Closing):
    """An open inbox, usable from many threads and processes; a context manager that closes it.

    Every change is on disk when its method returns. Raises Unavailable (``inbox.full``) where the disk is full or
    fails, and nothing has changed then; Busy (``state.locked``), DataError (``state.damaged``).
    """

    def __init__(self, database: Database, actor: str) -> None:
        self._database = database
        self._actor = actor
        self.path = database.path

    # -- in

    def accept(self, news: Sequence[NewEvent], now: datetime) -> Sequence[Receipt]:
        """Keep events, all in one transaction, and return what to answer for each; a known key changes nothing."""
        if not news:
            return []
        at = rfc3339(now)
        ids = new_ids(now, len(news))
        rows = [
            (own, new.kind, new.sender, new.key, new.object, at, new.body) for own, new in zip(ids, news, strict=True)
        ]
        with self._full_disk_told(), self._database.write_directly() as cursor:
            if cursor.executemany(_INSERT, rows).rowcount == len(rows):
                return [Receipt(own, duplicate=False) for own in ids]
            firsts = [cursor.execute(_FIRST, (new.kind, new.key)).fetchone()[0] for new in news]
            return [Receipt(first, duplicate=first != own) for first, own in zip(firsts, ids, strict=True)]

    # -- work

    def claim(self, holder: str, now: datetime, lease: timedelta, kinds: Collection[str] = ()) -> Event | None:
        """Take an event to work on until ``now + lease``; None where none is due, of these kinds or of any.

        Due is what waits and may be tried, or was taken by somebody whose lease has run out. Never while another event
        of its object is worked on, and of each object the oldest first. It counts as an attempt.
        """
        if self._due(now, kinds) is None:  # without the lock that accepting needs
            return None
        with self._write() as connection:
            seq = _next(connection, rfc3339(now), kinds)
            if seq is None:
                return None
            until = rfc3339(now + lease)
            values = {"state": "working", "holder": holder, "next_try": until, "attempts": events.c.attempts + 1}
            row = connection.execute(update(events).where(events.c.seq == seq).values(values).returning(events)).one()
            return _event(row)

    def extend(self, event_id: str, holder: str, until: datetime) -> bool:
        """Prolong a lease; False where it was lost to another holder."""
        with self._write() as connection:
            statement = update(events).where(_held(event_id, holder)).values(next_try=rfc3339(until))
            return bool(connection.execute(statement).rowcount)

    def finish(self, event_id: str, holder: str, now: datetime, result: bytes) -> bool:
        """Say that an event is done, with what ``GET /events/{id}`` gives; False where the lease was lost."""
        return self._release(event_id, holder, state="done", finished=rfc3339(now), result=result, code="", error="")

    def retry(self, event_id: str, holder: str, at: datetime, code: str, error: str, *, counted: bool = True) -> bool:
        """Put an event back until a time, with the reason; False where the lease was lost.

        ``counted``: the attempt was one; else it was none of the event's, as where a system that it needs is down.
        """
        attempts = {} if counted else {"attempts": events.c.attempts - 1}
        values = {"next_try": rfc3339(at), "code": code, "error": error, **attempts}
        return self._release(event_id, holder, state="waiting", **values)

    def bury(self, event_id: str, holder: str, now: datetime, code: str, error: str) -> bool:
        """Give an event up until a person looks at it: a dead letter; False where the lease was lost."""
        return self._release(event_id, holder, state="dead", finished=rfc3339(now), code=code, error=error)

    # -- by hand

    def requeue(self, event_id: str, now: datetime) -> bool:
        """Let an event that is dead, dropped or waiting be tried at once, with all its attempts; False for others."""
        with self._write() as connection:
            values = {"state": "waiting", "finished": None, "head": False, "attempts": 0, "next_try": rfc3339(now)}
            return _decide(connection, event_id, ("dead", "dropped", "waiting"), values)

    def drop(self, event_id: str, now: datetime) -> bool:
        """Give an event up for good that waits or is dead; False for others."""
        with self._write() as connection:
            why = {"code": "event.dropped", "error": f"dropped by {self._actor or 'hand'}"}
            values = {"state": "dropped", "finished": rfc3339(now), "head": False, **why}
            return _decide(connection, event_id, ("waiting", "dead"), values)

    def prune(self, before: datetime) -> int:
        """Delete what was done or dropped before a time, and return how much; its keys are forgotten with it."""
        done = 0
        while batch := self._prune_some(before):
            done += batch
        return done

    # -- looks

    def get(self, event_id: str) -> Event | None:
        """Return an event."""
        with self._database.read() as connection:
            row = connection.execute(select(events).where(events.c.id == event_id)).first()
        return None if row is None else _event(row)

    def list(
        self, states: Collection[State] = (), kind: str = "", limit: int = 100, before: str = ""
    ) -> Sequence[Event]:
        """Return events, newest first; ``before`` is the id of the last one of the page before."""
        statement = select(events).order_by(events.c.seq.desc()).limit(limit)
        if states:
            statement = statement.where(events.c.state.in_(states))
            statement = statement if "done" in states else statement.where(_NOT_DONE)
        if kind:
            statement = statement.where(events.c.kind == kind)
        if before:
            seq = select(events.c.seq).where(events.c.id == before).scalar_subquery()
            statement = statement.where(events.c.seq < seq)
        with self._database.read() as connection:
            return [_event(row) for row in connection.execute(statement)]

    def counts(self) -> Mapping[tuple[str, State], int]:
        """Return how many events there are by kind and state, without counting them."""
        with self._database.read() as connection:
            return {(row.kind, row.state): row.number for row in connection.execute(select(totals)) if row.number}

    def by_state(self) -> Counter[str]:
        """Return how many events of all kinds are in each state."""
        numbers = Counter[str]()
        for (_, state), number in self.counts().items():
            numbers[state] += number
        return numbers

    def oldest_waiting(self) -> datetime | None:
        """Return when the oldest event that waits was accepted."""
        statement = select(events.c.received).where(events.c.state == "waiting", _NOT_DONE)
        with self._database.read() as connection:
            found = connection.scalar(statement.order_by(events.c.seq).limit(1))
        return None if found is None else _time(found)

    def next_due(self, kinds: Collection[str] = ()) -> datetime | None:
        """Return when the next event can be claimed, in the past where one can be now; None where none is open."""
        return self._due(datetime.max.replace(tzinfo=UTC), kinds)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _due(self, now: datetime, kinds: Collection[str]) -> datetime | None:
        with self._database.read() as connection:
            first = min(_heads(connection, rfc3339(now), kinds), default=None)
        return None if first is None else _time(first[0])

    def _release(self, event_id: str, holder: str, **values: object) -> bool:
        with self._write() as connection:
            statement = update(events).where(_held(event_id, holder)).values(head=False, holder="", **values)
            of = connection.scalar(statement.returning(events.c.object))
            if of is not None:
                connection.execute(_PROMOTE, {"of": of})
            return of is not None

    def _prune_some(self, before: datetime) -> int:
        ended = and_(events.c.state.in_(("done", "dropped")), events.c.finished < rfc3339(before))
        old = select(events.c.seq).where(events.c.id < _id_prefix(before), ended).limit(PRUNED_AT_A_TIME)
        with self._database.read() as connection:  # without the lock that accepting needs
            found = connection.scalars(old).all()
        if not found:
            return 0
        with self._write() as connection:
            # One that was dropped may have been put back meanwhile.
            return connection.execute(events.delete().where(events.c.seq.in_(found), ended)).rowcount

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._full_disk_told(), self._database.write() as connection:
            yield connection

    @contextmanager
    def _full_disk_told(self) -> Iterator[None]:
        try:
            yield
        except Unavailable as error:
            raise Unavailable(
                f"the disk of {self.path} is full or failing, and no event can be kept; free some space or look at the "
                "kernel log: senders try again by themselves.",
                code="inbox.full",
                object=str(self.path),
            ) from error


def open_inbox(directory: Path, *, actor: str = "", busy_timeout: float = 30.0) -> Inbox:
    """Open the inbox in a folder; create or migrate it where needed.

    ``actor`` is kept with what is dropped by hand: the user or the unit. Raises as ``open_store`` does.
    """
    prepare_directory(directory)
    path = directory / FILE_NAME
    prepare_file(path)
    database = Database(path, busy_timeout, cache=CACHE, log_pages=LOG_PAGES)
    try:
        bring_up_to_date(database, SCHEMA)
    except BaseException:
        database.close()
        raise
    return Inbox(database, actor)


def find_inbox(directory: Path, *, actor: str = "", busy_timeout: float = 30.0) -> Inbox | None:
    """Open the inbox in a folder where there is one; None where there is none, and none is made.

    Raises as ``open_store`` does.
    """
    if not is_file(directory / FILE_NAME):
        return None
    return open_inbox(directory, actor=actor, busy_timeout=busy_timeout)


def new_ids(now: datetime, count: int) -> Sequence[str]:
    """Return ids that nobody can guess, and that sort by the time."""
    prefix, text = _id_prefix(now), secrets.token_hex(10 * count)
    return [prefix + text[start : start + 20] for start in range(0, len(text), 20)]


def _id_prefix(time: datetime) -> str:
    return f"{int(time.timestamp() * 1000):012x}"


def _heads(connection: Connection, now: str, kinds: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield of each kind what has been due for longest: since when, and its number."""
    for kind in kinds or connection.scalars(select(totals.c.kind).distinct()).all():
        due = select(events.c.next_try, events.c.seq).where(_IS_HEAD, events.c.kind == kind, events.c.next_try <= now)
        row = connection.execute(due.order_by(events.c.next_try, events.c.seq).limit(1)).first()
        if row is not None:
            yield row.next_try, row.seq


def _next(connection: Connection, now: str, kinds: Collection[str]) -> int | None:
    first = min(_heads(connection, now, kinds), default=None)
    return None if first is None else first[1]


def _decide(connection: Connection, event_id: str, states: Collection[State], values: Mapping[str, object]) -> bool:
    """Change an event that is in one of these states, and let the right one of its object be the head."""
    statement = update(events).where(events.c.id == event_id, events.c.state.in_(states)).values(values)
    of = connection.scalar(statement.returning(events.c.object))
    if of is not None:
        _promote_oldest(connection, of)
    return of is not None


def _promote_oldest(connection: Connection, of: str) -> None:
    """Let the oldest open event of an object be its head, unless one is worked on."""
    heads = and_(events.c.object == of, _IS_OPEN, _IS_HEAD)
    if connection.execute(select(events.c.seq).where(heads, events.c.state == "working")).first() is None:
        connection.execute(update(events).where(heads).values(head=False))
        connection.execute(_PROMOTE, {"of": of})


def _held(event_id: str, holder: str) -> ColumnElement[bool]:
    return and_(events.c.id == event_id, events.c.state == "working", events.c.holder == holder)


def _event(row: Row[Any]) -> Event:
    values = row._asdict()
    del values["seq"], values["head"]
    until = _time(row.next_try)
    values |= {"received": _time(row.received), "next_try": until}
    values["lease_until"] = until if row.state == "working" else None
    values["finished"] = _time(row.finished) if row.finished else None
    return Event(**values)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
