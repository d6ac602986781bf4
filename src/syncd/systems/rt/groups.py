"""Groups of users that somebody made in RT, and who is in them.

RT 5.0.3, observed: a group shows all its members, disabled ones too, users by their names. A search for users finds
only those who are enabled. The API user needs SeeGroup; without it a search for groups says nothing of how many there
are.
"""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from syncd.host.errors import ConfigurationError, NotFound, NotPermitted
from syncd.systems.rt.assets import Person, slices
from syncd.systems.rt.pages import wider
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.users.pages import Members

Persons: TypeAlias = list[Person]


class _Group(msgspec.Struct):
    id: int
    name: str = msgspec.field(name="Name", default="")
    domain: str = msgspec.field(name="Domain", default="")


class _User(msgspec.Struct):
    id: int
    name: str = msgspec.field(name="Name", default="")
    email: str = msgspec.field(name="EmailAddress", default="")


class Groups:
    """The groups of one RT."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def users(self, name: str) -> Persons:
        """Return the enabled users in a group: one request for the group, one for its members, one for each hundred.

        Raises NotFound for a group that is not there, NotPermitted without the right to see it, ConfigurationError for
        one that has groups within: RT's REST tells no members of those.
        """
        found = self._rest.get(f"group/{self.number(name)}", Members, "read group")
        if any(member.get("type") != "user" for member in found.listed):
            raise ConfigurationError(
                f"The group {name!r} of RT has groups among its members, and only users are followed; name those as "
                "sources of their own.",
                code="rt.group_nested",
                object=name,
            )
        return [person for some in slices(sorted(found.names), PAGE) for person in self._enabled(some)]

    def number(self, name: str) -> int:
        """Return the number of a group that somebody made, by its name in any case. Raises as ``users``."""
        query = [criterion("Domain", "=", "UserDefined"), criterion("Name", "=", name)]
        page = self._rest.search("groups", query, _Group, fields={"fields": "Name,Domain"})
        found = [group for group in page.items if (group.domain, group.name.lower()) == ("UserDefined", name.lower())]
        if page.total is None:
            raise NotPermitted(
                "The API user lacks SeeGroup, without which RT shows it no group: grant it globally.",
                code="rt.group_hidden",
                object=name,
            )
        if not found:
            raise NotFound(f"RT has no group {name!r}", code="rt.no_group", system="rt", object=name)
        return found[0].id

    def _enabled(self, names: Iterable[str]) -> Persons:
        wanted = [*names]
        fields = {"fields": "id,Name,EmailAddress"}
        page = self._rest.search("users", [criterion("Name", "IN", wanted)], _User, fields=fields)
        if not {user.name.lower() for user in page.items} <= {name.lower() for name in wanted}:
            raise wider("search users")
        return [Person(user.id, user.name, user.email) for user in page.items]
