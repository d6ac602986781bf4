"""The kept snapshot: what the store must do for it, what is remembered beside the rows, and what a read returns.

Assets stay in the store. Whoever reads them decodes them from there, with the fields that are wanted, pass by pass: a
hundred thousand take a fraction of a second, and no memory.
"""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Generic, Literal, Protocol, Self, TypeVar

import msgspec

from syncd.host.errors import Unavailable
from syncd.systems.rt.assets import (
    Asset,
    PackedPeople,
    People,
    Person,
    decode_rows,
    job_class,
    key_of,
    part_class,
    slices,
)
from syncd.systems.rt.schema import Schema

FORMAT = 2
_SLICE = 2_000
_IN_MEMORY = 2**22
"""Bytes of rows that wait for their commit in memory; more of them wait in a file."""

T = TypeVar("T")


class SnapshotStore(Protocol):
    """Keeps rows by scope and key. One method call is one transaction."""

    def meta(self, scope: str) -> bytes | None:
        """Return what the last commit said about a scope."""

    def count(self, scope: str) -> int:
        """Return how many rows a scope has."""

    def rows(self, scope: str) -> Iterator[bytes]:
        """Yield all rows of a scope, in the order of their keys."""

    def pick(self, scope: str, keys: Iterable[str]) -> Iterator[bytes]:
        """Yield those rows of a scope that have one of these keys, in any order."""

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
    ``unsettled``: assets that were read within the same seconds as their LastUpdated, to be read again. ``latest``:
    the latest LastUpdated of all assets. ``named``: whether names of people are as of this read too; a job that needs
    none does not look for all changes of them. ``disabled``: how many of the objects are.
    """

    format: int = FORMAT
    signature: str
    began: datetime
    full: datetime
    feed: int = 0
    seen: list[int] = []
    unsettled: list[int] = []
    latest: str = ""
    named: bool = True
    disabled: int = 0


class KeptStamp(msgspec.Struct, gc=False):
    """Number and LastUpdated of an asset that is kept."""

    id: int
    updated: str = ""


class _Roles(msgspec.Struct, gc=False):
    id: int
    owner: int = 0
    holders: tuple[int, ...] = ()


def updated_of(rows: Iterable[bytes]) -> dict[int, str]:
    """Return LastUpdated by id of rows of assets."""
    return {item.id: item.updated for item in decode_rows(rows, KeptStamp)}


class Kept:
    """What the store has of one scope: assets, and in the meta of a scope beside it the people that own or hold them.

    MsgspecError for what is not as this version writes it.
    """

    def __init__(self, store: SnapshotStore, scope: str) -> None:
        self._store = store
        self._scope = scope
        self._people_scope = f"{scope}:people"

    def meta(self) -> Meta | None:
        """Return the meta record, None where there is none of this format."""
        return decode_meta(self._store.meta(self._scope))

    def count(self) -> int:
        """Return the number of assets."""
        return self._store.count(self._scope)

    def stamps(self) -> Iterator[KeptStamp]:
        """Yield id and LastUpdated of all assets."""
        return self.read(KeptStamp)

    def updated(self, ids: Iterable[int]) -> dict[int, str]:
        """Return LastUpdated by id, of those of these ids that there are."""
        return updated_of(self._store.pick(self._scope, map(key_of, ids)))

    def pick(self, ids: Iterable[int], kind: type[T]) -> Iterator[T]:
        """Yield those of these ids that there are, as records of this class."""
        return decode_rows(self._store.pick(self._scope, map(key_of, ids)), kind)

    def marks(self) -> dict[int, int]:
        """Return a hash of each asset's row by its id; it holds in this process only."""
        marks: dict[int, int] = {}
        for some in slices(self._store.rows(self._scope), _SLICE):
            marks.update((item.id, hash(row)) for item, row in zip(decode_rows(some, KeptStamp), some, strict=True))
        return marks

    def one_asset_of(self, users: AbstractSet[int]) -> set[int]:
        """Return one asset for each of these users that owns or holds any."""
        one: dict[int, int] = {}
        for item in self.read(_Roles):
            one.update(dict.fromkeys(users & {item.owner, *item.holders}, item.id))
        return set(one.values())

    def people(self) -> PackedPeople:
        """Return all people."""
        return decode_people(self._store.meta(self._people_scope))

    def read(self, kind: type[T]) -> Iterator[T]:
        """Yield all assets as records of this class."""
        return decode_rows(self._store.rows(self._scope), kind)

    def keep(self, meta: Meta, rows: Iterable[tuple[int, bytes]], gone: Collection[int], *, replace: bool) -> None:
        """Write what a read of objects found."""
        fresh = ((key_of(number), row) for number, row in rows if number not in gone)
        encoded = msgspec.json.encode(meta)
        self._store.commit(self._scope, meta=encoded, upsert=fresh, remove=map(key_of, gone), replace=replace)

    def keep_people(self, people: Iterable[Person]) -> None:
        """Write all people, in one piece since that is read ten times as fast; before the assets that name them."""
        self._store.commit(self._people_scope, meta=encode_people(people))

    def drop(self) -> None:
        """Forget everything, so that the next read is a cold one."""
        self._store.commit(self._scope, meta=b"", replace=True)


