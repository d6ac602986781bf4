"""RT with a streamed fleet: searches for all assets are answered page by page, what is written is kept as ever."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec

from syncd.sandbox.rt.app import RtApp
from syncd.sandbox.rt.asset_search import COLUMNS, AssetSearch, above
from syncd.sandbox.rt.assets import links
from syncd.sandbox.rt.context import API_PATH, Context
from syncd.sandbox.rt.listing import Page, envelope
from syncd.sandbox.rt.query import criteria_of, options
from syncd.sandbox.rt.records import Asset, User
from syncd.sandbox.rt.rendering import Fields
from syncd.sandbox.rt.seed import seed
from syncd.sandbox.rt.wire import Json, Refusal, refuse, success
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer, Call
from syncd.sandbox.store import Documents
from syncd.sandbox.streamed.numbering import ASSET_MARK, USER_MARK, Numbering, chromebooks, definitions

R = TypeVar("R", Asset, User)

_ASSET = re.compile(rf"{API_PATH}/asset/(\d+)(?:/.*)?")


class StreamedRt(RtApp):
    """A stand-in with so many assets, numbered from 1; one is held from the moment that somebody asks for it alone.

    It knows the searches for all assets, for those that changed last, and for ids; others are refused (501).
    """

    def __init__(self, numbering: Numbering, documents: Documents | None = None) -> None:
        self._pattern = Pattern(numbering)
        super().__init__(documents, search=StreamedSearch(self._pattern))
        if not self.world.assets:
            seed(self.world, definitions(numbering.pattern))
        # New assets and users are numbered after the last ones that are held.
        self._pattern.put(numbering.size, self.world)
        self.world.flush()

    def _answer(self, call: Call) -> Answer:
        if found := _ASSET.fullmatch(call.path):
            self._pattern.put(int(found[1]), self.world)
        return super()._answer(call)


class Pattern:
    """The assets and users that all others are copies of, in a world of their own, with ids that are marks."""

    def __init__(self, numbering: Numbering) -> None:
        self.numbering = numbering
        self.world = RtApp().world
        self.world.add(User(id=USER_MARK, name="mark"))
        self.world.add(Asset(id=ASSET_MARK, name="mark", catalog=1, status="deleted"))
        seed(self.world, chromebooks(numbering.pattern))
        self.catalog = self.world.assets[ASSET_MARK + 1].catalog

    def put(self, number: int, world: World) -> None:
        """Put an asset, and its user, into a world that lacks them."""
        if not 1 <= number <= self.numbering.size or number in world.assets:
            return
        original, copy = self.numbering.originals[self.numbering.original(number)], self.numbering.copy(number)
        if copy.user and copy.user_id not in world.users:
            world.add(self._copied(self.world.users[original.user_id], number))
        world.add(self._copied(self.world.assets[original.asset_id], number))

    def _copied(self, record: R, number: int) -> R:
        text = self.numbering.renumbered(msgspec.json.encode(record), number)
        return msgspec.json.decode(text, type=type(record))

    def rendered(self, context: Context) -> list[bytes]:
        """Return the originals as the items of a list, as this call wants them."""
        there = Context(self.world, context.user, context.call)
        fields = Fields(there, lambda asset: links(there, asset))
        return [
            msgspec.json.encode(fields.item(self.world.assets[original.asset_id]))
            for original in self.numbering.originals
        ]


class StreamedSearch(AssetSearch):
    """Answers the searches of who keeps a copy of all assets."""

    def __init__(self, pattern: Pattern) -> None:
        super().__init__()
        self._pattern = pattern
        self._size = pattern.numbering.size
        self._rendered: dict[tuple[object, ...], list[bytes]] = {}

    def answer(self, context: Context) -> Answer:
        """Answer ``POST /assets``."""
        page, asked = Page.of(context.call), self._asked(context)
        ids, total = self._found(context.world, asked)
        start = (page.number - 1) * page.size
        items = self._items(context, islice(ids, start, start + page.size))
        return success(envelope(context.call, page, items, total if context.may("ShowAsset") else None))

    def _asked(self, context: Context) -> "_Asked":
        criteria = criteria_of(context.call, COLUMNS, context.searched_field)
        by_field = {criterion.field: criterion for criterion in criteria}
        if not criteria or len(by_field) < len(criteria) or not by_field.keys() <= {"Catalog", "id"}:
            raise _unknown()
        if "Catalog" in by_field and options(by_field["Catalog"]) != [str(self._pattern.catalog)]:
            raise _unknown()
        by_change = _by_change(context.call)
        if "id" not in by_field:
            return _Asked(by_change=by_change)
        chosen, after = options(by_field["id"]), above([by_field["id"]])
        if by_change or (chosen is None and after is None):
            raise _unknown()
        return _Asked(None if chosen is None else {int(text) for text in chosen if text.isdigit()}, after or 0)

    def _found(self, world: World, asked: "_Asked") -> tuple[Iterable[int], int]:
        """Return the ids of what is asked for, in order, and their number."""
        if asked.ids is not None:
            ids = sorted(number for number in asked.ids if self._is_there(world, number))
            return ids, len(ids)
        return (
            self._newest(world) if asked.by_change else self._rising(world, asked.after),
            self._number(world, asked.after),
        )

    def _number(self, world: World, after: int) -> int:
        """Return how many assets there are above an id."""
        live, held = world.live(self._pattern.catalog), sorted(world.assets)
        number = max(self._size - after, 0) + len(live) - bisect_right(live, after)
        return number - bisect_right(held, self._size) + bisect_right(held, min(after, self._size))

    def _is_there(self, world: World, number: int) -> bool:
        asset = world.assets.get(number)
        if asset is None:
            return 1 <= number <= self._size
        return asset.status != "deleted" and asset.catalog == self._pattern.catalog

    def _rising(self, world: World, after: int) -> Iterator[int]:
        last = max(self._size, *world.assets)
        return (number for number in range(after + 1, last + 1) if self._is_there(world, number))

    def _newest(self, world: World) -> Iterator[int]:
        """Yield ids by their last change: first those that are held, since nobody changed the others."""
        live, assets = world.live(self._pattern.catalog), world.assets
        yield from sorted(live, key=lambda number: (assets[number].updated, number), reverse=True)
        yield from (number for number in range(self._size, 0, -1) if number not in assets)

    def _items(self, context: Context, ids: Iterable[int]) -> list[Json | msgspec.Raw]:
        held, fields = context.world.assets, Fields(context, lambda asset: links(context, asset))
        originals, numbering = self._originals(context), self._pattern.numbering
        return [
            fields.item(held[number])
            if number in held
            else msgspec.Raw(numbering.renumbered(originals[numbering.original(number)], number))
            for number in ids
        ]

    def _originals(self, context: Context) -> list[bytes]:
        shown = tuple(item for item in context.call.query if item[0].startswith("fields"))
        key = (context.user.id, context.call.root, shown)
        if key not in self._rendered:
            self._rendered[key] = self._pattern.rendered(context)
        return self._rendered[key]


class _Asked(NamedTuple):
    """What a search is for: the assets with these ids, or all above one; those that changed last come first or not."""

    ids: set[int] | None = None
    after: int = 0
    by_change: bool = False


def _by_change(call: Call) -> bool:
    """Tell whether the assets that changed last come first; they come by their ids where no order is asked for."""
    columns, ways = ([value for name, value in call.query if name == asked] for asked in ("orderby", "order"))
    first = (*columns[:1], *ways[:1])
    if first not in ((), ("id",), ("id", "ASC"), ("LastUpdated", "DESC")):
        raise _unknown()
    return first == ("LastUpdated", "DESC")


def _unknown() -> Refusal:
    return refuse(501, "A streamed fleet has no search like this")
