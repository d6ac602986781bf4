"""Lists of users, each checked against what was asked.

RT 5.0.3, observed: ``id`` and ``LastUpdated`` of users can be ordered by but not asked for, and a criterion that RT
does not know finds everybody. Without ``find_disabled_rows`` only enabled users are found; with it, all. A user whose
name has a line break is an item without anything.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from syncd.host.errors import DataError, NotFound
from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.pages import Progress, Stamp, wider
from syncd.systems.rt.rest import PAGE, Criterion, Page, Rest, criterion
from syncd.systems.rt.users.records import FIELDS, WHOLE, WireUser

T = TypeVar("T", Stamp, WireUser)
_EVERYBODY: Final = [criterion("Name", "!=", "")]
_STAMP: Final = {"fields": "id,Name,LastUpdated"}
_ID: Final = (("id", "ASC"),)
_LATEST: Final = (("LastUpdated", "DESC"), ("id", "DESC"))


class Members(msgspec.Struct):
    """The members of a group that are users, by the names by which RT refers to them."""

    listed: list[dict[str, Any]] = msgspec.field(name="Members")

    @property
    def names(self) -> set[str]:
        """Their names."""
        return {str(member["id"]) for member in self.listed if member.get("type") == "user"}


def whole_users(rest: Rest, done: int = 0, last: int = 0, progress: Progress | None = None) -> Iterator[Page[WireUser]]:
    """Yield all users, disabled ones too, by rising id: after the first ``done``, the last of whom is ``last``.

    No user ever goes away from RT but by its shredder, and new ones come last: numbered pages do not shift.
    """
    total = 0
    while True:
        page = _search(rest, _EVERYBODY, WHOLE, FIELDS, page=done // PAGE + 1, disabled=True)
        count = _total(page)
        fresh = [item for item in page.items if item.id > last]
        if count < total or _falls(item.id for item in page.items) or len(page.items) - len(fresh) != done % PAGE:
            raise incomplete("users came or went while they were listed", "search users")
        if not fresh and done < count:
            raise incomplete("it gives the same page again", "search users")
        done, last, total = done + len(fresh), fresh[-1].id if fresh else last, count
        if progress:
            progress("RT users", done, total)
        yield msgspec.structs.replace(page, items=fresh)
        if done == total:
            return


def newest_users(rest: Rest, number: int = 1) -> Page[Stamp]:
    """Return one page of the users that changed last, latest first; ``total`` counts all."""
    page = _search(rest, _EVERYBODY, Stamp, _STAMP, order=_LATEST, page=number, disabled=True)
    updated = [item.updated for item in page.items]
    if updated != sorted(updated, reverse=True):
        raise incomplete("it is not in the order that was asked for", "search users")
    return page


def user_stamps(rest: Rest) -> Iterator[Page[Stamp]]:
    """Yield id, name and LastUpdated of all users, by rising id."""
    done, last = 0, 0
    while True:
        page = _search(rest, _EVERYBODY, Stamp, _STAMP, page=done // PAGE + 1, disabled=True)
        ids = [item.id for item in page.items]
        if _falls(ids) or (ids and ids[0] <= last):
            raise incomplete("users came or went while they were listed", "search users")
        yield page
        done, last = done + len(ids), ids[-1] if ids else last
        if not ids or done == page.total:
            return


def count_users(rest: Rest, *, disabled: bool) -> int:
    """Return how many users there are: all of them, or the enabled ones."""
    return _total(_search(rest, _EVERYBODY, Stamp, {"fields": "id"}, per_page=1, disabled=disabled))


def count_named(rest: Rest, names: Iterable[str]) -> int:
    """Return how many users have one of these names, disabled ones too."""
    query = [criterion("Name", "IN", sorted(names))]
    return _total(_search(rest, query, Stamp, {"fields": "id"}, per_page=1, disabled=True))


def enabled_named(rest: Rest, names: Iterable[str]) -> Page[Stamp]:
    """Return one page of the enabled users that have one of these names; ``total`` counts all of them."""
    return _search(rest, [criterion("Name", "IN", sorted(names))], Stamp, {"fields": "id"}, disabled=False)


def enabled_page(rest: Rest, number: int) -> Page[Stamp]:
    """Return one page of the enabled users, by rising id."""
    return _search(rest, _EVERYBODY, Stamp, {"fields": "id"}, page=number, disabled=False)


def named_users(
    rest: Rest, names: Collection[str], kind: type[T], fields: Mapping[str, str], *, disabled: bool
) -> Page[T]:
    """Return the users that have one of at most a hundred names, in whatever case."""
    page = _search(rest, [criterion("Name", "IN", sorted(names))], kind, fields, disabled=disabled)
    if _total(page) > len(names):
        raise wider("search users")
    return page


def one_user(rest: Rest, number: int) -> WireUser | None:
    """Return a user with its flags; None where there is none with this number."""
    try:
        return rest.find(f"user/{number}", WHOLE, "read user")
    except NotFound:
        return None


def members(rest: Rest, group: int) -> set[str]:
    """Return the users in a group, by the names by which RT refers to them."""
    return rest.get(f"group/{group}", Members, "read group").names


def _search(
    rest: Rest,
    query: Sequence[Criterion],
    kind: type[T],
    fields: Mapping[str, str],
    *,
    order: Sequence[tuple[str, str]] = _ID,
    page: int = 1,
    per_page: int = PAGE,
    disabled: bool,
) -> Page[T]:
    more = (("find_disabled_rows", "1"),) if disabled else ()
    either = cast("type[T | None]", kind | None)
    found = rest.search("users", query, either, fields=fields, order=order, page=page, per_page=per_page, more=more)
    items = [item for item in found.items if item is not None]
    if len(items) < len(found.items):
        at = found.items.index(None)
        raise _nameless(items[at - 1].id if at and order == _ID else 0)
    return Page(items, found.total, found.full, found.began, found.date)


def _nameless(before: int) -> DataError:
    place = f"the one after user {before}" if before else "one of them"
    return DataError(
        f"RT lists a user ({place}) without its data, as it does where a name has a line break: rename that user in RT "
        "(Admin > Users).",
        code="rt.user_name",
    )


def _total(page: Page[T]) -> int:
    if page.total is None:
        raise incomplete(
            "it does not say how many users there are; the API user is not privileged any more", "search users"
        )
    return page.total


def _falls(ids: Iterable[int]) -> bool:
    listed = list(ids)
    return listed != sorted(set(listed))
