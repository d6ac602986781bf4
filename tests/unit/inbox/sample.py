"""Synthetic events; ``fill`` is what the newest file of tests/fixtures/inbox holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.state.inbox.records import NewEvent
from syncd.state.inbox.store import Inbox, open_inbox

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def new(key: str, of: str = "", kind: str = "asset-created", body: bytes = b"{}") -> NewEvent:
    return NewEvent(kind=kind, sender="webhook", key=key, object=of or f"asset:{key}", body=body)


def fill(directory: Path) -> Inbox:
    """Make an inbox with an event in each state."""
    inbox = open_inbox(directory, actor="operator")
    keys = ("done", "dead", "dropped", "working", "waiting")
    ids = {key: inbox.accept([new(key)], NOW)[0].id for key in keys}
    for _ in ("done", "dead"):
        inbox.claim("a", NOW, LEASE)
    inbox.finish(ids["done"], "a", later(1), b'{"tag":"W12-00001"}')
    inbox.bury(ids["dead"], "a", later(2), "rt.not_found", "asset 17 is not there.")
    inbox.drop(ids["dropped"], later(3))
    inbox.claim("b", later(4), LEASE)
    return inbox