class Rows:
    """Rows by id that wait for their commit, in a file without a name once they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY, prefix="syncd-")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, number: int, row: bytes) -> None:
        """Add a row; JSON has no line breaks of its own."""
        self._file.write(b"%d %s\n" % (number, row))

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        self._file.seek(0)
        for line in self._file:
            number, _, row = line[:-1].partition(b" ")
            yield int(number), row


class KeptObjects(Generic[T]):
    """The objects of a snapshot as records of a class, by rising id; each pass over them reads the store.

    A snapshot that cannot be decoded is dropped, and raises Unavailable (``rt.snapshot``).
    """

    def __init__(self, kept: Kept, kind: type[T], count: int) -> None:
        self._kept = kept
        self._kind = kind
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return self.read(self._kind)

    def read(self, kind: type[T]) -> Iterator[T]:
        """Yield all objects as records of another class."""
        try:
            yield from self._kept.read(kind)
        except msgspec.MsgspecError as error:
            self._kept.drop()
            raise Unavailable(
                f"The kept snapshot of RT cannot be decoded ({error}): it was dropped, and the next run reads all of "
                "RT again.",
                code="rt.snapshot",
                system="rt",
                operation="read snapshot",
            ) from None


class KeptAssets(KeptObjects[Asset]):
    """The assets of a snapshot."""

    def __init__(self, kept: Kept, schema: Schema, count: int) -> None:
        super().__init__(kept, job_class(schema.wanted), count)
        self._schema = schema

    def select(self, fields: Iterable[str]) -> Iterator[Asset]:
        """Yield all assets with their ids and what these fields need, and nothing else (``part_class``)."""
        return self.read(part_class(self._schema, fields))

    def some(self, ids: Iterable[int], fields: Iterable[str]) -> Iterator[Asset]:
        """Yield the assets with these ids as ``select`` does, in no particular order."""
        return self._kept.pick(ids, part_class(self._schema, fields))


class AssetSnapshot(msgspec.Struct, frozen=True):
    """All assets of a schema's catalogs.

    ``as_of`` and ``full``: when this read and the last full one began, by the server's clock.
    ``how``: ``cold`` all read, ``warm`` what changed, ``listed`` what changed after listing all. ``re_read`` counts
    the assets that were read, ``misses`` what a full read found that earlier warm reads had missed.
    """

    assets: KeptAssets
    people: People
    as_of: datetime
    full: datetime
    how: Literal["cold", "warm", "listed"]
    re_read: int
    misses: int = 0


def encode_people(people: Iterable[Person]) -> bytes:
    """Return people as one JSON array, which is read ten times as fast as a row for each."""
    parts = (msgspec.json.encode(some)[1:-1] for some in slices(people, _SLICE))
    return b"[" + b",".join(parts) + b"]"


def decode_people(text: bytes | None) -> PackedPeople:
    """Return the people of a JSON array; MsgspecError for what is none."""
    return PackedPeople(msgspec.json.decode(text or b"[]", type=list[Person]))


def decode_meta(text: bytes | None) -> Meta | None:
    """Return the meta record, None where there is none of this format."""
    try:
        meta = msgspec.json.decode(text, type=Meta) if text else None
    except msgspec.MsgspecError:
        return None
    return meta if meta and meta.format == FORMAT else None
