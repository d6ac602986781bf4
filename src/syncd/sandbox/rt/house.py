"""What a new stand-in has: the users, catalogs and custom fields that the real server of the tests is seeded with."""

import hashlib
from typing import Final

from syncd.sandbox.rt.records import (
    ASSET_FIELDS,
    NOBODY,
    ROOT,
    SYSTEM,
    USER_FIELDS,
    Asset,
    Catalog,
    Change,
    CustomField,
    User,
)
from syncd.sandbox.rt.world import World

VERSION: Final = "5.0.3+dfsg-3~deb12u6"
GENERAL, CHROMEBOOKS, NETWORK_GEAR = 1, 2, 3
_BOTH: Final = (CHROMEBOOKS, NETWORK_GEAR)
_ONE: Final = (CHROMEBOOKS,)
_LOOK: Final = ["ShowCatalog", "ShowAsset", "SeeCustomField"]
_CHANGE: Final = ["CreateAsset", "ModifyAsset", "ModifyCustomField"]
_TICKETS: Final = ["SeeQueue", "ShowTicket", "CreateTicket"]
_ADMIN: Final = ["AdminUsers", "ShowUserHistory", "SeeGroup", "AdminCustomField", "AdminCatalog"]
_SYNC: Final = [*_LOOK, *_CHANGE, *_ADMIN, *_TICKETS]

_ASSET_FIELDS: Final[tuple[tuple[str, str, int, tuple[int, ...], tuple[str, ...]], ...]] = (
    ("Serial Number", "Freeform", 1, _BOTH, ()),
    ("MAC Address", "Freeform", 1, _BOTH, ()),
    ("Manufacturer", "Combobox", 1, _BOTH, ("Acer", "Dell", "HP", "Lenovo")),
    ("Model", "Freeform", 1, _BOTH, ()),
    ("Type", "Select", 1, _BOTH, ("Chromebook", "iPad", "Laptop", "Switch")),
    ("Funding Source", "Select", 1, _BOTH, ("District", "ESSER", "Grant", "Title I")),
    ("Internal Name", "Freeform", 1, _ONE, ()),
    ("Google Device ID", "Freeform", 1, _ONE, ()),
    ("Google Status", "Select", 1, _ONE, ("ACTIVE", "DISABLED", "DEPROVISIONED", "PRE_PROVISIONED")),
    ("OU", "Freeform", 1, _ONE, ()),
    ("OS Version", "Freeform", 1, _ONE, ()),
    ("Battery Health", "Freeform", 1, _ONE, ()),
    ("Battery Cycle Count", "Freeform", 1, _ONE, ()),
    ("Last Sync", "DateTime", 1, _ONE, ()),
    ("AUE Date", "Date", 1, _ONE, ()),
    ("LAN IP", "IPAddress", 1, _ONE, ()),
    ("Recent Users", "Freeform", 0, _ONE, ()),
    ("Tags", "Select", 0, _ONE, ("Loaner", "Spare", "Testing", "Cart")),
    ("Notes", "Text", 1, _ONE, ()),
    ("Google ID (unique)", "Freeform", 1, _ONE, ()),
    ("Last User", "Freeform", 1, _ONE, ()),
    ("Location", "Freeform", 1, _BOTH, ()),
    ("Battery Status", "Select", 1, _ONE, ("Normal", "Replace soon", "Replace now")),
    ("Battery Category", "Select", 1, _ONE, ("Excellent", "Good", "Fair", "Poor", "Critical")),
    ("Battery Reported", "DateTime", 1, _ONE, ()),
)
_USER_FIELDS: Final = (
    ("Student ID", "Freeform", ()),
    ("Grade", "Freeform", ()),
    ("Graduation Year", "Freeform", ()),
    ("School", "Select", ("Elementary", "Middle School", "High School")),
)
_FIRST_FIELD: Final = 2
_STUDENTS: Final = (
    (47, "s1001", "Ada Student", ("100001", "7", "2031")),
    (49, "s1002", "Ben Student", ("100002", "8", "2030")),
)


def furnish(world: World) -> None:
    """Put the usual users, catalogs and custom fields into an empty world."""
    _add_users(world)
    for number, name, description in (
        (GENERAL, "General assets", "The default catalog"),
        (CHROMEBOOKS, "Chromebooks", "Student Chromebooks"),
        (NETWORK_GEAR, "Network Gear", "Switches and access points"),
    ):
        now = world.now()
        world.add(Catalog(id=number, name=name, description=description, created=now, updated=now))
    _add_fields(world)


