"""``/catalog`` and ``/customfield``: what assets may have."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from syncd.sandbox.rt.assets import quoted
from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.people import is_on
from syncd.sandbox.rt.query import Criterion, criteria_of, meets, number_test, text_test
from syncd.sandbox.rt.records import ASSET_FIELDS, Catalog, CustomField
from syncd.sandbox.rt.rendering import Fields, attributes
from syncd.sandbox.rt.resources import body_of, created, show
from syncd.sandbox.rt.wire import Json, forbidden, not_found, refuse, success, timestamp
from syncd.sandbox.server import Answer

_STAMPS: Final = ("Created", "Creator", "LastUpdated", "LastUpdatedBy")
_CATALOG: Final = ("id", "Name", "Description", "Lifecycle", "Disabled", *_STAMPS)
_FIELD: Final = (
    "id", "Name", "Type", "LookupType", "MaxValues", "Pattern", "Description", "Disabled", "UniqueValues",
    "SortOrder", *_STAMPS,
)  # fmt: skip
_FIELD_COLUMNS: Final = ("id", "Name", "Type", "LookupType", "MaxValues", "Pattern", "Description", "SortOrder")
_HINTS: Final = {
    "Freeform": ("Enter one value", "Enter multiple values"),
    "Select": ("Select one value", "Select multiple values"),
    "Combobox": ("Combobox: Select or enter one value", "Combobox: Select or enter multiple values"),
    "Text": ("Fill in one text area", "Fill in multiple text areas"),
    "DateTime": ("Select datetime", "Select multiple datetimes"),
    "Date": ("Select date", "Select multiple dates"),
    "IPAddress": ("Enter one IP address", "Enter multiple IP addresses"),
}


# -- catalogs


def get_catalog(context: Context, key: str) -> Answer:
    """Answer ``GET /catalog/N`` or ``/catalog/Name``; a create link shows the right to create there."""
    catalog = context.world.catalog(unquote(key))
    if catalog is None:
        raise not_found()
    if not context.may("ShowCatalog", catalog.id):
        raise forbidden()
    body = attributes(context, catalog, _CATALOG)
    body |= {"HeldBy": [], "Contact": [], "_hyperlinks": _catalog_links(context, catalog)}
    return show(context, body, etag=timestamp(catalog.updated), updated=timestamp(catalog.updated))


def _catalog_links(context: Context, catalog: Catalog) -> list[Json]:
    links: list[Json] = [
        {"ref": "self", "type": "catalog", "id": catalog.id, "_url": context.url(f"catalog/{catalog.id}")}
    ]
    if context.may("CreateAsset", catalog.id):
        links.append({"ref": "create", "type": "asset", "_url": context.url(f"asset?Catalog={catalog.id}")})
    return links


def all_catalogs(context: Context) -> Answer:
    """Answer ``GET /catalogs/all``."""
    return _catalogs(context, list(context.world.catalogs.values()))


def search_catalogs(context: Context) -> Answer:
    """Answer ``/catalogs``; without a query nothing is found."""
    criteria = criteria_of(context.call, ("id", "Name", "Description", "Lifecycle"))
    test = meets(criteria, _test)
    return _catalogs(context, [c for c in context.world.catalogs.values() if criteria and test(c)])


def _catalogs(context: Context, found: list[Catalog]) -> Answer:
    permitted = context.catalogs_with("ShowCatalog")
    seen = [catalog for catalog in found if permitted is None or catalog.id in permitted]
    seen.sort(key=lambda catalog: catalog.name)
    keys: dict[str, Callable[[Catalog], object]] = {"id": lambda c: c.id, "Name": lambda c: c.name}
    total = len(seen) if permitted is None else None
    return _list(context, ordered(context.call, seen, keys), total, lambda catalog: _catalog_links(context, catalog))


def create_catalog(context: Context) -> Answer:
    """Answer ``POST /catalog``."""
    body, world = body_of(context), context.world
    name = str(body.get("Name") or "")
    if not context.may("AdminCatalog"):
        raise forbidden()
    if not name or name.isdigit() or world.catalog(name):
        raise refuse(400, "Invalid Name (names must be unique and may not be all digits)")
    number = max(world.catalogs, default=0) + 1
    catalog = Catalog(id=number, name=name, description=str(body.get("Description") or ""))
    _stamp(context, catalog)
    world.add(catalog)
    return created(context, "catalog", number)


def catalog_fields(context: Context, key: str) -> Answer:
    """Answer ``GET /catalog/N/customfields``; by the catalog's name it is a 404."""
    if not key.isdigit():
        raise not_found()
    known = int(key) in context.world.catalogs
    return _fields(context, context.world.catalog_fields(int(key)) if known else [])


# -- custom fields


def get_field(context: Context, key: str) -> Answer:
    """Answer ``GET /customfield/N``; only a Select has its Values there."""
    field = _field(context, key)
    url = context.url(f"customfield/{field.id}")
    links: list[Json] = [{"ref": "self", "type": "customfield", "id": field.id, "_url": url}]
    body = attributes(context, field, _FIELD)
    body["EntryHint"] = _HINTS.get(field.type, ("Enter one value", "Enter multiple values"))[not field.single]
    if field.type in {"Select", "Combobox"}:
        links.append({"ref": "customfieldvalues", "_url": f"{url}/values"})
    if field.type == "Select":
        body["Values"] = [name for _, name in field.values]
    body["_hyperlinks"] = links
    return show(context, body, etag=timestamp(field.updated), updated=timestamp(field.updated))


