"""The project's own adapter against the stand-in, with Google's documents as the judge of both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from contract.google_sandbox import Running, connecting, running
from syncd.host.errors import ConfigurationError, IntegrationError, NotFound, NotPermitted, Unavailable
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google import PRESETS, GoogleApp
from syncd.systems.google import Google
from syncd.systems.google.options import DEVICES_WRITE, ORG_UNITS_READ

FLEET = make_fleet(400)
FIELDS = ("serialNumber", "status", "annotatedUser", "annotatedAssetId", "orgUnitPath", "lastSync", "recentUsers")


@pytest.fixture
def google() -> Iterator[Running]:
    with running(GoogleApp.from_fleet(FLEET)) as sandbox:
        yield sandbox


@pytest.fixture
def connect(google: Running, tmp_path: Path) -> Iterator[Callable[..., Google]]:
    with connecting(google, tmp_path, [DEVICES_WRITE, ORG_UNITS_READ]) as connect:
        yield connect


def test_a_whole_fleet_is_read_in_pages_that_google_describes(google: Running, connect: Callable[..., Google]) -> None:
    devices = connect().devices.list(fields=FIELDS)
    assert {device.device_id for device in devices} == {device["deviceId"] for device in FLEET.devices}
    assert google.server.counts == {("POST", "token"): 1, ("GET", "chromeosdevices.list"): 2}
    assert google.discovery.violations == []


def test_the_page_size_falls_back_to_what_the_server_allows(google: Running, connect: Callable[..., Google]) -> None:
    google.app.settings.page_limit = 200
    assert len(connect().devices.list(fields=FIELDS)) == 400
    assert google.server.requests("chromeosdevices.list") == 3


def test_org_units_are_read_once_with_their_children(google: Running, connect: Callable[..., Google]) -> None:
    units = ("/Chromebooks", "/Chromebooks/High School", "/Ærø & Søns")
    found = {device.device_id for device in connect().devices.list(fields=FIELDS, org_units=units)}
    inside = [d["deviceId"] for d in FLEET.devices if d["orgUnitPath"].startswith(("/Chromebooks", "/Ærø"))]
    assert found == set(inside)
    assert google.discovery.violations == []


def test_one_device_is_read_by_its_id(google: Running, connect: Callable[..., Google]) -> None:
    devices, wanted = connect().devices, FLEET.devices[3]
    found = devices.get(wanted["deviceId"], fields=["serialNumber"])
    assert (found.device_id, found.serial_number, found.status) == (wanted["deviceId"], wanted["serialNumber"], "")
    with pytest.raises(NotFound):
        devices.get("no/such device", fields=["serialNumber"])
    assert google.discovery.violations == []


def test_a_write_is_proved_by_its_answer_and_google_describes_it(
    google: Running, connect: Callable[..., Google]
) -> None:
    device_id = FLEET.devices[-1]["deviceId"]
    answer = connect().devices.patch(device_id, {"annotatedAssetId": "000 💻", "annotatedUser": ""})
    assert (answer.annotated_asset_id, answer.annotated_user) == ("000 💻", "")
    assert google.app.device(device_id)["annotatedAssetId"] == "000 💻"
    assert "annotatedUser" not in google.app.device(device_id)
    assert google.discovery.violations == []


def test_moves_go_in_fifties_and_org_units_are_listed(google: Running, connect: Callable[..., Google]) -> None:
    adapter = connect().devices
    moved = [device["deviceId"] for device in FLEET.devices[:60]]
    adapter.move("/Staff", moved)
    assert {google.app.device(each)["orgUnitPath"] for each in moved} == {"/Staff"}
    assert google.server.requests("chromeosdevices.moveDevicesToOu") == 2
    assert set(adapter.org_units()) == {unit["orgUnitPath"] for unit in FLEET.org_units}
    assert google.discovery.violations == []


@pytest.mark.parametrize(
    "name",
    [
        "bad_token",
        "user_rate_limit",
        "quota",
        "rate_limit",
        "backend_error",
        "unavailable",
        "bad_gateway_html",
        "rate_text",
        "cut_page",
        "dropped_connection",
        "token_unavailable",
        "page_token_refused",
    ],
)
def test_a_failure_that_passes_is_got_over(google: Running, connect: Callable[..., Google], name: str) -> None:
    google.server.faults.add(msgspec.structs.replace(PRESETS[name], times=1))
    assert len(connect().devices.list(fields=FIELDS)) == 400
    assert google.server.faults.listing()[0]["used"] == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("forbidden", NotPermitted),
        ("too_few_scopes", NotPermitted),
        ("api_not_enabled", NotPermitted),
        ("token_not_delegated", NotPermitted),
        ("token_bad_clock", NotPermitted),
        ("unavailable", Unavailable),
        ("html_for_json", Unavailable),
        ("dropped_connection", Unavailable),
        ("sequence_expired", Unavailable),
    ],
)
def test_a_failure_that_stays_is_one_error_of_its_class(
    google: Running, connect: Callable[..., Google], name: str, error: type[IntegrationError]
) -> None:
    google.server.faults.add(PRESETS[name])
    with pytest.raises(error):
        connect(attempts=2).devices.list(fields=FIELDS)


def test_a_write_whose_answer_was_lost_is_done_once_more_and_holds(
    google: Running, connect: Callable[..., Google]
) -> None:
    google.server.faults.add(msgspec.structs.replace(PRESETS["lost_answer"], times=1))
    device_id = FLEET.devices[0]["deviceId"]
    assert connect().devices.patch(device_id, {"notes": "x"}).notes == "x"
    assert google.app.device(device_id)["notes"] == "x"


def test_a_user_who_is_not_there_and_a_device_that_is_gone_are_told_apart(connect: Callable[..., Google]) -> None:
    with pytest.raises(NotPermitted):
        connect(delegated_user="nobody@example.org").devices.list(fields=FIELDS)
    with pytest.raises(NotFound):
        connect().devices.patch("nosuch", {"notes": "x"})
    with pytest.raises(ConfigurationError):
        connect().devices.list(fields=FIELDS, org_units=("/Nowhere",))
