"""Devices and assets in the frame of a comparison: who takes part, who is matched, and which fields follow which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.jobs.options import FieldRule
from syncd.jobs.sides import crossing
from syncd.jobs.sides.google_devices import SortedOut, device_side, sort_out
from syncd.jobs.sides.rt_assets import AssetFields, asset_side
from syncd.reconcile.mapping import Flow
from syncd.reconcile.match import Match, match
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset


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
