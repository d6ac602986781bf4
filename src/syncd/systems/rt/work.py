"""One read of all objects of a kind, at the price of what changed: what assets and users have in common.

A feed of changes, and one page of what changed last with the number of all, say what moved; only that is read again.
Where the two do not agree, or RT hides its counts, or RT was restored from an older copy, ids and LastUpdated of all
are listed and compared.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from syncd.systems.rt.assets import stamp
from syncd.systems.rt.feed import Changes, Feed
from syncd.systems.rt.pages import Progress, Stamp
from syncd.systems.rt.rest import Page, Rest
from syncd.systems.rt.schema import Fields
from syncd.systems.rt.snapshot import Kept, Meta, Rows, SnapshotStore, updated_of

_log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=3)
"""An object read this soon after its LastUpdated may change again within the same second: it is read once more."""

WINDOW = timedelta(seconds=60)
"""How far before the last read LastUpdated is looked at again, for late commits and clocks of several web servers.

Looking costs nothing: only objects whose LastUpdated is another than in the snapshot are read.
"""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Whole(Protocol):
    """A whole object as RT sends it."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def updated(self) -> str:
        """Its LastUpdated."""


W = TypeVar("W", bound=Whole)


class Work(ABC, Generic[W]):
    """One read: what is kept, what is found, and what has to be kept afterwards. ``kind``: what the objects are."""

    kind: str

    def __init__(
        self, rest: Rest, schema: Fields, kept: Kept, rows: Rows, feed: Feed, progress: Progress | None
    ) -> None:
        self.rest = rest
        self.kept = kept
        self.rows = rows
        self.progress = progress
        self.fields = {cf.id: cf for cf in schema.custom_fields}
        self.feed = feed
        self.how: Literal["cold", "warm", "listed"] = "warm"
        self.count = 0
        self.fresh: dict[int, str] = {}
        self.last = ""
        self.gone: set[int] = set()
        self.unsettled: set[int] = set()
        self.replace = False
        self.counted = True
        self.rewound = False
        self.changes: Changes | None = None
        self.misses = 0
        self.meta = Meta(signature=schema.signature, began=_NEVER, full=_NEVER)

    # ---- what differs from kind to kind

    @abstractmethod
    def whole(self) -> Iterator[Page[W]]:
        """Yield all objects with all fields, by rising id."""

    @abstractmethod
    def encode(self, item: W) -> bytes:
        """Return the row of an object."""

    @abstractmethod
    def newest(self, number: int = 1) -> Page[Stamp]:
        """Return one page of the objects that changed last, latest first; ``total`` counts all."""

    @abstractmethod
    def stamps(self) -> Iterator[Page[Stamp]]:
        """Yield id and LastUpdated of all objects."""

    @abstractmethod
    def told_of(self, changes: Changes) -> frozenset[int]:
        """Return which of the objects the feed tells of."""

    @abstractmethod
    def read_since(self, since: str) -> None:
        """Read all objects that changed since then, or all that there are."""

    @abstractmethod
    def read_chosen(self, wanted: set[int]) -> None:
        """Read objects again; those that RT does not find any more are gone."""

    def kept_rows(self) -> Iterable[tuple[int, bytes]]:
        """Return the rows that were read, as they are kept."""
        return self.rows

    # ---- the ways of reading

    def told(self, meta: Meta) -> Changes:
        """Return what the feed says since the last read; asked once, before anything else is read."""
        if self.changes is None:
            self.changes = self.feed.since(meta.feed, meta.seen)
        return self.changes

    def cold(self) -> None:
        """Read everything; there is nothing to compare with."""
        self.read_all(self.feed.position())

    def full(self, meta: Meta) -> None:
        """Read everything, and compare with what was kept: what no sign told of is a miss."""
        marks = self.kept.marks()
        told = self.told(meta)
        self.read_all(told)
        changed = updated_of(row for number, row in self.kept_rows() if marks.pop(number, None) != hash(row))
        before = self.kept.updated(changed)
        if told.rewound or any(changed[number] < updated for number, updated in before.items()):
            self.note_rewound()
            return
        window = stamp(meta.began - WINDOW)
        excused = self.told_of(told) | set(meta.unsettled)
        for number, updated in changed.items():
            if number not in excused and updated < window:
                self.miss(number, "has changed" if number in before else "is new")
        for number in sorted(marks.keys() - excused) if self.counted else ():
            self.miss(number, "is gone")

    def warm(self, meta: Meta) -> None:
        """Read what changed."""
        self.count = self.kept.count()
        told = self.told(meta)
        newest = self.newest()
        self.meta = msgspec.structs.replace(
            meta, began=told.began, feed=told.newest, seen=told.seen, named=meta.named and told.named
        )
        wanted = {*meta.unsettled, *self.also(told)}
        if newest.total is None or told.date < meta.began:
            self.list_all(wanted)
        elif told.rewound or self.latest_kept(self.told_of(told)) > max(
            (item.updated for item in newest.items), default=""
        ):
            self.note_rewound()
            self.list_all(wanted)
        else:
            self.read_window(newest, stamp(meta.began - WINDOW), wanted, told)
            if self.count != newest.total and not self.replace:
                self.list_all(set())

    # ---- parts

    def also(self, told: Changes) -> set[int]:  # noqa: ARG002 - for those who need it
        """Return which objects have to be read again for another reason than their own change."""
        return set()

    def read_all(self, told: Changes) -> None:
        """Read everything, as of where the feed stands."""
        self.how, self.replace = "cold", True
        for page in self.whole():
            self.counted = page.total is not None
            self.take(page)
        self.meta = msgspec.structs.replace(
            self.meta, began=told.began, full=told.began, feed=told.newest, seen=told.seen
        )

    def read_window(self, newest: Page[Stamp], since: str, wanted: set[int], told: Changes) -> None:
        """Read what LastUpdated or the feed says has changed, from the latest change back to the last read."""
        page, number = newest, 1
        listed = {item.id for item in page.items}
        moved = recent = self.moved(page.items, since)
        # What changed lately comes first, so a page without news ends the search.
        while recent and page.full and len(listed) != newest.total and page.items[-1].updated >= since:
            if len(moved) == len(listed):
                # Everything is new so far: reading the rest whole is one request for each page, not two.
                self.read_since(since)
                if self.replace:
                    return
                moved = set()
                break
            number += 1
            page = self.newest(number)
            listed |= {item.id for item in page.items}
            recent = self.moved(page.items, since)
            moved |= recent
        unlisted = self.known(self.told_of(told) - listed).keys()
        self.read_chosen((wanted | moved | unlisted) - self.fresh.keys())

    def list_all(self, wanted: set[int]) -> None:
        """List ids and LastUpdated of all objects; read what moved, drop what is gone."""
        self.how = "listed"
        there: set[int] = set()
        for page in self.stamps():
            there |= {item.id for item in page.items}
            wanted = wanted | self.moved(page.items, "")
        self.drop({*(item.id for item in self.kept.stamps()), *self.fresh} - there)
        self.read_chosen(wanted & there)

    def known(self, numbers: Collection[int]) -> dict[int, str]:
        """Return LastUpdated of those of these objects that the snapshot has by now."""
        fresh = {number: self.fresh[number] for number in numbers if number in self.fresh}
        rest = [number for number in numbers if number not in fresh and number not in self.gone]
        return self.kept.updated(rest) | fresh if rest else fresh

    def moved(self, items: Iterable[Stamp], since: str) -> set[int]:
        """Return the ids whose LastUpdated is not the one that was kept."""
        recent = {item.id: item.updated for item in items if item.updated >= since}
        known = self.known(recent.keys())
        return {number for number, updated in recent.items() if known.get(number) != updated}

    def drop(self, numbers: set[int]) -> None:
        """Take objects for gone."""
        for number in self.known(numbers):
            self.count -= 1
            self.fresh.pop(number, None)
            self.gone.add(number)

    def take(self, page: Page[W]) -> None:
        """Take over a page of whole objects."""
        unsure = stamp(page.began - SETTLE)
        for item in page.items:
            self.rows.add(item.id, self.encode(item))
            if item.updated > unsure:
                self.unsettled.add(item.id)
        if self.replace:
            # Ids rise from page to page, and nothing asks for a single one: a note of each would be 20 MB in vain.
            self.count += len(page.items)
            self.last = max([self.last, *(item.updated for item in page.items)])
        else:
            self.note({item.id: item.updated for item in page.items})

    def note(self, fresh: Mapping[int, str]) -> None:
        """Note when each of these objects, just read, was last changed."""
        self.count += len(fresh) - len(self.known(fresh))
        self.gone -= fresh.keys()
        self.fresh |= fresh

    def keep(self) -> int:
        """Keep what was found; return how many objects were read."""
        meta = msgspec.structs.replace(
            self.meta, unsettled=sorted(self.unsettled - self.gone), latest=self.latest_now()
        )
        self.kept.keep(meta, self.kept_rows(), self.gone, replace=self.replace)
        return self.count if self.replace else len(self.fresh)

    def latest_kept(self, told: frozenset[int]) -> str:
        """Return the latest LastUpdated that was kept, of objects that the feed does not tell of."""
        return self.latest_but(told) if told else self.meta.latest

    def latest_now(self) -> str:
        """Return the latest LastUpdated of all objects as they are now."""
        if self.replace:
            return self.last
        if self.how == "warm" and not self.gone:
            return max([self.meta.latest, *self.fresh.values()])
        return self.latest_but(frozenset())

    def latest_but(self, numbers: frozenset[int]) -> str:
        """Return the latest LastUpdated of objects other than these."""
        aside = numbers | self.gone | self.fresh.keys()
        fresh = (updated for number, updated in self.fresh.items() if number not in numbers)
        return max(chain((item.updated for item in self.kept.stamps() if item.id not in aside), fresh), default="")

    def note_rewound(self) -> None:
        """Tell that RT went back in time."""
        self.rewound = True
        _log.warning(
            "RT lacks its latest changes: it was restored from a copy, or %ss were shredded; all were compared anew",
            self.kind,
            extra={"message_id": "SNAPSHOT_REBUILT", "syncd": {"SYSTEM": "rt"}},
        )

    def miss(self, number: int, what: str) -> None:
        """Report an object that changed, came or went without any sign."""
        self.misses += 1
        _log.error(
            "RT %s %d %s, and no change was announced: the kept snapshot was wrong; it is corrected",
            self.kind,
            number,
            what,
            extra={"message_id": "SNAPSHOT_MISS", "syncd": {"SYSTEM": "rt", "OBJECT": str(number)}},
        )