def search_fields(context: Context) -> Answer:
    """Answer ``/customfields``; without a query nothing is found."""
    criteria = criteria_of(context.call, _FIELD_COLUMNS)
    test = meets(criteria, _test)
    fields = context.world.custom_fields.values()
    return _fields(context, [field for field in fields if criteria and not field.disabled and test(field)])


def _fields(context: Context, found: list[CustomField]) -> Answer:
    if not context.may("SeeCustomField"):
        return _list(context, (), None)
    keys = {column: (lambda field, column=column: _value(field, column)) for column in _FIELD_COLUMNS}
    return _list(context, ordered(context.call, found, keys), len(found))


def field_values(context: Context, key: str) -> Answer:
    """Answer ``GET /customfield/N/values``: items with a numeric id and a lower-case ``name``; none of no field."""
    page, unknown = Page.of(context.call), key.isdigit() and int(key) not in context.world.custom_fields
    values = [] if unknown else _field(context, key).values
    items = [
        {
            "type": "customfieldvalue",
            "id": number,
            "name": name,
            "_url": context.url(f"customfield/{key}/value/{number}"),
        }
        for number, name in page.cut(values)
    ]
    body = envelope(context.call, page, items, len(values))
    return success({name: body[name] for name in ("count", "total", "per_page", "page", "items")})


def create_field(context: Context) -> Answer:
    """Answer ``POST /customfield``; a name may be taken twice."""
    body, world = body_of(context), context.world
    if not context.may("AdminCustomField"):
        raise forbidden()
    number = max(world.custom_fields, default=0) + 1
    many = str(body.get("MaxValues", 0))
    field = CustomField(
        id=number,
        name=str(body.get("Name") or ""),
        type=str(body.get("Type") or "Freeform"),
        lookup_type=str(body.get("LookupType") or ASSET_FIELDS),
        max_values=int(many) if many.isdigit() else 0,
        pattern=str(body.get("Pattern") or ""),
    )
    _stamp(context, field)
    world.add(field)
    return created(context, "customfield", number)


def update_field(context: Context, key: str) -> Answer:
    """Answer ``PUT /customfield/N``: the description, and whether it is disabled."""
    field = _field(context, key)
    if not context.may("AdminCustomField"):
        raise forbidden()
    body, sentences = body_of(context), []
    if isinstance(body.get("Description"), str) and body["Description"] != field.description:
        before, field.description = field.description, body["Description"]
        old, new = quoted(before).replace("'", '"'), quoted(field.description).replace("'", '"')
        sentences.append(f"CustomField {field.name}: Description changed from {old} to {new}")
    off = is_on(body["Disabled"]) if "Disabled" in body else None
    if off is not None and off != field.disabled:
        field.disabled = off
        sentences.append(f"CustomField {field.name}: {'Disabled' if off else 'Enabled'}")
    if sentences:
        field.updated, field.updated_by = context.world.now(), context.user.id
        context.world.save(field)
    return success(sentences)


def add_field_value(context: Context, key: str) -> Answer:
    """Answer ``POST /customfield/N/value``."""
    field = _field(context, key)
    if not context.may("AdminCustomField"):
        raise forbidden()
    name = str(body_of(context).get("Name") or "")
    if not name:
        raise refuse(400, "Can't add a custom field value without a name")
    number = context.world.next_value_id()
    field.values = [*field.values, (number, name)]
    field.updated = context.world.now()
    context.world.save(field)
    return created(context, "customfieldvalue", number)


def _field(context: Context, key: str) -> CustomField:
    field = context.world.custom_fields.get(int(key)) if key.isdigit() else None
    if field is None:
        raise not_found()
    if not context.may("SeeCustomField"):
        raise forbidden()
    return field


# -- both


def _stamp(context: Context, record: Catalog | CustomField) -> None:
    record.created = record.updated = context.world.now()
    record.creator = record.updated_by = context.user.id


def _list(
    context: Context,
    found: Sequence[Any] | None,
    total: int | None,
    links: Callable[[Any], list[Json]] | None = None,
) -> Answer:
    page, fields = Page.of(context.call), Fields(context, links)
    items = [fields.item(record) for record in page.cut(found or ())]
    return success(envelope(context.call, page, items, total))


def _test(criterion: Criterion) -> Callable[[Any], bool]:
    if criterion.field == "id":
        number = number_test(criterion)
        return lambda record: number(record.id)
    text = text_test(criterion, fold=True)
    return lambda record: text(str(_value(record, criterion.field)))


def _value(record: Catalog | CustomField, column: str) -> Any:  # noqa: ANN401
    names = {"LookupType": "lookup_type", "MaxValues": "max_values", "SortOrder": "sort_order"}
    return getattr(record, names.get(column, column.lower()))
