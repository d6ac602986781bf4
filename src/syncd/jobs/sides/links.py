"""Which device is which asset, as it is remembered from run to run."""

from collections.abc import Iterator

from syncd.jobs.sides import google_devices, rt_assets
from syncd.reconcile.keys import Rejected, mac_key, serial_key
from syncd.reconcile.match import Match
from syncd.state.external_ids import Link
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset


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
