"""Devices and assets in the frame of a comparison: who takes part, who is matched, and which fields follow which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from syncd.jobs.options import FieldRule
from syncd.jobs.sides import crossing
from syncd.jobs.sides.google_devices import SortedOut, device_side, sort_out
from syncd.jobs.sides.rt_assets import AssetFields, asset_side
from syncd.reconcile.mapping import Flow
from syncd.reconcile.match import Match, match
from syncd.reconcile.model import Listing
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset

ONLY_RT = "only_rt"


class Terms(Protocol):
    """What of a job's options decides about pairs and fields."""

    @property
    def statuses(self) -> Sequence[str]:
        """Device statuses that take part."""

    @property
    def match(self) -> Sequence[str]:
        """The kinds of match keys, the strongest first."""

    @property
    def serial_field(self) -> str:
        """RT field that holds the serial number."""

    @property
    def mac_fields(self) -> Sequence[str]:
        """RT fields that hold MAC addresses."""

    @property
    def device_rules(self) -> Mapping[str, FieldRule]:
        """Device fields that RT owns."""

    @property
    def asset_rules(self) -> Mapping[str, FieldRule]:
        """Asset fields that Google owns."""


@dataclass(frozen=True)
class Frame:
    """A comparison that has all but its actions."""

    sorted_out: SortedOut
    found: Match[Device, Asset]
    to_google: Flow[Asset, Device]
    to_rt: Flow[Device, Asset]

    def listings(self) -> list[Listing]:
        """Return a line for every record without a partner; an asset whose device is kept out by its status says so."""
        reasons = self._reasons()
        found = self.found.listings()
        told = [
            msgspec.structs.replace(item, why=reasons[item.object])
            if item.state == ONLY_RT and item.object in reasons
            else item
            for item in found
        ]
        return [*self.sorted_out.listings, *told]

    def _reasons(self) -> dict[str, str]:
        """Return why assets have no partner, by their ids, where devices with their keys are kept out."""
        left, right = self.found.left, self.found.right
        alone = self.found.only_right if self.sorted_out.excluded else []
        kept_out = {key: device for device in self.sorted_out.excluded for key in left.usable(device)} if alone else {}
        devices = ((asset, kept_out[key]) for asset in alone for key in right.usable(asset) if key in kept_out)
        return {right.ident(asset): _kept_out(device) for asset, device in devices}


def _kept_out(device: Device) -> str:
    return (
        f"its device {device.serial_number.strip() or device.device_id} is {device.status}, a status the job leaves out"
    )


def frame(terms: Terms, devices: Sequence[Device], assets: Sequence[Asset], fields: AssetFields) -> Frame:
    """Sort out the devices, match both sides, and lay out the fields that are compared."""
    sorted_out = sort_out(devices, terms.statuses)
    left = device_side(sorted_out.included, terms.match)
    right = asset_side(assets, fields, terms.serial_field, terms.mac_fields, terms.match)
    return Frame(
        sorted_out=sorted_out,
        found=match(left, right),
        to_google=Flow(source=right, target=left, fields=crossing.to_device(terms.device_rules, fields)),
        to_rt=Flow(source=left, target=right, fields=crossing.to_asset(terms.asset_rules, fields)),
    )
