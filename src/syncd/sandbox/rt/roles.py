"""People on assets: Owner (always one), HeldBy and Contact (any number), with RT's sentences."""

from typing import Any, Final, Literal

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.people import create_by_email
from syncd.sandbox.rt.records import NOBODY, Asset, Change, User
from syncd.sandbox.rt.wire import crash, refuse

Group = Literal["HeldBy", "Contact"]
_GROUPS: Final[tuple[Group, ...]] = ("Contact", "HeldBy")
_NO_RIGHT = "No permission to modify this asset"
_SPOKEN: Final = {"HeldBy": "Held By", "Contact": "Contact"}


def _members(asset: Asset, group: Group) -> list[int]:
    """Return the user ids of a group of an asset (the list itself)."""
    return asset.held_by if group == "HeldBy" else asset.contact


def update_roles(context: Context, asset: Asset, body: dict[str, Any]) -> list[str]:
    """Change the roles that a body names. An unknown holder is a crash, after what came before was written."""
    sentences = []
    for group in _GROUPS:
        if group in body:
            sentences += _update_group(context, asset, group, body[group])
    if "Owner" in body:
        sentences.append(_set_owner(context, asset, body["Owner"]))
    return sentences


def initial_owner(context: Context, value: Any) -> int:  # noqa: ANN401
    """Return the owner of a new asset."""
    value = _first(value)
    if not value:
        return NOBODY
    found = _load(context, value)
    if found is None:
        raise refuse(400, "Invalid value for Owner")
    return found.id


def initial_members(context: Context, value: Any) -> list[int]:  # noqa: ANN401
    """Return the members of a group of a new asset."""
    ids: list[int] = []
    for one in value if isinstance(value, list) else [value]:
        if not one:
            continue
        found = _load(context, one)
        if found is None:
            raise refuse(400, "Couldn't load user: Couldn't find row")
        if found.id not in ids:
            ids.append(found.id)
    return ids


def _set_owner(context: Context, asset: Asset, value: Any) -> str:  # noqa: ANN401
    value = _first(value)
    if not value:
        return "One, and only one, of Principal/PrincipalId/User/Group is required"
    if not context.may("ModifyAsset", asset.catalog):
        return _NO_RIGHT
    found = _load(context, value)
    if found is None:
        return f"Could not find or create user '{_named(value)}'"
    if found.id == asset.owner:
        return f"{found.name} is already Owner"
    before, asset.owner = asset.owner, found.id
    context.world.log(asset, context.user.id, Change("SetWatcher", "Owner", str(before), str(found.id)))
    return f"Owner set to {found.name}"


def _update_group(context: Context, asset: Asset, group: Group, value: Any) -> list[str]:  # noqa: ANN401
    wanted = []
    for one in value if isinstance(value, list) else [value]:
        found = _load(context, one) if one else None
        if found is None:
            raise crash()
        wanted.append(found.id)
    present = _members(asset, group)
    sentences = []
    for number in dict.fromkeys(wanted):
        again = wanted.count(number) - 1
        if number not in present:
            sentences.append(_add(context, asset, group, number))
        already = f"{context.world.users[number].name} is already {_SPOKEN[group]}"
        sentences += [already] * again
    for number in [number for number in present if number not in wanted]:
        sentences.append(_remove(context, asset, group, number))
    return sentences


def _add(context: Context, asset: Asset, group: Group, number: int) -> str:
    if not context.may("ModifyAsset", asset.catalog):
        return _NO_RIGHT
    _members(asset, group).append(number)
    context.world.log(asset, context.user.id, Change("AddWatcher", group, new=str(number)))
    return f"Member added: {context.world.users[number].name}"


def _remove(context: Context, asset: Asset, group: Group, number: int) -> str:
    if not context.may("ModifyAsset", asset.catalog):
        return _NO_RIGHT
    _members(asset, group).remove(number)
    context.world.log(asset, context.user.id, Change("DelWatcher", group, old=str(number)))
    return "Member deleted"


def _load(context: Context, value: Any) -> User | None:  # noqa: ANN401
    """Return the user that a value means: name, id, reference, or an e-mail address, which makes a user if need be."""
    key = _named(value)
    if key.isdigit():
        return context.world.users.get(int(key))
    found = context.world.user_named(key)
    if found is None and "@" in key:
        found = context.world.user_with_email(key) or create_by_email(context, key)
    return found


def _first(value: Any) -> Any:  # noqa: ANN401
    return (value[0] if value else None) if isinstance(value, list) else value


def _named(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        # Only a whole reference counts as one; any other object becomes its Perl address.
        whole = all(value.get(key) for key in ("type", "id", "_url"))
        return str(value["id"]) if whole else "HASH(0x5616)"
    return str(value)
