"""Asset tags: which number of which sequence belongs to which asset, given once and for all.

A sequence is known by its prefix: two that share one share its numbers. Numbers may be left out, and none is ever given
twice: a reservation is kept before anything is written to RT, the same asset gets its own one again, and a number that
RT turned out to have already is never given to anybody.
"""

from collections.abc import Collection, Iterator

import msgspec
from sqlalchemy import Connection, func, select, update

from syncd.host.clock import Clock
from syncd.host.errors import DataError
from syncd.state.database import Database
from syncd.state.ledger import rfc3339
from syncd.state.schema import tag_sequences, tags

FIRST = 1
"""The number that a sequence begins with which nobody has set."""

LARGEST = 10**15
"""What SQLite and people can still tell apart from its neighbours."""


class Reservation(msgspec.Struct, frozen=True):
    """A number of an object; ``again``: it had it before."""

    number: int
    again: bool


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sequence stands.

    ``next``: the number that is given next, if it is free. ``given`` counts the numbers that objects have, ``passed``
    those that were found in use. ``last``: the newest given one and its object; ``changed``: when ``next`` was set.
    """

    prefix: str
    next: int
    given: int = 0
    passed: int = 0
    last: int | None = None
    last_object: str = ""
    changed: str = ""
    actor: str = ""


class Tags:
    """The sequences, for any number of threads and processes; what a method did is on disk when it returns."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    def reserve(self, prefix: str, of: str) -> Reservation:
        """Give an object its number of a sequence: the one that it has, else the next that nobody ever had."""
        with self._database.write() as connection:
            held = connection.scalar(select(tags.c.number).where(tags.c.prefix == prefix, tags.c.object == of))
            if held is not None:
                return Reservation(held, again=True)
            number = _first_free(connection, prefix, _next(connection, prefix))
            connection.execute(
                tags.insert().values(prefix=prefix, number=number, object=of, at=rfc3339(self._clock.now()))
            )
            self._set(connection, prefix, number + 1)
            return Reservation(number, again=False)

    def pass_over(self, prefix: str, of: str, taken: Collection[int]) -> None:
        """Take its number from an object, since others have it; nobody gets that one, nor the ones that follow it.

        ``taken`` are the numbers that are in use: of those, the unbroken row after the object's own is left out.
        """
        with self._database.write() as connection:
            number = connection.scalar(select(tags.c.number).where(tags.c.prefix == prefix, tags.c.object == of))
            if number is None:
                return
            own = (tags.c.prefix == prefix, tags.c.number == number)
            connection.execute(update(tags).where(*own).values(object=""))
            after = number + 1
            while after in taken:
                after += 1
            self._set(connection, prefix, max(after, _next(connection, prefix)))

    def sequences(self) -> list[Sequence]:
        """Return all sequences, in the order of their prefixes."""
        with self._database.read() as connection:
            rows = connection.execute(select(tag_sequences).order_by(tag_sequences.c.prefix)).all()
            return [_sequence(connection, row.prefix, row.next, row.changed, row.actor) for row in rows]

    def upcoming(self, prefix: str) -> int:
        """Return the number that the next object would get, without giving it."""
        with self._database.read() as connection:
            return _first_free(connection, prefix, _next(connection, prefix))

    def given(self, prefix: str = "") -> Iterator[tuple[str, int, str, str]]:
        """Yield prefix, number, object and time of what was given, newest first."""
        statement = select(tags).where(tags.c.object != "").order_by(tags.c.at.desc(), tags.c.number.desc())
        if prefix:
            statement = statement.where(tags.c.prefix == prefix)
        return ((row.prefix, row.number, row.object, row.at) for row in self._database.stream(statement))

    def set_next(self, prefix: str, number: int, *, lower: bool = False) -> int | None:
        """Let a sequence go on at a number; return the number it stood at, None for a new sequence.

        Raises DataError (``tags.lower``) for a number below that, unless ``lower``: numbers that were given are left
        out even then.
        """
        if not 0 <= number <= LARGEST:
            raise DataError(
                f"{number} is no number of a tag; it is from 0 to {LARGEST}.", code="tags.number", object=prefix
            )
        with self._database.write() as connection:
            before = _stored_next(connection, prefix)
            if before is not None and number < before and not lower:
                raise DataError(
                    f"the sequence {prefix} stands at {before} already; what lies below may be on devices. Say --lower "
                    f"to go back to {number}: numbers that syncd has given are left out even then.",
                    code="tags.lower",
                    object=prefix,
                )
            self._set(connection, prefix, number, by_hand=True)
            return before

    def _set(self, connection: Connection, prefix: str, number: int, *, by_hand: bool = False) -> None:
        values: dict[str, object] = {"next": number}
        if by_hand:
            values |= {"changed": rfc3339(self._clock.now()), "actor": self._actor}
        statement = update(tag_sequences).where(tag_sequences.c.prefix == prefix).values(values)
        if not connection.execute(statement).rowcount:
            fresh = {"prefix": prefix, "changed": rfc3339(self._clock.now()), "actor": self._actor}
            connection.execute(tag_sequences.insert().values(fresh | {"next": number}))


def _stored_next(connection: Connection, prefix: str) -> int | None:
    return connection.scalar(select(tag_sequences.c.next).where(tag_sequences.c.prefix == prefix))


def _next(connection: Connection, prefix: str) -> int:
    stored = _stored_next(connection, prefix)
    return FIRST if stored is None else stored


def _first_free(connection: Connection, prefix: str, number: int) -> int:
    """Return the first number from this one on that has no row: only after a step back there are any."""
    numbers = select(tags.c.number).where(tags.c.prefix == prefix, tags.c.number >= number).order_by(tags.c.number)
    for given in connection.scalars(numbers.execution_options(yield_per=500)):
        if given > number:
            break
        number += 1
    return number


def _sequence(connection: Connection, prefix: str, number: int, changed: str, actor: str) -> Sequence:
    has = (tags.c.prefix == prefix, tags.c.object != "")
    given = connection.scalar(select(func.count()).select_from(tags).where(*has)) or 0
    passed = connection.scalar(select(func.count()).where(tags.c.prefix == prefix, tags.c.object == "")) or 0
    last = connection.execute(
        select(tags).where(*has).order_by(tags.c.at.desc(), tags.c.number.desc()).limit(1)
    ).first()
    return Sequence(
        prefix=prefix,
        next=_first_free(connection, prefix, number),
        given=given,
        passed=passed,
        last=last.number if last else None,
        last_object=last.object if last else "",
        changed=changed,
        actor=actor,
    )
