"""What has to do with one device or asset, on both sides, read by a few narrow queries.

A verdict on a record depends on every record that shares a key with it, and on those that share one with these. So all
of these are read: who has the serial number, and, for what no serial number settles, who has the MAC address. Google
cannot be asked for a MAC address, so there all devices are read, in pages.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncd.jobs.sides import google_devices, rt_assets
from syncd.jobs.sides.frame import Terms
from syncd.jobs.sides.google_devices import device_side, sort_out
from syncd.jobs.sides.rt_assets import asset_side
from syncd.jobs.sides.shelves import MAC, SERIAL, AssetShelf, DeviceShelf
from syncd.reconcile.explain import Id
from syncd.reconcile.keys import Rejected, serial_key
from syncd.reconcile.match import match
from syncd.systems.google.devices import Device
from syncd.systems.rt.lookup import Looked

_DEVICE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_NUMBER = 9
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Vicinity:
    """Devices and assets, growing as they are looked up."""

    terms: Terms
    devices: DeviceShelf
    assets: AssetShelf

    @property
    def read(self) -> dict[str, str]:
        """How much was read of each system."""
        whole = {google_devices.SYSTEM: self.devices.whole, rt_assets.SYSTEM: self.assets.whole}
        return {system: "everything" if read else "queries" for system, read in whole.items()}

    # -- finding what is meant

    def find(self, text: str) -> list[Id]:
        """Return what has this serial number, asset name or id: in any case, with white space or without."""
        text = text.strip()
        if not text or len(text) > _LONGEST_NAME:
            return []
        found = [*self._with_serial(text), *self._with_name(text)]
        if (number := asset_number(text)) is not None:
            found += _in_rt(self.assets.take(self.assets.lookup.by_id(number)))
        if _DEVICE_ID.fullmatch(text) and self.devices.find(text.lower()):
            found.append((google_devices.SYSTEM, text.lower()))
        return [*dict.fromkeys(found)]

    def _with_serial(self, text: str) -> list[Id]:
        key = serial_key(text)
        if isinstance(key, Rejected):
            return []
        self.devices.ask({(SERIAL, key)})
        self.assets.ask({(SERIAL, key)})
        if not self.devices.records:
            self.devices.look_outside(key)
        devices = (*self.devices.records, *self.devices.outside)
        assets = (*self.assets.records, *self.assets.strangers)
        return [*((google_devices.SYSTEM, ident) for ident in devices), *_in_rt(assets)]

    def _with_name(self, text: str) -> list[Id]:
        found = self.assets.lookup.called(text)
        exact = Looked(
            [asset for asset in found.assets if asset.name.strip().casefold() == text.casefold()],
            [stranger for stranger in found.strangers if stranger.name.strip().casefold() == text.casefold()],
        )
        return _in_rt(self.assets.take(exact))

    # -- growing until a verdict is certain

    def grow(self) -> None:
        """Read whatever may decide on the records that are known so far."""
        if self.terms.match[0] == SERIAL:
            self._spread((SERIAL,))
            if not self._undecided():
                return
        self.devices.read_all()
        self._spread(self.terms.match)

    def grow_around(self, devices: Iterable[Device]) -> None:
        """Take in further devices and whatever may decide on them; all devices are then in the order of a run."""
        self.devices.read_all()
        self.devices.put(devices)
        self._spread(self.terms.match)

    def _spread(self, kinds: Sequence[str]) -> None:
        """Look for whoever has a key of those that are known, until nobody new is found."""
        while not (known := self._known(kinds)) <= self.devices.asked & self.assets.asked:
            self.devices.ask(known)
            self.assets.ask(known)

    def _known(self, kinds: Sequence[str]) -> set[tuple[str, str]]:
        outside = {
            (kind, key)
            for kind in kinds
            for device in self.devices.outside.values()
            for key in self.devices.keys(device, kind)
        }
        return self.devices.known(kinds) | self.assets.known(kinds) | outside

    def _undecided(self) -> bool:
        """Return whether MAC addresses that Google has to be read for may decide on a record without a partner."""
        if MAC not in self.terms.match:
            return False
        terms, included = self.terms, sort_out(self.devices.in_order(), self.terms.statuses).included
        right = asset_side(self.assets.in_order(), self.assets.fields, terms.serial_field, (), (SERIAL,))
        found = match(device_side(included, (SERIAL,)), right)
        assets = (*found.only_right, *(asset for asset, _ in found.rejected_right))
        devices = [*found.only_left, *(device for device, _ in found.rejected_left)]
        return any(self.assets.keys(asset, MAC) for asset in assets) or self._may_meet(devices)

    def _may_meet(self, devices: Sequence[Device]) -> bool:
        """Return whether devices without a partner may meet anybody by their MAC addresses.

        One that has a serial number meets only assets, and RT can be asked for these.
        """
        macs = {(MAC, key) for device in devices for key in self.devices.keys(device, MAC)}
        if not all(self.devices.keys(device, SERIAL) for device in devices):
            return bool(macs)
        self.assets.ask(macs)
        return not macs.isdisjoint(self.assets.known((MAC,)))


def asset_number(text: str) -> int | None:
    """Return what may be the number of an asset."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _in_rt(idents: Iterable[str]) -> list[Id]:
    return [(rt_assets.SYSTEM, ident) for ident in idents]
