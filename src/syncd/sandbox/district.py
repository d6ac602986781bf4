"""Makes the synthetic district: org units, devices with their assets and users, all in agreement."""

import random
import uuid

from syncd.sandbox.records import DOMAIN, NETWORK_GEAR, NOBODY, STATUSES, Asset, CfValue, Device, OrgUnit, User

_UNITS = ("", "Chromebooks", "Chromebooks/High School", "Chromebooks/Elementary", "Staff", "Students", "Ærø & Søns")


def _unit(index: int, path: str) -> OrgUnit:
    parent, _, name = path.rpartition("/")
    unit: OrgUnit = {
        "kind": "admin#directory#orgUnit",
        "etag": f'"syn-unit/{index}"',
        "name": name or "Example District",
        "orgUnitId": f"id:03syn{index:010d}",
        "orgUnitPath": f"/{path}",
    }
    if path:
        unit |= {"parentOrgUnitPath": f"/{parent}", "parentOrgUnitId": f"id:03syn{_UNITS.index(parent):010d}"}
    return unit


ORG_UNITS = tuple(_unit(index, path) for index, path in enumerate(_UNITS))
_UNIT_IDS = {unit["orgUnitPath"]: unit["orgUnitId"].removeprefix("id:") for unit in ORG_UNITS}
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
GIVEN = ("Amina", "José", "Zoë", "Łukasz", "Nguyễn", "Ольга", "美咲", "محمد", "Priya", "O'Neil", "Søren", "Χρήστος")
FAMILY = (
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


class Maker:
    """Makes records that agree and numbers them; ``active`` keeps new devices from being disabled or deprovisioned."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made to be repeated, not to be secret
        self.number = 0
        self.active = False
        self.users: list[User] = []

    def user(self, *, email: bool = True) -> User:
        """Make a user, with an address or without."""
        login = f"s{len(self.users) + 1:07d}"
        real_name = f"{self.random.choice(GIVEN)} {self.random.choice(FAMILY)}"
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

    def network_gear(self, count: int) -> list[Asset]:
        """Make assets of the other catalog."""
        return [_switch(number) for number in range(1, count + 1)]


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


def _switch(number: int) -> Asset:
    values: dict[str, CfValue] = {
        "Serial Number": f"SYNNET{number:05d}",
        "MAC Address": f"0202{number:08x}",
        "Model": "Switch 24",
        "Manufacturer": "Example Networks",
        "Location": "MDF",
    }
    return Asset(f"SW-{number:05d}", NETWORK_GEAR, custom_fields=values)
