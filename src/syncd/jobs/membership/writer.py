"""How members come and go: one request for each."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from syncd.host.clock import Clock
from syncd.host.errors import NotFound, Unavailable, WriteRefused
from syncd.jobs.membership.comparing import EMAIL, SYSTEM, parts
from syncd.jobs.sides.trouble import doubtful
from syncd.reconcile.model import Action, Outcome
from syncd.reconcile.values import Known
from syncd.systems.google.errors import EXISTS
from syncd.systems.google.members import Member

WAITS = (2.0, 5.0, 10.0)
"""Seconds between readings of a group that still shows who was taken out: Google's lists may lag behind."""

_GONE: Mapping[str, Known] = {EMAIL: None}


class Members(Protocol):
    """The part of the Google adapter that the writer uses; the last argument is what errors call a member."""

    def list(self, group: str, /) -> Sequence[Member]:
        """Return the members of a group."""

    def find(self, group: str, address: str, about: str, /) -> Member | None:
        """Return the member that has an address."""

    def insert(self, group: str, address: str, about: str, /) -> Member:
        """Add a member and return it."""

    def delete(self, group: str, member: str, about: str, /) -> None:
        """Take a member out, by its id."""


class MemberWriter:
    """Adds members and takes them out. An action is of one member of one group, and its ``after`` says which it is."""

    system = SYSTEM

    def __init__(self, members: Members, concurrency: int, clock: Clock) -> None:
        self._members = members
        self._clock = clock
        self._gone: set[str] = set()
        self.concurrency = concurrency

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """Let every action go alone."""
        return [(action,) for action in actions]

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        """Make one request. The member in the answer proves that it was added; only a read proves that it is gone."""
        (action,) = batch
        address = action.after.get(EMAIL)
        try:
            return [self._add(action, address) if isinstance(address, str) else self._remove(action)]
        except Unavailable as error:
            return [doubtful(action, error)]

    def _add(self, action: Action, address: str) -> Outcome:
        group, _ = parts(action.object)
        try:
            member = self._members.insert(group, address, action.object)
        except WriteRefused as error:
            if error.code != EXISTS:
                raise
            return self._there(action, address)
        return Outcome(action=action.id, state="verified", object=f"{group}/{member.id}", found={EMAIL: address})

    def _there(self, action: Action, address: str) -> Outcome:
        """Return what became of an insert of somebody who is there: that is what was wanted.

        Without the id of an owner or manager a revert does not take it out again.
        """
        group, _ = parts(action.object)
        member = self._members.find(group, address, action.object)
        if member is None:
            return Outcome(action=action.id, state="unproven")
        created = f"{group}/{member.id}" if member.role == "MEMBER" else ""
        return Outcome(action=action.id, state="verified", object=created, found={EMAIL: address})

    def _remove(self, action: Action) -> Outcome:
        group, member = parts(action.object)
        with suppress(NotFound):  # Somebody else was faster, or the group is gone: the reading tells.
            self._members.delete(group, member, action.object)
        self._gone.add(action.id)
        return Outcome(action=action.id, state="unproven")

    def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
        """Read the groups of these actions whole; again after a while where one still has who was taken out now."""
        found = self._present(actions, objects)
        for wait in WAITS:
            lagging = [action for action in actions if action.id in self._gone and found.get(action.id, _GONE)[EMAIL]]
            if not lagging:
                break
            self._clock.sleep(wait)
            found |= self._present(lagging, objects)
        return found

    def _present(self, actions: Sequence[Action], objects: Mapping[str, str]) -> dict[str, Mapping[str, Known]]:
        groups = {group: self._listed(group) for group in {parts(action.object)[0] for action in actions}}
        found = ((action, groups[parts(action.object)[0]]) for action in actions)
        return {
            action.id: {EMAIL: _value(action, objects.get(action.id, action.object), members)}
            for action, members in found
            if members is not None
        }

    def _listed(self, group: str) -> Sequence[Member] | None:
        """Return the members of a group, None where it is not there any more: the other groups can still be read."""
        try:
            return self._members.list(group)
        except NotFound:
            return None

    def same(self, field: str, wanted: Known, found: Known) -> bool:  # noqa: ARG002 - there is one field
        """Compare addresses without case."""
        return wanted == found or (
            isinstance(wanted, str) and isinstance(found, str) and wanted.casefold() == found.casefold()
        )


def _value(action: Action, object_: str, members: Sequence[Member]) -> Known:
    """Return the address of an action if its member is there, by id or address; its role if that is a higher one.

    A member may be shown by another of its addresses than it was added by.
    """
    _, number = parts(object_)
    address = action.after.get(EMAIL) or action.before.get(EMAIL)
    key = address.casefold() if isinstance(address, str) else ""
    member = next((one for one in members if one.id == number or one.email.casefold() == key), None)
    if member is None:
        return None
    return address if member.role == "MEMBER" else member.role
