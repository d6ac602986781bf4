"""What the last searches found, kept while nothing changes: lists are read page by page, and pages are cheap then."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from syncd.sandbox.rt.context import Context

T = TypeVar("T")
_MOST: Final = 16
_ASKED: Final = {"query", "orderby", "order", "find_disabled_rows"}


class Remembered(Generic[T]):
    """What searches of one kind found: by who asked, and what for."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[object, ...], T] = OrderedDict()
        self._version = -1

    def found(self, context: Context, search: Callable[[], T]) -> T:
        """Return what was found the last time, or what the search finds now."""
        if self._version != context.world.version:
            self._found.clear()
            self._version = context.world.version
        call = context.call
        asked = tuple((name, value) for name, value in call.query if name in _ASKED)
        key = (context.user.id, call.method, call.body, call.headers.get("content-type"), asked)
        if key not in self._found:
            self._found[key] = search()
            if len(self._found) > _MOST:
                self._found.popitem(last=False)
        return self._found[key]
