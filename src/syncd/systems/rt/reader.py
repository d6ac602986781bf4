"""Reading all assets of catalogs at the price of what changed.

Cold: everything, a page for each hundred assets. Warm: two requests say whether anything changed. The change feed
tells of deleted and moved assets and of changed users; one page of the assets that changed last, with the number of
all, proves it complete. Only what moved is read again. Where the two do not agree, or rights are on single catalogs
(RT then hides its counts), or RT was restored from an older copy, ids and LastUpdated of all assets are listed and
compared.
"""

from collections.abc import Iterable, Iterator

import msgspec

from syncd.systems.rt.assets import PackedPeople, Person, WireAsset, encode_asset, people_of
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
from syncd.systems.rt.snapshot import AssetSnapshot, Kept, KeptAssets, Meta, Rows
from syncd.systems.rt.work import KeepingReader, Work


class AssetWork(Work[WireAsset]):
    """One read of the assets of catalogs, and of the people that own and hold them."""

    kind = "asset"

    def __init__(self, rest: Rest, schema: Schema, kept: Kept, rows: Rows, progress: Progress | None) -> None:
        feed = Feed(rest, users=schema.people_feed, names=schema.need.names)
        super().__init__(rest, schema, kept, rows, feed, progress)
        self.schema = schema
        self.catalogs = [catalog.id for catalog in schema.catalogs]
        self.people = PackedPeople()
        self.new_people = False

    def warm(self, meta: Meta) -> None:
        """Read what changed, of people too."""
        self.people = self.kept.people()
        super().warm(meta)
        self.refresh_people()

    def whole(self) -> Iterator[Page[WireAsset]]:
        """Yield all assets of the catalogs."""
        return whole_assets(self.rest, self.catalogs, progress=self.progress)

    def encode(self, item: WireAsset) -> bytes:
        """Return the row of an asset."""
        return encode_asset(item, self.fields)

    def newest(self, number: int = 1) -> Page[Stamp]:
        """Return one page of the assets that changed last."""
        return newest_stamps(self.rest, self.catalogs, number)

    def stamps(self) -> Iterator[Page[Stamp]]:
        """Yield id and LastUpdated of all assets of the catalogs."""
        return stamps(self.rest, self.catalogs)

    def told_of(self, changes: Changes) -> frozenset[int]:
        """Return which assets the feed tells of."""
        return changes.assets

    def also(self, told: Changes) -> set[int]:
        """Return one asset for each changed user that is known: reading it again brings the new name and e-mail."""
        known = told.users & self.people.keys()
        return self.kept.one_asset_of(known) if known else set()

    def read_since(self, since: str) -> None:
        """Read all assets that changed since then."""
        moment = since.replace("T", " ").removesuffix("Z")
        for page in whole_assets(self.rest, self.catalogs, [criterion("LastUpdated", ">=", moment)], self.progress):
            if any(item.updated < since for item in page.items):
                raise wider("search assets")
            self.take(page)

    def read_chosen(self, wanted: set[int]) -> None:
        """Read assets again; those that RT does not find any more in these catalogs are gone."""
        found: set[int] = set()
        for page in chosen_assets(self.rest, wanted, self.catalogs):
            found |= {item.id for item in page.items}
            self.take(page)
        self.drop(wanted - found)

    def take(self, page: Page[WireAsset]) -> None:
        """Take over a page of whole assets, and their people."""
        super().take(page)
        self.meet(person for item in page.items for person in people_of(item))

    def keep(self) -> int:
        """Keep people before the assets that name them."""
        if self.new_people or self.replace:
            self.kept.keep_people(self.people.values())
        return super().keep()

    def meet(self, persons: Iterable[Person]) -> None:
        """Take over people."""
        for person in persons:
            if self.people.get(person.id) != person:
                self.people[person.id] = person
                self.new_people = True

    def refresh_people(self) -> None:
        """Read all users where the feed cannot tell what changed of them and the job needs their names."""
        need = self.schema.need
        blind = self.rewound or not self.schema.people_feed
        if (need.people and blind) or (need.names and not self.meta.named):
            self.meet(person for person in all_people(self.rest) if person.id in self.people)
            self.meta = msgspec.structs.replace(self.meta, named=True)


class AssetReader(KeepingReader[Schema, AssetWork, AssetSnapshot]):
    """Reads the assets of one RT."""

    def scope(self, schema: Schema) -> str:
        """Return the name of the snapshot: by API user and catalogs."""
        catalogs = ",".join(str(catalog.id) for catalog in sorted(schema.catalogs, key=lambda catalog: catalog.id))
        return f"rt:{self._url}:user:{self._rest.user or schema.me}:assets:{catalogs}"

    def _work(self, schema: Schema, kept: Kept, rows: Rows, progress: Progress | None) -> AssetWork:
        return AssetWork(self._rest, schema, kept, rows, progress)

    def _keep(self, work: AssetWork, schema: Schema) -> AssetSnapshot:
        re_read, meta = work.keep(), work.meta
        assets = KeptAssets(work.kept, schema, work.count)
        return AssetSnapshot(assets, work.people, meta.began, meta.full, work.how, re_read, work.misses)
