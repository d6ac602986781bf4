"""A new asset, read by its number alone: RT tells of it early, and it may be in a catalog that no job knows.

RT 5.0.3, observed: a search finds an asset as soon as its create is committed, and never one that is deleted; GET
answers 404 before that, and 403 where the API user may not see it.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from syncd.systems.rt.assets import Asset, WireAsset, decode_rows, encode_asset, job_class, slices
from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.inspection import server_version
from syncd.systems.rt.pages import Stamp, one_asset, status_of
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.schema import Schema


class Newcomer(msgspec.Struct, frozen=True):
    """An asset as RT has it now. ``catalog`` is the name of its catalog, ``catalog_id`` the number."""

    id: int
    name: str
    status: str
    catalog: str
    catalog_id: int
    wire: WireAsset

    def read(self, schema: Schema) -> Asset:
        """Return it with the fields that a schema of its catalog asks for."""
        row = encode_asset(self.wire, {cf.id: cf for cf in schema.custom_fields})
        (asset,) = decode_rows([row], job_class(schema.wanted))
        return asset


class Newcomers:
    """Looks for single assets in all catalogs that the API user may see."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def find(self, number: int) -> Newcomer | None:
        """Return an asset; None for one that no search finds."""
        item = one_asset(self._rest, number)
        return Newcomer(item.id, item.name, item.status, item.catalog_name, item.catalog_id, item) if item else None

    def status(self, number: int) -> str:
        """Return the status of an asset that no search finds: as ``pages.status_of``."""
        return status_of(self._rest, number)

    def names_in_use(self, names: Collection[str], *, but: int) -> set[str]:
        """Return those of the names that an asset has, in capitals or not; ``but`` is an asset that does not count."""
        meant = {name.casefold(): name for name in names}
        spellings = {spelling for name in names for spelling in (name, name.lower(), name.upper())}
        found = {each.name.casefold() for each in self._named(spellings) if each.id != but}
        return {meant[name] for name in found & meant.keys()}

    def check(self) -> None:
        """Raise what keeps RT from being asked anything."""
        server_version(self._rest)

    def _named(self, names: Iterable[str]) -> Iterator[Stamp]:
        for some in slices(sorted(names), PAGE):
            last = 0
            while True:
                query = [criterion("Name", "IN", some), criterion("id", ">", last)]
                page = self._rest.search("assets", query, Stamp, fields={"fields": "Name"})
                if any(item.id <= last for item in page.items):
                    raise incomplete("ids do not rise as asked", "search assets")
                yield from page.items
                if not page.full:
                    break
                last = page.items[-1].id