def _add_users(world: World) -> None:
    for user in (
        User(id=SYSTEM, name="RT_System", real_name="The RT System itself"),
        User(id=NOBODY, name="Nobody", real_name="Nobody in particular"),
        User(id=ROOT, name="root", real_name="Enoch Root", email="root@localhost", rights=["SuperUser"]),
        User(id=27, name="rt-sync", real_name="Sync Robot", rights=_SYNC),
        User(id=29, name="rt-readonly", real_name="Read Only", rights=[*_LOOK, "SeeQueue", "ShowTicket"]),
        User(
            id=31,
            name="rt-catalog",
            real_name="One Catalog",
            catalog_rights={CHROMEBOOKS: [*_LOOK, *_CHANGE]},
        ),
        User(id=33, name="rt-blind", real_name="No Custom Fields", rights=["ShowCatalog", "ShowAsset"]),
        User(id=35, name="rt-west", real_name="West Coast", rights=_SYNC, timezone="America/Los_Angeles"),
    ):
        user.created = user.updated = world.now()
        if user.name.startswith("rt-"):
            user.email, user.password = f"{user.name}@example.test", f"{user.name}-password"
            user.token = _token(user)
        user.privileged = user.name.startswith("rt-") or user.name == "root"
        user.password = "password" if user.name == "root" else user.password
        world.add(user)
        if user.name != "RT_System":
            world.log(user, SYSTEM, Change("Create"))


def _token(user: User) -> str:
    # The same on every machine: the stand-in listens on loopback only.
    word = hashlib.md5(f"rt5-server {user.name}".encode(), usedforsecurity=False).hexdigest()
    return f"1-{user.id}-{word}"


def _add_fields(world: World) -> None:
    for name, kind, most, catalogs, values in _ASSET_FIELDS:
        field = add_field(world, CustomField(id=0, name=name, type=kind, max_values=most), catalogs, values)
        field.pattern = r"(?#Digits)^[\d.]*$" if name == "Battery Cycle Count" else ""
        field.unique = name.endswith("(unique)")
    for name, kind, values in _USER_FIELDS:
        add_field(world, CustomField(id=0, name=name, type=kind, lookup_type=USER_FIELDS), (), values)


def add_field(world: World, field: CustomField, catalogs: tuple[int, ...], values: tuple[str, ...]) -> CustomField:
    """Take a custom field in, number it and its values, and apply it to catalogs."""
    field.id = max(world.custom_fields, default=_FIRST_FIELD - 1) + 1
    field.sort_order = field.id - 1
    field.created = field.updated = world.now()
    field.values = list(enumerate(values, start=world.next_value_id()))
    for number in catalogs if field.lookup_type == ASSET_FIELDS else ():
        catalog = world.catalogs[number]
        catalog.custom_fields = [*catalog.custom_fields, field.id]
        world.save(catalog)
    return world.add(field)


def add_examples(world: World) -> None:
    """Add the two people and three assets that the real server of the tests starts with."""
    fields = {field.name: field.id for field in world.custom_fields.values()}
    for number, name, real_name, texts in _STUDENTS:
        user = User(id=number, name=name, real_name=real_name, email=f"{name}@students.example.test")
        columns = ("Student ID", "Grade", "Graduation Year")
        user.values = {fields[column]: [text] for column, text in zip(columns, texts, strict=True)}
        user.created = world.now()
        world.log(world.add(user), SYSTEM, Change("Create"))
    for number in (1, 2, 3):
        _add_chromebook(world, fields, number)


def _add_chromebook(world: World, fields: dict[str, int], number: int) -> None:
    values = {
        "Serial Number": f"5CD{number:07d}",
        "Model": "HP Chromebook 11 G8 EE",
        "Manufacturer": "HP",
        "Type": "Chromebook",
    }
    asset = Asset(
        id=number,
        name=f"W12-{number:04d}",
        description=f"Chromebook {number}",
        catalog=CHROMEBOOKS,
        status="in-use",
        held_by=[_STUDENTS[0][0]] if number == 1 else [],
        values={fields[key]: [text] for key, text in values.items()},
        created=world.now(),
    )
    world.log(world.add(asset), SYSTEM, Change("Create"))
