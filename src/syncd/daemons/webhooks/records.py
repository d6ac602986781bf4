"""What the listener tells."""

from datetime import datetime

import msgspec

from syncd.state.inbox.records import Event, State


class Told(msgspec.Struct, frozen=True):
    """What a sender gets for an event; the same one again for the same event."""

    id: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An event as its sender sees it; ``result`` is there when it is done, ``code`` and ``error`` when a try failed."""

    id: str
    kind: str
    state: State
    attempts: int
    received: datetime
    next_try: datetime | None
    finished: datetime | None
    code: str
    error: str
    result: msgspec.Raw | None


class Health(msgspec.Struct, frozen=True):
    """That the listener can use its inbox."""

    status: str = "ok"


def shown(event: Event) -> Shown:
    """Return what is told of an event."""
    return Shown(
        id=event.id,
        kind=event.kind,
        state=event.state,
        attempts=event.attempts,
        received=event.received,
        next_try=event.next_try if event.finished is None else None,
        finished=event.finished,
        code=event.code,
        error=event.error,
        result=msgspec.Raw(event.result) if event.result else None,
    )
