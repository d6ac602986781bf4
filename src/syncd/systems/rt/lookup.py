"""Finding a few assets by what they are called, in whatever spelling: one request for many texts.

RT compares the case of a Name, and white space everywhere (RT 5.0.3, observed). So it is asked for a pattern, in which
``%`` stands for anything (LIKE does not escape it): for all but ASCII letters and digits, which databases compare in
ways of their own. It finds more than was meant, and the caller compares.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from syncd.systems.rt.assets import (
    Asset,
    Person,
    WireAsset,
    decode_rows,
    encode_asset,
    job_class,
    people_of,
    slices,
)
from syncd.systems.rt.pages import HIDDEN, WITH_CATALOG, matching_assets, one_asset, status_of, wider
from syncd.systems.rt.rest import PAGE, Criterion, Rest, criterion
from syncd.systems.rt.schema import Schema, custom_name

_MOST_PAGES = 5
"""Pages of one question; a short key that very many have a part of is not worth more."""


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

    def called(self, name: str) -> Looked:
        """Return the assets with this name: as it is, and in other case as far as that is usual."""
        found = Looked([], [])
        spellings = sorted({name, name.upper(), name.lower(), name.title()})
        for page in matching_assets(self._rest, [criterion("Name", "IN", spellings)]):
            self._sort(page.items, found)
        return found

    def named(self, names: Collection[str]) -> Looked | None:
        """Return the assets that have one of these names, in whatever case, and others; None where they are many."""
        patterns = {"%".join(re.findall("[0-9A-Za-z ]+", name)) or "%" for name in names}
        return self._few({"entry_aggregator": "OR", **criterion("Name", "LIKE", each)} for each in sorted(patterns))

    def having(self, field: str, keys: Collection[str]) -> Looked | None:
        """Return the assets that have the letters and digits of one of these keys in a field, and others.

        None where they are many, and where RT ignores the question: it does for an API user who may see custom
        fields in some catalogs only, and answers with all assets.
        """
        if field == "Name":
            return self.named(keys)
        number = self._schema.custom_field(field).id
        patterns = sorted({"%".join(re.findall("[0-9A-Za-z]", key)) or "%" for key in keys})
        meant = re.compile("|".join(each.replace("%", ".*") for each in patterns), re.IGNORECASE | re.DOTALL)
        return self._few(
            (criterion(f"CF.{{{number}}}", "LIKE", each) for each in patterns),
            lambda item: any(map(meant.search, _texts(item).get(number, ()))),
        )

    def _few(self, criteria: Iterable[Criterion], meant: Callable[[WireAsset], bool] = lambda _: True) -> Looked | None:
        """Return what meets one of these criteria; None where that takes many pages or is not what was meant."""
        found = Looked([], [])
        for some in slices(criteria, PAGE):
            for number, page in enumerate(matching_assets(self._rest, some)):
                if number == _MOST_PAGES or not all(map(meant, page.items)):
                    return None
                self._sort(page.items, found)
        return found

    def by_id(self, number: int) -> Looked:
        """Return the asset with a number."""
        found = Looked([], [])
        item = one_asset(self._rest, number)
        self._sort([item] if item else [], found)
        return found

    def with_people(self, users: Collection[int]) -> list[Asset]:
        """Return the assets in the job's catalogs that one of these users owns or holds; a request for each hundred.

        RT answers what it cannot read with all assets (RT 5.0.3, observed), so each is compared.
        """
        found, last, page = Looked([], []), 0, None
        while users and (page is None or page.full):
            page = self._rest.select("assets", self._of_people(users, last), WireAsset, fields=WITH_CATALOG)
            if not all(item.id > last and _is_with(item, users) for item in page.items):
                raise wider("search assets")
            self._sort(page.items, found)
            last = page.items[-1].id if page.items else last
        return found.assets

    def _of_people(self, users: Collection[int], after: int) -> str:
        people = " OR ".join(f"Owner.id = {user} OR HeldBy.id = {user}" for user in sorted(users))
        catalogs = " OR ".join(f"Catalog = {catalog}" for catalog in sorted(self._catalogs))
        return f"( {people} ) AND ( {catalogs} ) AND id > {after}"

    def texts(self, stranger: Stranger, field: str) -> tuple[str, ...]:
        """Return the texts of a stranger in a field that assets are found by."""
        if field == "Name":
            return (stranger.name,)
        return tuple(stranger.values.get(self._schema.custom_field(field).id, ()))

    def status(self, number: int) -> str:
        """Return the status of an asset, "" where there is none; also of a deleted one, which no search finds."""
        status = status_of(self._rest, number)
        return "" if status == HIDDEN else status

    def _sort(self, items: Iterable[WireAsset], found: Looked) -> None:
        ours = [item for item in items if item.catalog_id in self._catalogs]
        rows = [encode_asset(item, self._fields) for item in ours]
        found.assets.extend(decode_rows(rows, self._kind))
        self.people.update({person.id: person for item in ours for person in people_of(item)})
        found.strangers.extend(_stranger(item) for item in items if item.catalog_id not in self._catalogs)


def _is_with(item: WireAsset, users: Collection[int]) -> bool:
    return any(person.id in users for person in people_of(item))


def _stranger(item: WireAsset) -> Stranger:
    return Stranger(item.id, item.name, item.status, item.catalog_name or str(item.catalog_id), _texts(item))


def _texts(item: WireAsset) -> dict[int, list[str]]:
    return {cf.id: cf.texts for cf in item.fields}
