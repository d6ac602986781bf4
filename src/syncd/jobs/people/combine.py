"""People of several sources become one record each: joined by id, e-mail or user name, field by field by precedence.

Whoever cannot be joined without doubt stays apart. Two records of one person then share a key, and the match with RT
finds that as a conflict; nobody is lost by it, and nobody takes the user of somebody else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec

from syncd.systems.rosters.options import Field
from syncd.systems.rosters.person import Person

_JOINED_BY = ("id", "email", "user_name")


def combine(
    sources: Sequence[tuple[str, Iterable[Person]]], field_precedence: Mapping[Field, Sequence[str]]
) -> list[Person]:
    """Return the people of all sources, the one that is believed most first among them.

    ``field_precedence``: field to the sources that are believed first for it. A source that has no value for a field
    has no say in it; whether somebody is active is told by the first source that knows the person. Whom any source
    knows as an active student is one, unless ``field_precedence`` says who is believed about roles: staff may get
    rights that no student must have.
    """
    if len(sources) == 1:
        return [*sources[0][1]]
    joining = _Joining()
    for name, people in sources:
        for person in [*people]:
            joining.take(name, person)
    order = [name for name, _ in sources]
    orders = {field: _order(order, field_precedence.get(field, ())) for field in get_args(Field)}
    merged = [_merged(group, orders) for group in joining.groups]
    if "role" in field_precedence:
        return merged
    return [_careful(one, group.values()) for one, group in zip(merged, joining.groups, strict=True)]


def _order(order: Sequence[str], first: Sequence[str]) -> list[str]:
    return [*dict.fromkeys([*first, *order])]


class _Joining:
    """Records by source, one group for each person, and where each key leads."""

    def __init__(self) -> None:
        self.groups: list[dict[str, Person]] = []
        self._places: dict[tuple[str, str], set[int]] = {}

    def take(self, source: str, person: Person) -> None:
        """Add a record to the group that it is of, or begin one."""
        place = self._place(source, person)
        if place is None:
            place = len(self.groups)
            self.groups.append({})
        self.groups[place][source] = person
        for key in _keys(person):
            self._places.setdefault(key, set()).add(place)

    def _place(self, source: str, person: Person) -> int | None:
        for key in _keys(person):
            if found := self._places.get(key):
                place = min(found)
                # A key that leads to several people, or to somebody else, joins nobody.
                return place if len(found) == 1 and self._fits(place, source, person) else None
        return None

    def _fits(self, place: int, source: str, person: Person) -> bool:
        group = self.groups[place]
        others = {member.id for member in group.values() if member.id}
        same_id = not person.id or not others or person.id in others
        return source not in group and same_id and any(_alike(person, member) for member in group.values())


def _alike(one: Person, other: Person) -> bool:
    """Return whether two records with one key may be one person.

    Many schools number and name staff and students apart: a student and a member of staff are one only by their
    address, or by number and name together.
    """
    shared = {kind for kind, _ in {*_keys(one)} & {*_keys(other)}}
    return one.role == other.role or "email" in shared or len(shared) > 1


def _careful(merged: Person, records: Iterable[Person]) -> Person:
    """Return a person as a student where a record says so of somebody who is there."""
    if any(record.active and record.role == "student" for record in records):
        return msgspec.structs.replace(merged, role="student")
    return merged


def _keys(person: Person) -> Iterator[tuple[str, str]]:
    values = ((field, getattr(person, field)) for field in _JOINED_BY)
    return ((field, value.casefold()) for field, value in values if value)


def _merged(group: Mapping[str, Person], orders: Mapping[Field, Sequence[str]]) -> Person:
    if len(group) == 1:
        return next(iter(group.values()))
    values: dict[str, Any] = {field: _first(group, field, order) for field, order in orders.items()}
    return Person(**values, source="+".join(group))


def _first(group: Mapping[str, Person], field: str, order: Sequence[str]) -> object:
    told = [getattr(group[name], field) for name in order if name in group]
    return next((value for value in told if value or value is False), told[0])
