"""Polling for new assets, the safety net under the calls of RT: a call that was lost costs minutes, not a tag.

What is found goes into the inbox under the key that a call has, so that an asset that is told and found is one event.
"""

import logging
from collections.abc import Sequence

import msgspec

from syncd.host.clock import Clock
from syncd.state.cursors import Cursors
from syncd.state.inbox.records import ASSET_CREATED, asset_created
from syncd.state.inbox.store import Inbox
from syncd.systems.rt.births import Births

SENDER = "poll"

FLOOR = f"{ASSET_CREATED}.floor"
"""The cursor below which nothing is looked at: assets that were there before the first poll keep their names."""

_AT_ONCE = 500

log = logging.getLogger(__name__)


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll came to: creates that were ``seen``, those of them that are ``new`` to the inbox, the ``position``.

    ``first``: there was no poll before this one, which only takes note of where RT stands. ``rewound``: RT has lost
    what it had told of before, as after a backup was restored; this too is then taken note of.
    """

    seen: int = 0
    new: int = 0
    position: int = 0
    first: bool = False
    rewound: bool = False


def poll(births: Births, inbox: Inbox, cursors: Cursors, clock: Clock) -> Polled:
    """Put the assets into the inbox that RT has made since the last poll; older ones never."""
    last, floor = cursors.get(ASSET_CREATED), cursors.get(FLOOR)
    if last is None or floor is None:
        return _begin(births.newest(), cursors)
    found = births.since(last, floor)
    if found.rewound:
        told = (last, found.newest)
        extra = {"message_id": "FEED_REWOUND", "syncd": {"SYSTEM": "rt"}}
        log.warning("RT had told of new assets up to transaction %d, and has %d now", *told, extra=extra)
        return msgspec.structs.replace(_begin(found.newest, cursors), first=False, rewound=True)
    new = _accept(inbox, sorted(found.assets), clock)
    # Only now: what was not accepted is found again.
    if found.newest != last:
        cursors.set(ASSET_CREATED, found.newest)
    if new:
        log.warning("%d new assets were not told by RT", new, extra={"message_id": "POLLED"})
    return Polled(seen=len(found.assets), new=new, position=found.newest)


def _begin(position: int, cursors: Cursors) -> Polled:
    cursors.set(FLOOR, position)
    cursors.set(ASSET_CREATED, position)
    return Polled(position=position, first=True)


def _accept(inbox: Inbox, assets: Sequence[int], clock: Clock) -> int:
    new = 0
    for start in range(0, len(assets), _AT_ONCE):
        events = [asset_created(asset, SENDER) for asset in assets[start : start + _AT_ONCE]]
        new += sum(not receipt.duplicate for receipt in inbox.accept(events, clock.now()))
    return new
