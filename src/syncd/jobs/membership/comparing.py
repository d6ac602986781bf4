"""One group: who is to be added, who is to be taken out, and who is left alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from syncd.jobs.membership.sources import Wanted
from syncd.reconcile.model import Action, Listing, make_action
from syncd.systems.google.members import Member

SYSTEM = "google"
EMAIL = "email"
"""The one field of a membership: the address that it is of, None where there is none."""

REJECTED, OUTSIDE, PROTECTED, UNREADABLE = "rejected", "outside", "protected", "unreadable"

Find = Callable[[str, str], Member | None]
"""Called with an address and what to call it; finds the member who has it as another address."""


@dataclass
class Compared:
    """What came of a group. ``size`` is that of its source, ``managed`` counts the members that the job is about."""

    actions: list[Action] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    matched: int = 0
    size: int = 0

    @property
    def managed(self) -> int:
        """Members that are right, that lack, or that are too many."""
        return self.matched + len(self.actions)


@dataclass(frozen=True)
class Rules:
    """Who is never touched. ``domains`` and ``protected`` are without case."""

    domains: Sequence[str]
    protected: Sequence[str]

    def outside(self, address: str) -> bool:
        """Tell whether an address is of another domain."""
        return address.rpartition("@")[2].casefold() not in self.domains

    def why(self, member: Member) -> tuple[str, str] | None:
        """Return why somebody who is not in the source stays a member, and the state of its listing."""
        if member.type != "USER":
            return PROTECTED, f"it is of the type {member.type or 'none'}, and only users are taken out"
        if member.role != "MEMBER":
            return PROTECTED, f"it has the role {member.role or 'none'}, and only a MEMBER is taken out"
        if any(fnmatchcase(member.email.casefold(), pattern) for pattern in self.protected):
            return PROTECTED, "jobs.groups.protected names it"
        if not member.email or self.outside(member.email):
            return OUTSIDE, "its address is of another domain"
        return None


def compare(group: str, wanted: Sequence[Wanted], members: Sequence[Member], rules: Rules, find: Find) -> Compared:
    """Compare who shall be in a group with who is, by addresses without case.

    ``find`` is asked for each address that lacks, but only where somebody else is in the group whose other address it
    may be: a user who was renamed keeps the old address as an alias, and the source may still have that.
    """
    found = Compared()
    people = _usable(group, wanted, rules, found)
    found.size = len(people)
    strangers = {member.id: member for member in members if member.email.casefold() not in people}
    lacking = people.keys() - {member.email.casefold() for member in members}
    found.matched = len(people) - len(lacking)
    spare = {number for number, member in strangers.items() if rules.why(member) is None}
    asked = bool(spare) or len(lacking) <= len(strangers)
    for key in sorted(lacking):
        object_ = f"{group}/{people[key].ident}"
        known = find(people[key].address, object_) if asked else None
        if known is None:
            found.actions.append(_add(object_, people[key]))
        else:
            found.matched += known.id in strangers
            strangers.pop(known.id, None)
    for number, member in strangers.items():
        _leave_or_remove(f"{group}/{number}", member, rules, found)
    return found


def _usable(group: str, wanted: Sequence[Wanted], rules: Rules, found: Compared) -> dict[str, Wanted]:
    """Return who can be a member, by address; a line for each who cannot. Of two with one address one is enough."""
    people: dict[str, Wanted] = {}
    for one in wanted:
        if why := _unusable(one, rules):
            object_ = f"{group}/{one.ident}"
            found.listings.append(Listing(state=why[0], system=one.system, object=object_, label=object_, why=why[1]))
        else:
            people.setdefault(one.address.casefold(), one)
    return people


def _unusable(one: Wanted, rules: Rules) -> tuple[str, str] | None:
    if "@" not in one.address:
        return REJECTED, "it has no e-mail address" if not one.address else "its e-mail address is none"
    return (OUTSIDE, "its address is of another domain") if rules.outside(one.address) else None


def _add(object_: str, one: Wanted) -> Action:
    return make_action(
        kind="create",
        system=SYSTEM,
        object=object_,
        label=object_,
        before={},
        after={EMAIL: one.address},
        reason="it is in the source of the group",
        source=one.ident,
    )


def _leave_or_remove(object_: str, member: Member, rules: Rules, found: Compared) -> None:
    if why := rules.why(member):
        found.listings.append(Listing(state=why[0], system=SYSTEM, object=object_, label=object_, why=why[1]))
    else:
        found.actions.append(removal(object_, object_, member.email, "it is not in the source of the group"))


def removal(object_: str, label: str, address: str, reason: str, source: str = "") -> Action:
    """Return the action that takes a member out."""
    return make_action(
        kind="disable",
        system=SYSTEM,
        object=object_,
        label=label,
        before={EMAIL: address},
        after={EMAIL: None},
        reason=reason,
        source=source,
    )


def parts(object_: str) -> tuple[str, str]:
    """Return the group and the member of an object."""
    group, _, member = object_.partition("/")
    return group, member
