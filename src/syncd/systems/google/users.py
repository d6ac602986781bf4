"""Read the users of the Directory API (method users.list).

Whoever is suspended or archived is listed too; deleted users are not. Google says of its user search that new data
can take up to 36 hours to show in it ("Search for users"): who was moved into an org unit just now may be missing from
a list by org unit or query, not from one of everybody.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TypeAlias

import msgspec
from msgspec.structs import force_setattr

from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import ConfigurationError
from syncd.host.http import HttpClient
from syncd.systems.google import orgunits
from syncd.systems.google.errors import SYSTEM
from syncd.systems.google.pages import Kind, Listing, Progress, incomplete

__all__ = ["DirectoryUser", "DirectoryUsers", "ExternalId", "UserName"]

PAGE_SIZE = 500
"""The most that users.list gives at a time (discovery document)."""

_MASK = "archived,externalIds,id,name(familyName,givenName),orgUnitPath,primaryEmail,suspended"
_ANYBODY = "id,primaryEmail"
_BY_EMAIL = {"orderBy": "email", "projection": "basic"}


class UserName(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A user's name, as far as it is asked for."""

    given_name: str = ""
    family_name: str = ""


class ExternalId(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A number that somebody else gave a user. Of ``type`` ``organization`` it is the school's own."""

    value: str | int = ""
    type: str = ""


class DirectoryUser(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A user (Directory API, User). "" stands for what Google has no value for; ``id`` never changes."""

    id: str
    primary_email: str
    name: UserName = UserName()
    org_unit_path: str = ""
    suspended: bool = False
    archived: bool = False
    external_ids: tuple[ExternalId, ...] = ()

    @property
    def given_name(self) -> str:
        """The first name."""
        return self.name.given_name

    @property
    def family_name(self) -> str:
        """The last name."""
        return self.name.family_name

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """The school's own numbers for the user, each once: there should be one at most."""
        found = (str(each.value).strip() for each in self.external_ids if each.type.casefold() == "organization")
        return tuple(dict.fromkeys(value for value in found if value))


Users: TypeAlias = list[DirectoryUser]
Paths: TypeAlias = list[str]


class DirectoryUsers:
    """The users of one customer, of all its domains."""

    def __init__(self, client: HttpClient, customer: str, *, clock: Clock | None = None) -> None:
        kind = Kind("user", "admin/directory/v1/users", "users", DirectoryUser, attrgetter("id"))
        self._listing = Listing(client, clock or SystemClock(), kind, PAGE_SIZE)
        self._customer = customer

    def list(
        self,
        *,
        org_units: Sequence[str] = (),
        include_children: bool = True,
        query: str = "",
        progress: Progress | None = None,
    ) -> Users:
        """Return all users, or those of some org units, or those that Google's user search finds, each user once.

        ``query`` is in the language of "Search for users" (``isSuspended=false orgDepartment=Library``). The last user
        by e-mail address is asked for apart, one request for each org unit: a list that ends early lacks that one.
        Raises Unavailable (``google.incomplete``) rather than give a part, ConfigurationError for an org unit or query
        that Google rejects.
        """
        wanted = [*map(orgunits.spelled, org_units)]
        found: dict[str, DirectoryUser] = {}
        for asked in _queries(wanted, query):
            more = self._sequence(asked, len(found), progress)
            found = found | more if found else more
        users = [*found.values()]
        return [user for user in users if _within(user, wanted, include_children=include_children)] if wanted else users

    def nobody_in(self, *, org_units: Sequence[str] = (), query: str = "") -> Paths:
        """Return the org units (``/`` for all of them) in which the search finds nobody; one request for each."""
        wanted = [*map(orgunits.spelled, org_units)] or ["/"]
        asked = {place: self._asked(_queries([place], query)[0]) for place in wanted}
        return [place for place, params in asked.items() if self._listing.first(params, _ANYBODY) is None]

    def _sequence(self, query: str, done: int, progress: Progress | None) -> dict[str, DirectoryUser]:
        asked = self._asked(query)
        last = self._listing.first({**asked, "sortOrder": "DESCENDING"}, _ANYBODY)
        found = self._listing.read(asked, _MASK, _taker(done, progress))
        if last is not None and last.id not in found:
            raise incomplete(
                f"The user list ended early: {len(found)} users, and the last one is missing", "list users"
            )
        return found

    def _asked(self, query: str) -> Mapping[str, str]:
        return {"customer": self._customer, **_BY_EMAIL, **({"query": query} if query else {})}


def _queries(org_units: Sequence[str], query: str) -> Sequence[str]:
    """Return the query of each list to read; children are in what Google's search finds for an org unit."""
    by_id = [path for path in org_units if path.startswith("id:")]
    if by_id:
        raise ConfigurationError(
            f"Google searches users by the path of an org unit, not by its id: write the path of {', '.join(by_id)}.",
            code="google.org_unit",
            system=SYSTEM,
        )
    places = orgunits.outermost(org_units, include_children=True)
    if not places or "/" in places:
        return [query]
    return [f"orgUnitPath={_quoted(place)} {query}".strip() for place in places]


def _quoted(path: str) -> str:
    """Return a value as the search takes it, in single quotes ("Search for users"; GAM escapes alike)."""
    return "'" + path.replace("'", "\\'") + "'"


def _within(user: DirectoryUser, org_units: Sequence[str], *, include_children: bool) -> bool:
    """Tell whether a user is where the list was asked for; the search can be behind the record."""
    inside = orgunits.contains if include_children else orgunits.same
    return any(inside(path, user.org_unit_path) for path in org_units)


def _taker(done: int, progress: Progress | None) -> Callable[[Users, int], None]:
    """Return what is done with each page: the paths that many users share are kept once, progress is told."""
    kept: dict[str, str] = {}

    def take(users: Users, so_far: int) -> None:
        for user in users:
            force_setattr(user, "org_unit_path", kept.setdefault(user.org_unit_path, user.org_unit_path))
        if progress is not None:
            progress("Google users", done + so_far, None)

    return take
