"""What is said of records without a partner."""

import msgspec
import pytest

from syncd.jobs.sides.frame import frame
from syncd.jobs.sides.options import ChromebooksOptions
from unit.jobs.sample import asset, device, fields

OPTIONS = msgspec.convert({"catalogs": ["Chromebooks"], "mac_fields": ["CF.{IP}"]}, ChromebooksOptions)


@pytest.mark.parametrize("key", [{"cf2": " syn0000002"}, {"cf2": "SYN0000099", "cf17": "02:00:00:00:00:0b"}])
@pytest.mark.parametrize(
    ("kept_out", "why"),
    [
        ("SYN0000002", "its device SYN0000002 is DEPROVISIONED, a status the job leaves out"),
        ("SYN0000003", "no device has its serial or mac"),
    ],
)
def test_an_asset_whose_device_is_kept_out_by_its_status_says_so(key: dict[str, str], kept_out: str, why: str) -> None:
    mac = "02000000000b" if kept_out == "SYN0000002" else ""
    gone = device(deviceId="d2", serialNumber=kept_out, macAddress=mac, status="DEPROVISIONED")
    laid = frame(OPTIONS, [device(macAddress=""), gone], [asset(1, cf2="SYN0000001"), asset(2, **key)], fields())
    alone = [item for item in laid.listings() if item.system == "rt"]
    assert [(item.object, item.state, item.why) for item in alone] == [("2", "only_rt", why)]
