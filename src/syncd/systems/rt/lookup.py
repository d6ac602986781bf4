"""Finding a few assets by what they are called, in whatever spelling: one request for many texts.

RT compares the case of a Name, and white space everywhere (RT 5.0.3, observed). So it is asked for a pattern, in which
``%`` stands for anything (LIKE does not escape it), and finds more than was meant: the caller compares.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from syncd.host.errors import NotFound
from syncd.systems.rt.assets import (
    Asset,
    Person,
    Reference,
    WireAsset,
    decode_rows,
    encode_asset,
    job_class,
    people_of,
    slices,
)
from syncd.systems.rt.pages import WITH_CATALOG, matching_assets
from syncd.systems.rt.rest import PAGE, Criterion, Rest, criterion
from syncd.systems.rt.schema import Schema, custom_name


class Stranger(msgspec.Struct, frozen=True):
    """An asset outside the catalogs of the job. ``values`` are those of its custom fields, by the field's id."""

    id: int
    name: str
    status: str
    catalog: str
    values: Mapping[int, Sequence[str]]


class Looked(msgspec.Struct, frozen=True):
    """What was found, in the order of ids."""

    assets: list[Asset]
    strangers: list[Stranger]


class _Single(msgspec.Struct):
    status: str = msgspec.field(name="Status", default="")


class AssetLookup:
    """Looks for assets in all catalogs that the API user may see; ``people`` has owners and holders of those found."""

    def __init__(self, rest: Rest, schema: Schema) -> None:
        self._rest = rest
        self._schema = schema
        self._fields = {cf.id: cf for cf in schema.custom_fields}
        self._kind = job_class(schema.wanted)
        self._catalogs = {catalog.id for catalog in schema.catalogs}
        self.people: dict[int, Person] = {}

    @staticmethod
    def finds_by(field: str) -> bool:
        """Return whether assets can be found by a field: RT drops criteria on people without a word."""
        return field == "Name" or custom_name(field) is not None

    def like(self, field: str, texts: Collection[str], *, spaced: bool = False) -> Looked:
        """Return the assets whose field is like one of these texts, and others.

        ``spaced``: also with other characters anywhere between the letters and digits of a text.
        """
        patterns = sorted({_pattern(text, spaced=spaced) for text in texts})
        found = Looked([], [])
        for some in slices(patterns, PAGE):
            for page in matching_assets(self._rest, [self._criterion(field, pattern) for pattern in some]):
                self._sort(page.items, found)
        return found

    def by_id(self, number: int) -> Looked:
        """Return the asset with a number."""
        found = Looked([], [])
        page = self._rest.search("assets", [criterion("id", "=", number)], WireAsset, fields=WITH_CATALOG)
        self._sort([item for item in page.items if item.id == number], found)
        return found

    def texts(self, stranger: Stranger, field: str) -> tuple[str, ...]:
        """Return the texts of a stranger in a field that assets are found by."""
        return (stranger.name,) if field == "Name" else tuple(stranger.values.get(self._id(field), ()))

    def status(self, number: int) -> str:
        """Return the status of an asset, "" where there is none; also of a deleted one, which no search finds."""
        try:
            return self._rest.get(f"asset/{number}", _Single, "read asset").status
        except NotFound:
            return ""

    def _criterion(self, field: str, pattern: str) -> Criterion:
        if field == "Name":
            return {**criterion("Name", "LIKE", pattern), "entry_aggregator": "OR"}
        return criterion(f"CF.{{{self._id(field)}}}", "LIKE", pattern)

    def _id(self, field: str) -> int:
        return self._schema.custom_field(field).id

    def _sort(self, items: Iterable[WireAsset], found: Looked) -> None:
        ours = [item for item in items if item.catalog_id in self._catalogs]
        rows = [encode_asset(item, self._fields) for item in ours]
        found.assets.extend(decode_rows(rows, self._kind))
        self.people.update({person.id: person for item in ours for person in people_of(item)})
        found.strangers.extend(_stranger(item) for item in items if item not in ours)


def _stranger(item: WireAsset) -> Stranger:
    catalog = item.catalog.name if isinstance(item.catalog, Reference) else ""
    fields = item.custom_fields if isinstance(item.custom_fields, list) else []
    values = {cf.id: [text for text in cf.values if text and isinstance(text, str)] for cf in fields}
    return Stranger(item.id, item.name, item.status, catalog or str(item.catalog_id), values)


def _pattern(text: str, *, spaced: bool) -> str:
    """Return a text with ``%`` for what a database may compare in its own way, or take for a wildcard."""
    kept = re.findall("[0-9A-Za-z]", text) if spaced else re.findall("[0-9A-Za-z ]+", text)
    return "%".join(kept) or "%"
