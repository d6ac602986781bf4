"""From a request to an answer: who, how much, what, and on disk."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import msgspec

from syncd.daemons.webhooks import bodies
from syncd.daemons.webhooks.answers import RETRY_SECONDS, Answer, Receive, Rejected, Reply, Scope, Send, problem
from syncd.daemons.webhooks.committing import Committer, Outcome
from syncd.daemons.webhooks.figures import Figures
from syncd.daemons.webhooks.gate import Gate, Headers, headers_of
from syncd.daemons.webhooks.records import Told
from syncd.daemons.webhooks.sources import LOCAL, Rates, Sources
from syncd.host.errors import IntegrationError
from syncd.host.listening import WebhookOptions
from syncd.state.inbox.records import Event, NewEvent, Receipt
from syncd.state.inbox.store import Inbox

ACCEPTED = 202

Client: TypeAlias = tuple[str, int]
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

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

    def source(self, client: Client | None, headers: Headers) -> str:
        """Return where a request comes from, or raise Rejected (429) for a source that made too many."""
        source = self.sources.of(client[0] if client else LOCAL, headers.get(b"x-forwarded-for", b""))
        wait = self.rates.wait(source, time.monotonic())
        if wait:
            detail = f"this source makes more than {self.options.rate:g} requests a second"
            raise Rejected(429, "webhook.rate", detail, retry_after=math.ceil(wait))
        return source

    async def event(self, event_id: str, scope: Mapping[str, Any]) -> Event:
        """Return an event for somebody who asks for it; raise Rejected."""
        headers = headers_of(scope["headers"])
        message_id = self.gate.admit(headers, b"", self.source(scope.get("client"), headers))
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

    def unavailable(self, error: IntegrationError) -> Rejected:
        """Note that the inbox cannot be used, and return what a sender is told."""
        self.figures.trouble(error)
        return Rejected(503, "webhook.unavailable", "the event cannot be kept now", retry_after=RETRY_SECONDS)


class Sender(NamedTuple):
    """Whom a request is from, by its head."""

    headers: Headers
    source: str


class Intake:
    """One route that takes events."""

    def __init__(self, front: Front, path: str, kind: type[bodies.Body]) -> None:
        self._front = front
        self.path = path
        self._kind = kind
        self.longest = front.options.body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, the way of ASGI."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        reply = partial(_settle, answered)
        try:
            sender = self.let_in(scope["method"], scope.get("client"), scope["headers"])
            text = await _body(receive, self.longest)
        except Rejected as rejected:
            self.refuse(reply, rejected)
        else:
            if text is None:
                return  # the sender has gone
            self.keep(sender, text, reply)
        await (await answered).over(send)

    def let_in(self, method: str, client: Client | None, raw: RawHeaders) -> Sender:
        """Look at the head of a request; raise Rejected."""
        if method != "POST":
            raise Rejected(405, "webhook.method", "only POST is for this path", allow="POST")
        headers = headers_of(raw)
        source = self._front.source(client, headers)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise Rejected(400, "webhook.header", "Content-Length is no number")
        if int(length[:18]) > self.longest:
            raise too_long(self.longest)
        return Sender(headers, source)

    def keep(self, sender: Sender, text: bytes, reply: Reply) -> None:
        """Take the body of a request, and answer when its event is on disk, or why there is none."""
        try:
            message_id = self._front.gate.admit(sender.headers, text, sender.source)
            event = self._read(sender.headers, text, message_id)
        except Rejected as rejected:
            self.refuse(reply, rejected)
        else:
            self._front.committer.put(event, partial(self._kept, event.kind, reply))

    def refuse(self, reply: Reply, rejected: Rejected) -> None:
        """Answer why a request is not taken."""
        self._front.figures.answered(self.path, rejected.problem.status, rejected.problem.code)
        reply(problem(rejected))

    def _kept(self, kind: str, reply: Reply, outcome: Outcome) -> None:
        if isinstance(outcome, Receipt):
            self._front.figures.kept(kind, duplicate=outcome.duplicate)
            self._front.figures.answered(self.path, ACCEPTED)
            reply(Answer(ACCEPTED, msgspec.json.encode(Told(outcome.id))))
        elif isinstance(outcome, IntegrationError):
            self.refuse(reply, self._front.unavailable(outcome))
        else:
            self.refuse(reply, defect(self.path, outcome))

    def _read(self, headers: Headers, text: bytes, message_id: str) -> NewEvent:
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type != b"application/json":
            raise Rejected(415, "webhook.media_type", "the Content-Type has to be application/json")
        try:
            return bodies.read(self._kind, text).new_event(message_id)
        except ValueError as error:
            raise Rejected(400, "webhook.body", str(error)) from None


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return the body, None where the sender has gone; raise Rejected (413) for one that is too long."""
    text: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part: bytes = message.get("body", b"")
        text += part
        if len(text) > most:
            raise too_long(most)
        if not message.get("more_body"):
            return text


def too_long(most: int) -> Rejected:
    """Return what is said of a body that is longer than ``most`` bytes."""
    return Rejected(413, "webhook.length", f"the body is longer than {most} bytes")


def defect(path: str, error: Exception) -> Rejected:
    """Log what should never happen, and return what a sender is told of it."""
    extra = {"message_id": "INTERNAL_ERROR"}
    log.error("a defect kept %s from being answered", path, exc_info=error, extra=extra)
    return Rejected(500, "webhook.defect", "a defect in syncd; its log has a traceback")


def _settle(answered: asyncio.Future[Answer], answer: Answer) -> None:
    if not answered.done():
        answered.set_result(answer)
