"""From a request to an answer: who, how much, what, and on disk."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from syncd.daemons.webhooks import bodies
from syncd.daemons.webhooks.answers import RETRY_SECONDS, Receive, Rejected, Scope, Send, answer, reject
from syncd.daemons.webhooks.committing import Committer
from syncd.daemons.webhooks.figures import Figures
from syncd.daemons.webhooks.gate import Gate, Headers, headers_of
from syncd.daemons.webhooks.records import Told
from syncd.daemons.webhooks.sources import LOCAL, Rates, Sources
from syncd.host.errors import IntegrationError
from syncd.host.listening import WebhookOptions
from syncd.state.inbox.records import Event, NewEvent, Receipt
from syncd.state.inbox.store import Inbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Front:
    """What all routes share: the gate, the rates, and what is counted."""

    options: WebhookOptions
    gate: Gate
    sources: Sources
    rates: Rates
    committer: Committer
    inbox: Inbox
    readers: ThreadPoolExecutor
    figures: Figures

    def source(self, scope: Mapping[str, Any], headers: Headers) -> str:
        """Return where a request comes from, or raise Rejected (429) for a source that made too many."""
        client = scope.get("client")
        source = self.sources.of(client[0] if client else LOCAL, headers.get(b"x-forwarded-for", b""))
        wait = self.rates.wait(source, time.monotonic())
        if wait:
            detail = f"this source makes more than {self.options.rate:g} requests a second"
            raise Rejected(429, "webhook.rate", detail, retry_after=math.ceil(wait))
        return source

    async def event(self, event_id: str, scope: Mapping[str, Any]) -> Event:
        """Return an event for somebody who asks for it; raise Rejected."""
        headers = headers_of(scope["headers"])
        message_id = self.gate.admit(headers, b"", self.source(scope, headers))
        if message_id and message_id != event_id:
            raise Rejected(401, "webhook.signature", "webhook-id has to be the id of the event that is asked for")
        try:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self.readers, self.inbox.get, event_id)
        except IntegrationError as error:
            raise self.unavailable(error) from error
        if found is None:
            raise Rejected(404, "webhook.event", "there is no event of this id")
        return found

    async def keep(self, event: NewEvent) -> Receipt:
        """Keep an event; raise Rejected (503) where that cannot be done now."""
        try:
            receipt = await self.committer.accept(event)
        except IntegrationError as error:
            raise self.unavailable(error) from error
        self.figures.kept(event.kind, duplicate=receipt.duplicate)
        return receipt

    def unavailable(self, error: IntegrationError) -> Rejected:
        """Note that the inbox cannot be used, and return what a sender is told."""
        self.figures.trouble(error)
        return Rejected(503, "webhook.unavailable", "the event cannot be kept now", retry_after=RETRY_SECONDS)


class Intake:
    """One route that takes events."""

    def __init__(self, front: Front, path: str, kind: type[bodies.Body]) -> None:
        self._front = front
        self._path = path
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            told = await self._taken(scope, receive)
        except Rejected as rejected:
            self._front.figures.answered(self._path, rejected.problem.status, rejected.problem.code)
            await reject(send, rejected)
        else:
            if told is not None:
                self._front.figures.answered(self._path, 202)
                await answer(send, 202, msgspec.json.encode(told))

    async def _taken(self, scope: Scope, receive: Receive) -> Told | None:
        """Return what to answer when the event is on disk; None for a sender that has gone."""
        if scope["method"] != "POST":
            raise Rejected(405, "webhook.method", "only POST is for this path", allow="POST")
        headers = headers_of(scope["headers"])
        source = self._front.source(scope, headers)
        text = await _body(headers, receive, self._front.options.body_bytes)
        if text is None:
            return None
        message_id = self._front.gate.admit(headers, text, source)
        event = self._read(headers, text, message_id)
        receipt = await self._front.keep(event)
        return Told(receipt.id)

    def _read(self, headers: Headers, text: bytes, message_id: str) -> NewEvent:
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type != b"application/json":
            raise Rejected(415, "webhook.media_type", "the Content-Type has to be application/json")
        try:
            return bodies.read(self._kind, text).new_event(message_id)
        except ValueError as error:
            raise Rejected(400, "webhook.body", str(error)) from None


async def _body(headers: Headers, receive: Receive, most: int) -> bytes | None:
    """Return the body, None where the sender has gone; raise Rejected (413) for one that is too long."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise Rejected(400, "webhook.header", "Content-Length is no number")
    if int(length[:18]) > most:
        raise _too_long(most)
    text: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part: bytes = message.get("body", b"")
        text += part
        if len(text) > most:
            raise _too_long(most)
        if not message.get("more_body"):
            return text


def _too_long(most: int) -> Rejected:
    return Rejected(413, "webhook.length", f"the body is longer than {most} bytes")
