"""A fleet's people and assets, and the people of a district, as RT would hold them."""

import contextlib
import gc
from collections.abc import Iterator, Mapping

from syncd.sandbox import fleet as fleets
from syncd.sandbox.people import People
from syncd.sandbox.rt.house import add_field
from syncd.sandbox.rt.records import ASSET_FIELDS, NOBODY, SYSTEM, Asset, Catalog, Change, CustomField, User
from syncd.sandbox.rt.world import World

LONG_AGO = "2026-01-05 08:00:00"
"""When the fleet came into RT: what was there long before a first read is not news to it."""


def seed(world: World, fleet: fleets.Fleet, people: People | None = None) -> None:
    """Put a fleet, and people, into a furnished world; what a fleet needs and the house lacks is made."""
    now, world.now = world.now, lambda: LONG_AGO
    try:
        with _uncollected():
            _seed(world, fleet)
            fields = {f.name: f for f in world.custom_fields.values() if f.lookup_type != ASSET_FIELDS}
            for user in people.rt_users if people else ():
                _user(world, user, fields)
    finally:
        world.now = now


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from going through millions of new objects again and again; none is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _seed(world: World, fleet: fleets.Fleet) -> None:
    catalogs = {catalog.name: _catalog(world, catalog) for catalog in fleet.catalogs}
    for definition in fleet.custom_fields:
        _field(world, definition, tuple(catalogs[name] for name in definition.catalogs))
    people = {user.login: _user(world, user, {}) for user in fleet.users} | {fleets.NOBODY: NOBODY}
    fields = {f.name: f for f in world.custom_fields.values() if f.lookup_type == ASSET_FIELDS}
    for asset in fleet.assets:
        number = world.next_asset_id()
        record = Asset(
            id=number,
            name=asset.name[:255],
            catalog=catalogs[asset.catalog],
            status=asset.status,
            description=asset.description,
            owner=people[asset.owner],
            held_by=[people[login] for login in asset.held_by],
            values={fields[name].id: _stored(fields[name], value) for name, value in asset.custom_fields.items()},
            created=world.now(),
        )
        world.log(world.add(record), SYSTEM, Change("Create"))


def _catalog(world: World, catalog: fleets.Catalog) -> int:
    found = world.catalog(catalog.name)
    if found is None:
        number, now = max(world.catalogs, default=0) + 1, world.now()
        record = Catalog(id=number, name=catalog.name, description=catalog.description, created=now, updated=now)
        found = world.add(record)
    return found.id


def _field(world: World, definition: fleets.CustomField, catalogs: tuple[int, ...]) -> None:
    found = world.field_named(definition.name)
    if found is None:
        field = CustomField(
            id=0,
            name=definition.name,
            type=definition.type,
            max_values=definition.max_values,
            pattern=definition.pattern,
        )
        add_field(world, field, catalogs, definition.values)
        return
    _offer(world, found, definition.values)
    for number in catalogs:
        catalog = world.catalogs[number]
        if found.id not in catalog.custom_fields:
            catalog.custom_fields = [*catalog.custom_fields, found.id]
            world.save(catalog)


def _offer(world: World, field: CustomField, values: tuple[str, ...]) -> None:
    """Let a Select offer values that it lacks."""
    present = {name.lower() for _, name in field.values}
    missing = [name for name in values if name.lower() not in present] if field.type == "Select" else []
    field.values = [*field.values, *enumerate(missing, start=world.next_value_id())]
    world.save(field)


def _user(world: World, user: fleets.User, fields: Mapping[str, CustomField]) -> int:
    record = User(
        id=world.next_user_id(),
        name=user.login,
        real_name=user.real_name,
        email=user.email,
        disabled=user.disabled,
        privileged=user.privileged,
        values={fields[name].id: _stored(fields[name], value) for name, value in user.custom_fields.items()},
        created=world.now(),
    )
    world.log(world.add(record), SYSTEM, Change("Create"))
    return record.id


def _stored(field: CustomField, value: fleets.CfValue) -> list[str]:
    texts = [value] if isinstance(value, str) else list(value)
    if field.type == "DateTime":
        return [text.replace("T", " ").removesuffix("Z") for text in texts]
    return [_canonical(field, text) for text in texts] if field.type == "Select" else texts


def _canonical(field: CustomField, text: str) -> str:
    return next(name for _, name in field.values if name.lower() == text.lower())
