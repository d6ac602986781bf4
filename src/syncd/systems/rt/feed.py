"""RT's change feed: transactions of assets and users since the last read.

RT 5.0.3, observed: one transaction for each change, ``total`` is always null, ids are given before the commit (so a
lower id may show up after a higher one), and rows that the API user may not see are taken out of a page after it was
cut, so that a short or empty page does not prove the end. Therefore only types are asked for that are visible to whom
sees the assets: no custom field changes (their field may be hidden), and users only where AdminUsers is proven.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from syncd.systems.rt.rest import Criterion, Page, Rest, criterion

OVERLAP = 50
"""Ids before the newest seen one that are looked at again, for transactions that were committed late."""

_FIELDS = {"fields": "ObjectType,ObjectId,Field"}
_LEAVING = ("Set", "Status")
_LEAVING_FIELDS = ("Catalog", "Status", "EmailAddress")
"""Types, and fields of theirs, that tell what LastUpdated cannot: moved and deleted assets, changed users."""
_TYPES = (*_LEAVING, "Create", "SetWatcher", "AddWatcher", "DelWatcher")


class Transaction(msgspec.Struct, gc=False):
    """One change."""

    id: int
    object_type: str = msgspec.field(name="ObjectType", default="")
    object_id: int = msgspec.field(name="ObjectId", default=0)
    type: str = msgspec.field(name="Type", default="")
    field: str = msgspec.field(name="Field", default="")


class Changes(msgspec.Struct, frozen=True):
    """What the feed told: ids of changed assets and renamed users, and where to go on next time.

    ``began`` and ``date``: the server's time at the start and the end of the first request. ``rewound``: the newest
    change that was seen is not there any more, so RT was restored from an older copy; then no changes are told.
    ``named``: whether all renames of users are told.
    """

    began: datetime
    date: datetime
    assets: frozenset[int]
    users: frozenset[int]
    newest: int
    seen: list[int]
    rewound: bool = False
    named: bool = True


class Feed:
    """The transactions that matter.

    ``users``: changes of users can be seen and are asked for. ``names``: those of their names matter. Assets have
    names too, so each page of renamed assets is looked through then.
    """

    def __init__(self, rest: Rest, *, users: bool, names: bool) -> None:
        self._rest = rest
        self._objects = ["RT::Asset", "RT::User"] if users else ["RT::Asset"]
        self._types: Sequence[str] = _TYPES
        self._names = names
        self._leaving: Criterion | None = criterion(
            "Field", "IN", [*_LEAVING_FIELDS, "Name"] if users and names else [*_LEAVING_FIELDS]
        )

    def position(self) -> Changes:
        """Return where the feed stands now, without changes. One request."""
        page = self._page(self._types, ())
        ids = {item.id for item in page.items}
        newest = max(ids, default=0)
        return Changes(page.began, page.date, frozenset(), frozenset(), newest, _overlap(ids, newest))

    def since(self, newest: int, seen: Collection[int]) -> Changes:
        """Return what changed after a position.

        One request as long as less than a page happened. Of what came before the newest full page, only what
        LastUpdated cannot tell is asked for.
        """
        start = max(0, newest - OVERLAP)
        first = page = self._page(self._types, [criterion("id", ">", start)])
        found = list(page.items)
        if newest and not page.full and newest not in {item.id for item in found}:
            return msgspec.structs.replace(self.position(), rewound=True)
        while self._leaving and page.full and page.items[-1].id > start:
            page = self._page(_LEAVING, [criterion("id", "<", page.items[-1].id), self._leaving])
            found += [item for item in page.items if item.id > start]
        fresh = [item for item in found if item.id > newest or item.id not in seen]
        last = max((item.id for item in found), default=newest)
        return Changes(
            began=first.began,
            date=first.date,
            assets=frozenset(item.object_id for item in fresh if item.object_type == "RT::Asset"),
            users=frozenset(item.object_id for item in fresh if self._tells(item)),
            newest=max(last, newest),
            seen=_overlap({*seen, *(item.id for item in found)}, max(last, newest)),
            named=self._names or page is first,
        )

    def _tells(self, item: Transaction) -> bool:
        """Return whether a transaction tells of a change of a user that matters."""
        return item.object_type == "RT::User" and item.field in ("Name", "EmailAddress")

    def _page(self, types: Sequence[str], more: Sequence[Criterion]) -> Page[Transaction]:
        """Return the newest transactions first: one page tells the position, however much happened."""
        query = [criterion("ObjectType", "IN", self._objects), criterion("Type", "IN", list(types)), *more]
        return self._rest.search("transactions", query, Transaction, fields=_FIELDS, order=(("id", "DESC"),))


def _overlap(ids: set[int], newest: int) -> list[int]:
    return sorted(number for number in ids if number > newest - OVERLAP)
