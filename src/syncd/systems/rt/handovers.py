"""When assets were given to those who have them now, from RT's transactions.

RT 5.0.3, observed: a new owner is a ``SetWatcher`` with field ``Owner``, a new holder an ``AddWatcher`` with field
``HeldBy``, and ``NewValue`` is the number of the user. An asset that is created with an owner or a holder has a
``Create`` and nothing else. ``ObjectId IN`` is taken, so a hundred assets are asked for at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from syncd.systems.rt.assets import slices
from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.feed import OVERLAP
from syncd.systems.rt.pages import Progress, wider
from syncd.systems.rt.rest import PAGE, Criterion, Page, Rest, criterion

Role = Literal["owner", "holder"]

_Pair = tuple[int, int]

_GIVEN = {"owner": ("SetWatcher", "Owner"), "holder": ("AddWatcher", "HeldBy")}
_FIELDS = {"fields": "ObjectId,Type,Field,NewValue,Created"}
_OPERATION = "search transactions"


class Handover(NamedTuple):
    """An asset that was given to a user. ``at`` is RT's time (UTC), such as ``2026-08-20T07:15:00Z``."""

    asset: int
    user: int
    at: str


class _Line(msgspec.Struct, gc=False):
    id: int
    asset: int = msgspec.field(name="ObjectId", default=0)
    type: str = msgspec.field(name="Type", default="")
    field: str | None = msgspec.field(name="Field", default="")
    user: str | int | None = msgspec.field(name="NewValue", default="")
    created: str = msgspec.field(name="Created", default="")


class Handovers:
    """Handovers to owners, or to holders."""

    def __init__(self, rest: Rest, role: Role) -> None:
        self._rest = rest
        self._type, self._field = _GIVEN[role]

    def position(self) -> int:
        """Return the number of the newest one, 0 where there is none. One request."""
        items = self._page([*self._of_role()]).items
        return items[0].id if items else 0

    def since(self, position: int) -> tuple[int, list[Handover]] | None:
        """Return the newest number, and the handovers after an earlier one, the newest first.

        One request as long as less than a page happened. Some before ``position`` are among them, for those that were
        committed late. None where RT was restored from a copy that does not know ``position``.
        """
        start = max(0, position - OVERLAP)
        lines: list[_Line] = []
        for page in self._pages([*self._of_role()]):
            lines += (line for line in page.items if line.id > start)
            if page.items[-1].id <= start:
                break
        if position and position not in {line.id for line in lines}:
            return None
        return max((line.id for line in lines), default=0), list(filter(None, map(_handover, lines)))

    def of(self, held: Iterable[_Pair], progress: Progress | None = None) -> Iterator[Handover]:
        """Yield since when users have assets, for pairs of asset and user; nothing where RT does not tell.

        A request for each hundred assets, and more of them where assets change hands often.
        """
        done = 0
        for some in slices(held, PAGE):
            yield from self._of_some(some)
            done += len(some)
            if progress:
                progress("RT handovers", done, None)

    def _of_some(self, held: Sequence[_Pair]) -> Iterator[Handover]:
        assets = sorted({asset for asset, _ in held})
        wanted = set(held)
        query = [criterion("ObjectId", "IN", assets), criterion("Type", "IN", [self._type, "Create"])]
        for page in self._pages(query):
            if not {line.asset for line in page.items} <= set(assets):
                raise wider(_OPERATION)
            for line in page.items:
                given, settled = self._told(line, wanted)
                yield from (Handover(*pair, line.created) for pair in sorted(given))
                wanted -= settled
            if not wanted:
                return

    def _told(self, line: _Line, wanted: set[_Pair]) -> tuple[set[_Pair], set[_Pair]]:
        """Return those of these pairs that a line gives the time of, and those of which no older line is to be asked.

        An asset has one owner: where the newest one is another, it has changed hands since it was read.
        """
        same = {pair for pair in wanted if pair[0] == line.asset}
        if line.type == "Create":
            return same, same
        given = _pair(line) & wanted if line.field == self._field else set()
        return given, same if line.field == "Owner" else given

    def _of_role(self) -> Iterator[Criterion]:
        yield criterion("Type", "=", self._type)
        yield criterion("Field", "=", self._field)

    def _pages(self, query: Sequence[Criterion]) -> Iterator[Page[_Line]]:
        """Yield pages, the newest lines first. Lines that may not be seen are left out, so only an empty page ends.

        ``query`` has nothing on ``id``: RT joins criteria on one field by OR (RT 5.0.3, observed).
        """
        page = self._page(query)
        while page.items:
            yield page
            last = page.items[-1].id
            page = self._page([*query, criterion("id", "<", last)])
            if page.items and page.items[0].id >= last:
                raise wider(_OPERATION)

    def _page(self, query: Sequence[Criterion]) -> Page[_Line]:
        whole = [criterion("ObjectType", "=", "RT::Asset"), *query]
        page = self._rest.search("transactions", whole, _Line, fields=_FIELDS, order=(("id", "DESC"),))
        ids = [line.id for line in page.items]
        if ids != sorted(set(ids), reverse=True):
            raise incomplete("ids do not fall as asked", _OPERATION)
        return page


def _pair(line: _Line) -> set[_Pair]:
    user = str(line.user or "")
    return {(line.asset, int(user))} if user.isdecimal() else set()


def _handover(line: _Line) -> Handover | None:
    return next((Handover(*pair, line.created) for pair in _pair(line)), None)
