"""Reading all assets of catalogs at the price of what changed.

Cold: everything, a page for each hundred assets. Warm: two requests say whether anything changed. The change feed
tells of deleted and moved assets and of changed users; one page of the assets that changed last, with the number of
all, proves it complete. Only what moved is read again. Where the two do not agree, or rights are on single catalogs
(RT then hides its counts), or RT was restored from an older copy, ids and LastUpdated of all assets are listed and
compared.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Literal

import msgspec

from syncd.systems.rt.assets import Person, WireAsset, encode_asset, people_of, stamp
from syncd.systems.rt.feed import Changes, Feed
from syncd.systems.rt.pages import (
    Progress,
    Stamp,
    all_people,
    chosen_assets,
    newest_stamps,
    stamps,
    whole_assets,
    wider,
)
from syncd.systems.rt.rest import Page, Rest, criterion
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot, Kept, KeptAssets, Meta, Rows, SnapshotStore, updated_of

_log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=3)
"""An asset read this soon after its LastUpdated may change again within the same second: it is read once more."""

WINDOW = timedelta(seconds=60)
"""How far before the last read LastUpdated is looked at again, for late commits and clocks of several web servers.

Looking costs nothing: only assets whose LastUpdated is another than in the snapshot are read.
"""


_NEVER = datetime.min.replace(tzinfo=UTC)


class AssetReader:
    """Reads the assets of one RT and keeps the snapshot. ``url`` names it in the store."""

    def __init__(self, rest: Rest, store: SnapshotStore, url: str, full_read_days: float) -> None:
        self._rest = rest
        self._store = store
        self._url = url.rstrip("/")
        self._full_after = timedelta(days=full_read_days)

    def scope(self, schema: Schema) -> str:
        """Return the name of the snapshot; what one API user sees is not what another one does."""
        catalogs = ",".join(str(catalog.id) for catalog in sorted(schema.catalogs, key=lambda catalog: catalog.id))
        return f"rt:{self._url}:user:{self._rest.user or schema.me}:assets:{catalogs}"

    def read(self, schema: Schema, *, full: bool = False, progress: Progress | None = None) -> AssetSnapshot:
        """Return all assets as they are now.

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
            work = _Work(self._rest, schema, kept, rows, progress)
            work.cold()
            return work.snapshot()

    def _read_again(
        self, kept: Kept, meta: Meta, schema: Schema, progress: Progress | None, *, full: bool
    ) -> AssetSnapshot:
        with Rows() as rows:
            work = _Work(self._rest, schema, kept, rows, progress)
            if full or work.told(meta).began - meta.full > self._full_after:
                work.full(meta)
            else:
                work.warm(meta)
            return work.snapshot()


