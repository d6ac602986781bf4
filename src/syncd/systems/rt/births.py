"""The assets that RT has made since a moment, from its transactions.

RT 5.0.3, observed: ids of transactions are given before the commit, so that a lower one may show up after a higher one;
and what the API user may not see is taken out of a page after it was cut, so that a short or an empty page proves no
end. So pages are read from the newest backwards, some ids further than what was seen, and over some empty ones.
"""

import msgspec

from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.feed import Transaction
from syncd.systems.rt.rest import Page, Rest, criterion

OVERLAP = 500
"""Ids before the newest seen one that are looked at again: a long transaction is committed late."""

_EMPTY_PAGES = 3
"""Empty pages in a row that count as the end: 300 new assets of catalogs that the API user may not see."""


class Found(msgspec.Struct, frozen=True):
    """Assets that were made, and the newest transaction that told of one. ``rewound``: RT has lost newer ones."""

    assets: frozenset[int]
    newest: int
    rewound: bool = False


class Births:
    """The creates of assets in RT's transactions, of all catalogs that the API user may see."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def newest(self) -> int:
        """Return the newest transaction that tells of a new asset; 0 where there is none."""
        return max((item.id for item in self._page(0, 1).items), default=0)

    def since(self, last: int, floor: int) -> Found:
        """Return what was made after a transaction, and a little before it, but nothing that is not above ``floor``."""
        items = self._made(max(floor, last - OVERLAP))
        newest = max((item.id for item in items), default=0) or self.newest()
        if newest < last:  # RT is older than it was
            return Found(frozenset(), newest, rewound=True)
        return Found(frozenset(item.object_id for item in items), newest)

    def _made(self, start: int) -> list[Transaction]:
        found, before = list[Transaction](), list[Transaction]()
        number = empty = 0
        while empty < _EMPTY_PAGES:
            number += 1
            page = self._page(start, number)
            if page.items and page.items == before:
                raise incomplete("it gives the same page again", "search transactions")
            before = page.items
            found += page.items
            empty = 0 if page.items else empty + 1
        return found

    def _page(self, start: int, number: int) -> Page[Transaction]:
        query = [
            criterion("ObjectType", "=", "RT::Asset"),
            criterion("Type", "=", "Create"),
            criterion("id", ">", start),
        ]
        fields = {"fields": "ObjectType,ObjectId"}
        return self._rest.search(
            "transactions", query, Transaction, fields=fields, order=(("id", "DESC"),), page=number
        )
