"""``syncd events``: what came into the inbox, and what became of it."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import click
import msgspec

from syncd.cli.options import as_json
from syncd.cli.output import STACK_BELOW, print_json, print_table, reader_may_leave, say
from syncd.cli.session import inbox_of, settings_of
from syncd.cli.times import ago, rfc3339
from syncd.host.errors import DataError, ExitStatus
from syncd.host.logs import is_the_journal
from syncd.state.inbox.records import Event, State
from syncd.state.inbox.store import Inbox

OPEN: tuple[State, ...] = ("waiting", "working", "dead")
"""What somebody who looks wants to know of: what is still to be done, by syncd or by a person."""

DEAD: tuple[State, ...] = ("dead",)

PAGE = 500
STYLES = {"dead": "red", "waiting": "yellow", "working": "cyan", "done": "green"}

log = logging.getLogger(__name__)


@click.group()
def events() -> None:
    """List what came in, try dead letters again, or drop them.

    An event is waiting, worked on, done, dead (it needs a person), or dropped (by a person).
    """


@events.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(get_args(State)), help="Only those in this state.")
@click.option("--kind", default="", metavar="KIND", help="Only those of this kind: asset-created.")
@click.option("--all", "everything", is_flag=True, help="Those that are done or dropped, too.")
@click.option("-n", "--limit", default=100, type=click.IntRange(min=1), help="How many, the newest first [100].")
@as_json
@click.pass_context
def list_(
    ctx: click.Context, states: Sequence[State], kind: str, *, limit: int, everything: bool, as_json: bool
) -> None:
    """List events, newest first: those that wait, are worked on, or are dead."""
    wanted = () if everything else tuple(states) or OPEN
    with _inbox(ctx) as inbox:
        found = inbox.list(wanted, kind, limit)
    with reader_may_leave():
        if as_json:
            print_json([_document(event) for event in found])
            return
        now = datetime.now(UTC)
        header = ["event", "kind", "object", "state", "tries", "came", "next try", "why"]
        print_table(header, [_row(event, now) for event in found], styles=STYLES, stack_below=STACK_BELOW)
        if not found:
            say("No events." if everything else "No events that wait or are dead.")


@events.command()
@click.argument("event_id", metavar="EVENT")
@as_json
@click.pass_context
def show(ctx: click.Context, event_id: str, *, as_json: bool) -> None:
    """Show one event: what was told, and what became of it."""
    with _inbox(ctx) as inbox:
        event = _event(inbox, event_id)
    document = _document(event)
    with reader_may_leave():
        if as_json:
            print_json(document)
            return
        rows = [[name, text] for name, value in document.items() if (text := _shown(value))]
        print_table(["what", "value"], rows, stack_below=STACK_BELOW)


@events.command()
@click.argument("event_ids", metavar="EVENT...", nargs=-1)
@click.option("--dead", is_flag=True, help="All that are dead.")
@as_json
@click.pass_context
def retry(ctx: click.Context, event_ids: Sequence[str], *, dead: bool, as_json: bool) -> None:
    """Try events again, with all their tries: dead or dropped ones, and those that wait, at once."""
    if dead == bool(event_ids):
        raise click.UsageError("name events, or say --dead")
    with _inbox(ctx) as inbox:
        chosen = [event.id for event in _dead(inbox)] if dead else event_ids
        _change(inbox, chosen, inbox.requeue, "is tried again", "cannot be tried again", as_json=as_json)


@events.command()
@click.argument("event_ids", metavar="EVENT...", nargs=-1, required=True)
@as_json
@click.pass_context
def drop(ctx: click.Context, event_ids: Sequence[str], *, as_json: bool) -> None:
    """Give events up for good that wait or are dead."""
    with _inbox(ctx) as inbox:
        _change(inbox, event_ids, inbox.drop, "was dropped", "cannot be dropped", as_json=as_json)


@events.command("check")
@as_json
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> int:
    """Say whether there are dead letters, and end with status 1 where there are. A timer calls this."""
    with _inbox(ctx) as inbox:
        number, newest = _newest_dead(inbox)
    sentence = _told(number, newest)
    if as_json:
        print_json({"dead": number, "newest": _document(newest) if newest else None})
    elif not is_the_journal(sys.stdout):
        say(sentence)
    if newest is None:
        return int(ExitStatus.OK)
    fields = {"EVENT": newest.id, "KIND": newest.kind, "OBJECT": newest.object, "ERROR": newest.code}
    if is_the_journal(sys.stdout):
        log.error("%s", sentence, extra={"message_id": "DEAD_LETTERS", "syncd": fields})
    return int(ExitStatus.SOME_FAILED)


def _newest_dead(inbox: Inbox) -> tuple[int, Event | None]:
    """Return how many events are dead, and the one that died last."""
    if not inbox.by_state()["dead"]:
        return 0, None
    number, newest = 0, None
    for event in _dead(inbox):
        number += 1
        if newest is None or _death(event) > _death(newest):
            newest = event
    return number, newest


def _death(event: Event) -> tuple[datetime, str]:
    return event.finished or event.received, event.id


def _told(number: int, newest: Event | None) -> str:
    if newest is None:
        return "No events are dead."
    what = "1 event is dead" if number == 1 else f"{number} events are dead, the newest"
    return f"{what}: {newest.kind} of {newest.object}, event {newest.id}: {newest.error}"


def _inbox(ctx: click.Context) -> Inbox:
    return inbox_of(settings_of(ctx))


def _event(inbox: Inbox, event_id: str) -> Event:
    event = inbox.get(event_id)
    if event is None:
        raise DataError(
            f"there is no event {event_id!r}; syncd events list --all shows which there are.",
            code="events.unknown",
            object=event_id,
        )
    return event


def _dead(inbox: Inbox) -> Iterator[Event]:
    before = ""
    while page := inbox.list(DEAD, "", PAGE, before):
        yield from page
        before = page[-1].id


def _change(
    inbox: Inbox,
    chosen: Iterable[str],
    change: Callable[[str, datetime], bool],
    done: str,
    refused: str,
    *,
    as_json: bool,
) -> None:
    """Change events; where one of those that were named cannot be, nothing is changed."""
    named = [_event(inbox, event_id) for event_id in dict.fromkeys(chosen)]
    changed = []
    for event in named:
        if not change(event.id, datetime.now(UTC)):
            now = _event(inbox, event.id)
            raise DataError(
                f"event {event.id} is {now.state} and {refused}.", code="events.wrong_state", object=event.id
            )
        changed.append(event.id)
    if as_json:
        print_json({"events": changed})
    else:
        for event in named:
            say(f"{event.id} ({event.kind} of {event.object}) {done}.")
        if not named:
            say("No events are dead.")


def _row(event: Event, now: datetime) -> list[str]:
    next_try = ago(event.next_try, now) if event.state == "waiting" else "-"
    came = ago(event.received, now)
    return [event.id, event.kind, event.object, event.state, str(event.attempts), came, next_try, event.error or "-"]


def _document(event: Event) -> dict[str, Any]:
    times = {
        name: rfc3339(getattr(event, name)) or None for name in ("received", "next_try", "lease_until", "finished")
    }
    return {**msgspec.structs.asdict(event), **times, "body": _json(event.body), "result": _json(event.result)}


def _json(text: bytes | None) -> Any:  # noqa: ANN401 - whatever JSON can hold
    try:
        return msgspec.json.decode(text) if text else None
    except msgspec.DecodeError:
        return (text or b"").decode(errors="replace")


def _shown(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
