"""Writing assets, and reading back whether it happened.

RT 5.0.3, observed: a refused update answers 200 with a sentence, an unknown field is dropped without one, a PUT is
not atomic, and roles take any e-mail address by making a user of it. So values are sent in the one form that RT
stores as meant, people are looked up first and sent as numbers, and only a read proves a write.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from textwrap import shorten
from typing import Any

import msgspec

from syncd.host.errors import IntegrationError, Unavailable, WriteRefused
from syncd.systems.rt import forms
from syncd.systems.rt.assets import Asset, Person, WireAsset, decode_rows, encode_asset, job_class, people_of, slices
from syncd.systems.rt.pages import chosen_assets, people_by
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.schema import Schema, Value

_REFUSAL = re.compile(
    r"Permission Denied$|^No permission to |^Invalid value for custom field|^Could not |^Couldn't |"
    r"isn't a valid status|: You can't change status|: Illegal value for |^Asset .*: Catalog .* does not exist|"
    r"Input must match |is not a unique value|does not apply to this object|^One, and only one, of |"
    r" could not be found for custom field |^Custom field .* not found$|^Invalid "
)
_CHANGE = re.compile(
    r": \w+ changed from |: Asset deleted$|^Owner set to |^Member (added|deleted)| changed to | added$|"
    r" added as a value for | is no longer a value for custom field | deleted$"
)


class Answer(msgspec.Struct, frozen=True):
    """What RT said to an update. ``proven`` is false where only a read can tell whether everything was written."""

    proven: bool
    sentences: tuple[str, ...] = ()


class _Created(msgspec.Struct):
    id: int


class AssetWriter:
    """Writes assets of one job. Usable from many threads.

    Values are those of ``Schema.reads_back``.
    """

    def __init__(self, rest: Rest, schema: Schema) -> None:
        self._rest = rest
        self._schema = schema
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
        body = self._body(label, changes)
        try:
            reply = self._rest.write("PUT", f"asset/{asset}", body, "update", label)
        except Unavailable as error:
            if error.code not in ("rt.server_error", "rt.answer_lost"):
                raise
            return Answer(proven=False, sentences=(error.sentence,))
        told = self._rest.decode(reply, list[str | None], "update")
        return _read_answer(label, [sentence for sentence in told if sentence], changes)

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
        except Unavailable as error:
            if error.code not in ("rt.server_error", "rt.answer_lost", "rt.not_json") or not isinstance(value, str):
                raise
            return self._adopt(label, key, value, error)
        return self._rest.decode(reply, _Created, "create").id

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
                    wanted[part].update(_texts(value))
        for part, texts in wanted.items():
            self._look_up(part, {text for text in texts if (part, text.lower()) not in self._users})

    def _ours(self, item: WireAsset) -> bool:
        """Whether an asset is in the job's catalogs: one that was moved away has other custom fields."""
        return item.catalog_id in {catalog.id for catalog in self._schema.catalogs}

    def _adopt(self, label: str, key: str, value: str, error: IntegrationError) -> int:
        hits = self.find_assets(self._schema.custom_field(key).id, [value]).get(value, [])
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
                listed = item.custom_fields if isinstance(item.custom_fields, list) else []
                texts = {text for cf in listed if cf.id == cf_id for text in cf.values if isinstance(text, str)}
                yield from ((item.id, text) for text in texts & set(values))
            if not page.items or len(page.items) == page.total:
                return
            last = page.items[-1].id

    def _refuse_bad(self, label: str, changes: Mapping[str, Value]) -> None:
        for field, value in changes.items():
            if why := self._schema.refusal(field, value):
                raise WriteRefused(f"{label}: {why}.", code="rt.value", object=label)

    def _body(self, label: str, changes: Mapping[str, Value]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for field, value in changes.items():
            if field in self._schema.fields:
                custom[str(self._schema.fields[field].id)] = self._custom_value(field, value)
            elif field.startswith("Owner"):
                body["Owner"] = (self._people(label, field, value) or ["Nobody"])[0]
            elif field.startswith("HeldBy"):
                body["HeldBy"] = self._people(label, field, value)
            elif field in ("Name", "Status"):
                body[field] = value or ""
            else:
                raise WriteRefused(f"{label}: {field} cannot be written.", code="rt.field", object=label)
        return {**body, "CustomFields": custom} if custom else body

    def _custom_value(self, field: str, value: Value) -> str | list[str] | None:
        definition = self._schema.fields[field]
        stored = self._schema.reads_back(field, value)
        if definition.multi:
            return [self._sent(definition.type, text) for text in _texts(stored)]
        if isinstance(stored, str):
            return self._sent(definition.type, stored)
        # null clears a single value; "" and [] would leave an empty value behind. But RT looks for a time that is to
        # be cleared in the user's zone, and finds it in UTC only: elsewhere "" makes it "Not set" (RT 5.0.3, observed).
        return "" if definition.type == "DateTime" and self._schema.timezone != "UTC" else None

    def _sent(self, kind: str, text: str) -> str:
        if kind == "DateTime":
            return forms.written_moment(text, self._schema.zone) or text
        return forms.written_day(text) if kind == "Date" else text

    def _people(self, label: str, field: str, value: Value) -> list[str]:
        """Return numeric ids: RT takes a name of digits for a number, and makes a user of an unknown address."""
        texts = _texts(value)
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


def _texts(value: Value) -> tuple[str, ...]:
    if not value:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _read_answer(label: str, sentences: list[str], changes: Mapping[str, Value]) -> Answer:
    refusals = [sentence for sentence in sentences if _REFUSAL.search(sentence) and not _CHANGE.search(sentence)]
    if refusals:
        told = shorten("; ".join(refusals), 500, placeholder=" ...")
        raise WriteRefused(
            f"RT refused to update {label}: {told}{_remedy(refusals)}.",
            code="rt.refused",
            system="rt",
            operation="update",
            object=label,
        )
    # RT cuts and respells values after it made its sentence, so that even these only show that it did something.
    done = sum(1 for sentence in sentences if _CHANGE.search(sentence))
    return Answer(proven=done >= len(changes) > 0, sentences=tuple(sentences))


def _remedy(refusals: list[str]) -> str:
    """Return what to do where a right is missing; RT shows nobody beforehand whether they may write custom fields."""
    denied = [sentence for sentence in refusals if sentence.endswith("Permission Denied")]
    rights = {"ModifyCustomField" if "custom field" in sentence else "ModifyAsset" for sentence in denied}
    return f"; grant the API user {' and '.join(sorted(rights))}" if rights else ""
