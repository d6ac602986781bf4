"""What goes into the inbox and comes out of it."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from syncd.host.errors import ExitStatus, IntegrationError

State: TypeAlias = Literal["waiting", "working", "done", "dead", "dropped"]
"""``dead`` needs a person: it failed too often, or can never succeed. ``dropped``: a person gave it up."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. ``key`` is told once for each kind; events of one ``object`` are worked on in order.

    ``sender``: how it came (``webhook``, ``poll``). ``object``: ``asset:17``. ``body``: JSON.
    """

    kind: str
    sender: str
    key: str
    object: str
    body: bytes


class Receipt(msgspec.Struct, frozen=True):
    """The id of an accepted event; a duplicate has that of the first."""

    id: str
    duplicate: bool


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is kept.

    ``next_try`` is when it may be claimed (again); ``holder`` and ``lease_until`` say who works on it. ``code`` and
    ``error`` are those of the last failure. ``finished``: when it was done, buried or dropped.
    """

    id: str
    kind: str
    sender: str
    key: str
    object: str
    body: bytes
    received: datetime
    state: State
    attempts: int
    next_try: datetime
    holder: str
    lease_until: datetime | None
    code: str
    error: str
    result: bytes | None
    finished: datetime | None


class NotYet(IntegrationError):
    """What an event is about is not there so far; whoever handles it says when to give up. No try is counted."""

    exit_status = ExitStatus.TRY_LATER
    retryable = True


ASSET_CREATED = "asset-created"
"""The kind of event that RT's new assets are."""


def asset_created(asset: int, sender: str) -> NewEvent:
    """Return the event that RT has made an asset, which is one however often and by whomever it is told.

    An asset is made once: its number in RT is the key.
    """
    body = msgspec.json.encode({"event": ASSET_CREATED, "asset_id": asset})
    return NewEvent(kind=ASSET_CREATED, sender=sender, key=f"asset:{asset}", object=f"asset:{asset}", body=body)
