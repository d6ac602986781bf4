"""``/asset``: reading, creating (strict, all or nothing) and updating (piecemeal, always 200) one asset."""

from collections.abc import Callable
from typing import Any, Final

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.field_values import Sentence, meant, set_initial, update_values
from syncd.sandbox.rt.records import ASSET, Asset, Change
from syncd.sandbox.rt.rendering import Fields, attributes, custom_fields, field_links
from syncd.sandbox.rt.resources import body_of, check_if_match, created, show
from syncd.sandbox.rt.roles import initial_members, initial_owner, update_roles
from syncd.sandbox.rt.values import Invalid, cut
from syncd.sandbox.rt.wire import EPOCH, Json, Refusal, crash, forbidden, not_found, refuse, success, timestamp
from syncd.sandbox.server import Answer

TRANSITIONS: Final = {
    "": ("new", "allocated", "in-use"),
    "new": ("allocated", "in-use", "stolen", "deleted"),
    "allocated": ("in-use", "recycled", "stolen", "deleted"),
    "in-use": ("allocated", "recycled", "stolen", "deleted"),
    "recycled": ("allocated",),
    "stolen": ("allocated",),
    "deleted": ("allocated",),
}
_LABELS: Final = {
    "allocated": "Allocate",
    "in-use": "Now in-use",
    "recycled": "Recycle",
    "stolen": "Report stolen",
}
_WIDTH: Final = 255
_SHOWN: Final = (
    "id", "Name", "Description", "Status", "Catalog", "Owner", "HeldBy", "Contact",
    "Created", "Creator", "LastUpdated", "LastUpdatedBy",
)  # fmt: skip


def get_asset(context: Context, key: str) -> Answer:
    """Answer ``GET /asset/N``."""
    asset = _find(context, key)
    if asset is None:
        raise not_found()
    _check_seen(context, asset)
    context.world.read.add(Asset)
    body = attributes(context, asset, _SHOWN)
    body |= {"CustomFields": custom_fields(context, asset), "_hyperlinks": links(context, asset)}
    Fields(context).sub_objects(body)
    return show(context, body, etag=_etag(context, asset), updated=timestamp(asset.updated))


def links(context: Context, asset: Asset) -> list[Json]:
    """Return what RT offers to do with an asset; lifecycle links need the right to modify it."""
    url = context.url(f"asset/{asset.id}")
    found: list[Json] = [{"ref": "self", "type": "asset", "id": asset.id, "_url": url}]
    found += field_links(context, asset)
    found.append({"ref": "history", "_url": f"{url}/history"})
    if context.may("ModifyAsset", asset.catalog):
        found += [
            {"ref": "lifecycle", "from": "*", "to": status, "label": _LABELS[status], "_url": url}
            for status in TRANSITIONS[asset.status]
            if status in _LABELS
        ]
    return found


# -- create


def create_asset(context: Context) -> Answer:
    """Answer ``POST /asset``; a refusal leaves nothing behind."""
    body, world = body_of(context), context.world
    if not body.get("Catalog"):
        raise refuse(400, "Invalid Catalog")
    catalog = world.catalog(_reference_id(body["Catalog"]))
    if catalog is None or not context.may("CreateAsset", catalog.id):
        raise refuse(403, "Permission Denied")
    asset = Asset(
        id=_wanted_id(context, body) or world.next_asset_id(),
        name=_initial_name(body),
        catalog=catalog.id,
        status=_initial_status(body.get("Status")),
        description=cut(_plain(body.get("Description")), _WIDTH),
        created=world.now(),
        creator=context.user.id,
    )
    try:
        _set_initial_values(context, asset, body.get("CustomFields"))
        _set_initial_people(context, asset, body)
    except Refusal:
        _forget_values(context, asset)
        raise
    world.add(asset)
    world.log(asset, context.user.id, Change("Create"))
    return created(context, "asset", asset.id)


def _wanted_id(context: Context, body: dict[str, Any]) -> int | None:
    wanted = body.get("id")
    return wanted if isinstance(wanted, int) and wanted > 0 and wanted not in context.world.assets else None


def _initial_name(body: dict[str, Any]) -> str:
    if "Name" in body and body["Name"] is None:
        raise refuse(400, "Asset create failed: Object could not be created")
    name = cut(_plain(body.get("Name")), _WIDTH)
    if name.isdigit():
        raise refuse(400, "Invalid Name (names may not be all digits)")
    return name


def _initial_status(value: Any) -> str:  # noqa: ANN401
    status = _plain(value).lower() or "new"
    if status not in TRANSITIONS:
        raise refuse(400, f"Status '{status}' isn't a valid status for assets.")
    if status not in TRANSITIONS[""]:
        raise refuse(400, f"New assets cannot have status '{status}'.")
    return status


def _set_initial_values(context: Context, asset: Asset, values: Any) -> None:  # noqa: ANN401
    if not values:
        return
    if not isinstance(values, dict):
        raise crash()
    applied = context.world.applied_fields(asset)
    problem = "Couldn't add custom field value on create:"
    for key, value in values.items():
        field = meant(applied, key)
        if field is None:
            other = context.world.field_named(key)
            if other is None:
                raise refuse(400, f"{problem} Custom field {key} not found")
            raise refuse(400, f"{problem} Custom field {other.id} does not apply to this object")
        try:
            set_initial(context, asset, field, value)
        except Invalid as refusal:
            raise refuse(400, f"{problem} {refusal}") from None


