"""HTTP/1.1 with bounds: connections, length of the headers, and time for a request to arrive.

uvicorn has none of the three for what comes before a request is whole. This is its protocol on httptools, with a clock
for each connection and a count of its bytes. A sender that closes its side early still gets its answer; and a stop lets
those who have just connected, or are about to send their next request, finish it.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from syncd.daemons.webhooks.answers import RETRY_SECONDS, Answer, Rejected, problem
from syncd.daemons.webhooks.intake import Intake
from syncd.daemons.webhooks.taking import Taking

LEAVING_SECONDS = 1.0
"""How long a connection without a request stays open during a stop: its next request may be on the way."""


class Bounds(msgspec.Struct, frozen=True):
    """What a connection may do; ``turned_away`` is told why one was ended: busy, slow, long, malformed."""

    connections: int
    header_bytes: int
    seconds: float
    turned_away: Callable[[str], None]


class BoundedProtocol(HttpToolsProtocol):
    """One connection. ``bounds`` and ``intakes`` are set by a subclass (``bounded``)."""

    bounds: Bounds
    intakes: Mapping[bytes, Intake]

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._clock: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._whole = False
        self._leaving = False
        self._taking: Taking | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or end one that is too many."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            self._turn_away("busy", 503, "there are too many connections")
        else:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is not whole and too long already ends the connection."""
        if self.transport.is_closing():
            return
        if self._whole and self._clock is None:
            self._begin()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._taking is not None and self._taking.go_on():
            self._taking = None
        if not self._whole and self._clock is None:
            self._start_clock()  # most requests come in one piece and need none
        if self._in_head and self._head_bytes > self.bounds.header_bytes:
            self._too_long()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Let a sender that has sent all it had wait for the answer."""
        waits = self._whole and not self.cycle.response_complete
        if waits:
            self.cycle.keep_alive = False
        return waits

    # -- what the parser tells

    def on_message_begin(self) -> None:
        """Begin a request, perhaps in the middle of what was received."""
        super().on_message_begin()
        if self._whole:
            self._begin()

    def on_headers_complete(self) -> None:
        """Hand the request over, unless its head is too long."""
        head = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if head > self.bounds.header_bytes:
            self._head_bytes = head
            raise ValueError
        self._in_head, self._head_bytes = False, head
        intake = self.intakes.get(self.url)
        if intake is not None and self._is_plain():
            self._take(intake)
        else:
            super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if isinstance(self.cycle, Taking):
            self.cycle.add(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is ours to be quick."""
        self._whole = True
        self._stop_clock()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        """Answer what is no HTTP, or what was given up above."""
        if self._head_bytes > self.bounds.header_bytes:
            self._too_long()
        else:
            self._turn_away("malformed", 400, "this is no HTTP request")

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: there is no other protocol here."""

    def shutdown(self) -> None:
        """Let a request that is on the way come in."""
        self._leaving = True
        cycle: RequestResponseCycle | None = self.cycle
        idle = cycle is None or cycle.response_complete
        if cycle is not None:
            cycle.keep_alive = False
        self._unset_keepalive_if_required()
        self._stop_clock()
        seconds = LEAVING_SECONDS if self._whole or (idle and not self._head_bytes) else self.bounds.seconds
        self._clock = self.loop.call_later(seconds, self._out_of_time)

    # -- the short way

    def _is_plain(self) -> bool:
        """Return whether a request is one that comes whole, after the last one was answered and its answer read."""
        before: RequestResponseCycle | None = self.cycle
        return (
            self.parser.get_method() == b"POST"
            and (before is None or before.response_complete)
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
        )

    def _take(self, intake: Intake) -> None:
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self.cycle = self._taking = Taking(intake, self._end, keep_alive=keep_alive)
        self._taking.begin(self.client, self.headers)

    def _end(self, taking: Taking, answer: Answer) -> None:
        if self.transport.is_closing():
            return
        headers = self.server_state.default_headers
        self.transport.write(answer.text(headers if taking.keep_alive else [*headers, (b"connection", b"close")]))
        if not taking.keep_alive:
            self.transport.close()
        self.on_response_complete()

    # -- the clock

    def _begin(self) -> None:
        self._in_head, self._whole, self._head_bytes = True, False, 0

    def _start_clock(self) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(self.bounds.seconds, self._out_of_time)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _out_of_time(self) -> None:
        self._clock = None
        if self.transport.is_closing():
            return
        if self._whole and not self.cycle.response_complete:
            return  # it is being answered, and closed then
        if self._head_bytes and not self._whole and (self._in_head or not self.cycle.response_started):
            self._turn_away("slow", 408, "the request took too long to arrive")
        else:
            self.transport.close()

    # -- ends

    def _too_long(self) -> None:
        self._turn_away("long", 431, "the headers are too long")

    def _turn_away(self, reason: str, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        self.bounds.turned_away(reason)
        self.transport.write(_answer(status, detail))
        self.transport.close()


def bounded(bounds: Bounds, intakes: Mapping[bytes, Intake]) -> type[BoundedProtocol]:
    """Return the protocol with these bounds, for uvicorn's ``http=``; ``intakes`` by their paths."""
    return type("Bounded", (BoundedProtocol,), {"bounds": bounds, "intakes": intakes})


def _answer(status: int, detail: str) -> bytes:
    retry_after = RETRY_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else 0
    rejected = Rejected(status, "webhook.connection", detail, retry_after=retry_after)
    return problem(rejected).text([(b"connection", b"close")])
