"""The two sides: the sandbox's Google and RT, what people do to them, and a picture of all that they hold."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from model.mapping import LOCATION, MAC, MODEL, OTHER, SERIAL, UNIT, VERSION
from syncd.reconcile.values import Known
from syncd.sandbox.district import ORG_UNITS
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.rt import RtApp
from syncd.sandbox.rt.records import Asset, User
from syncd.sandbox.server import Call, Server
from unit.virtual_clock import VirtualClock

Key = tuple[str, str]
"""System and id of an object."""

Picture = dict[Key, dict[str, Known]]
"""Each object with its fields that have a value, named and spelled as actions name and spell them."""

SERIALS = ("SYN0001", "SYN0002", "SYN0003", "SYN0004")
CATALOG, ELSEWHERE = "Chromebooks", "Network Gear"
PEOPLE = ("Nobody", "u1", "u2", "u3")
_AS_ROOT = {
    "authorization": f"Basic {base64.b64encode(b'root:password').decode()}",
    "content-type": "application/json",
}
_UNTOLD = {"etag", "deviceId", "orgUnitId", "kind"}
_TEXTS = ("", "A", "B")
_EMAILS = ("", "u1@example.org", "u2@example.org")
_UNITS = ("/Staff", "/Students", "/Chromebooks")
_MACS = ("", "02000000000a", "02000000000b")

DEVICE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "annotatedAssetId": _TEXTS,
    "annotatedUser": _EMAILS,
    "annotatedLocation": _TEXTS,
    "notes": _TEXTS,
    "orgUnitPath": _UNITS,
    "osVersion": ("", "1", "2"),
    "model": ("", "m1", "m2"),
    "macAddress": _MACS,
    "serialNumber": ("", "syn 0001", *SERIALS),
    "status": ("ACTIVE", "DISABLED", "DEPROVISIONED"),
}
"""What a device may have; the first is the blank one, where there is one."""

ASSET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Name": _TEXTS,
    "Description": _TEXTS,
    "Owner": PEOPLE,
    "HeldBy": ("", "u1", "u1 u2", "u3"),
    LOCATION: _TEXTS,
    UNIT: ("", "/Staff", "/students"),
    VERSION: ("", "1", "2"),
    MODEL: ("", "m1", "m2"),
    OTHER: _TEXTS,
    MAC: ("", "02:00:00:00:00:0A", "02:00:00:00:00:0B"),
    SERIAL: ("", "syn 0001", *SERIALS),
    "Status": ("in-use", "stolen", "deleted", "allocated"),
    "Catalog": (CATALOG, ELSEWHERE),
}
"""What an asset may have."""


class Sides:
    """Google and RT. ``server`` answers for both, and takes faults; ``touched`` counts what people did."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.google = GoogleApp.from_tenant({"orgunits": ORG_UNITS})
        self.rt = RtApp()
        self.rt.world.now = lambda: f"{clock.now():%Y-%m-%d %H:%M:%S}"
        self.server = Server({"": self.google, "/rt": self.rt})
        self._enrolled = 0
        self.touched = 0
        for name in PEOPLE[1:]:
            self._ask("POST", "user", {"Name": name, "EmailAddress": f"{name}@example.org" if name != "u3" else ""})
        self.new_asset(SERIALS[3], catalog=ELSEWHERE)

    def close(self) -> None:
        """Let go of the port."""
        self.server.stop()
        assert self.server.failures == []

    # -- what people do in Google

    @property
    def devices(self) -> list[str]:
        """The ids of all devices."""
        return [*self.google.tenant.devices]

    def enrol(self, serial: str, **fields: str) -> str:
        """Enrol a device; return its id, which none had before."""
        self._touch()
        self._enrolled += 1
        device = {"deviceId": f"d-{self._enrolled}", "serialNumber": serial, "status": "ACTIVE", "orgUnitPath": "/"}
        self.google.enrol(device | {name: text for name, text in fields.items() if text})
        return device["deviceId"]

    def edit_device(self, device: str, **fields: str) -> None:
        """Change a device; "" clears."""
        self._touch()
        self.google.edit(device, **{name: text or None for name, text in fields.items()})

    def remove_device(self, device: str) -> None:
        """Let a device vanish."""
        self._touch()
        self.google.remove(device)

    # -- what people do in RT

    @property
    def assets(self) -> list[int]:
        """The ids of all assets, deleted ones too."""
        return [*self.rt.world.assets]

    def new_asset(self, serial: str, *, name: str = "", unit: str = "", catalog: str = CATALOG) -> None:
        """Make an asset."""
        values = {"Serial Number": serial} | ({"OU": unit} if unit else {})
        self._ask("POST", "asset", {"Name": name, "Catalog": catalog, "CustomFields": values})

    def edit_asset(self, asset: int, field: str, text: str) -> None:
        """Change a field of an asset, as far as RT lets root do that."""
        if field.startswith("CF."):
            body: dict[str, Any] = {"CustomFields": {field[4:-1]: text or None}}
        else:
            body = {field: text.split() if field == "HeldBy" else text}
        self._ask("PUT", f"asset/{asset}", body)

    def serial_of(self, asset: int) -> str:
        """Return the serial of an asset as it is written there."""
        return str(self.picture()["rt", str(asset)].get(SERIAL) or "")

    def new_address(self, user: str, address: str) -> None:
        """Give a user of RT another e-mail address, "" for none."""
        self._ask("PUT", f"user/{user}", {"EmailAddress": address})

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self._touch()
        call = Call(method, f"/REST/2.0/{path}", [], _AS_ROOT, msgspec.json.encode(body), "http://rt.test")
        answer = self.rt.handle(call)
        assert answer.status in (200, 201), answer

    def _touch(self) -> None:
        """Let a moment pass, and count what people do."""
        self._clock.advance(0.01)
        self.touched += 1

    # -- looking at it

    def picture(self) -> Picture:
        """Return all that both sides hold, but for what changes by itself with each write."""
        world = self.rt.world
        devices = {("google", id_): _filled(_device(self.google.device(id_))) for id_ in self.devices}
        assets = {("rt", str(id_)): _filled(self._asset(asset)) for id_, asset in world.assets.items()}
        users = {("rt user", str(id_)): _filled({"Name": u.name, "E-mail": u.email}) for id_, u in world.users.items()}
        return devices | assets | users

    def _asset(self, asset: Asset) -> dict[str, Known]:
        world, address = self.rt.world, self._address
        values = {f"CF.{{{world.custom_fields[id_].name}}}": texts[0] for id_, texts in asset.values.items()}
        return {
            "Name": asset.name,
            "Status": asset.status,
            "Catalog": str(asset.catalog),
            "Description": asset.description,
            "Owner.EmailAddress": address(asset.owner),
            "HeldBy.EmailAddress": tuple(sorted(filter(None, map(address, asset.held_by)))),
            **values,
        }

    def _address(self, user: int) -> str | None:
        """Return the address of a user; of one that has none a text that is no address."""
        found: User = self.rt.world.users[user]
        return None if found.name == "Nobody" else found.email or f"user {user}"


def _device(device: Mapping[str, Any]) -> dict[str, Known]:
    return {name: str(value) for name, value in device.items() if name not in _UNTOLD}


def _filled(fields: Mapping[str, Known]) -> dict[str, Known]:
    return {name: value for name, value in fields.items() if value}


def takes_part(statuses: tuple[str, ...]) -> Callable[[Key, Mapping[str, Known]], bool]:
    """Return what tells whether an object is one of those that the job compares."""

    def told(key: Key, fields: Mapping[str, Known]) -> bool:
        if key[0] == "google":
            return fields.get("status") in statuses
        return key[0] == "rt" and fields["Catalog"] == "2" and fields["Status"] != "deleted"

    return told
