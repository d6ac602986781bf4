"""Reading some users again, with their flags, at a price that does not depend on how many there are."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import msgspec

from syncd.systems.rt.assets import slices
from syncd.systems.rt.pages import Stamp, wider
from syncd.systems.rt.rest import PAGE, Rest
from syncd.systems.rt.users.pages import members, named_users, one_user
from syncd.systems.rt.users.records import FIELDS, WHOLE, WireUser, flags_of

FEW = 3
"""So many users are cheaper alone: many take at least two pages and the group of the privileged."""


class Seen(msgspec.Struct, frozen=True):
    """A user as it was read. ``alone``: by itself, at a time that nobody noted."""

    item: WireUser
    disabled: bool
    privileged: bool


class Chosen(msgspec.Struct, frozen=True):
    """Users that were read together; ``began``: the server's time before, None where nobody noted it."""

    users: list[Seen]
    began: datetime | None = None


def chosen_users(rest: Rest, privileged: int, wanted: Mapping[int, Collection[str]]) -> Iterator[Chosen]:
    """Yield users as they are now: two requests for a hundred, and one.

    ``wanted``: the names that each of them may have; who is not found by name is asked for alone. ``privileged`` is the
    group of the privileged users. Those that are not there any more are left out.
    """
    missing = set(wanted)
    if len(wanted) > FEW:
        group = members(rest, privileged)
        named = [(number, name) for number, names in wanted.items() for name in names]
        for some in slices(named, PAGE):
            chosen = _together(rest, {name for _, name in some}, group, missing)
            missing -= {seen.item.id for seen in chosen.users}
            yield chosen
    for number in sorted(missing):
        if (item := one_user(rest, number)) is not None:
            disabled, flag = flags_of(item)
            yield Chosen([Seen(item, disabled, flag)])


def _together(rest: Rest, names: set[str], group: Collection[str], wanted: Collection[int]) -> Chosen:
    """Read those who have one of these names; who is referred to by another name than its own is left out."""
    page = named_users(rest, names, WHOLE, FIELDS, disabled=True)
    asked = {name.lower() for name in names}
    if any(item.name.lower() not in asked and item.id not in wanted for item in page.items):
        raise wider("search users")
    enabled = {item.id for item in named_users(rest, names, Stamp, {"fields": "id"}, disabled=False).items}
    found = [item for item in page.items if item.id in wanted and item.reference == item.name]
    return Chosen([Seen(item, item.id not in enabled, item.name in group) for item in found], page.began)