F = TypeVar("F", bound=Fields)
R = TypeVar("R")
K = TypeVar("K", bound=Work)  # type: ignore[type-arg]


class KeepingReader(ABC, Generic[F, K, R]):
    """Reads all objects of a kind from one RT and keeps the snapshot. ``url`` names it in the store."""

    def __init__(self, rest: Rest, store: SnapshotStore, url: str, full_read_days: float) -> None:
        self._rest = rest
        self._store = store
        self._url = url.rstrip("/")
        self._full_after = timedelta(days=full_read_days)

    @abstractmethod
    def scope(self, schema: F) -> str:
        """Return the name of the snapshot; what one API user sees is not what another one does."""

    @abstractmethod
    def _work(self, schema: F, kept: Kept, rows: Rows, progress: Progress | None) -> K:
        """Return what does one read."""

    @abstractmethod
    def _keep(self, work: K, schema: F) -> R:
        """Keep what was found, and return what there is now."""

    def read(self, schema: F, *, full: bool = False, progress: Progress | None = None) -> R:
        """Return all objects as they are now.

        ``full`` reads all of them again, compares with the snapshot, and logs what the snapshot had missed. Raises
        Unavailable (rt.incomplete) for answers that cannot be whole, and leaves the snapshot as it was.
        """
        kept = Kept(self._store, self.scope(schema))
        meta = kept.meta()
        if meta is not None and meta.signature == schema.signature:
            try:
                return self._read_again(kept, meta, schema, progress, full=full)
            except msgspec.MsgspecError:
                extra = {"message_id": "SNAPSHOT_UNREADABLE", "syncd": {"SYSTEM": "rt"}}
                _log.warning("The kept snapshot of RT cannot be decoded; all of RT is read again", extra=extra)
        with Rows() as rows:
            work = self._work(schema, kept, rows, progress)
            work.cold()
            return self._keep(work, schema)

    def _read_again(self, kept: Kept, meta: Meta, schema: F, progress: Progress | None, *, full: bool) -> R:
        with Rows() as rows:
            work = self._work(schema, kept, rows, progress)
            if full or work.told(meta).began - meta.full > self._full_after:
                work.full(meta)
            else:
                work.warm(meta)
            return self._keep(work, schema)
