"""The people of the roster as one side of a comparison, each with the name and the address that RT shall have."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter

import msgspec

from syncd.jobs.people.options import UserRule
from syncd.jobs.people.templates import Template, template
from syncd.reconcile.keys import Rejected
from syncd.reconcile.sides import KeyRule, Side
from syncd.systems.rosters.person import Person

SYSTEM = "roster"

_BLANK = Rejected("is blank")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One person, and what decides which user it is. ``ident`` tells no name: it is shown in the journal."""

    person: Person
    ident: str
    name: str | None
    email: str | None


def text_key(raw: str) -> str | Rejected:
    """Return an id, a name or an address without case, in which RT knows no difference, or why it is none."""
    return " ".join(raw.casefold().split()) or _BLANK


def entries(people: Iterable[Person], rules: Mapping[str, UserRule]) -> list[Entry]:
    """Return the active people; the others have left."""
    name, email = (_template(rules, field) for field in ("Name", "EmailAddress"))
    return [
        Entry(person, ident_of(person), name.fill(person) if name else None, email.fill(person) if email else None)
        for person in people
        if person.active
    ]


def _template(rules: Mapping[str, UserRule], field: str) -> Template | None:
    return template(rules[field].template) if field in rules else None


def ident_of(person: Person) -> str:
    """Return what a person is called where no name may be: the school's id, else a role and a hash."""
    if person.id:
        return person.id
    known = f"{person.email}\n{person.user_name}\n{person.given_name}\n{person.family_name}".casefold()
    return f"{person.role}-{blake2b(known.encode(), digest_size=5).hexdigest()}"


def roster_side(records: Sequence[Entry], match: Sequence[str]) -> Side[Entry]:
    """Return people as a side, with the match keys named (``id``, ``email``, ``name``)."""
    readers = {"id": attrgetter("person.id"), "email": attrgetter("email"), "name": attrgetter("name")}
    return Side(
        system=SYSTEM,
        noun="person",
        records=records,
        ident=attrgetter("ident"),
        label=attrgetter("ident"),
        keys=tuple(KeyRule[Entry](name=kind, read=readers[kind], normalise=text_key) for kind in match),
    )
