"""Searches, reads and writes of REST 2.0 as typed answers, and the checks that make a page trustworthy."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from syncd.host.clock import Clock
from syncd.host.dates import http_date
from syncd.host.errors import ConfigurationError, NotFound, Unavailable
from syncd.host.http import HttpClient, Reply, Request
from syncd.systems.rt.errors import answer_lost, incomplete

ROOT = "REST/2.0/"
PAGE = 100
"""Rows of a page; RT caps it silently at this (RT 5.0.3, observed)."""

T = TypeVar("T")
Criterion = dict[str, Any]


class SigningIn(Protocol):
    """What this module needs of an authenticator. ``user`` is the id or login name of the API user, or ""."""

    user: str

    def renew(self) -> bool:
        """Drop the session; true when another try makes sense."""


class _Envelope(msgspec.Struct, Generic[T]):
    items: list[T]
    count: int
    per_page: int
    total: int | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a search. ``total`` is None where RT hides it (rights that are not global).

    ``began`` and ``date``: the server's time at the start and the end of the request.
    """

    items: list[T]
    total: int | None
    full: bool
    began: datetime
    date: datetime


def criterion(field: str, operator: str, value: object) -> Criterion:
    """Return one criterion of a JSON query."""
    return {"field": field, "operator": operator, "value": value}


class Rest:
    """REST 2.0 of one RT."""

    def __init__(self, client: HttpClient, signing_in: SigningIn, clock: Clock) -> None:
        self.client = client
        self.user = signing_in.user
        self._signing_in = signing_in
        self._clock = clock

    def send(self, request: Request) -> Reply:
        """Send a request; an expired session, which RT answers with a redirect, is renewed once."""
        try:
            return self.client.send(request)
        except ConfigurationError as error:
            if error.code != "rt.redirected" or not self._signing_in.renew():
                raise
        return self.client.send(request)

    def get(self, path: str, kind: type[T], operation: str, params: Sequence[tuple[str, str]] = ()) -> T:
        """Return one object that was there a moment ago; Unavailable (``rt.incomplete``) where it is gone."""
        try:
            return self.find(path, kind, operation, params)
        except NotFound:
            raise incomplete("it is not there any more", operation) from None

    def find(self, path: str, kind: type[T], operation: str, params: Sequence[tuple[str, str]] = ()) -> T:
        """Return one object; NotFound where there is none."""
        reply = self.send(Request("GET", ROOT + path, operation, params=tuple(params)))
        return self.decode(reply, kind, operation)

    def write(self, method: str, path: str, body: Mapping[str, Any], operation: str, label: str) -> Reply:
        """Send a write; a PUT of absolute values may be repeated, a POST may not."""
        return self.send(
            Request(
                method,
                ROOT + path,
                operation,
                object=label,
                body=msgspec.json.encode(body),
                idempotent=method == "PUT",
            )
        )

    def search(
        self,
        path: str,
        query: Sequence[Criterion],
        kind: type[T],
        *,
        fields: Mapping[str, str],
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
        page: int = 1,
        per_page: int = PAGE,
        more: Sequence[tuple[str, str]] = (),
    ) -> Page[T]:
        """Return one page of a search.

        ``fields`` maps ``fields`` and ``fields[X]`` to comma separated names. Raises Unavailable (rt.incomplete) for
        a page that has fewer rows than its own numbers promise.
        """
        request = Request(
            "POST",
            ROOT + path,
            f"search {path}",
            params=_paged(fields, order, page, per_page, more),
            body=msgspec.json.encode(list(query)),
        )
        return self._checked(request, kind, page)

    def select(self, path: str, statement: str, kind: type[T], *, fields: Mapping[str, str]) -> Page[T]:
        """Return the first page, by rising ids, of what a statement in RT's SQL finds.

        RT answers a malformed statement with all there is (RT 5.0.3, observed): the caller compares what was found.
        """
        params = (("query", statement), *_paged(fields, (("id", "ASC"),), 1, PAGE, ()))
        return self._checked(Request("GET", ROOT + path, f"search {path}", params=params), kind, 1)

    def _checked(self, request: Request, kind: type[T], page: int) -> Page[T]:
        try:
            return self._page(self.send(request), kind, page, request.operation)
        except Unavailable as error:
            if error.code != "rt.incomplete":
                raise
        # RT counts after it fetched: an object that went away in between gives one page that does not add up.
        return self._page(self.send(request), kind, page, request.operation)

    def decode(self, reply: Reply, kind: type[T], operation: str) -> T:
        """Decode an answer; numbers may come as text, as RT mixes both."""
        try:
            return msgspec.json.decode(reply.body, type=kind, strict=False)
        except msgspec.MsgspecError as error:
            raise incomplete(f"it is not what REST 2.0 answers ({error})", operation) from None

    def written(self, reply: Reply, kind: type[T], operation: str, label: str) -> T:
        """Decode the answer to a write; Unavailable (``rt.answer_lost``) for one that does not tell what was done."""
        try:
            return msgspec.json.decode(reply.body, type=kind, strict=False)
        except msgspec.MsgspecError as error:
            raise answer_lost(f"its answer is not what REST 2.0 answers ({error})", operation, label) from None

    def _page(self, reply: Reply, kind: type[T], page: int, operation: str) -> Page[T]:
        envelope = self.decode(reply, _Envelope[kind], operation)  # type: ignore[valid-type]
        found = len(envelope.items)
        expected = envelope.count
        if envelope.total is not None:
            expected = min(envelope.per_page, max(0, envelope.total - envelope.per_page * (page - 1)))
        if found != expected or found != envelope.count:
            raise incomplete(f"a page has {found} rows where {expected} were announced", operation)
        date = server_date(reply, self._clock)
        began = date - timedelta(milliseconds=reply.duration_ms)
        return Page(envelope.items, envelope.total, found >= envelope.per_page, began, date)


def _paged(
    fields: Mapping[str, str],
    order: Sequence[tuple[str, str]],
    page: int,
    per_page: int,
    more: Sequence[tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a search, which are in the address whatever its form."""
    ways = [pair for name, way in order for pair in (("orderby", name), ("order", way))]
    number = [("page", str(page))] if page > 1 else []
    return (("per_page", str(per_page)), *fields.items(), *more, *ways, *number)


def server_date(reply: Reply, clock: Clock) -> datetime:
    """Return the server's time from the Date header, this machine's where there is none."""
    return http_date(reply.headers.get("date", "")) or clock.now()
