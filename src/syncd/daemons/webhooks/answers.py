"""Answers of the listener: JSON for what was taken, problem details (RFC 9457) for what was not."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

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


async def answer(
    send: Send, status: int, body: bytes, media_type: bytes = JSON, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole answer."""
    start = [(b"content-type", media_type), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def reject(send: Send, rejected: Rejected) -> None:
    """Send a problem."""
    body = msgspec.json.encode(rejected.problem)
    await answer(send, rejected.problem.status, body, PROBLEM, rejected.headers)
