"""Lists: paging, order, and the envelope around the items."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from syncd.sandbox.rt.wire import Json
from syncd.sandbox.server import Call

T = TypeVar("T")
_DEFAULT_SIZE: Final = 20
_LARGEST_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """What ``page`` and ``per_page`` ask for; what is not a positive number counts as not said."""

    number: int
    size: int

    @classmethod
    def of(cls, call: Call) -> "Page":
        """Read the page from a call's query."""
        size = min(_positive(_last(call, "per_page")) or _DEFAULT_SIZE, _LARGEST_SIZE)
        return cls(_positive(_last(call, "page")) or 1, size)

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """Return the rows of this page."""
        start = (self.number - 1) * self.size
        return rows[start : start + self.size]


def envelope(call: Call, page: Page, items: Sequence[object], total: int | None) -> Json:
    """Return a list as REST2 wraps it; without a total there are no pages and no next_page."""
    result: Json = {"count": len(items), "total": total, "per_page": page.size, "page": page.number, "items": items}
    result["pages"] = None if total is None else math.ceil(total / page.size) or 0.0
    pages = result["pages"] or 0
    if page.number < pages:
        result["next_page"] = _page_url(call, page.number + 1)
    if pages and page.number > 1:
        result["prev_page"] = _page_url(call, min(page.number - 1, int(pages)))
    return result


def ordered(call: Call, rows: Sequence[T], keys: Mapping[str, Callable[[T], Any]]) -> Sequence[T] | None:
    """Return rows in the order asked for (as they are, when none is), None for a column the database lacks."""
    columns = [value for name, value in call.query if name == "orderby"]
    directions = [value.upper() for name, value in call.query if name == "order"]
    known = {name.lower(): key for name, key in keys.items()}
    if any(column.lower() not in known for column in columns):
        return None
    result = list(rows) if columns else rows
    for position, column in reversed(list(enumerate(columns))):
        down = position < len(directions) and directions[position] == "DESC"
        if isinstance(result, list):
            result.sort(key=known[column.lower()], reverse=down)
    return result


def _last(call: Call, name: str) -> str:
    return next((value for key, value in reversed(call.query) if key == name), "")


def _positive(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _page_url(call: Call, number: int) -> str:
    query = list(call.query)
    at = next((i for i, (name, _) in enumerate(query) if name == "page"), None)
    if at is not None:
        # RT blanks the parameter where it stands, which leaves an odd "&=&" unless it was the last one.
        query[at] = ("", "")
        if at == len(query) - 1:
            del query[at]
    return f"{call.root}{call.path}?{urlencode([*query, ('page', str(number))])}"
