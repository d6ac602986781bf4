"""Since when devices are with those who have them: from RT's transactions, and asked for once.

What was found is kept in the store beside the snapshot of the assets. The next export asks for the handovers since
then, one request where there were none, and for the assets whose holder is none that is known.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from syncd.jobs.context import RunContext
from syncd.state.scratch import Scratch
from syncd.systems.rt.handovers import Handovers, Role
from syncd.systems.rt.rest import Rest

FORMAT = 1

_MISSING = """
SELECT asset, user FROM devices WHERE NOT EXISTS
    (SELECT 1 FROM since WHERE since.asset = devices.asset AND since.user = devices.user) ORDER BY asset
"""
_GONE = """
SELECT asset, user FROM kept WHERE NOT EXISTS
    (SELECT 1 FROM devices WHERE devices.asset = kept.asset AND devices.user = kept.user)
"""
_NEW = """
SELECT since.asset, since.user, since.at FROM since JOIN devices USING (asset, user)
WHERE NOT EXISTS (SELECT 1 FROM kept WHERE kept.asset = since.asset AND kept.user = since.user AND kept.at = since.at)
"""


class _Meta(msgspec.Struct, frozen=True):
    """``position``: the number of the newest handover that was looked at."""

    format: int
    position: int


def note_handovers(scratch: Scratch, rest: Rest, role: Role, context: RunContext, scope: str) -> None:
    """Fill in since when, for all devices of the scratch database that RT tells it of."""
    store, handovers = context.store.snapshots, Handovers(rest, role)
    for name in ("kept", "since", "found"):
        scratch.run(f"CREATE TABLE {name} (asset INTEGER, user INTEGER, at TEXT, PRIMARY KEY (asset, user))")
    meta = _meta(store.meta(scope))
    told = handovers.since(meta.position) if meta else None
    known = told is not None and _take_kept(scratch, store.rows(scope))
    # Before anything is asked for: what happens from now on is told of the next time.
    position = told[0] if told and known else handovers.position()
    if told and known:
        scratch.run("INSERT INTO since SELECT * FROM kept")
        scratch.fill("INSERT OR REPLACE INTO since VALUES (?, ?, ?)", reversed(told[1]))
    missing = ((asset, user) for asset, user in scratch.read(_MISSING))
    scratch.fill("INSERT INTO found VALUES (?, ?, ?)", handovers.of(missing, context.progress))
    scratch.run("INSERT INTO since SELECT * FROM found")
    store.commit(
        scope,
        meta=msgspec.json.encode(_Meta(FORMAT, position)),
        upsert=((_key(asset, user), msgspec.json.encode((asset, user, at))) for asset, user, at in scratch.read(_NEW)),
        remove=(_key(asset, user) for asset, user in scratch.read(_GONE)),
        replace=not known,
    )
    days = ((day_of(at), asset, user) for asset, user, at in scratch.read("SELECT asset, user, at FROM since"))
    scratch.fill("UPDATE devices SET since = ? WHERE asset = ? AND user = ?", days)


def _take_kept(scratch: Scratch, rows: Iterable[bytes]) -> bool:
    """Take what was kept; return whether all of it can be read."""
    decoder = msgspec.json.Decoder(tuple[int, int, str])
    try:
        scratch.fill("INSERT INTO kept VALUES (?, ?, ?)", map(decoder.decode, rows))
    except msgspec.MsgspecError:
        scratch.run("DELETE FROM kept")
        return False
    return True


def _meta(text: bytes | None) -> _Meta | None:
    try:
        meta = msgspec.json.decode(text, type=_Meta) if text else None
    except msgspec.MsgspecError:
        return None
    return meta if meta and meta.format == FORMAT else None


def _key(asset: int, user: int) -> str:
    return f"{asset:010d}:{user}"


def day_of(moment: str) -> str:
    """Return the day of a time as RT shows it, where this machine is; what is no time is returned as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone().date().isoformat()
    except ValueError:
        return moment
