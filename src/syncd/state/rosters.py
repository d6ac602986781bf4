"""Rosters: the people as the last imports left them, and the imports; an import is kept whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select

from syncd.host.clock import Clock
from syncd.host.errors import DataError
from syncd.state.database import Database, batched, driver_rows
from syncd.state.ledger import rfc3339
from syncd.state.schema import imports, people

Row = tuple[Any, ...]
"""The values of a person, in the order of FIELDS."""

FIELDS = (
    *("id", "given_name", "family_name", "user_name", "email", "grade", "graduation_year", "school", "advisor", "role"),
    "active",
)
ACTIVE, SCHOOL, USER_NAME, EMAIL = map(FIELDS.index, ("active", "school", "user_name", "email"))

AT_ONCE = 500
"""Rows of one statement: a third faster than one by one."""

_ID, _SCHOOL, _ACTIVE = itemgetter(0), itemgetter(SCHOOL), itemgetter(ACTIVE)
_GIVEN = ("roster", "scope", "extent", "content", "reading", "file", "format")


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What an import makes of a roster.

    ``rows`` were read; ``before`` is how many were active in its scope, and ``lost`` how many of these are not any
    more: they have left, or are inactive now. ``left`` are the people that are no longer in the roster at all.
    ``moved`` were active in another school, and are of the one that the import is for now.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    before: int = 0
    lost: int = 0
    moved: int = 0


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One import that was kept. ``id`` is 0 and ``at`` empty before it is; ``at`` is RFC 3339 in UTC."""

    id: int = 0
    roster: str
    scope: str
    extent: Literal["full", "partial"]
    content: str
    reading: str
    file: str
    format: str
    actor: str = ""
    at: str = ""
    counts: Counts = Counts()


class Rosters:
    """The rosters of the store, by name."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    def people(self, roster: str, *, school: str = "") -> Iterator[Row]:
        """Yield the people of a roster, or of one school of it, by id; a connection is held until the last one."""
        statement = select(people.c.data).where(*_in(roster, school)).order_by(people.c.id)
        return map(_row, self._database.column(statement))

    def person(self, roster: str, number: str) -> Row | None:
        """Return one person of a roster, None for somebody who is not in it."""
        statement = select(people.c.data).where(people.c.roster == roster, people.c.id == number)
        with self._database.read() as connection:
            text = connection.scalar(statement)
        return None if text is None else _row(text)

    def imports(self, roster: str, most: int = 20) -> list[Import]:
        """Return the newest imports of a roster, the newest first."""
        statement = select(imports).where(imports.c.roster == roster).order_by(imports.c.id.desc()).limit(most)
        with self._database.read() as connection:
            return [_import(dict(row)) for row in connection.execute(statement).mappings()]

    def last(self, roster: str) -> Import | None:
        """Return the newest import of a roster."""
        return next(iter(self.imports(roster, 1)), None)

    def spelling(self, roster: str, school: str) -> str:
        """Return a school as the roster spells it; as it is given where nobody is of it."""
        with self._database.read() as connection:
            known = connection.scalars(select(people.c.school).where(people.c.roster == roster).distinct()).all()
        if not school or school in known:
            return school
        return next((name for name in known if name.casefold() == school.casefold()), school)

    def take(self, new: Import, batches: Iterable[Sequence[Row]], keep: Callable[[Counts], bool]) -> Counts:
        """Merge people into a roster in one transaction, and return what that makes of it.

        A full import lets go of all in its scope who are not in it. A partial one lets nobody go, and an empty value
        in it empties nothing. ``keep`` is asked at the end: where it returns false or raises, nothing has happened.
        ``batches`` is read inside the transaction. Raises DataError ``roster.taken``.
        """
        try:
            with self._database.write() as connection:
                merge = _Merge(connection, new, self._actor, rfc3339(self._clock.now()))
                for batch in batches:
                    for some in batched(batch):
                        merge.take(some)
                merge.end(keep)
        except _NotKept as found:
            return found.counts
        return merge.counts


class _NotKept(Exception):
    """Undoes the transaction."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self.counts = counts


def _import(row: dict[str, Any]) -> Import:
    return Import(**row | {"counts": msgspec.json.decode(row["counts"], type=Counts)})


