"""Writing assets, and reading back whether it happened.

RT 5.0.3, observed: a refused update answers 200 with a sentence, an unknown field is dropped without one, a PUT is
not atomic, and roles take any e-mail address by making a user of it. So values are sent in the one form that RT
stores as meant, people are looked up first and sent as numbers, and only a read proves a write.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from syncd.host.errors import IntegrationError, Unavailable, WriteRefused
from syncd.systems.rt.assets import Asset, Person, WireAsset, decode_rows, encode_asset, job_class, people_of, slices
from syncd.systems.rt.errors import create_unknown
from syncd.systems.rt.pages import chosen_assets, people_by
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.schema import Schema, Value, texts_of
from syncd.systems.rt.writing import LOST, Answer, FieldWriter, unwritable

__all__ = ["Answer", "AssetWriter"]


class _Created(msgspec.Struct):
    id: int


class AssetWriter(FieldWriter[Schema]):
    """Writes assets of one job. Usable from many threads.

    Values are those of ``Schema.reads_back``.
    """

    def __init__(self, rest: Rest, schema: Schema) -> None:
        super().__init__(rest, schema)
        self._fields = {cf.id: cf for cf in schema.custom_fields}
        self._kind = job_class(schema.wanted)
        self._users: dict[tuple[str, str], int] = {}
        self.people: dict[int, Person] = {}

    def update_asset(self, asset: int, changes: Mapping[str, Value]) -> Answer:
        """Write fields of an asset. One request, and one more for people that were not looked up before.

        Raises WriteRefused with RT's sentence; other fields of the same update may have been written then. After a
        500 the answer is unproven: RT may have done part of it.
        """
        label = f"asset {asset}"
        self._refuse_bad(label, changes)
        return self._update(f"asset/{asset}", label, changes, self._body(label, changes), _remedy)

    def create_asset(self, catalog: int, fields: Mapping[str, Value], *, key: str = "") -> int:
        """Create an asset and return its id.

        ``key`` names the custom field by which the asset can be found again when RT's answer is lost: exactly one
        hit is taken for ours, none or several raise. Raises WriteRefused with RT's sentence; nothing is left then.
        """
        value = fields.get(key)
        label = f"new asset {value or fields.get('Name') or ''}".strip()
        self._refuse_bad(label, fields)
        kept = {field: value for field, value in fields.items() if value}
        body = {"Catalog": str(catalog), **self._body(label, kept)}
        try:
            reply = self._rest.write("POST", "asset", body, "create", label)
            return self._rest.written(reply, _Created, "create", label).id
        except Unavailable as error:
            if error.code not in LOST or not isinstance(value, str):
                raise
            return self._adopt(label, key, value, error)

    def find_assets(self, cf_id: int, values: Iterable[str], *, anywhere: bool = False) -> dict[str, list[int]]:
        """Return the assets, in the job's catalogs or ``anywhere``, that have exactly one of these values.

        Value to ids, one request for a hundred values. Values without a hit are left out.
        """
        found: dict[str, list[int]] = {}
        for some in slices(sorted(set(values)), PAGE):
            for asset, text in self._matches(cf_id, some, anywhere=anywhere):
                found.setdefault(text, []).append(asset)
        return found

    def read_assets(self, ids: Collection[int]) -> dict[int, Asset]:
        """Read assets again: one request for a hundred. Deleted and hidden ones are left out.

        ``people`` then has their owners and holders.
        """
        found: dict[int, Asset] = {}
        for page in chosen_assets(self._rest, set(ids)):
            rows = [encode_asset(item, self._fields) for item in page.items if self._ours(item)]
            found.update({asset.id: asset for asset in decode_rows(rows, self._kind)})
            self.people.update({person.id: person for item in page.items for person in people_of(item)})
        return found

    def prepare(self, changes: Iterable[Mapping[str, Value]]) -> None:
        """Look up in bulk the people that these changes name, so that each update is one request."""
        wanted: dict[str, set[str]] = {"Name": set(), "EmailAddress": set()}
        for change in changes:
            for field, value in change.items():
                if (part := _person_part(field)) and value:
                    wanted[part].update(texts_of(value))
        for part, texts in wanted.items():
            self._look_up(part, {text for text in texts if (part, text.lower()) not in self._users})

    def _ours(self, item: WireAsset) -> bool:
        """Whether an asset is in the job's catalogs: one that was moved away has other custom fields."""
        return item.catalog_id in {catalog.id for catalog in self._schema.catalogs}

    def _adopt(self, label: str, key: str, value: str, error: IntegrationError) -> int:
        try:
            hits = self.find_assets(self._schema.custom_field(key).id, [value]).get(value, [])
        except Unavailable as blind:
            raise create_unknown(label, blind) from error
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise WriteRefused(
                f"RT's answer to creating {label} was lost, and {len(hits)} assets have its {key}; look at them.",
                code="rt.create_ambiguous",
                object=label,
            ) from error
        raise error

    def _matches(self, cf_id: int, values: list[str], *, anywhere: bool) -> Iterable[tuple[int, str]]:
        catalogs = [criterion("Catalog", "IN", [catalog.id for catalog in self._schema.catalogs])]
        last = 0
        while True:
            query = [
                *([] if anywhere else catalogs),
                criterion(f"CF.{{{cf_id}}}", "IN", values),
                criterion("id", ">", last),
            ]
            page = self._rest.search("assets", query, WireAsset, fields={"fields": "Catalog,CustomFields"})
            for item in page.items:
                texts = {text for cf in item.fields if cf.id == cf_id for text in cf.texts}
                yield from ((item.id, text) for text in texts & set(values))
            if not page.items or len(page.items) == page.total:
                return
            last = page.items[-1].id

    def _plain(self, label: str, field: str, value: Value) -> dict[str, Any]:
        if field.startswith("Owner"):
            return {"Owner": (self._people(label, field, value) or ["Nobody"])[0]}
        if field.startswith("HeldBy"):
            return {"HeldBy": self._people(label, field, value)}
        if field not in ("Name", "Status"):
            raise unwritable(label, field)
        return {field: value or ""}

    def _people(self, label: str, field: str, value: Value) -> list[str]:
        """Return numeric ids: RT takes a name of digits for a number, and makes a user of an unknown address."""
        texts = texts_of(value)
        part = _person_part(field)
        if part is None:
            return list(texts)
        self._look_up(part, {text for text in texts if (part, text.lower()) not in self._users})
        ids = [self._users.get((part, text.lower()), 0) for text in texts]
        if not all(ids):
            what = "login name" if part == "Name" else "e-mail address"
            raise WriteRefused(
                f"{label}: RT has no single user with the {what} that {field} should have; create or correct the user.",
                code="rt.no_such_user",
                object=label,
            )
        return [str(number) for number in ids]

    def _look_up(self, part: str, texts: set[str]) -> None:
        hits: dict[str, set[int]] = {text.lower(): set() for text in texts}
        for person in people_by(self._rest, part, texts):
            hits[(person.name if part == "Name" else person.email).lower()].add(person.id)
        for text, ids in hits.items():
            if len(ids) == 1:
                self._users[part, text] = next(iter(ids))


def _person_part(field: str) -> str | None:
    role, _, part = field.partition(".")
    return part if role in ("Owner", "HeldBy") and part else None


def _remedy(refusals: list[str]) -> str:
    """Return what to do where a right is missing; RT shows nobody beforehand whether they may write custom fields."""
    denied = [sentence for sentence in refusals if sentence.endswith("Permission Denied")]
    rights = {"ModifyCustomField" if "custom field" in sentence else "ModifyAsset" for sentence in denied}
    return f"; grant the API user {' and '.join(sorted(rights))}" if rights else ""
