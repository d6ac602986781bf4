"""Devices as Google sends them, and assets with a schema to read them by."""

from typing import Any

import msgspec

from syncd.jobs.sides.rt_assets import AssetFields
from syncd.reconcile.model import Action, make_action
from syncd.reconcile.values import Known
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, Person, job_class
from unit.rt.fake_rt import FIELDS, schema

WIRE = {
    "kind": "admin#directory#chromeosdevice",
    "deviceId": "d-1",
    "serialNumber": "SYN0000001",
    "status": "ACTIVE",
    "model": "HP Chromebook 11 G9 EE",
    "osVersion": "141.0.7390.55",
    "macAddress": "02000000000a",
    "ethernetMacAddress": "02010000000A",
    "lastSync": "2026-11-20T14:05:06.123Z",
    "autoUpdateThrough": "2029-06-01",
    "recentUsers": [{"type": "USER_TYPE_UNMANAGED"}, {"type": "USER_TYPE_MANAGED", "email": "last@example.org"}],
    "annotatedAssetId": "EX-1",
    "annotatedUser": "user@example.org",
    "annotatedLocation": "Room 1",
    "notes": "Loaner",
    "orgUnitPath": "/Students",
}
PEOPLE = {
    41: Person(41, "s1001", "s1001@example.org"),
    42: Person(42, "s1002", "S1002@Example.org"),
    43: Person(43, "s1003", ""),
}
ASSET_CLASS = job_class(FIELDS)


def device(**changes: Any) -> Device:  # noqa: ANN401
    return msgspec.convert(WIRE | changes, Device)


def asset(number: int = 1, **changes: Any) -> Asset:  # noqa: ANN401
    """Return an asset; ``cf2`` is its serial number, the others are those of ``FIELDS``."""
    return ASSET_CLASS(id=number, **{"name": f"EX-{number}", "status": "in-use", "catalog": 2, **changes})


def fields() -> AssetFields:
    return AssetFields(schema(), PEOPLE)


def change(system: str, object_id: str, kind: Any = "update", **after: Known) -> Action:  # noqa: ANN401
    return make_action(
        kind=kind,
        system=system,
        object=object_id,
        label=object_id,
        before=dict.fromkeys(after, "old"),
        after=after,
        reason="test",
    )
