"""The links that a match leaves behind."""

import pytest

from syncd.jobs.sides.google_devices import device_side
from syncd.jobs.sides.links import DeviceLinks
from syncd.jobs.sides.rt_assets import asset_side
from syncd.reconcile.match import match
from unit.jobs.sample import asset, device, fields

KEYS = ("serial", "mac")


def test_each_pair_is_a_link_with_the_key_that_it_was_matched_by() -> None:
    devices = [
        device(deviceId="by-serial", serialNumber="syn0000001"),
        device(deviceId="by-mac", serialNumber="", macAddress="02000000000B"),
        device(deviceId="alone", serialNumber="SYN0000009", macAddress=""),
    ]
    assets = [asset(1, cf2="SYN 0000001"), asset(2, cf17="02:00:00:00:00:0b")]
    found = match(device_side(devices, KEYS), asset_side(assets, fields(), "CF.{Serial Number}", ["CF.{IP}"], KEYS))
    links = DeviceLinks(found)
    told = [(link.left_system, link.left_id, link.right_system, link.right_id, link.match_key) for link in links]
    assert told == [
        ("google", "by-serial", "rt", "1", "serial:SYN0000001"),
        ("google", "by-mac", "rt", "2", "mac:02000000000b"),
    ]
    assert list(links) == list(links), "the store goes through them more than once"


@pytest.mark.parametrize(
    ("devices", "assets"),
    [
        ([("d1", "SYN0000001"), ("d2", "SYN0000002")], [(1, "SYN0000002"), (2, "SYN0000001")]),
        ([("d1", "SYN0000001")], [(1, "SYN0000001")]),
        ([("d1", "SYN0000001"), ("d9", "SYN0000002")], [(1, "SYN0000001"), (2, "SYN0000002")]),
        ([("d1", "SYN0000001"), ("d2", "SYN0000003")], [(1, "SYN0000001"), (2, "SYN0000003")]),
        ([("d1", "SYN0000001"), ("d2", "SYN0000002")], [(1, "SYN0000001"), (7, "SYN0000002")]),
    ],
)
def test_the_digest_tells_other_links_from_these(devices: list[tuple[str, str]], assets: list[tuple[int, str]]) -> None:
    these = [("d1", "SYN0000001"), ("d2", "SYN0000002")], [(1, "SYN0000001"), (2, "SYN0000002")]
    assert links_of(*these).digest() == links_of(*these).digest() != links_of(devices, assets).digest()


def links_of(devices: list[tuple[str, str]], assets: list[tuple[int, str]]) -> DeviceLinks:
    left = [device(deviceId=ident, serialNumber=serial, macAddress="") for ident, serial in devices]
    right = [asset(number, cf2=serial) for number, serial in assets]
    return DeviceLinks(match(device_side(left, KEYS), asset_side(right, fields(), "CF.{Serial Number}", [], KEYS)))
