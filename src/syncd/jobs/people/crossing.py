"""How values cross from a person to a user: each arrives in the spelling in which RT will show it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from syncd.jobs.people.options import RtUsersOptions, UserRule
from syncd.jobs.people.roster_side import Entry
from syncd.jobs.people.templates import template
from syncd.reconcile.mapping import Field
from syncd.reconcile.values import Known, Unknown, Value
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.schema import UserSchema

UNIQUE = ("Name", "EmailAddress")
"""Fields that no two users of RT have alike, in whatever case."""

_UNADDRESSABLE = re.compile(r"\d+|.*/.*", re.ASCII)
_READ: Mapping[str, Callable[[User], str]] = {"Name": lambda user: user.name, "EmailAddress": lambda user: user.email}
_CALLED = {"Name": "name", "EmailAddress": "e-mail address"}


class Crossing:
    """The fields of users that the roster owns, for one reading of both sides.

    ``partners``: ident of a person to the number of the user that the person is.
    """

    def __init__(
        self,
        options: RtUsersOptions,
        schema: UserSchema,
        people: Sequence[Entry],
        users: Sequence[User],
        partners: Mapping[str, int],
    ) -> None:
        self._options = options
        self._schema = schema
        self._partners = partners
        self._holders = {field: {_READ[field](user).casefold(): user.id for user in users} for field in UNIQUE}
        self._wanted = {
            "Name": Counter(entry.name.casefold() for entry in people if entry.name),
            "EmailAddress": Counter(entry.email.casefold() for entry in people if entry.email),
        }

    def fields(self) -> tuple[Field[Entry, User], ...]:
        """Return the mapping of users that there are: what the rules say, and that nobody in the roster is disabled."""
        mapped = [self._field(name, rule) for name, rule in self._options.rules.items() if not rule.only_new]
        promoted = [self._flag("Privileged", self.privileged)] if self._options.privileged_roles else []
        return (*mapped, self._flag("Disabled", lambda _: "0"), *promoted)

    def values(self, entry: Entry) -> dict[str, Value]:
        """Return the values of a user that is to be made."""
        found: dict[str, Value] = {name: self._read(name, rule)(entry) for name, rule in self._options.rules.items()}
        return {**found, "Privileged": self.privileged(entry)}

    def privileged(self, entry: Entry) -> Known:
        """Return "1" for who shall be a privileged user; of others nothing is said."""
        return "1" if entry.person.role in self._options.privileged_roles else None

    def _field(self, name: str, rule: UserRule) -> Field[Entry, User]:
        return Field(
            name=name,
            source_name=rule.template,
            read_source=self._read(name, rule),
            read_target=getter(self._schema, name),
            clear=rule.clear,
            same=_same_in_any_case if name in UNIQUE else _same,
        )

    def _flag(self, name: str, read: Callable[[Entry], Known]) -> Field[Entry, User]:
        return Field(name=name, source_name="membership", read_source=read, read_target=getter(self._schema, name))

    def _read(self, name: str, rule: UserRule) -> Callable[[Entry], Value]:
        made = template(rule.template)

        def read(entry: Entry) -> Value:
            text = made.fill(entry.person)
            if text is None:
                return None
            stored = self._schema.reads_back(name, text)
            refusal = _cut(name, text, stored) or self._taken(name, text, entry) or self._schema.refusal(name, text)
            return Unknown(refusal) if refusal else stored

        return read

    def _taken(self, name: str, text: str, entry: Entry) -> str | None:
        """Return why a person cannot have a name or an address, None where nothing is in the way."""
        if name not in UNIQUE:
            return None
        partner = self._partners.get(entry.ident)
        holder = self._holders[name].get(text.casefold())
        if holder is not None and holder != partner:
            return f"the {_CALLED[name]} is that of user {holder}"
        if self._wanted[name][text.casefold()] > 1:
            return f"several people of the roster would have the same {_CALLED[name]}"
        if name == "Name" and holder is None and _UNADDRESSABLE.fullmatch(text):
            return (
                'RT cannot be asked for a user whose name is all digits or has a "/": it takes the one for the number '
                'of a user, and the other for a path; make the name from a template such as "s{id}"'
            )
        return None


def _cut(name: str, text: str, stored: Known) -> str | None:
    """Return why RT would not keep a name or an address as it is: what is left of it may be that of somebody else."""
    if name in UNIQUE and stored != text:
        return f"the {_CALLED[name]} is too long for RT, which would cut it"
    return None


def _same_in_any_case(one: Known, other: Known) -> bool:
    return isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()


def _same(one: Known, other: Known) -> bool:
    return one == other
