"""The kept snapshot: what the store must do for it, what is remembered beside the rows, and what a read returns."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from syncd.systems.rt.assets import Asset, People

FORMAT = 1


class SnapshotStore(Protocol):
    """Keeps rows by scope and key. One method call is one transaction."""

    def meta(self, scope: str) -> bytes | None:
        """Return what the last commit said about a scope."""

    def rows(self, scope: str) -> Iterator[bytes]:
        """Yield all rows of a scope, in any order."""

    def commit(
        self,
        scope: str,
        *,
        meta: bytes,
        upsert: Iterable[tuple[str, bytes]] = (),
        remove: Iterable[str] = (),
        replace: bool = False,
    ) -> None:
        """Write rows by key and drop others; with ``replace`` the scope then has the upserted rows and no others."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a snapshot besides its rows. Times are the server's.

    ``began``: when the last read began; what was changed before it is in the rows. ``full``: when the last full read
    began. ``feed``: the newest transaction that was seen; ``seen``: those within the overlap before it.
    ``unsettled``: assets that were read within the same seconds as their LastUpdated, to be read again.
    """

    format: int = FORMAT
    signature: str
    began: datetime
    full: datetime
    feed: int = 0
    seen: list[int] = []
    unsettled: list[int] = []


class AssetSnapshot(msgspec.Struct, frozen=True):
    """All assets of a schema's catalogs, in the job's own class, by rising id.

    ``as_of`` and ``full``: when this read and the last full one began, by the server's clock.
    ``how``: ``cold`` all read, ``warm`` what changed, ``listed`` what changed after listing all. ``re_read`` counts
    the assets that were read, ``misses`` what a full read found that earlier warm reads had missed.
    """

    assets: Sequence[Asset]
    people: People
    as_of: datetime
    full: datetime
    how: Literal["cold", "warm", "listed"]
    re_read: int
    misses: int = 0


def decode_meta(text: bytes | None) -> Meta | None:
    """Return the meta record, None where there is none of this format."""
    try:
        meta = msgspec.json.decode(text, type=Meta) if text else None
    except msgspec.MsgspecError:
        return None
    return meta if meta and meta.format == FORMAT else None


def load_rows(store: SnapshotStore, scope: str) -> tuple[list[bytes], list[bytes]]:
    """Return the rows of assets and those of people."""
    assets: list[bytes] = []
    people: list[bytes] = []
    for row in store.rows(scope):
        (assets if row.startswith(b"{") else people).append(row)
    return assets, people
