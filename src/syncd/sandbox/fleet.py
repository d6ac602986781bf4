"""A synthetic school district: Chromebooks as Google sees them, assets as RT sees them, and where the two differ.

Nothing here is real: domain ``example.org``, serials ``SYN...``, locally administered MACs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from syncd.sandbox.district import ORG_UNITS, Maker, as_reported
from syncd.sandbox.drift import KINDS, Built, Kind
from syncd.sandbox.records import (
    CATALOGS,
    CHROMEBOOKS,
    CUSTOM_FIELDS,
    NETWORK_GEAR,
    NOBODY,
    Asset,
    Case,
    Catalog,
    CfValue,
    CustomField,
    Device,
    OrgUnit,
    User,
)

__all__ = [
    "CATALOGS",
    "CHROMEBOOKS",
    "CUSTOM_FIELDS",
    "KINDS",
    "NETWORK_GEAR",
    "NOBODY",
    "Asset",
    "Case",
    "Catalog",
    "CfValue",
    "CustomField",
    "Device",
    "Fleet",
    "Kind",
    "User",
    "as_reported",
    "make_fleet",
]

MINIMUM = 40


@dataclass(frozen=True)
class Fleet:
    """Both sides. ``org_units`` and ``devices`` are Google's JSON; the rest is RT's."""

    seed: int
    org_units: tuple[OrgUnit, ...]
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
    maker = Maker(seed)
    made: list[Device] = []
    assets: list[Asset] = []
    cases: list[Case] = []
    if drift:
        maker.active = True
        for name, kind in KINDS.items():
            for _ in range(max(1, devices // kind.every)):
                built = kind.build(maker)
                cases.append(_case(name, built))
                made += built[0]
                assets += built[1]
        maker.active = False
    while len(made) < devices:
        device, asset = maker.pair()
        made.append(device)
        assets.append(asset)
    assets += maker.network_gear(max(2, devices // 500))
    return Fleet(seed, ORG_UNITS, made, maker.users, assets, CUSTOM_FIELDS, CATALOGS, tuple(cases))


def _case(kind: str, built: Built) -> Case:
    devices, assets = built
    serials = [*(device.get("serialNumber", "") for device in devices), *(asset.serial for asset in assets)]
    return Case(
        kind=kind,
        devices=tuple(device["deviceId"] for device in devices),
        assets=tuple(asset.name for asset in assets),
        serials=tuple(dict.fromkeys(serial for serial in serials if serial)),
    )