class _Merge:
    """What happens to a roster inside the transaction of an import."""

    def __init__(self, connection: Connection, new: Import, actor: str, at: str) -> None:
        self.counts = Counts()
        self._connection = connection
        self._new = new
        self._statements: dict[int, str] = {}
        self._known = self._digests()
        self._seen: set[str] = set()
        scope = (*_in(new.roster, new.scope), people.c.active)
        self._before = connection.scalar(select(func.count()).select_from(people).where(*scope)) or 0
        self._rows = self._written = self._changed = self._left = self._lost = self._moved = 0
        values = {name: getattr(new, name) for name in _GIVEN}
        # The people point to their import, so it is there before them; its counts come at the end.
        done = connection.execute(imports.insert().values(**values, actor=actor, at=at, counts="{}"))
        self._number = done.inserted_primary_key[0] if done.inserted_primary_key else 0

    def take(self, batch: Sequence[Row]) -> None:
        """Add people, or change those who are there and differ."""
        self._rows += len(batch)
        texts = _texts(batch)
        if known := self._known:
            self._seen.update(map(_ID, batch))
            # Most are as they were, and are not even looked up.
            pairs = zip(batch, texts, strict=True)
            batch = self._differing([row for row, text in pairs if known.get(row[0]) != hash(text)])
            texts = _texts(batch)
        self._written += len(batch)
        for start in range(0, len(batch), AT_ONCE):
            self._write(batch[start : start + AT_ONCE], texts[start : start + AT_ONCE])

    def _write(self, rows: Sequence[Row], texts: Sequence[str]) -> None:
        if len(rows) not in self._statements:
            self._statements[len(rows)] = _upsert(self._connection, len(rows))
        # sqlite3 looks for an adapter of anything that is not exactly int or str: a bool costs a microsecond.
        apart = (map(_ID, rows), map(_SCHOOL, rows), map(int, map(_ACTIVE, rows)))
        values = zip(repeat(self._new.roster), *apart, texts, repeat(self._number), strict=False)
        self._connection.exec_driver_sql(self._statements[len(rows)], tuple(chain.from_iterable(values)))

    def end(self, keep: Callable[[Counts], bool]) -> None:
        """Let go of those who are not in a full import, count, and ask whether to keep it."""
        if self._new.extent == "full":
            self._let_go()
        if self._new.extent == "partial" or self._new.scope:
            self._look_for_doubles()
        self.counts = Counts(
            rows=self._rows,
            added=self._written - self._changed,
            changed=self._changed,
            unchanged=self._rows - self._written,
            left=self._left,
            before=self._before,
            lost=self._lost,
            moved=self._moved,
        )
        if not keep(self.counts):
            raise _NotKept(self.counts)
        text = msgspec.json.encode(self.counts).decode()
        self._connection.execute(imports.update().where(imports.c.id == self._number).values(counts=text))

    def _digests(self) -> dict[str, int]:
        """Return the id of everybody in the roster, with what tells a row that has changed."""
        statement = select(people.c.id, people.c.data).where(people.c.roster == self._new.roster)
        with closing(self._connection.execute(statement)) as result:
            return {key: hash(text) for key, text in driver_rows(result)}

    def _differing(self, batch: Sequence[Row]) -> list[Row]:
        """Return the people to write, of those who may differ: the new ones, and the others as they are to be."""
        there = self._there([row[0] for row in batch if row[0] in self._known])
        write = []
        for row in batch:
            old = there.get(row[0])
            if old is None:
                write.append(row)
            elif (new := self._merged(old, row)) != old:
                self._changed += 1
                self._lost += old[ACTIVE] and not new[ACTIVE]
                self._moved += bool(self._new.scope and old[ACTIVE] and old[SCHOOL] not in ("", self._new.scope))
                write.append(new)
        return write

    def _there(self, ids: Sequence[str]) -> dict[str, Row]:
        statement = select(people.c.data).where(people.c.roster == self._new.roster, people.c.id.in_(ids))
        rows = map(_row, self._connection.scalars(statement)) if ids else ()
        return {row[0]: row for row in rows}

    def _merged(self, old: Row, new: Row) -> Row:
        if self._new.extent == "full":
            return new
        told = (after or before for before, after in zip(old[:ACTIVE], new[:ACTIVE], strict=True))
        return (*told, *new[ACTIVE:])

    def _let_go(self) -> None:
        for missing in batched(self._known.keys() - self._seen):
            rows = self._there(missing).values()
            gone = [row for row in rows if self._new.scope in ("", row[SCHOOL])]
            self._left += len(gone)
            self._lost += sum(row[ACTIVE] for row in gone)
            self._connection.execute(
                people.delete().where(people.c.roster == self._new.roster, people.c.id.in_([row[0] for row in gone])),
            )

    def _look_for_doubles(self) -> None:
        """Refuse a user name or an address that somebody outside of the file has already."""
        statement = select(people.c.data).where(people.c.roster == self._new.roster).order_by(people.c.id)
        names: dict[str, str] = {}
        addresses: dict[str, str] = {}
        for row in map(_row, self._connection.scalars(statement)):
            for what, value, taken in (("user name", row[USER_NAME], names), ("e-mail", row[EMAIL], addresses)):
                first = taken.setdefault(value.casefold(), row[0]) if value else row[0]
                if first != row[0]:
                    raise DataError(
                        f"{self._new.file}: {first} and {row[0]} would have one {what}; one of them is in the roster "
                        "and not in this file. Nothing was stored; correct one of the two.",
                        code="roster.taken",
                        object=self._new.file,
                    )


def _in(roster: str, school: str) -> tuple[ColumnElement[bool], ...]:
    mine = people.c.roster == roster
    return (mine, people.c.school == school) if school else (mine,)


def _upsert(connection: Connection, rows: int) -> str:
    """Return the statement for so many rows; their values go past SQLAlchemy, which would take a third more time."""
    # The same words in SQLite and in PostgreSQL.
    head, _, row = str(insert(people).compile(dialect=connection.dialect)).partition(" VALUES ")
    changes = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in people.c if not column.primary_key)
    return f"{head} VALUES {', '.join([row] * rows)} ON CONFLICT (roster, id) DO UPDATE SET {changes}"


def _texts(rows: Sequence[Row]) -> list[str]:
    """Return each row as JSON: all in one go, cut at the line ends, of which JSON itself has none."""
    return msgspec.json.Encoder().encode_lines(rows).decode().split("\n")[:-1]


def _row(text: str) -> Row:
    """Read what ``_texts`` wrote. Raises DataError ``state.damaged``."""
    try:
        return msgspec.json.decode(text, type=tuple)
    except msgspec.DecodeError:
        raise DataError(
            "a student in the store cannot be read; restore a backup of the store (syncd state check).",
            code="state.damaged",
        ) from None
