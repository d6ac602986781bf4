"""Assets and people: as RT sends them, as the snapshot keeps them, and as a job reads them.

A kept row is the whole record in compact canonical JSON, so that all jobs share one snapshot. A job decodes rows into
a class of its own that has only the fields it wants; 100,000 rows take a fraction of a second of CPU.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, TypeVar, cast

import msgspec

from syncd.host.errors import NotPermitted
from syncd.systems.rt import forms
from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.schema import CustomField, Schema, Value

NOBODY = 0
"""Owner of an asset that has none; RT names its user ``Nobody`` and numbers it differently on each server."""

FIELDS = {
    "fields": "Name,Status,Catalog,Owner,HeldBy,LastUpdated,CustomFields",
    "fields[Owner]": "id,Name,EmailAddress",
    "fields[HeldBy]": "id,Name,EmailAddress",
}
"""What is asked of RT for a whole record; ``id`` among the sub-fields turns a login name into the numeric id."""

_SLICE = 2_000
"""Rows decoded at once: large enough for C speed, small enough for memory."""

T = TypeVar("T")


class Reference(msgspec.Struct, gc=False):
    """A pointer to another object, with what was asked of it. ``type`` is ``user``, ``group`` or ``catalog``."""

    type: str = ""
    id: int = 0
    name: str = msgspec.field(name="Name", default="")
    email: str = msgspec.field(name="EmailAddress", default="")


class CustomFieldValues(msgspec.Struct, gc=False):
    """The values of one custom field; ``[null]`` is a stored empty value."""

    id: int
    values: list[str | dict[str, Any] | None] = []

    @property
    def texts(self) -> list[str]:
        """The values that are texts, and not empty."""
        return [value for value in self.values if isinstance(value, str) and value]


class WireAsset(msgspec.Struct):
    """An asset in a search result."""

    id: int
    name: str = msgspec.field(name="Name", default="")
    status: str = msgspec.field(name="Status", default="")
    updated: str = msgspec.field(name="LastUpdated", default="")
    catalog: Reference | str = msgspec.field(name="Catalog", default="")
    owner: Reference | list[Reference] | str = msgspec.field(name="Owner", default="")
    holders: list[Reference] | str = msgspec.field(name="HeldBy", default="")
    custom_fields: list[CustomFieldValues] | str = msgspec.field(name="CustomFields", default="")

    @property
    def catalog_id(self) -> int:
        """Number of its catalog, 0 where it does not say."""
        return self.catalog.id if isinstance(self.catalog, Reference) else 0

    @property
    def catalog_name(self) -> str:
        """Name of its catalog, "" where that was not asked for."""
        return self.catalog.name if isinstance(self.catalog, Reference) else ""

    @property
    def owned_by(self) -> Reference | None:
        """Its owner, None where RT has its user ``Nobody`` there."""
        owner = next(iter(self.owner), None) if isinstance(self.owner, list) else self.owner
        return owner if isinstance(owner, Reference) and owner.name != "Nobody" else None

    @property
    def held_by(self) -> list[Reference]:
        """Its holders: users and groups."""
        return self.holders if isinstance(self.holders, list) else []

    @property
    def fields(self) -> list[CustomFieldValues]:
        """Its custom fields; none where RT hides them."""
        return self.custom_fields if isinstance(self.custom_fields, list) else []


class Asset(msgspec.Struct, frozen=True, gc=False):
    """What every job gets of an asset; a job's own class adds ``cf<ID>`` for each custom field that it wants.

    ``updated`` is RT's LastUpdated (UTC, grain one second). ``owner`` is a user id, 0 for Nobody; ``holders`` are
    user ids in rising order, ``groups`` the ids of groups among the holders.
    """

    id: int
    name: str = ""
    status: str = ""
    updated: str = ""
    catalog: int = 0
    owner: int = NOBODY
    holders: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()


class Person(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user of RT that owns or holds assets. Personal data: not for the journal."""

    id: int
    name: str
    email: str


People = Mapping[int, Person]
"""User id to person."""

_BETWEEN = "\0"


