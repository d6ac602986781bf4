"""One request for an event, on the short way: no task, no messages, and its answer in one piece.

ASGI is for applications that read and answer piece by piece; its task and its messages take longer than all that is
particular to an event. A request that is not so plain still goes that way (``protocol``).
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from syncd.daemons.webhooks.answers import Answer, Rejected
from syncd.daemons.webhooks.intake import Client, Intake, RawHeaders, Sender, defect, too_long


class _Nobody:
    """Stands for the application that would wait for the next piece."""

    def set(self) -> None:
        """Wake nobody."""


_NOBODY: Any = _Nobody()


class Taking(RequestResponseCycle):
    """What uvicorn's protocol knows of a request, without an application behind it."""

    def __init__(self, intake: Intake, end: Callable[["Taking", Answer], None], *, keep_alive: bool) -> None:
        """``end`` sends the answer."""
        self.message_event = _NOBODY
        self.body = bytearray()
        self.more_body = True
        self.keep_alive = keep_alive
        self.disconnected = self.response_started = self.response_complete = False
        self._intake = intake
        self._end = end
        self._sender: Sender | None = None
        self._refused: Rejected | None = None

    def begin(self, client: Client | None, headers: RawHeaders) -> None:
        """Take the head."""
        try:
            self._sender = self._intake.let_in("POST", client, headers)
        except Rejected as rejected:
            self._refused = rejected

    def add(self, part: bytes) -> None:
        """Take a piece of the body."""
        if not self._refused:
            self.body += part
            if len(self.body) > self._intake.longest:
                self._refused = too_long(self._intake.longest)

    def go_on(self) -> bool:
        """Do what can be done with what has arrived; return whether that is all."""
        try:
            if self._refused:
                self._intake.refuse(self._reply, self._refused)
            elif self.more_body or self._sender is None:
                return False
            else:
                self._intake.keep(self._sender, bytes(self.body), self._reply)
        except Exception as error:  # noqa: BLE001 - whatever it is, its sender is answered
            self._intake.refuse(self._reply, defect(self._intake.path, error))
        return True

    def _reply(self, answer: Answer) -> None:
        if not self.response_complete:
            self.response_started = self.response_complete = True
            self._end(self, answer)
