"""Lists of Google's APIs, page by page.

A list is whole or an error: a page that is no page, repeats a token or repeats a record ends it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from syncd import __version__
from syncd.host.clock import Clock
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.host.http import HttpClient, Reply, Request
from syncd.systems.google.errors import INCOMPLETE, INVALID, SYSTEM

Progress = Callable[[str, int, int | None], None]
"""Called with (what, done, total) after each page; total is None."""

HEADERS = {"User-Agent": f"syncd/{__version__} (gzip)"}
"""Google compresses only for agents that say gzip in their name, too."""

_TOKEN_WAITS = (1.0, 3.0)
_MOST_EMPTY_PAGES = 100
_PAGE_SIZES = (200, 100)
_RANGE = re.compile(r"\[\s*1\s*,\s*(\d+)\s*\]")

_Pages = msgspec.json.Decoder[Any]

R = TypeVar("R", bound=msgspec.Struct)


class Kind(NamedTuple, Generic[R]):
    """What is listed: what people call one, below which path, in which array of a page, and what tells one apart.

    ``page_size`` is the name of the parameter that says how many a page may have. ``about``: the object that has such
    a list, where it may not be there; its absence is NotFound.
    """

    noun: str
    path: str
    array: str
    record: type[R]
    ident: Callable[[R], str]
    page_size: str = "maxResults"
    about: str = ""

    @property
    def operation(self) -> str:
        """What errors call the reading of such a list."""
        return f"list {self.noun}s"


class _TokenRefused(Exception):
    """A page token was refused for good; the list may be started again."""


class Listing(Generic[R]):
    """One list method of the API. ``page_size`` is lowered to what Google allows."""

    def __init__(self, client: HttpClient, clock: Clock, kind: Kind[R], page_size: int) -> None:
        self._client = client
        self._clock = clock
        self._kind = kind
        self._page_size = page_size

    def read(
        self,
        params: Mapping[str, str],
        wanted: str,
        taken: Callable[[list[R], int], None],
        record: type[R] | None = None,
    ) -> dict[str, R]:
        """Return the records of one page sequence by their ids; a refused page token starts it again, once.

        ``wanted`` is the part of the ``fields`` mask for one record, ``record`` a class that has only these. ``taken``
        is called with each page, and with how many records there are so far. Raises Unavailable
        (``google.incomplete``) rather than give a part.
        """
        asked = {"fields": f"nextPageToken,{self._kind.array}({wanted})", "prettyPrint": "false", **params}
        pages = _decoder(self._kind.array, record or self._kind.record)
        try:
            return self._collect(asked, taken, pages)
        except _TokenRefused:
            pass
        try:
            return self._collect(asked, taken, pages)
        except _TokenRefused as refused:
            raise self._incomplete(f"Google refused a page token in two readings ({refused})") from refused

    def first(self, params: Mapping[str, str], wanted: str) -> R | None:
        """Return the first record of a list, None where there is none."""
        asked = {"fields": f"{self._kind.array}({wanted})", "prettyPrint": "false", **params, self._kind.page_size: "1"}
        pages = _decoder(self._kind.array, self._kind.record)
        return next(iter(self._decoded(self._send(asked), pages).records), None)

    def _collect(self, asked: Mapping[str, str], taken: Callable[[list[R], int], None], pages: _Pages) -> dict[str, R]:
        found: dict[str, R] = {}
        for records in self._read_pages(asked, pages):
            before = len(found)
            found.update(zip(map(self._kind.ident, records), records, strict=True))
            if len(found) != before + len(records):
                noun = self._kind.noun
                raise self._incomplete(f"The {noun} list holds a {noun} twice; it changed while it was read")
            taken(records, len(found))
        return found

    def _read_pages(self, asked: Mapping[str, str], pages: _Pages) -> Iterator[list[R]]:
        tokens: set[str] = set()
        token, empty = "", 0
        while True:
            page = self._decoded(self._reply(asked, token), pages)
            empty = 0 if page.records else empty + 1
            yield page.records
            token = page.next_page_token
            if not token:
                return
            if token in tokens or empty > _MOST_EMPTY_PAGES:
                raise self._incomplete(f"The {self._kind.noun} list does not end: Google repeats a page")
            tokens.add(token)

    def _decoded(self, reply: Reply, pages: _Pages) -> Any:  # noqa: ANN401 - a type made for this kind
        noun = self._kind.noun
        try:
            page = pages.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise self._incomplete(f"A page of the {noun} list is none ({shape(reply)}: {problem})") from problem
        if page.error is not msgspec.UNSET:
            raise self._incomplete(f"A page of the {noun} list holds an error in place of {noun}s")
        return page

    def _reply(self, asked: Mapping[str, str], token: str) -> Reply:
        """Ask for a page. Google at times refuses a good page token for a moment (400 invalid): it is asked again."""
        waits = iter(_TOKEN_WAITS)
        place = {"pageToken": token} if token else {}
        while True:
            try:
                return self._send({**asked, self._kind.page_size: str(self._page_size), **place})
            except ConfigurationError as refused:
                if not token and self._smaller_pages(refused):
                    continue
                if not token or refused.code != INVALID:
                    raise
                wait = next(waits, None)
                if wait is None:
                    raise _TokenRefused(refused.sentence) from refused
            self._clock.sleep(wait)

    def _send(self, params: Mapping[str, str]) -> Reply:
        return self._client.send(
            Request(
                "GET",
                self._kind.path,
                self._kind.operation,
                self._kind.about,
                params=tuple(params.items()),
                headers=HEADERS,
            )
        )

    def _smaller_pages(self, refused: ConfigurationError) -> bool:
        """Take the page size that a refusal names, or the next of those known to work."""
        if refused.code != "google.invalid_parameter":
            return False
        named = _RANGE.search(refused.sentence)
        bounds = (int(named[1]),) if named else _PAGE_SIZES
        smaller = next((bound for bound in bounds if 0 < bound < self._page_size), None)
        self._page_size = smaller or self._page_size
        return smaller is not None

    def _incomplete(self, sentence: str) -> Unavailable:
        return incomplete(sentence, self._kind.operation)


@lru_cache(maxsize=32)
def _decoder(array: str, record: type[R]) -> _Pages:
    """Make the decoder of a page: its array has another name in each list."""
    page = msgspec.defstruct(
        "Page",
        [
            ("records", list[record], msgspec.field(default_factory=list)),  # type: ignore[valid-type]
            ("next_page_token", str, ""),
            ("error", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET),
        ],
        rename={"records": array, "next_page_token": "nextPageToken"},
    )
    return msgspec.json.Decoder(page)


def incomplete(sentence: str, operation: str, about: str = "") -> Unavailable:
    """Return the error for an answer that proves nothing, of a list or about one object."""
    remedy = "its present state is not known" if about else "nothing was taken from it; try again"
    return Unavailable(f"{sentence}: {remedy}.", code=INCOMPLETE, system=SYSTEM, operation=operation, object=about)


def shape(reply: Reply) -> str:
    """Return what an answer is outwardly, for a sentence."""
    return f"{reply.headers.get('content-type', 'no type')}, {len(reply.body)} bytes"
