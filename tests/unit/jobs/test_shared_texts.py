"""Texts that a device and its asset both have are held once, and nothing reads otherwise than before."""

import msgspec

from syncd.jobs.sides.shared_texts import with_shared_texts
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, decode_rows


class Held(Asset, frozen=True, gc=False):
    """An asset with two custom fields; the second one may have several values."""

    cf3: str | None = None
    cf4: str | tuple[str, ...] | None = None


DEVICE = (
    b'{"deviceId": "d1", "serialNumber": "SYN0000001", "annotatedAssetId": "EX-0001", "macAddress": "02000000aa01"}'
)
TWINS = {"cf3": "serial_number", "name": "annotated_asset_id", "cf4": "mac_address"}
ROWS = (
    b'{"id": 1, "name": "EX-0001", "cf3": "SYN0000001", "cf4": "02000000aa01"}',
    b'{"id": 2, "name": "EX-0002", "cf3": "SYN0000001", "cf4": ["02000000aa01", "02000000aa02"]}',
    b'{"id": 3, "name": "EX-0001", "cf3": "SYN0000003"}',
    b'{"id": 4, "name": "EX-0004"}',
)


def test_an_asset_holds_the_texts_of_the_device_with_its_serial() -> None:
    device = msgspec.json.decode(DEVICE, type=Device)
    assets = [*with_shared_texts(decode_rows(ROWS, Held), [device], TWINS)]
    assert assets == [*decode_rows(ROWS, Held)]
    one = assets[0]
    assert isinstance(one, Held)
    assert one.name is device.annotated_asset_id
    assert one.cf3 is device.serial_number
    assert one.cf4 is device.mac_address