def _set_initial_people(context: Context, asset: Asset, body: dict[str, Any]) -> None:
    asset.owner = initial_owner(context, body.get("Owner"))
    asset.held_by = initial_members(context, body.get("HeldBy"))
    asset.contact = initial_members(context, body.get("Contact"))


def _forget_values(context: Context, asset: Asset) -> None:
    for field in list(asset.values):
        context.world.set_values(asset, field, [])
    context.world.forget(asset)


# -- update


def update_asset(context: Context, key: str) -> Answer:
    """Answer ``PUT /asset/N``: 200 and a list of sentences, whatever was done or refused."""
    asset = _find(context, key)
    check_if_match(context, _etag(context, asset) if asset else "")
    if asset is None:
        raise refuse(404, "Resource does not exist; use POST to create")
    _check_seen(context, asset)
    body = body_of(context)
    sentences: list[Sentence] = []
    for column, setter in _SETTERS.items():
        if column in body:
            sentences += setter(context, asset, body[column])
    sentences += update_values(context, asset, body.get("CustomFields"))
    sentences += update_roles(context, asset, body)
    return success(sentences)


def _set_catalog(context: Context, asset: Asset, value: Any) -> list[str]:  # noqa: ANN401
    key = _reference_id(value)
    if key is None or isinstance(key, bool | dict | list):
        return []
    world, before = context.world, asset.catalog
    catalog = world.catalog(key)
    if catalog is None:
        return [f"{context.world.label(asset)}: Catalog {key} does not exist"]
    if catalog.id == before:
        return []
    if not (context.may("ModifyAsset", before) and context.may("CreateAsset", catalog.id)):
        return [f"{context.world.label(asset)}: Permission Denied"]
    world.move(asset, catalog=catalog.id)
    world.log(asset, context.user.id, Change("Set", "Catalog", str(before), str(catalog.id)))
    return [f"{context.world.label(asset)}: Catalog changed from {world.catalogs[before].name} to {catalog.name}"]


def _set_status(context: Context, asset: Asset, value: Any) -> list[str]:  # noqa: ANN401
    status, before = _plain(value).lower(), asset.status
    if not _is_plain(value) or status == before:
        return []
    problem = _status_problem(context, asset, status)
    if problem:
        return [f"{context.world.label(asset)}: {problem}"]
    context.world.move(asset, status=status)
    context.world.log(asset, context.user.id, Change("Status", "Status", before, status))
    if status == "deleted":
        return [f"{context.world.label(asset)}: Asset deleted"]
    return [f"{context.world.label(asset)}: Status changed from '{before}' to '{status}'"]


def _status_problem(context: Context, asset: Asset, status: str) -> str | None:
    if status not in TRANSITIONS or not status:
        return f"Status '{status}' isn't a valid status for this asset."
    if status not in TRANSITIONS[asset.status]:
        return f"You can't change status from '{asset.status}' to '{status}'."
    return None if context.may("ModifyAsset", asset.catalog) else "Permission Denied"


def _set_name(context: Context, asset: Asset, value: Any) -> list[str]:  # noqa: ANN401
    if _is_plain(value) and _plain(value).isdigit() and _plain(value) != asset.name:
        return [f"{context.world.label(asset)}: Illegal value for Name"]
    return _set_text(context, asset, "Name", value)


def _set_description(context: Context, asset: Asset, value: Any) -> list[str]:  # noqa: ANN401
    return _set_text(context, asset, "Description", value)


def _set_text(context: Context, asset: Asset, column: str, value: Any) -> list[str]:  # noqa: ANN401
    attribute = column.lower()
    before: str = getattr(asset, attribute)
    if not _is_plain(value):
        return []
    after = cut(_plain(value), _WIDTH)
    if after == before:
        return []
    if not context.may("ModifyAsset", asset.catalog):
        return [f"{context.world.label(asset)}: Permission Denied"]
    setattr(asset, attribute, after)
    context.world.log(asset, context.user.id, Change("Set", column, before, after))
    return [f"{context.world.label(asset)}: {column} changed from {quoted(before)} to {quoted(after)}"]


_SETTERS: Final[dict[str, Callable[[Context, Asset, Any], list[str]]]] = {
    "Catalog": _set_catalog,
    "Description": _set_description,
    "Name": _set_name,
    "Status": _set_status,
}


def quoted(text: str) -> str:
    """Return a value as RT's sentences quote it; Perl takes "0" for nothing."""
    return "(no value)" if text in {"", "0"} else f"'{text}'"


def _is_plain(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _plain(value: Any) -> str:  # noqa: ANN401
    return str(value) if _is_plain(value) else ""


def _reference_id(value: Any) -> Any:  # noqa: ANN401
    return value.get("id") if isinstance(value, dict) and value.get("_url") else value


def _find(context: Context, key: str) -> Asset | None:
    return context.world.assets.get(int(key)) if key.isdigit() else None


def _check_seen(context: Context, asset: Asset) -> None:
    if not context.may("ShowAsset", asset.catalog):
        raise forbidden()


def _etag(context: Context, asset: Asset) -> str:
    newest = context.newest((ASSET, asset.id))
    return str(newest.id) if newest else timestamp(EPOCH)
