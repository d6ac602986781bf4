"""What ``syncd status`` knows of events: what is in the inbox, and whether the listener and a worker run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from syncd.cli.attention import Attention, how_it_ended, look_at_unit
from syncd.cli.times import moment
from syncd.host.systemd import Unit, Units
from syncd.host.units.daemons import WEBHOOKS, WORKER
from syncd.state.inbox.store import Inbox
from syncd.state.lock import WORKER_LOCK, holders


class EventCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of a kind are in each state."""

    kind: str
    waiting: int = 0
    working: int = 0
    dead: int = 0
    done: int = 0
    dropped: int = 0


class InboxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the inbox. ``oldest_waiting``: when the oldest event that waits came."""

    kinds: list[EventCounts]
    oldest_waiting: datetime | None

    def number(self, state: str) -> int:
        """Return how many events of all kinds are in a state."""
        return sum(getattr(each, state) for each in self.kinds)


class DaemonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The listener (``webhooks``) or the worker. ``state``: ``running``, ``stopped`` or ``failed``.

    ``unit`` is None where systemd knows none, or cannot be asked: of the listener nothing is known then.
    """

    daemon: str
    state: str
    since: datetime | None
    unit: Unit | None


def inbox_status(inbox: Inbox) -> InboxStatus:
    """Look at an inbox."""
    counts: dict[str, Counter[str]] = {}
    for (kind, state), number in inbox.counts().items():
        counts.setdefault(kind, Counter())[state] = number
    kinds = [EventCounts(kind=kind, **numbers) for kind, numbers in sorted(counts.items())]
    return InboxStatus(kinds=kinds, oldest_waiting=inbox.oldest_waiting())


def daemons(units: Units, state_directory: Path) -> list[DaemonStatus]:
    """Look at the listener and the worker; a worker that was started by hand is known by its lock."""
    began = [moment(each.since) for each in holders(state_directory, WORKER_LOCK)]
    known = {WEBHOOKS: [], WORKER: sorted(filter(None, began))}
    found = (_daemon(name, units.jobs.get(name), began) for name, began in known.items())
    return [each for each in found if each is not None]


def _daemon(name: str, unit: Unit | None, began: Sequence[datetime]) -> DaemonStatus | None:
    loaded = unit if unit is not None and unit.loaded else None
    if began:
        return DaemonStatus(daemon=name, state="running", since=began[0], unit=loaded)
    if loaded is None:
        return None
    state = "running" if loaded.active == "active" else "failed" if loaded.failed else "stopped"
    return DaemonStatus(daemon=name, state=state, since=loaded.started, unit=loaded)


def event_troubles(inbox: InboxStatus | None, found: Sequence[DaemonStatus], program: str) -> Iterator[Attention]:
    """Yield what a person has to look at. ``program`` begins the commands to type."""
    for each in found:
        if each.state == "failed" and each.unit:
            what = f"{each.unit.service} does not run ({how_it_ended(each.unit)})"
            yield Attention(about=each.daemon, what=what, next=[look_at_unit(each.unit)])
    if inbox is None:
        return
    if dead := inbox.number("dead"):
        what = "1 event is dead" if dead == 1 else f"{dead} events are dead"
        yield Attention(about="events", what=what, next=[f"{program} events list --state dead"])
    worker = next((each for each in found if each.daemon == WORKER), None)
    if (waiting := inbox.number("waiting")) and (worker is None or worker.state == "stopped"):
        what = f"{'1 waits' if waiting == 1 else f'{waiting} wait'}, and no worker runs"
        start = f"systemctl start {worker.unit.service}" if worker and worker.unit else f"{program} work"
        yield Attention(about="events", what=what, next=[start])
