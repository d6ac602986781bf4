"""Read and write the members of Google groups (Directory API, methods members.*).

A member is a user, another group, or all of the customer (type ``CUSTOMER``, which has no address). Google's guide
"Manage group members" does not say when a list shows a change; it may lag behind one for seconds.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import NotFound
from syncd.host.http import HttpClient, Request
from syncd.systems.google.errors import MEMBER
from syncd.systems.google.pages import HEADERS, Kind, Listing, Progress, incomplete, shape

PAGE_SIZE = 200
"""The most that members.list gives at a time (discovery document)."""

_MASK = "email,id,role,status,type"


class Member(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A member of a group (Directory API, Member). "" stands for what Google has no value for; ``id`` never changes.

    ``role``: OWNER, MANAGER or MEMBER. ``type``: USER, GROUP, CUSTOMER or EXTERNAL. ``status``: ACTIVE, SUSPENDED and
    others. ``email`` is the first address of a user, whichever of its addresses was added.
    """

    id: str
    email: str = ""
    role: str = ""
    type: str = ""
    status: str = ""


Members: TypeAlias = list[Member]


class GroupMembers:
    """The members of groups, which are named by their addresses.

    ``about`` is what errors call a member: its address does not belong into them.
    """

    def __init__(self, client: HttpClient, *, clock: Clock | None = None) -> None:
        self.client = client
        self._clock = clock or SystemClock()
        self._member = msgspec.json.Decoder(Member)

    def list(self, group: str, progress: Progress | None = None) -> Members:
        """Return the direct members of a group, each once.

        Raises NotFound for a group that is not there, Unavailable (``google.incomplete``) rather than give a part.
        """

        def taken(_: Members, so_far: int) -> None:
            if progress is not None:
                progress(f"members of {group}", so_far, None)

        return [*self._listing(group).read({}, _MASK, taken).values()]

    def has_any(self, group: str) -> bool:
        """Return whether a group has members. Raises NotFound for a group that is not there."""
        return self._listing(group).first({}, "id") is not None

    def find(self, group: str, address: str, about: str) -> Member | None:
        """Return the member that has an address, be it another one than its first; None where there is none."""
        try:
            return self._about("GET", _path(group, address), f"read {MEMBER}", about)
        except NotFound:
            return None

    def insert(self, group: str, address: str, about: str) -> Member:
        """Add a member with the role MEMBER, and return it.

        Raises WriteRefused (``google.exists``) for one that is there already, NotFound for an address of nobody.
        """
        body = msgspec.json.encode({"email": address, "role": "MEMBER"})
        return self._about("POST", _path(group), f"insert {MEMBER}", about, body)

    def delete(self, group: str, member: str, about: str) -> None:
        """Take a member out of a group, by its id. The answer is empty: only a read proves it. Raises NotFound."""
        self.client.send(Request("DELETE", _path(group, member), f"delete {MEMBER}", about, headers=HEADERS))

    def _listing(self, group: str) -> Listing[Member]:
        kind = Kind(MEMBER, _path(group), "members", Member, _ident, about=group)
        return Listing(self.client, self._clock, kind, PAGE_SIZE)

    def _about(self, method: str, path: str, operation: str, about: str, body: bytes | None = None) -> Member:
        """Send a request whose answer is one member."""
        params = (("fields", _MASK), ("prettyPrint", "false"))
        reply = self.client.send(Request(method, path, operation, about, params=params, headers=HEADERS, body=body))
        try:
            return self._member.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise incomplete(f"The answer to {operation} is no member ({shape(reply)})", operation, about) from problem


_ident: Callable[[Member], str] = attrgetter("id")


def _path(group: str, member: str = "") -> str:
    below = f"/{quote(member, safe='')}" if member else ""
    return f"admin/directory/v1/groups/{quote(group, safe='')}/members{below}"
