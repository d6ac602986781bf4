"""Explain single people: in each group that shall have them, or has them, why they stay, come or go."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from syncd.host.errors import DataError
from syncd.jobs.membership.comparing import EMAIL, SYSTEM, Compared
from syncd.jobs.membership.sources import Wanted
from syncd.reconcile.explain import MATCHED, Case, Key, Record
from syncd.reconcile.model import Action, Listing
from syncd.systems.google.members import Member

READ = {SYSTEM: "all members of each group", "rt": "all users of each group"}


class Seen(NamedTuple):
    """A group as it was read: who shall be in it, who is, and what comes of that."""

    wanted: Sequence[Wanted]
    members: Sequence[Member]
    compared: Compared


def explained(sought: str, groups: Mapping[str, Seen], unreadable: Sequence[Listing]) -> list[Case]:
    """Return a case for each group that has to do with whoever has this id or address; DataError where none has.

    A group that cannot be read has a case, too: what it has to do with the person is not known.
    """
    cases = [case for group, seen in groups.items() for case in _Group(group, seen).cases(sought)]
    if not cases:
        unknown = f" of those that can be read now, which {', '.join(one.label for one in unreadable)} cannot"
        raise DataError(
            f"nobody is called {sought!r}: no source of a group, and no member, has this id or e-mail address"
            f"{unknown if unreadable else ''}; jobs.groups.groups says who is in the source of each.",
            code="explain.not_found",
            object=sought,
        )
    return [*cases, *map(_not_known, unreadable)]


class _Group:
    """What there is to say about the people of one group."""

    def __init__(self, name: str, seen: Seen) -> None:
        self._name = name
        self._seen = seen
        self._listed = {(listing.system, listing.object): listing for listing in seen.compared.listings}
        self._actions = {_key(action): action for action in seen.compared.actions}

    def cases(self, sought: str) -> Iterator[Case]:
        """Yield a case if somebody of this id or address shall be in the group, or is."""
        key = sought.strip().casefold()
        wanted = [one for one in self._seen.wanted if key in (one.ident.casefold(), one.address.casefold())]
        members = [one for one in self._seen.members if key in (one.id.casefold(), one.email.casefold())]
        addresses = {one.address.casefold() for one in wanted} | {one.email.casefold() for one in members} - {""}
        wanted += [one for one in self._seen.wanted if one.address.casefold() in addresses and one not in wanted]
        members += [one for one in self._seen.members if one.email.casefold() in addresses and one not in members]
        if wanted or members:
            yield self._case(sought, wanted, members)

    def _case(self, sought: str, wanted: Sequence[Wanted], members: Sequence[Member]) -> Case:
        named = {sought.strip().casefold()}
        records = [self._source_record(one, named, members) for one in wanted]
        records += [self._member_record(one, named, wanted) for one in members]
        keys = {one.address.casefold() for one in wanted} | {f"{self._name}/{one.id}" for one in members}
        actions = [action for key, action in self._actions.items() if key in keys]
        first = next((record for record in records if record.state == MATCHED), records[0])
        return Case(
            state=first.state,
            key="e-mail address" if first.state == MATCHED else "",
            why=first.why,
            records=records,
            fields=[],
            actions=actions,
            remedies=[],
        )

    def _source_record(self, one: Wanted, named: set[str], members: Sequence[Member]) -> Record:
        agreed = "it is a member" if members else "it is a member by another address"
        name, action = f"{one.ident} in the source of {self._name}", self._actions.get(one.address.casefold())
        return self._record(one.system, one.ident, one.address, name, action, agreed, named)

    def _member_record(self, one: Member, named: set[str], wanted: Sequence[Wanted]) -> Record:
        agreed = "it is in the source of the group" if wanted else "it is in the source of the group by another address"
        name, action = f"member {one.id} of {self._name}", self._actions.get(f"{self._name}/{one.id}")
        return self._record(SYSTEM, one.id, one.email, name, action, agreed, named)

    def _record(
        self, system: str, ident: str, address: str, name: str, action: Action | None, agreed: str, named: set[str]
    ) -> Record:
        """Return a record; ``agreed`` is what there is to say where both sides agree."""
        object_, state, why = f"{self._name}/{ident}", MATCHED, agreed
        if listing := self._listed.get((system, object_)):
            state, why = listing.state, listing.why
        elif action:
            state, why = f"only_{system}", action.reason
        return Record(
            system=system,
            id=object_,
            label=address,
            name=name,
            state=state,
            why=why,
            sought=not named.isdisjoint((ident.casefold(), address.casefold())),
            keys=[_address(address)],
        )


def _key(action: Action) -> str:
    """Return what tells whom an action is about: the address of somebody to be added, else the member."""
    address = action.after.get(EMAIL)
    return address.casefold() if isinstance(address, str) else action.object


def _address(text: str) -> Key:
    if "@" not in text:
        return Key(kind="e-mail address", text=text, rejected="is none")
    return Key(kind="e-mail address", text=text, key=text.casefold())


def _not_known(listing: Listing) -> Case:
    record = Record(
        system=listing.system,
        id=listing.object,
        label=listing.label,
        name=listing.label,
        state=listing.state,
        why=listing.why.rstrip("."),
        sought=False,
        keys=[],
    )
    return Case(state=listing.state, key="", why=record.why, records=[record], fields=[], actions=[], remedies=[])
