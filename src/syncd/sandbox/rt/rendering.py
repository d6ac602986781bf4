"""Objects as REST2 shows them: single ones whole, listed ones by ``fields=``, sub-objects by ``fields[Name]=``."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.people import RARE_COLUMNS
from syncd.sandbox.rt.records import Asset, Catalog, CustomField, Record, Transaction, User
from syncd.sandbox.rt.values import shown
from syncd.sandbox.rt.wire import Json, timestamp

Getter = Callable[[Context, Any], Any]


def _rare(column: str) -> Getter:
    return lambda _, user: user.columns.get(column, "")


_STAMPS: Final[Mapping[str, Getter]] = {
    "Created": lambda _, record: timestamp(record.created),
    "Creator": lambda context, record: context.person(record.creator),
    "LastUpdated": lambda _, record: timestamp(record.updated),
    "LastUpdatedBy": lambda context, record: context.person(record.updated_by),
}
_ASSET: Final[Mapping[str, Getter]] = {
    "id": lambda _, asset: asset.id,
    "Name": lambda _, asset: asset.name,
    "Description": lambda _, asset: asset.description,
    "Status": lambda _, asset: asset.status,
    "Catalog": lambda context, asset: context.reference("catalog", asset.catalog),
    "Owner": lambda context, asset: context.person(asset.owner),
    "HeldBy": lambda context, asset: context.people(asset.held_by),
    "Contact": lambda context, asset: context.people(asset.contact),
    "CustomFields": lambda context, asset: custom_fields(context, asset) or "",
    **_STAMPS,
}
_USER: Final[Mapping[str, Getter]] = {
    "id": lambda _, user: user.id,
    "Name": lambda _, user: user.name,
    "EmailAddress": lambda _, user: user.email,
    "RealName": lambda _, user: user.real_name,
    "Timezone": lambda _, user: user.timezone,
    "CustomFields": lambda context, user: custom_fields(context, user) or "",
    **{column: _rare(column) for column in RARE_COLUMNS},
    **_STAMPS,
}
_CATALOG: Final[Mapping[str, Getter]] = {
    "id": lambda _, catalog: catalog.id,
    "Name": lambda _, catalog: catalog.name,
    "Description": lambda _, catalog: catalog.description,
    "Lifecycle": lambda _, catalog: catalog.lifecycle,
    "Disabled": lambda _, __: "0",
    **_STAMPS,
}
_CUSTOM_FIELD: Final[Mapping[str, Getter]] = {
    "id": lambda _, field: field.id,
    "Name": lambda _, field: field.name,
    "Type": lambda _, field: field.type,
    "LookupType": lambda _, field: field.lookup_type,
    "MaxValues": lambda _, field: str(field.max_values),
    "Pattern": lambda _, field: field.pattern,
    "Description": lambda _, field: field.description,
    "Disabled": lambda _, field: str(int(field.disabled)),
    "UniqueValues": lambda _, field: str(int(field.unique)),
    "SortOrder": lambda _, field: str(field.sort_order),
    **_STAMPS,
}
_TRANSACTION: Final[Mapping[str, Getter]] = {
    "id": lambda _, line: line.id,
    "ObjectType": lambda _, line: line.object_type,
    "ObjectId": lambda _, line: str(line.object_id),
    "Type": lambda _, line: line.type,
    "Field": lambda _, line: line.field,
    "OldValue": lambda _, line: line.old,
    "NewValue": lambda _, line: line.new,
    "Creator": _STAMPS["Creator"],
    "Created": _STAMPS["Created"],
}
_GETTERS: Final[dict[type[Any], tuple[str, Mapping[str, Getter]]]] = {
    Asset: ("asset", _ASSET),
    User: ("user", _USER),
    Catalog: ("catalog", _CATALOG),
    CustomField: ("customfield", _CUSTOM_FIELD),
    Transaction: ("transaction", _TRANSACTION),
}
_PEOPLE: Final = ("Owner", "HeldBy", "Contact", "Creator", "LastUpdatedBy")


def attributes(context: Context, record: Record, names: tuple[str, ...]) -> Json:
    """Return named attributes of an object."""
    getters = _GETTERS[type(record)][1]
    return {name: getters[name](context, record) for name in names}


def custom_fields(context: Context, record: Asset | User) -> list[Json]:
    """Return an object's custom fields, empty ones too, in an order that differs from object to object."""
    if not context.may_see_fields_of(record):
        return []
    values = record.values
    entries = []
    for field, entry in _entries(context, record):
        stored = values.get(field.id)
        entries.append({**entry, "values": [shown(field, text) for text in stored] if stored else []})
    turn = (record.id * 7 + 3) % len(entries) if entries else 0
    return [*entries[turn:], *entries[:turn]]


def field_links(context: Context, record: Asset | User) -> list[Json]:
    """Return the hyperlinks to the custom fields of an object."""
    if not context.may_see_fields_of(record):
        return []
    fields = context.world.applied_fields(record)
    return [{"ref": "customfield", "name": f.name, **context.reference("customfield", f.id)} for f in fields]


def _entries(context: Context, record: Asset | User) -> list[tuple[CustomField, Json]]:
    """Return the custom fields of an object with what their entries have in common; made once per request."""
    key = record.catalog if isinstance(record, Asset) else None
    entries = context.entries.get(key)
    if entries is None:
        applied = context.world.applied_fields(record)
        entries = [(field, {**context.reference("customfield", field.id), "name": field.name}) for field in applied]
        context.entries[key] = entries
    return entries


class Fields:
    """The ``fields`` parameters of one call, for the items of a list."""

    def __init__(self, context: Context, links: Callable[[Any], list[Json]] | None = None) -> None:
        self._context = context
        self._links = links
        self._wanted = {name: value.split(",") for name, value in context.call.query if name.startswith("fields")}

    def item(self, record: Record) -> Json:
        """Return an object as an item of a list: a reference, and the fields that were asked for."""
        kind = _GETTERS[type(record)][0]
        number = record.name if isinstance(record, User) else record.id
        item = self._context.reference(kind, number)
        self._expand(item, record, "fields")
        return item

    def sub_objects(self, item: Json) -> None:
        """Fill the single sub-objects of a whole object (lists stay as they are there)."""
        for name in ("Catalog", "Owner", "Creator", "LastUpdatedBy"):
            if isinstance(item.get(name), dict):
                self._fill(item[name], name, f"fields[{name}]")

    def _expand(self, item: Json, record: Record, path: str) -> None:
        getters = _GETTERS[type(record)][1]
        for name in self._wanted.get(path, ()):
            if name == "_hyperlinks" and self._links is not None:
                item[name] = self._links(record)
            elif name:
                getter = getters.get(name)
                item[name] = "" if getter is None else getter(self._context, record)
                self._fill(item[name], name, f"{path}[{name}]")

    def _fill(self, value: Any, name: str, path: str) -> None:  # noqa: ANN401
        if path not in self._wanted:
            return
        for reference in value if isinstance(value, list) else [value]:
            record = self._target(reference, name) if isinstance(reference, dict) else None
            if record is not None:
                self._expand(reference, record, path)

    def _target(self, reference: Json, name: str) -> Record | None:
        world = self._context.world
        if name in _PEOPLE:
            return world.user_named(reference["id"])
        if name == "Catalog":
            return world.catalogs[int(reference["id"])]
        return world.custom_fields[int(reference["id"])] if name == "CustomFields" else None
