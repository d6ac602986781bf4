"""Tickets about assets. One is opened once, however often it is asked for: it is found again by its subject."""

from collections.abc import Sequence

import msgspec

from syncd.host.errors import ConfigurationError, DataError, NotFound, Unavailable
from syncd.systems.rt.errors import Forbidden
from syncd.systems.rt.pages import wider
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.writing import LOST


class NewTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to open. ``subject`` is one line and names what the ticket is for as nothing else does."""

    queue: str
    subject: str
    content: str
    assets: Sequence[int] = ()


class _Listed(msgspec.Struct):
    id: int
    subject: str = msgspec.field(name="Subject", default="")


class _Created(msgspec.Struct):
    id: int


class _Queue(msgspec.Struct):
    id: int = 0
    disabled: int = msgspec.field(name="Disabled", default=0)


class Tickets:
    """Opens tickets in RT."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def check_queue(self, queue: str) -> None:
        """Make sure that a queue is there. Raises ConfigurationError ``rt.no_queue``; one request."""
        try:
            found = self._rest.find(f"queue/{queue}", _Queue, "read queue")
        except (NotFound, Forbidden):
            found = _Queue(disabled=1)
        if found.disabled:
            raise ConfigurationError(
                f'RT has no queue "{queue}" that the API user may see; name another one, or grant SeeQueue.',
                code="rt.no_queue",
                object=queue,
            )

    def find(self, queue: str, subject: str) -> list[int]:
        """Return the tickets of a queue that have this very subject, the oldest first; one request."""
        statement = f"Queue = {_quoted(queue)} AND Subject = {_quoted(subject)}"
        page = self._rest.select("tickets", statement, _Listed, fields={"fields": "Subject"})
        if any(item.subject.casefold() != subject.casefold() for item in page.items):
            raise wider("search tickets")
        return sorted(item.id for item in page.items)

    def open(self, ticket: NewTicket) -> int:
        """Return the ticket with this subject; open it where there is none. Two requests.

        Raises WriteRefused where the API user lacks CreateTicket; Unavailable where RT's answer was lost and the
        ticket is not there: it may still come, so that the next call looks again.
        """
        if found := self.find(ticket.queue, ticket.subject):
            return found[0]
        label = f"a ticket in {ticket.queue}"
        body = {
            "Queue": ticket.queue,
            "Subject": ticket.subject,
            "Content": ticket.content,
            "ContentType": "text/plain",
            "RefersTo": [f"asset:{asset}" for asset in ticket.assets],
        }
        try:
            reply = self._rest.write("POST", "ticket", body, "create", label)
            return self._rest.written(reply, _Created, "create", label).id
        except Unavailable as error:
            if error.code in LOST and (found := self.find(ticket.queue, ticket.subject)):
                return found[0]
            raise


def _quoted(text: str) -> str:
    """Return a text as TicketSQL has it; raises DataError for one that could end the quotation."""
    if not text.isprintable() or "\\" in text:
        raise DataError(f"{text!a} cannot be looked for in RT; leave out line breaks and backslashes.", code="rt.text")
    return "'" + text.replace("'", "\\'") + "'"
