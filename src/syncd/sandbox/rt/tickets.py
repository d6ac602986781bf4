"""Tickets, as far as somebody who opens them and looks for them by subject needs them."""

import re
from typing import Final
from urllib.parse import unquote

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.records import Ticket
from syncd.sandbox.rt.resources import body_of, created
from syncd.sandbox.rt.wire import Json, forbidden, not_found, refuse, success
from syncd.sandbox.server import Answer

QUEUES: Final = {"General": 1, "Device Repair": 3}
_SUBJECT = 200  # characters that RT keeps
_CONDITION = re.compile(r"\s*(Queue|Subject)\s*=\s*'((?:[^'\\]|\\.)*)'\s*(?:AND|$)")
_LINE = "at RT/Tickets.pm line 3187.\n"


def get_queue(context: Context, key: str) -> Answer:
    """Answer ``GET /queue/NAME``, by name in any case or by number."""
    if not context.may("SeeQueue"):
        raise forbidden()
    wanted = unquote(key).lower()
    found = next(((name, number) for name, number in QUEUES.items() if wanted in (name.lower(), str(number))), None)
    if found is None:
        raise not_found()
    return success({"id": found[1], "Name": found[0], "Disabled": "0", "Lifecycle": "default"})


def create_ticket(context: Context) -> Answer:
    """Answer ``POST /ticket``; an unknown queue reads as a missing right."""
    body, world = body_of(context), context.world
    queue = next((name for name in QUEUES if name.lower() == str(body.get("Queue", "")).lower()), None)
    if queue is None or not context.may("CreateTicket"):
        raise refuse(403, f"No permission to create tickets in the queue '{body.get('Queue', '')}'")
    links = body.get("RefersTo", [])
    ticket = Ticket(
        id=max(world.tickets, default=0) + 1,
        queue=queue,
        subject=str(body.get("Subject", ""))[:_SUBJECT],
        content=str(body.get("Content", "")),
        assets=[number for link in ([links] if isinstance(links, str) else links) if (number := _asset(context, link))],
        creator=context.user.id,
        created=world.now(),
        updated=world.now(),
    )
    world.add(ticket)
    return created(context, "ticket", ticket.id)


def get_ticket(context: Context, key: str) -> Answer:
    """Answer ``GET /ticket/N``."""
    ticket = context.world.tickets.get(int(key))
    if ticket is None:
        raise not_found()
    links = [context.reference("asset", number) | {"ref": "refers-to"} for number in ticket.assets]
    body: Json = {"id": ticket.id, "Subject": ticket.subject, "Status": "new", "Type": "ticket"}
    body["Queue"] = context.reference("queue", QUEUES[ticket.queue])
    return success(body | {"_hyperlinks": links})


def search_tickets(context: Context) -> Answer:
    """Answer ``GET /tickets``: queue and subject joined by AND; anything else is refused."""
    text = context.call.first("query") or ""
    wanted = _conditions(text)
    tickets = context.world.tickets.values() if context.may("ShowTicket") else ()
    found = [ticket for ticket in tickets if all(_value(ticket, name) == value for name, value in wanted)]
    page = Page.of(context.call)
    rows = page.cut(ordered(context.call, found, {"id": lambda ticket: ticket.id}) or ())
    items = [context.reference("ticket", ticket.id) | {"Subject": ticket.subject} for ticket in rows]
    return success(envelope(context.call, page, items, len(found)))


def _conditions(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        condition = _CONDITION.match(text, at)
        if condition is None:
            raise refuse(400, f"Wrong query, expecting a OPERATOR in '{text[:at]}>here<--{text[at:]}' {_LINE}")
        found.append((condition[1], re.sub(r"\\(.)", r"\1", condition[2]).lower()))
        at = condition.end()
    return found


def _value(ticket: Ticket, name: str) -> str:
    return (ticket.queue if name == "Queue" else ticket.subject).lower()


def _asset(context: Context, link: str) -> int:
    """Return the asset that a link means, 0 for none: RT passes over a link to nothing."""
    number = str(link).removeprefix("asset:")
    return int(number) if number.isdigit() and int(number) in context.world.assets else 0
