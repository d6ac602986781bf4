"""Groups of users that somebody made in RT, and who is in them.

RT 5.0.3, observed: a group shows all its members, disabled ones too, users by their names. A search for users finds
only those who are enabled. The API user needs SeeGroup; without it a search for groups says nothing of how many there
are.
"""

from typing import TypeAlias

import msgspec

from syncd.host.errors import ConfigurationError, NotFound, NotPermitted
from syncd.systems.rt.assets import Person
from syncd.systems.rt.pages import people_by
from syncd.systems.rt.rest import Rest, criterion
from syncd.systems.rt.users.pages import Members

Persons: TypeAlias = list[Person]


class Group(msgspec.Struct):
    """A group as a search shows it. ``domain``: ``UserDefined`` where somebody made it, ``SystemInternal`` is RT's."""

    id: int
    name: str = msgspec.field(name="Name", default="")
    domain: str = msgspec.field(name="Domain", default="")


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
        return [*people_by(self._rest, "Name", found.names, disabled=False)]

    def number(self, name: str) -> int:
        """Return the number of a group that somebody made, by its name in any case. Raises as ``users``."""
        found = groups_called(self._rest, "UserDefined", name)
        if found is None:
            raise NotPermitted(
                "The API user lacks SeeGroup, without which RT shows it no group: grant it globally.",
                code="rt.group_hidden",
                object=name,
            )
        if not found:
            raise NotFound(f"RT has no group {name!r}", code="rt.no_group", system="rt", object=name)
        return found[0].id


def groups_called(rest: Rest, domain: str, name: str) -> list[Group] | None:
    """Return the groups with a name, in any case; None for an API user without SeeGroup, which sees none."""
    query = [criterion("Domain", "=", domain), criterion("Name", "=", name)]
    page = rest.search("groups", query, Group, fields={"fields": "Name,Domain"})
    if page.total is None:
        return None
    return [group for group in page.items if (group.domain, group.name.lower()) == (domain, name.lower())]
