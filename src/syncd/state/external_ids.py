"""External ids: which object of one system is which object of another, for each job, now and formerly.

A device that is enrolled again has a new id in one system and the old one in the other; both links are kept.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, bindparam, or_, select, text

from syncd.state.database import BATCH, Database, batched
from syncd.state.ledger import rfc3339
from syncd.state.schema import external_ids, facts

DIGEST = "external_ids.digest:"
"""How the facts begin that hold a digest of the links of a job."""

_HASH_BYTES = 8
_DIGEST_BYTES = 16

# The same words in SQLite and in PostgreSQL.
_UPSERT = text(
    "INSERT INTO external_ids "
    "(job, left_system, left_id, right_system, right_id, match_key, first_seen, gone_since) "
    "VALUES (:job, :left_system, :left_id, :right_system, :right_id, :match_key, :first_seen, '') "
    "ON CONFLICT (job, left_system, left_id, right_system, right_id) "
    "DO UPDATE SET match_key = excluded.match_key, gone_since = ''"
)
_END = (
    external_ids.update()
    .where(
        external_ids.c.job == bindparam("of_job"),
        external_ids.c.left_system == bindparam("of_left_system"),
        external_ids.c.left_id == bindparam("of_left_id"),
        external_ids.c.right_system == bindparam("of_right_system"),
        external_ids.c.right_id == bindparam("of_right_id"),
    )
    .values(gone_since=bindparam("at"))
)


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two ids of one thing, and the key by which they were matched (``serial:ABC123``).

    ``first_seen`` and ``gone_since`` are RFC 3339 in UTC and set by the store: ``gone_since`` is the first run that
    no longer found the link, and empty while it holds.
    """

    left_system: str
    left_id: str
    right_system: str
    right_id: str
    match_key: str
    first_seen: str = ""
    gone_since: str = ""


class ExternalIds:
    """The links of all jobs. A run hands over all its links; only what is new or gone is written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(self, job: str, *, former: bool = False) -> Iterator[Link]:
        """Yield the links that hold, in the order of their left ids; with ``former`` also those that held once."""
        return map(_link, self._database.stream(_of_job(job, former=former)))

    def find(self, job: str, system: str, object_id: str) -> list[Link]:
        """Return the links of an object, on whichever side it is: those that hold first, then the newest."""
        is_left = and_(external_ids.c.left_system == system, external_ids.c.left_id == object_id)
        is_right = and_(external_ids.c.right_system == system, external_ids.c.right_id == object_id)
        statement = select(external_ids).where(external_ids.c.job == job, or_(is_left, is_right))
        with self._database.read() as connection:
            found = [_link(row) for row in connection.execute(statement)]
        return sorted(found, key=lambda link: (not link.gone_since, link.gone_since, link.first_seen), reverse=True)

    def record(self, job: str, links: Iterable[Link], now: datetime, digest: str = "") -> int:
        """Keep the links of a run, all of them; return how many were written as new, changed or gone.

        ``digest`` is a digest of all the links, where the caller has a cheaper one than that of their texts. Links
        with the digest of the last run cost no write, and with a digest that was given no pass either. Without one,
        ``links`` is iterated twice where something changed: a collection, not a generator.
        """
        if not digest:
            if iter(links) is links:
                raise TypeError("links are iterated twice: give a collection, not a generator")
            digest = _digest(links)
        with self._database.write() as connection:
            if _kept_digest(connection, job) == digest:
                return 0
            # Old links are held as hashes: 100,000 of them take some 7 MB, the links themselves would take 60.
            unseen = {_hash(link) for link in _stored(connection, job)}
            written = _begin(connection, job, _new(links, unseen), rfc3339(now))
            written += _end(connection, job, unseen, rfc3339(now))
            connection.execute(facts.delete().where(facts.c.name == _digest_name(job)))
            connection.execute(facts.insert().values(name=_digest_name(job), value=digest))
        return written


def _new(links: Iterable[Link], unseen: set[int]) -> Iterator[Link]:
    """Yield the links that are not among the unseen stored ones, and take the others off those."""
    for link in links:
        mark = _hash(link)
        if mark in unseen:
            unseen.remove(mark)
        else:
            yield link


def _begin(connection: Connection, job: str, links: Iterable[Link], at: str) -> int:
    """Write new links, links that came back, and links with another match key; return how many."""
    written = 0
    for batch in batched(links):
        values = [_named(link, "") | {"job": job, "match_key": link.match_key, "first_seen": at} for link in batch]
        connection.execute(_UPSERT, values)
        written += len(batch)
    return written


def _end(connection: Connection, job: str, unseen: set[int], at: str) -> int:
    """Mark the unseen links as gone; return how many. One that was just given another key is seen by now."""
    if not unseen:
        return 0
    ended = [link for link in _stored(connection, job) if _hash(link) in unseen]
    for batch in batched(ended):
        connection.execute(_END, [_named(link, "of_") | {"of_job": job, "at": at} for link in batch])
    return len(ended)


def _stored(connection: Connection, job: str) -> Iterator[Link]:
    rows = connection.execution_options(yield_per=BATCH).execute(_of_job(job, former=False))
    return map(_link, rows)


def _of_job(job: str, *, former: bool) -> Select[Any]:
    columns = external_ids.c
    statement = select(external_ids).where(columns.job == job)
    if not former:
        statement = statement.where(columns.gone_since == "")
    return statement.order_by(columns.left_system, columns.left_id, columns.right_system, columns.right_id)


def _link(row: Row[Any]) -> Link:
    return Link(
        left_system=row.left_system,
        left_id=row.left_id,
        right_system=row.right_system,
        right_id=row.right_id,
        match_key=row.match_key,
        first_seen=row.first_seen,
        gone_since=row.gone_since,
    )


def _hash(link: Link) -> int:
    return int.from_bytes(blake2b(_line(link).encode(), digest_size=_HASH_BYTES).digest(), "big")


def _line(link: Link) -> str:
    return f"{link.left_system}\0{link.left_id}\0{link.right_system}\0{link.right_id}\0{link.match_key}\n"


def _digest(links: Iterable[Link]) -> str:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for some in batched(links):
        digest.update("".join(map(_line, some)).encode())
    return digest.hexdigest()


def _kept_digest(connection: Connection, job: str) -> str | None:
    return connection.scalar(select(facts.c.value).where(facts.c.name == _digest_name(job)))


def _digest_name(job: str) -> str:
    return f"{DIGEST}{job}"


def _named(link: Link, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}left_system": link.left_system,
        f"{prefix}left_id": link.left_id,
        f"{prefix}right_system": link.right_system,
        f"{prefix}right_id": link.right_id,
    }
