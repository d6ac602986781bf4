"""A district whose RT is late in some of what Google knows, and how both have to be after a run of the job."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from services.rt5 import Rt5
from services.seed import restore_fleet
from syncd.sandbox.fleet import NOBODY, Asset, Device, Fleet, as_reported, make_fleet
from system.real_rt import TO_RT, Done, Record, School, opened, values

UNMATCHED = {
    "only_in_google",
    "only_in_rt",
    "other_catalog",
    "duplicate_in_google",
    "duplicate_in_rt",
    "blank_serial",
    "short_serial",
    "placeholder_serial",
}
STALE = {
    "Model": "Chromebook of old",
    "OS Version": "120.0.6099.235",
    "Last Sync": "2026-01-02T03:04:05Z",
    "AUE Date": "2026-06-01",
    "OU": "/Attic",
    "Google Status": "DISABLED",
    "Last User": "former@example.org",
}
UNRELATED = {"Type", "Manufacturer", "Tags", "Battery Cycle Count", "Recent Users"}
"""Fields of no concern here; nine assets in ten go without them, which makes a large RT in less time."""


def district(devices: int) -> Fleet:
    """Return a fleet of which RT is late in one fifth, knows nothing of Google in another, and is right in the rest."""
    fleet = make_fleet(devices)
    return replace(fleet, assets=[_before(number, asset) for number, asset in enumerate(fleet.assets)])


def _before(number: int, asset: Asset) -> Asset:
    values = {name: text for name, text in asset.custom_fields.items() if number % 10 == 2 or name not in UNRELATED}
    if "Google Device ID" not in values:
        return replace(asset, custom_fields=values)
    if number % 5 == 0:
        names = STALE.keys() | {"Google Device ID"}
        return replace(asset, custom_fields={name: text for name, text in values.items() if name not in names})
    late = STALE if number % 5 == 1 else {}
    return replace(asset, custom_fields={**values, "Google ID (unique)": values["Google Device ID"], **late})


def pairs(fleet: Fleet) -> list[tuple[Device, Asset]]:
    """Return the devices that take part with the assets that are theirs."""
    devices = {device["deviceId"]: device for device in fleet.devices}
    assets = {asset.name: asset for asset in fleet.assets}
    found = [(devices[case.devices[0]], assets[case.assets[0]]) for case in fleet.cases if case.kind not in UNMATCHED]
    odd = {device for case in fleet.cases for device in case.devices}
    found += [(d, assets[d["annotatedAssetId"]]) for d in fleet.devices if d["deviceId"] not in odd]
    return [(device, asset) for device, asset in found if device["status"] in {"ACTIVE", "DISABLED"}]


def wanted_in_rt(device: Device) -> dict[str, str]:
    """Return the custom fields that Google owns as they should be."""
    reported = {**as_reported(device), "Google ID (unique)": device["deviceId"]}
    return {name: str(text) for name, text in reported.items() if f"CF.{{{name}}}" in TO_RT}


def wanted_in_google(device: Device, asset: Asset, emails: dict[str, str]) -> dict[str, str]:
    """Return the fields that RT owns as they should be: an unknown address or an overlong text changes nothing."""
    user = "" if asset.owner == NOBODY else emails[asset.owner] or device.get("annotatedUser", "")
    location = str(asset.custom_fields.get("Location", ""))
    return {
        "annotatedAssetId": asset.name,
        "annotatedUser": user,
        "annotatedLocation": location if 0 < len(location) <= 200 else device.get("annotatedLocation", ""),
        "notes": str(asset.custom_fields.get("Notes", "")) or device.get("notes", ""),
    }


def assert_in_step(fleet: Fleet, rt: Record, devices: Record) -> None:
    """Compare every pair with what the fleet says should come of it."""
    assets = {asset["Name"]: asset for asset in rt["assets"].values()}
    emails = {user.login: user.email for user in fleet.users}
    for device, asset in pairs(fleet):
        shown = values(assets[asset.name])
        shown["MAC Address"] = shown["MAC Address"].replace(":", "").lower()
        assert {name: shown.get(name) for name in wanted_in_rt(device)} == wanted_in_rt(device)
        wanted, now = wanted_in_google(device, asset, emails), devices[device["deviceId"]]
        assert {name: now.get(name, "") for name in wanted} == wanted


@contextmanager
def school_of(rt5: Rt5, devices: int, directory: Path) -> Iterator[School]:
    """Open a school with so many devices; a thousand take RT a minute, once on a machine."""
    fleet = district(devices)
    restore_fleet(rt5, fleet)
    with opened(School, rt5, fleet, directory) as school:
        yield school


def states(done: Done) -> set[str]:
    return {outcome["state"] for outcome in done.outcomes}


def in_rt(done: Done) -> int:
    """Return how many of the changes are in RT."""
    return sum(system == "rt" for system, *_ in done.changes)