class _Work:
    """One read: what is kept, what is found, and what has to be kept afterwards."""

    def __init__(self, rest: Rest, schema: Schema, kept: Kept, rows: Rows, progress: Progress | None) -> None:
        self.rest = rest
        self.schema = schema
        self.kept = kept
        self.rows = rows
        self.progress = progress
        self.catalogs = [catalog.id for catalog in schema.catalogs]
        self.fields = {cf.id: cf for cf in schema.custom_fields}
        self.feed = Feed(rest, users=schema.people_feed, names=schema.need.names)
        self.how: Literal["cold", "warm", "listed"] = "warm"
        self.count = 0
        self.people: dict[int, Person] = {}
        self.fresh: dict[int, str] = {}
        self.newest = ""
        self.new_people = False
        self.gone: set[int] = set()
        self.unsettled: set[int] = set()
        self.replace = False
        self.counted = True
        self.rewound = False
        self.changes: Changes | None = None
        self.misses = 0
        self.meta = Meta(signature=schema.signature, began=_NEVER, full=_NEVER)

    def snapshot(self) -> AssetSnapshot:
        """Keep what was found, and return what there is now."""
        meta = msgspec.structs.replace(
            self.meta, unsettled=sorted(self.unsettled - self.gone), latest=self.latest_now()
        )
        if self.new_people or self.replace:
            self.kept.keep_people(self.people.values())
        self.kept.keep(meta, self.rows, self.gone, replace=self.replace)
        assets = KeptAssets(self.kept, self.schema, self.count)
        re_read = self.count if self.replace else len(self.fresh)
        return AssetSnapshot(assets, self.people, meta.began, meta.full, self.how, re_read, self.misses)

    # ---- the three ways of reading

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
        changed = updated_of(row for number, row in self.rows if marks.pop(number, None) != hash(row))
        before = self.kept.updated(changed)
        if told.rewound or any(changed[number] < updated for number, updated in before.items()):
            self.note_rewound()
            return
        window = stamp(meta.began - WINDOW)
        excused = told.assets | set(meta.unsettled)
        for number, updated in changed.items():
            if number not in excused and updated < window:
                self.miss(number, "has changed" if number in before else "is new")
        for number in sorted(marks.keys() - excused) if self.counted else ():
            self.miss(number, "is gone")

    def warm(self, meta: Meta) -> None:
        """Read what changed."""
        self.count = self.kept.count()
        self.people = self.kept.people()
        told = self.told(meta)
        newest = newest_stamps(self.rest, self.catalogs)
        self.meta = msgspec.structs.replace(
            meta, began=told.began, feed=told.newest, seen=told.seen, named=meta.named and told.named
        )
        wanted = {*meta.unsettled, *self.users_assets(told.users)}
        if newest.total is None or told.date < meta.began:
            self.list_all(wanted)
        elif told.rewound or self.latest_kept(told.assets) > max((item.updated for item in newest.items), default=""):
            self.note_rewound()
            self.list_all(wanted)
        else:
            self.read_window(newest, stamp(meta.began - WINDOW), wanted, told)
            if self.count != newest.total:
                self.list_all(set())
        self.refresh_people()

    # ---- parts

    def read_all(self, told: Changes) -> None:
        self.how, self.replace = "cold", True
        for page in whole_assets(self.rest, self.catalogs, progress=self.progress):
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
                moved = set()
                break
            number += 1
            page = newest_stamps(self.rest, self.catalogs, number)
            listed |= {item.id for item in page.items}
            recent = self.moved(page.items, since)
            moved |= recent
        unlisted = self.known(told.assets - listed).keys()
        self.read_chosen((wanted | moved | unlisted) - self.fresh.keys())

    def read_since(self, since: str) -> None:
        moment = since.replace("T", " ").removesuffix("Z")
        for page in whole_assets(self.rest, self.catalogs, [criterion("LastUpdated", ">=", moment)], self.progress):
            if any(item.updated < since for item in page.items):
                raise wider("search assets")
            self.take(page)

    def list_all(self, wanted: set[int]) -> None:
        """List ids and LastUpdated of all assets; read what moved, drop what is gone."""
        self.how = "listed"
        there: set[int] = set()
        for page in stamps(self.rest, self.catalogs):
            there |= {item.id for item in page.items}
            wanted = wanted | self.moved(page.items, "")
        self.drop({*(item.id for item in self.kept.stamps()), *self.fresh} - there)
        self.read_chosen(wanted & there)

    def known(self, numbers: Collection[int]) -> dict[int, str]:
        """Return LastUpdated of those of these assets that the snapshot has by now."""
        fresh = {number: self.fresh[number] for number in numbers if number in self.fresh}
        rest = [number for number in numbers if number not in fresh and number not in self.gone]
        return self.kept.updated(rest) | fresh if rest else fresh

    def moved(self, items: Iterable[Stamp], since: str) -> set[int]:
        """Return the ids whose LastUpdated is not the one that was kept."""
        recent = {item.id: item.updated for item in items if item.updated >= since}
        known = self.known(recent.keys())
        return {number for number, updated in recent.items() if known.get(number) != updated}

    def read_chosen(self, wanted: set[int]) -> None:
        """Read assets again; those that RT does not find any more in these catalogs are gone."""
        found: set[int] = set()
        for page in chosen_assets(self.rest, wanted, self.catalogs):
            found |= {item.id for item in page.items}
            self.take(page)
        self.drop(wanted - found)

    def drop(self, numbers: set[int]) -> None:
        for number in self.known(numbers):
            self.count -= 1
            self.fresh.pop(number, None)
            self.gone.add(number)

    def take(self, page: Page[WireAsset]) -> None:
        """Take over a page of whole assets."""
        unsure = stamp(page.began - SETTLE)
        for item in page.items:
            self.rows.add(item.id, encode_asset(item, self.fields))
            if item.updated > unsure:
                self.unsettled.add(item.id)
        if self.replace:
            # Ids rise from page to page, and nothing asks for a single asset: a note of each would be 20 MB in vain.
            self.count += len(page.items)
            self.newest = max([self.newest, *(item.updated for item in page.items)])
        else:
            self.note({item.id: item.updated for item in page.items})
        self.meet(person for item in page.items for person in people_of(item))

    def note(self, fresh: Mapping[int, str]) -> None:
        """Note when each of these assets, just read, was last changed."""
        self.count += len(fresh) - len(self.known(fresh))
        self.gone -= fresh.keys()
        self.fresh |= fresh

    def meet(self, persons: Iterable[Person]) -> None:
        for person in persons:
            if self.people.get(person.id) != person:
                self.people[person.id] = person
                self.new_people = True

    def users_assets(self, users: frozenset[int]) -> set[int]:
        """Return one asset for each changed user that is known: reading it again brings the new name and e-mail."""
        known = users & self.people.keys()
        return self.kept.one_asset_of(known) if known else set()

    def refresh_people(self) -> None:
        """Read all users where the feed cannot tell what changed of them and the job needs their names."""
        need = self.schema.need
        blind = self.rewound or not self.schema.people_feed
        if (need.people and blind) or (need.names and not self.meta.named):
            self.meet(person for person in all_people(self.rest) if person.id in self.people)
            self.meta = msgspec.structs.replace(self.meta, named=True)

    def latest_kept(self, told: frozenset[int]) -> str:
        """Return the latest LastUpdated that was kept, of assets that the feed does not tell of."""
        return self.latest_but(told) if told else self.meta.latest

    def latest_now(self) -> str:
        """Return the latest LastUpdated of all assets as they are now."""
        if self.replace:
            return self.newest
        if self.how == "warm" and not self.gone:
            return max([self.meta.latest, *self.fresh.values()])
        return self.latest_but(frozenset())

    def latest_but(self, numbers: frozenset[int]) -> str:
        """Return the latest LastUpdated of assets other than these."""
        aside = numbers | self.gone | self.fresh.keys()
        fresh = (updated for number, updated in self.fresh.items() if number not in numbers)
        return max(chain((item.updated for item in self.kept.stamps() if item.id not in aside), fresh), default="")

    def note_rewound(self) -> None:
        """Tell that RT went back in time."""
        self.rewound = True
        _log.warning(
            "RT lacks its latest changes: it was restored from a copy, or assets were shredded; all were compared anew",
            extra={"message_id": "SNAPSHOT_REBUILT", "syncd": {"SYSTEM": "rt"}},
        )

    def miss(self, number: int, what: str) -> None:
        """Report an asset that changed, came or went without any sign."""
        self.misses += 1
        _log.error(
            "RT asset %d %s, and no change was announced: the kept snapshot was wrong; it is corrected",
            number,
            what,
            extra={"message_id": "SNAPSHOT_MISS", "syncd": {"SYSTEM": "rt", "OBJECT": str(number)}},
        )
