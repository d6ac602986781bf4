"""Which device is which asset, as it is remembered from run to run."""

from collections.abc import Iterator
from hashlib import blake2b

from syncd.jobs.sides import google_devices, rt_assets
from syncd.reconcile.keys import Rejected, mac_key, serial_key
from syncd.reconcile.match import Match
from syncd.state.external_ids import Link
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, slices

_SLICE = 2_000


class DeviceLinks:
    """The links of a match; made anew at each pass, so that a large fleet takes no memory for them."""

    def __init__(self, found: Match[Device, Asset]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[Link]:
        for device, asset, key in self._found.pairs:
            value = serial_key(device.serial_number) if key == "serial" else mac_key(device.mac_address)
            yield Link(
                left_system=google_devices.SYSTEM,
                left_id=device.device_id,
                right_system=rt_assets.SYSTEM,
                right_id=str(asset.id),
                match_key="" if isinstance(value, Rejected) else f"{key}:{value}",
            )

    def digest(self) -> str:
        """Return a digest of the links as the two systems spell their keys; a link costs a tenth of itself here."""
        digest = blake2b(digest_size=16)
        for some in slices(self._found.pairs, _SLICE):
            lines = [
                f"{device.device_id}\0{asset.id}\0{key}\0"
                f"{device.serial_number if key == 'serial' else device.mac_address}\n"
                for device, asset, key in some
            ]
            digest.update("".join(lines).encode())
        return digest.hexdigest()
