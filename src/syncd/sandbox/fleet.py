"""A synthetic school district: Chromebooks as Google sees them, assets as RT sees them, and where the two differ.

Nothing here is real: domain ``example.org``, serials ``SYN...``, locally administered MACs.
"""

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

Device = dict[str, Any]
CfValue = str | tuple[str, ...]

CHROMEBOOKS = "Chromebooks"
NETWORK_GEAR = "Network Gear"
NOBODY = "Nobody"
DOMAIN = "example.org"
MINIMUM = 40


@dataclass(frozen=True, slots=True)
class User:
    """An RT user; ``email`` may be empty."""

    login: str
    real_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """An RT asset catalog."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class CustomField:
    """An RT custom field of assets.

    ``type`` is RT's (Freeform, Select, Text, Date, DateTime); ``max_values`` 1 or 0 (many); ``values`` are what a
    Select offers; ``catalogs`` are the names of those it applies to.
    """

    name: str
    type: str = "Freeform"
    max_values: int = 1
    pattern: str = ""
    values: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = (CHROMEBOOKS,)


@dataclass(frozen=True, slots=True)
class Asset:
    """An RT asset. ``owner`` and ``held_by`` are logins (``Nobody`` for none).

    ``custom_fields`` holds values by name: text, or a tuple for fields with many values; DateTime as RT prints it
    (``2026-11-18T14:05:01Z``, UTC), Date as ``2030-06-01``. A field without a value is left out.
    """

    name: str
    catalog: str = CHROMEBOOKS
    status: str = "in-use"
    owner: str = NOBODY
    held_by: tuple[str, ...] = ()
    description: str = ""
    custom_fields: dict[str, CfValue] = field(default_factory=dict)

    @property
    def serial(self) -> str:
        """The serial number as RT has it, perhaps untidy, perhaps empty."""
        return str(self.custom_fields.get("Serial Number", ""))


@dataclass(frozen=True, slots=True)
class Case:
    """One disagreement: its kind, and the records that are part of it (Google device ids, asset names)."""

    kind: str
    devices: tuple[str, ...]
    assets: tuple[str, ...]
    serials: tuple[str, ...]


@dataclass(frozen=True)
class Fleet:
    """Both sides. ``org_units`` and ``devices`` are Google's JSON; the rest is RT's."""

    seed: int
    org_units: tuple[Device, ...]
    devices: list[Device]
    users: list[User]
    assets: list[Asset]
    custom_fields: tuple[CustomField, ...]
    catalogs: tuple[Catalog, ...]
    cases: tuple[Case, ...]

    @cached_property
    def expected(self) -> Mapping[str, int]:
        """How many cases there are of each kind (0 where none), and pairs ``in_sync``."""
        counts = dict.fromkeys(KINDS, 0)
        for case in self.cases:
            counts[case.kind] += 1
        return {**counts, "in_sync": len(self.devices) - sum(len(case.devices) for case in self.cases)}

    def of_kind(self, kind: str) -> list[Case]:
        """Return the cases of one kind."""
        return [case for case in self.cases if case.kind == kind]

    def kind_of(self, serial: str) -> str:
        """Return the kind of disagreement that a serial is part of (either side's spelling); empty when in sync."""
        return self._kinds.get(serial, "")

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {serial: case.kind for case in self.cases for serial in case.serials}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of disagreement: one case for every ``every`` devices, at least one.

    ``google_fields`` would be changed by a mapping of Name, the Owner's address and Location to Google (with clearing
    allowed for the user); ``rt_fields`` by a mapping of all that Google reports to RT.
    """

    every: int
    google_fields: tuple[str, ...]
    rt_fields: tuple[str, ...]
    build: "Callable[[_Maker], tuple[list[Device], list[Asset]]]"


def make_fleet(devices: int, seed: int = 1, *, drift: bool = True) -> Fleet:
    """Make a fleet of exactly so many Google devices; the same arguments give the same fleet.

    Asset and device agree in all fields but for these cases (``drift=False``: none). Their number is
    ``max(1, devices // every)``, with ``every`` 1,000 for the first four kinds and 5,000 for the others:

    * ``asset_id_differs``: Google has another asset id; ``asset_id_missing``: Google has none
    * ``user_differs``: Google has another user; ``user_missing``: Google has none
    * ``returned``: the asset's Owner is Nobody, Google still has the user
    * ``stale_in_rt``: OS version, last sync and last user in RT are old
    * ``only_in_google``, ``only_in_rt``: no partner
    * ``other_catalog``: no partner in Chromebooks, an asset with its serial in Network Gear
    * ``duplicate_in_google``, ``duplicate_in_rt``: two devices (two assets) with one serial; no MAC tells which
    * ``reenrolled``: an active device and its deprovisioned twin have one serial; the asset belongs to the first
    * ``blank_serial``, ``short_serial``, ``placeholder_serial``: a device and an asset that are not the same
    * ``mac_only``: the asset has no serial; its MAC (upper case, colons) is the device's
    * ``untidy_serial``: the asset's serial is in lower case with spaces
    * ``script_name``, ``emoji_name``, ``leading_zeros``: the new asset id is in another script, has an emoji, or is
      told from Google's by its leading zeros only
    * ``long_text``: the asset's name has 255 characters, its location 300 (Google takes 200)
    * ``owner_without_email``: Google has a user, the asset's owner has no address
    * ``two_holders``: the asset has two holders (all else agrees)

    Devices of cases are ACTIVE; of the others 2 % are DISABLED and 2 % DEPROVISIONED. One pair in ten has no user.
    Raises ValueError for fewer than 40 devices with drift.
    """
    if drift and devices < MINIMUM:
        raise ValueError(f"a fleet with drift needs at least {MINIMUM} devices, {devices} were asked for")
    maker = _Maker(seed)
    if drift:
        maker.disagree(devices)
    while len(maker.devices) < devices:
        device, asset = maker.pair()
        maker.devices.append(device)
        maker.assets.append(asset)
    maker.network_gear(max(2, devices // 500))
    return Fleet(
        seed=seed,
        org_units=_ORG_UNITS,
        devices=maker.devices,
        users=maker.users,
        assets=maker.assets,
        custom_fields=CUSTOM_FIELDS,
        catalogs=CATALOGS,
        cases=tuple(maker.cases),
    )


CATALOGS = (
    Catalog(CHROMEBOOKS, "Student and staff Chromebooks"),
    Catalog(NETWORK_GEAR, "Switches and access points"),
)
STATUSES = ("ACTIVE", "DISABLED", "DEPROVISIONED", "PRE_PROVISIONED")
_BOTH = (CHROMEBOOKS, NETWORK_GEAR)
CUSTOM_FIELDS = (
    CustomField("Serial Number", catalogs=_BOTH),
    CustomField("MAC Address", catalogs=_BOTH),
    CustomField("Model", catalogs=_BOTH),
    CustomField("OS Version"),
    CustomField("Last Sync", "DateTime"),
    CustomField("AUE Date", "Date"),
    CustomField("OU"),
    CustomField("Google Status", "Select", values=STATUSES),
    CustomField("Google Device ID"),
    CustomField("Recent Users", max_values=0),
    CustomField("Last User"),
    CustomField("Location", catalogs=_BOTH),
    CustomField("Notes", "Text"),
    CustomField("Type"),
    CustomField("Manufacturer", catalogs=_BOTH),
    CustomField("Tags", "Select", max_values=0, values=("1:1", "cart", "loaner", "spare", "staff")),
    CustomField("Battery Cycle Count", pattern=r"(?#Digits)^[\d.]*$"),
)

_UNITS = ("", "Chromebooks", "Chromebooks/High School", "Chromebooks/Elementary", "Staff", "Students", "Ærø & Søns")


def _unit(index: int, path: str) -> Device:
    parent, _, name = path.rpartition("/")
    unit: Device = {
        "kind": "admin#directory#orgUnit",
        "etag": f'"syn-unit/{index}"',
        "name": name or "Example District",
        "orgUnitId": f"id:03syn{index:010d}",
        "orgUnitPath": f"/{path}",
    }
    if path:
        unit |= {"parentOrgUnitPath": f"/{parent}", "parentOrgUnitId": f"id:03syn{_UNITS.index(parent):010d}"}
    return unit


_ORG_UNITS = tuple(_unit(index, path) for index, path in enumerate(_UNITS))
_UNIT_IDS = {unit["orgUnitPath"]: unit["orgUnitId"].removeprefix("id:") for unit in _ORG_UNITS}
_HOMES = ("/Chromebooks/High School", "/Chromebooks/Elementary", "/Chromebooks", "/Students", "/Staff", "/Ærø & Søns")

_MODELS = (
    # model, manufacturer, end of updates, RAM in GiB, platform
    ("Acer Chromebook 311 (C723)", "Acer", "2033-06-01", 4, "dedede"),
    ("Acer Chromebook Spin 311 (R722T)", "Acer", "2030-06-01", 4, "kukui"),
    ("ASUS Chromebook CR1 (CR1102C)", "ASUS", "2033-06-01", 8, "nissa"),
    ("Dell Chromebook 3110", "Dell", "2032-06-01", 4, "dedede"),
    ("HP Chromebook 11 G9 EE", "HP", "2029-06-01", 4, "dedede"),
    ("HP Chromebox G3", "HP", "2030-06-01", 8, "puff"),
    ("Lenovo 300e Chromebook 2nd Gen", "Lenovo", "2025-06-01", 4, "octopus"),
    ("Lenovo 500e Yoga Chromebook Gen 4", "Lenovo", "2034-06-01", 8, "nissa"),
)
_GIVEN = ("Amina", "José", "Zoë", "Łukasz", "Nguyễn", "Ольга", "美咲", "محمد", "Priya", "O'Neil", "Søren", "Χρήστος")
_FAMILY = (
    "Synth",
    "Ñúñez",
    "Müller",
    "Šimek",
    "Văn",
    "Иванова",
    "佐藤",
    "العربي",
    "Rao",
    "de la Cruz",
    "Sørensen",
    "Παππάς",
)
_ROOMS = (*(f"Room {number}" for number in range(1, 41)), 'Library, cart "B"', "Büro Süd")
_NOTES = ("Loaner pool", 'Screen cracked;\nrepair ticket #4821, see "RT"', "Keyboard replaced 2026-02-11")
_SYSTEM_RAM = {gib: str(gib << 30) for gib in (4, 8)}
_NETWORKS = tuple([{"ipAddress": f"10.20.0.{n}", "wanIpAddress": "192.0.2.10"}] for n in range(1, 33))
_ACTIVE = tuple([{"date": "2026-11-17", "activeTime": 600_000 * n}] for n in range(1, 9))
_PLACEHOLDERS = ("To be filled by O.E.M.", "0000000000", "Default string", "N/A")
_SCRIPT_NAMES = ("Ноутбук", "ノートパソコン", "حاسوب", "लैपटॉप", "Φορητός")


class _Maker:
    """Makes records, numbers them, and remembers what it made."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made to be repeated, not to be secret
        self.number = 0
        self.active = False
        self.devices: list[Device] = []
        self.assets: list[Asset] = []
        self.users: list[User] = []
        self.cases: list[Case] = []

    def disagree(self, devices: int) -> None:
        self.active = True
        for name, kind in KINDS.items():
            for _ in range(max(1, devices // kind.every)):
                self._case(name, *kind.build(self))
        self.active = False

    def _case(self, kind: str, devices: list[Device], assets: list[Asset]) -> None:
        self.devices += devices
        self.assets += assets
        serials = [*(device.get("serialNumber", "") for device in devices), *(asset.serial for asset in assets)]
        self.cases.append(
            Case(
                kind=kind,
                devices=tuple(device["deviceId"] for device in devices),
                assets=tuple(asset.name for asset in assets),
                serials=tuple(dict.fromkeys(serial for serial in serials if serial)),
            ),
        )

    def user(self, *, email: bool = True) -> User:
        login = f"s{len(self.users) + 1:07d}"
        real_name = f"{self.random.choice(_GIVEN)} {self.random.choice(_FAMILY)}"
        user = User(login, real_name, f"{login}@{DOMAIN}" if email else "")
        self.users.append(user)
        return user

    def pair(self, *, owned: bool | None = None) -> tuple[Device, Asset]:
        """Make a device and its asset that agree; one in ten has no user, unless it is said."""
        self.number += 1
        number, pick = self.number, self.random
        user = self.user() if owned or (owned is None and pick.random() > 0.1) else None  # noqa: PLR2004
        device = self._device(number, user)
        manufacturer = _MANUFACTURERS[device["model"]]
        tags = ("1:1",) if user else ("cart", "spare")
        asset = Asset(
            name=f"EX-{number:07d}",
            status="in-use" if user else "allocated",
            owner=user.login if user else NOBODY,
            held_by=(user.login,) if user else (),
            description=device["model"],
            custom_fields=as_reported(device)
            | {
                "Type": "Chromebook",
                "Manufacturer": manufacturer,
                "Tags": tags,
                "Battery Cycle Count": str(number % 500),
            },
        )
        return device, asset

    def _device(self, number: int, user: User | None) -> Device:
        pick = self.random
        model, _, until, ram, platform = pick.choice(_MODELS)
        unit = pick.choice(_HOMES)
        build = pick.randrange(40, 110)
        day, minute, second = pick.randrange(1, 19), pick.randrange(60), pick.randrange(60)
        status = "ACTIVE" if self.active else pick.choices(STATUSES[:3], (96, 2, 2))[0]
        device: Device = {
            "kind": "admin#directory#chromeosdevice",
            "etag": f'"syn/{number:x}"',
            "deviceId": str(uuid.UUID(int=pick.getrandbits(128), version=4)),
            "serialNumber": f"SYN{number:07d}",
            "status": status,
            "orgUnitPath": unit,
            "orgUnitId": _UNIT_IDS[unit],
            "model": model,
            "osVersion": f"141.0.7390.{build}",
            "platformVersion": f"16404.{build}.0 (Official Build) stable-channel {platform}",
            "firmwareVersion": "Google_Magolor.13606.592.0",
            "bootMode": "Verified",
            "macAddress": f"0200{number:08x}",
            "lastSync": f"2026-11-{day:02d}T14:{minute:02d}:{second:02d}.123Z",
            "lastEnrollmentTime": "2025-08-12T16:20:00.000Z",
            "firstEnrollmentTime": "2023-08-14T15:00:00.000Z",
            "chromeOsType": "chromeOs",
            "deviceLicenseType": "education",
            "autoUpdateThrough": until,
            "systemRamTotal": _SYSTEM_RAM[ram],
            "activeTimeRanges": pick.choice(_ACTIVE),
            "lastKnownNetwork": pick.choice(_NETWORKS),
            "annotatedAssetId": f"EX-{number:07d}",
            "annotatedLocation": pick.choice(_ROOMS),
        }
        if number % 7 == 0:
            device["ethernetMacAddress"] = f"0201{number:08x}"
        if number % 11 == 0:
            device["notes"] = pick.choice(_NOTES)
        if user is not None:
            device["annotatedUser"] = user.email
            device["recentUsers"] = [{"type": "USER_TYPE_MANAGED", "email": user.email}]
            if number % 5 == 0:
                device["recentUsers"].append({"type": "USER_TYPE_UNMANAGED"})
        return device

    def network_gear(self, count: int) -> None:
        for number in range(1, count + 1):
            values: dict[str, CfValue] = {
                "Serial Number": f"SYNNET{number:05d}",
                "MAC Address": f"0202{number:08x}",
                "Model": "Switch 24",
                "Manufacturer": "Example Networks",
                "Location": "MDF",
            }
            self.assets.append(Asset(f"SW-{number:05d}", NETWORK_GEAR, custom_fields=values))


_MANUFACTURERS = {model: maker for model, maker, *_ in _MODELS}


def as_reported(device: Device) -> dict[str, CfValue]:
    """Return the custom fields that Google's report of a device gives: what an asset in sync holds."""
    recent = tuple(user["email"] for user in device.get("recentUsers", ()) if "email" in user)
    values: dict[str, CfValue] = {
        "Serial Number": device.get("serialNumber", ""),
        "MAC Address": device.get("macAddress", ""),
        "Model": device.get("model", ""),
        "OS Version": device.get("osVersion", ""),
        "Last Sync": device["lastSync"][:19] + "Z",
        "AUE Date": device.get("autoUpdateThrough", ""),
        "OU": device["orgUnitPath"],
        "Google Status": device["status"],
        "Google Device ID": device["deviceId"],
        "Recent Users": recent,
        "Last User": recent[0] if recent else "",
        "Location": device.get("annotatedLocation", ""),
        "Notes": device.get("notes", ""),
    }
    return {name: value for name, value in values.items() if value}


Built = tuple[list[Device], list[Asset]]


def _without(asset: Asset, *names: str, **more: Any) -> Asset:  # noqa: ANN401
    kept = {name: value for name, value in asset.custom_fields.items() if name not in names}
    return replace(asset, custom_fields=kept, **more)


def _with(asset: Asset, values: Mapping[str, CfValue]) -> Asset:
    return replace(asset, custom_fields={**asset.custom_fields, **values})


def _google_has(**values: str | None) -> "Callable[[_Maker], Built]":
    """Return a builder of owned pairs whose device has other values (None: no value)."""

    def build(maker: _Maker) -> Built:
        device, asset = maker.pair(owned=True)
        device |= {name: value.format(maker.number) for name, value in values.items() if value is not None}
        for name, value in values.items():
            if value is None:
                del device[name]
        return [device], [asset]

    return build


def _user_differs(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    device["annotatedUser"] = maker.user().email
    return [device], [asset]


def _returned(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [replace(asset, owner=NOBODY, held_by=(), status="allocated")]


def _stale_in_rt(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    old = maker.user().email
    stale: dict[str, CfValue] = {
        "OS Version": "139.0.7258.66",
        "Last Sync": "2026-06-01T08:00:00Z",
        "Last User": old,
        "Recent Users": (old,),
    }
    return [device], [_with(asset, stale)]


def _only_in_google(maker: _Maker) -> Built:
    return [maker.pair()[0]], []


def _only_in_rt(maker: _Maker) -> Built:
    return [], [_without(maker.pair()[1], "Google Device ID")]


def _other_catalog(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=False)
    gear = {name: asset.custom_fields[name] for name in ("Serial Number", "Location")}
    return [device], [Asset(f"AP-{maker.number:05d}", NETWORK_GEAR, custom_fields=gear)]


def _duplicate_in_google(maker: _Maker) -> Built:
    (first, asset), (second, _) = maker.pair(owned=True), maker.pair(owned=False)
    return [
        first,
        second | {"serialNumber": first["serialNumber"]},
    ], [_without(asset, "MAC Address", "Google Device ID")]


def _duplicate_in_rt(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    asset = _without(asset, "MAC Address", "Google Device ID")
    return [device], [asset, replace(asset, name=f"{asset.name}-B", owner=NOBODY, held_by=())]


def _reenrolled(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    old = maker.pair(owned=False)[0] | {
        "serialNumber": device["serialNumber"],
        "macAddress": device["macAddress"],
        "status": "DEPROVISIONED",
        "lastSync": "2025-06-20T09:00:00.000Z",
        "lastDeprovisionTimestamp": "2025-06-21T10:00:00.000Z",
        "deprovisionReason": "deprovisionReasonSameModelReplacement",
    }
    return [device, old], [asset]


def _strangers(serials: Iterable[str]) -> "Callable[[_Maker], Built]":
    """Return a builder of a device and an asset that share a useless serial and nothing else."""
    pool = tuple(serials)

    def build(maker: _Maker) -> Built:
        serial = pool[maker.number % len(pool)]
        device, asset = maker.pair()[0], maker.pair()[1]
        if not serial:
            del device["serialNumber"]
            return [device], [_without(asset, "Serial Number", "Google Device ID")]
        device["serialNumber"] = serial
        return [device], [_with(_without(asset, "Google Device ID"), {"Serial Number": serial})]

    return build


def _mac_only(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    mac = device["macAddress"].upper()
    colons = ":".join(mac[place : place + 2] for place in range(0, 12, 2))
    return [device], [_with(_without(asset, "Serial Number", "Google Device ID"), {"MAC Address": colons})]


def _untidy_serial(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [
        _with(asset, {"Serial Number": f" {device['serialNumber'].lower()[:6]} {device['serialNumber'][6:]} "})
    ]


def _named(pattern: str, google: str = "OLD-{0}") -> "Callable[[_Maker], Built]":
    def build(maker: _Maker) -> Built:
        device, asset = maker.pair(owned=True)
        device["annotatedAssetId"] = google.format(maker.number)
        script = maker.random.choice(_SCRIPT_NAMES)
        return [device], [replace(asset, name=pattern.format(maker.number, script=script))]

    return build


def _long_text(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    name = f"{asset.name} {'long ' * 60}"[:254] + "."
    place = f"Building {maker.number}, {'second floor, ' * 30}"[:299] + "."
    return [device], [_with(replace(asset, name=name), {"Location": place})]


def _owner_without_email(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    owner = maker.user(email=False).login
    return [device], [replace(asset, owner=owner, held_by=(owner,))]


def _two_holders(maker: _Maker) -> Built:
    device, asset = maker.pair(owned=True)
    return [device], [replace(asset, held_by=(*asset.held_by, maker.user().login))]


_OFTEN, _RARE = 1_000, 5_000
_ID, _USER = ("annotatedAssetId",), ("annotatedUser",)
_STALE = ("OS Version", "Last Sync", "Last User", "Recent Users")
KINDS: Mapping[str, Kind] = {
    "asset_id_differs": Kind(_OFTEN, _ID, (), _google_has(annotatedAssetId="OLD-{:07d}")),
    "asset_id_missing": Kind(_OFTEN, _ID, (), _google_has(annotatedAssetId=None)),
    "user_differs": Kind(_OFTEN, _USER, (), _user_differs),
    "user_missing": Kind(_OFTEN, _USER, (), _google_has(annotatedUser=None)),
    "returned": Kind(_RARE, _USER, (), _returned),
    "stale_in_rt": Kind(_RARE, (), _STALE, _stale_in_rt),
    "only_in_google": Kind(_RARE, (), (), _only_in_google),
    "only_in_rt": Kind(_RARE, (), (), _only_in_rt),
    "other_catalog": Kind(_RARE, (), (), _other_catalog),
    "duplicate_in_google": Kind(_RARE, (), (), _duplicate_in_google),
    "duplicate_in_rt": Kind(_RARE, (), (), _duplicate_in_rt),
    "reenrolled": Kind(_RARE, (), (), _reenrolled),
    "blank_serial": Kind(_RARE, (), (), _strangers([""])),
    "short_serial": Kind(_RARE, (), (), _strangers(["AB1", "7"])),
    "placeholder_serial": Kind(_RARE, (), (), _strangers(_PLACEHOLDERS)),
    "mac_only": Kind(_RARE, (), ("Serial Number", "MAC Address", "Google Device ID"), _mac_only),
    "untidy_serial": Kind(_RARE, (), ("Serial Number",), _untidy_serial),
    "script_name": Kind(_RARE, _ID, (), _named("{script} {0}")),
    "emoji_name": Kind(_RARE, _ID, (), _named("Laptop 💻 {0} 👩🏽‍🏫")),
    "leading_zeros": Kind(_RARE, _ID, (), _named("000{0}", "{0}")),
    "long_text": Kind(_RARE, ("annotatedAssetId", "annotatedLocation"), (), _long_text),
    "owner_without_email": Kind(_RARE, (), (), _owner_without_email),
    "two_holders": Kind(_RARE, (), (), _two_holders),
}
