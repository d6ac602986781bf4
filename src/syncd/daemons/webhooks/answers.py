"""Answers of the listener: JSON for what was taken, problem details (RFC 9457) for what was not."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from functools import cache
from http import HTTPStatus
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import msgspec

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

JSON = b"application/json"
PROBLEM = b"application/problem+json"

RETRY_SECONDS = 5
"""What a sender is told to wait when it is the listener that cannot."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not taken; ``code`` is stable, ``detail`` is for people."""

    status: int
    code: str
    detail: str


class Rejected(Exception):
    """A request that is answered with a problem. ``retry_after``: whole seconds, 0 for none."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int = 0, allow: str = "") -> None:
        super().__init__(detail)
        self.problem = Problem(status, code, detail)
        self.headers: list[tuple[bytes, bytes]] = []
        if retry_after:
            self.headers.append((b"retry-after", b"%d" % retry_after))
        if allow:
            self.headers.append((b"allow", allow.encode()))
        if status == 401:  # noqa: PLR2004 - RFC 9110, 15.5.2
            self.headers.append((b"www-authenticate", b'Bearer realm="syncd"'))


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    media_type: bytes = JSON
    headers: Sequence[tuple[bytes, bytes]] = ()

    async def over(self, send: Send) -> None:
        """Send it the way of ASGI."""
        start = [(b"content-type", self.media_type), (b"content-length", b"%d" % len(self.body)), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": start})
        await send({"type": "http.response.body", "body": self.body})

    def text(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
        """Return what goes over the wire, with more headers."""
        lines = b"".join([b"%s: %s\r\n" % each for each in chain(headers, self.headers)])
        return b"%scontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s" % (
            _status_line(self.status),
            self.media_type,
            len(self.body),
            lines,
            self.body,
        )


Reply: TypeAlias = Callable[[Answer], None]


@cache
def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())


def problem(rejected: Rejected) -> Answer:
    """Return the answer that says why."""
    return Answer(rejected.problem.status, msgspec.json.encode(rejected.problem), PROBLEM, rejected.headers)