class PackedPeople(MutableMapping[int, Person]):
    """Users by id, each as one text: records with two texts each take nearly twice the memory."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._texts = {person.id: f"{person.name}{_BETWEEN}{person.email}" for person in people}

    def __getitem__(self, user: int) -> Person:
        return Person(user, *self._texts[user].split(_BETWEEN))

    def __setitem__(self, user: int, person: Person) -> None:
        self._texts[user] = f"{person.name}{_BETWEEN}{person.email}"

    def __delitem__(self, user: int) -> None:
        del self._texts[user]

    def __iter__(self) -> Iterator[int]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def name_of(self, user: int) -> str | None:
        """Return the login name of a user, None for nobody that is here."""
        return self._texts.get(user, "").partition(_BETWEEN)[0] or None

    def email_of(self, user: int) -> str | None:
        """Return the address of a user, None where there is none."""
        return self._texts.get(user, "").partition(_BETWEEN)[2] or None


def job_class(custom_fields: Sequence[CustomField]) -> type[Asset]:
    """Return the Asset class with an attribute ``cf<ID>`` for each of these custom fields."""
    return _job_class(tuple((cf.attribute, cf.multi) for cf in custom_fields))


@lru_cache(maxsize=32)
def _job_class(attributes: tuple[tuple[str, bool], ...]) -> type[Asset]:
    fields = [(name, (tuple[str, ...] if multi else str) | None, None) for name, multi in attributes]
    made = msgspec.defstruct("JobAsset", fields, bases=(Asset,), frozen=True, gc=False)
    assert issubclass(made, Asset)
    return made


def part_class(schema: Schema, fields: Iterable[str]) -> type[Asset]:
    """Return a class that has ``id`` and what ``getter`` reads for these fields, and nothing else of an Asset.

    It is an Asset to the type checker only, so that what reads assets reads these; they take a fraction of the memory.
    """
    whole = job_class(schema.wanted)
    return _part_class(whole, frozenset(name for field in fields for name in attributes(schema, field)))


@lru_cache(maxsize=32)
def _part_class(whole: type[Asset], names: frozenset[str]) -> type[Asset]:
    fields = [(f.name, f.type, f.default) for f in msgspec.structs.fields(whole) if f.name in names]
    return cast("type[Asset]", msgspec.defstruct("PartAsset", [("id", int), *fields], frozen=True, gc=False))


def attributes(schema: Schema, field: str) -> tuple[str, ...]:
    """Return the attributes of an asset that ``getter`` reads for a field."""
    if field in schema.fields:
        return (schema.fields[field].attribute,)
    role = field.partition(".")[0]
    return {"Owner": ("owner",), "HeldBy": ("holders", "groups")}.get(role) or (_PLAIN[field],)


_PLAIN = {"Name": "name", "Status": "status", "LastUpdated": "updated"}


def decode_rows(rows: Iterable[bytes], kind: type[T]) -> Iterator[T]:
    """Decode rows in slices; MsgspecError for rows that are not what this version writes."""
    decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
    return chain.from_iterable(decoder.decode(b"[" + b",".join(some) + b"]") for some in slices(rows, _SLICE))


def slices(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut an iterable into lists of this size."""
    iterator = iter(things)
    while some := list(islice(iterator, size)):
        yield some


def key_of(number: int) -> str:
    """Return the key of an asset or a person in the store; in the order of keys ids rise."""
    return f"{number:010d}"


def encode_asset(asset: WireAsset, fields: Mapping[int, CustomField]) -> bytes:
    """Return the row of an asset.

    Raises NotPermitted where the custom fields are hidden, Unavailable where they are not those of the schema: what
    could not be read must not pass for empty.
    """
    row: dict[str, Any] = {
        "id": asset.id,
        "name": asset.name,
        "status": asset.status,
        "updated": asset.updated,
        "catalog": asset.catalog_id,
    }
    if (owner := asset.owned_by) is not None:
        row["owner"] = owner.id
    for key, kind in (("holders", "user"), ("groups", "group")):
        if ids := sorted({holder.id for holder in asset.held_by if holder.type == kind}):
            row[key] = ids
    row.update(custom_values(f"asset {asset.id}", asset.custom_fields, fields))
    return msgspec.json.encode(row)


def people_of(asset: WireAsset) -> Iterator[Person]:
    """Yield the owner and the holders that are users; RT's own user Nobody is left out."""
    for user in (*asset.held_by, asset.owned_by):
        if user is not None and user.type == "user" and user.name != "Nobody":
            yield Person(user.id, user.name, user.email)


def stamp(moment: datetime) -> str:
    """Return a time as RT shows LastUpdated, so that two of them compare as text."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def getter(schema: Schema, field: str, people: People) -> Callable[[Asset], Value]:
    """Return a function that reads a needed field of an asset: a custom field, a name, or people's names or e-mails.

    A person that is not in ``people`` reads as empty.
    """
    if field in schema.fields:
        return attrgetter(schema.fields[field].attribute)
    role, _, part = field.partition(".")
    told = _teller(part, people)
    if role == "Owner":
        return lambda asset: told(asset.owner)
    if role == "HeldBy":
        return lambda asset: tuple(sorted({text for holder in asset.holders if (text := told(holder))})) or None
    read = attrgetter(_PLAIN[field])
    return lambda asset: read(asset) or None


def _teller(part: str, people: People) -> Callable[[int], str | None]:
    """Return a function that tells the number, the name or the e-mail of a user."""
    if not part:
        return lambda user: str(user) if user != NOBODY else None
    if isinstance(people, PackedPeople):
        return people.name_of if part == "Name" else people.email_of
    read = attrgetter("name" if part == "Name" else "email")
    find = people.get

    def told(user: int) -> str | None:
        person = find(user)
        return (read(person) or None) if person is not None else None

    return told


def custom_values(
    label: str, listed: list[CustomFieldValues] | str, fields: Mapping[int, CustomField]
) -> dict[str, Any]:
    """Return the values of the custom fields of an object, as its row has them; errors as ``encode_asset``."""
    if isinstance(listed, str):
        if not fields:
            return {}
        raise NotPermitted(
            f"RT hides all custom fields of {label}: the API user lost SeeCustomField.",
            code="rt.fields_hidden",
        )
    if unknown := {cf.id for cf in listed} - fields.keys():
        raise incomplete(f"{label} has custom fields {sorted(unknown)} that were applied meanwhile", "read")
    row: dict[str, Any] = {}
    for cf in sorted(listed, key=lambda cf: cf.id):
        texts = cf.texts
        definition = fields[cf.id] if texts else None
        if definition is None or (definition.type == "DateTime" and texts[0] == forms.NOT_SET):
            continue
        row[definition.attribute] = sorted(set(texts)) if definition.multi else texts[0]
    return row
