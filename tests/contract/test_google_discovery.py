"""The checker itself: it must find every seeded mistake, and nothing in what is right."""

import json
from urllib.parse import parse_qsl

import pytest

from contract.discovery import Discovery

C = "/admin/directory/v1/customer/my_customer"
CHROMEOS = f"{C}/devices/chromeos"


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    return Discovery.installed()


def problems(discovery: Discovery, http: str, target: str, body: dict[str, object]) -> list[str]:
    path, _, query = target.partition("?")
    asked = parse_qsl(query, keep_blank_values=True)
    return discovery.check_request(http, path, asked, json.dumps(body).encode() if body else b"")


@pytest.mark.parametrize(
    ("http", "target", "body"),
    [
        ("GET", f"{CHROMEOS}?projection=FULL&maxResults=300&fields=nextPageToken,chromeosdevices(deviceId)", {}),
        ("GET", f"{CHROMEOS}?fields=chromeosdevices/recentUsers/email", {}),
        ("GET", f"{CHROMEOS}?pageToken=x&orgUnitPath=/A%20%26%20B&includeChildOrgunits=true", {}),
        ("PATCH", f"{CHROMEOS}/abc", {"annotatedUser": "", "annotatedAssetId": "X" * 300}),
        ("POST", f"{CHROMEOS}/moveDevicesToOu?orgUnitPath=/Staff", {"deviceIds": ["a"] * 50}),
        ("GET", f"{CHROMEOS}:countChromeOsDevices?filter=status:disabled", {}),
        ("GET", f"{C}/orgunits/Chromebooks/High%20School", {}),
    ],
)
def test_a_right_request_has_no_violation(
    discovery: Discovery, http: str, target: str, body: dict[str, object]
) -> None:
    assert problems(discovery, http, target, body) == []


@pytest.mark.parametrize(
    ("http", "target", "body", "problem"),
    [
        ("GET", f"{CHROMEOS}?maxresults=300", {}, "query maxresults: unknown"),
        ("GET", f"{CHROMEOS}?projection=full", {}, "query projection: 'full' is none of BASIC, FULL"),
        ("GET", f"{CHROMEOS}?maxResults=301", {}, "query maxResults: 301 is above 300"),
        ("GET", f"{CHROMEOS}?maxResults=0", {}, "query maxResults: 0 is out of bounds"),
        ("GET", f"{CHROMEOS}?maxResults=many", {}, "query maxResults: 'many' is not an integer"),
        ("GET", f"{CHROMEOS}?includeChildOrgunits=1", {}, "query includeChildOrgunits: '1' is not true or false"),
        ("GET", f"{CHROMEOS}?pageToken=", {}, "query pageToken: must not be empty"),
        ("GET", f"{CHROMEOS}?fields=chromeosdevices(sn)", {}, "query fields chromeosdevices: sn is unknown"),
        ("GET", f"{CHROMEOS}?query=a&query=b", {}, "query query: given 2 times"),
        ("GET", f"{CHROMEOS}/a/b", {}, "no method of the API has this path"),
        ("GET", CHROMEOS, {"a": 1}, "body: not expected"),
        ("PATCH", f"{CHROMEOS}/abc", {"annotated_user": "x"}, "body.annotated_user: unknown"),
        ("PATCH", f"{CHROMEOS}/abc", {"autoUpdateThrough": "2030-01-01"}, "body.autoUpdateThrough: read-only"),
        ("PATCH", f"{CHROMEOS}/abc", {"serialNumber": "S"}, "body.serialNumber: only Google writes it"),
        ("PATCH", f"{CHROMEOS}/abc", {"annotatedUser": 7}, "body.annotatedUser: 7 is not of type string"),
        ("PATCH", f"{CHROMEOS}/abc", {"notes": "n" * 501}, "body.notes: longer than 500"),
        ("PATCH", f"{CHROMEOS}/abc", {}, "body: not a JSON object"),
        ("POST", f"{CHROMEOS}/moveDevicesToOu", {"deviceIds": ["a"]}, "query orgUnitPath: required and missing"),
        ("POST", f"{CHROMEOS}/moveDevicesToOu", {"deviceIds": []}, "body.deviceIds: required and missing"),
        ("POST", f"{CHROMEOS}/moveDevicesToOu", {"deviceIds": ["a"] * 51}, "body.deviceIds: more than 50"),
    ],
)
def test_a_seeded_mistake_in_a_request_is_found(
    discovery: Discovery, http: str, target: str, body: dict[str, object], problem: str
) -> None:
    assert problem in problems(discovery, http, target, body)


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        ({"systemRamTotal": 4294967296}, "answer.chromeosdevices[0].systemRamTotal: 4294967296 is not of type string"),
        ({"systemRamTotal": "4 GiB"}, "answer.chromeosdevices[0].systemRamTotal: '4 GiB' is no int64"),
        ({"lastSync": "2026-11-18 14:05"}, "answer.chromeosdevices[0].lastSync: '2026-11-18 14:05' is no date-time"),
        ({"serial": "X"}, "answer.chromeosdevices[0].serial: unknown"),
        ({"notes": None}, "answer.chromeosdevices[0].notes: null"),
        ({"willAutoRenew": "true"}, "answer.chromeosdevices[0].willAutoRenew: 'true' is not of type boolean"),
        ({"recentUsers": []}, "answer.chromeosdevices[0].recentUsers: an empty list (Google leaves them out)"),
        ({"recentUsers": {}}, "answer.chromeosdevices[0].recentUsers: not a list"),
    ],
)
def test_a_seeded_mistake_in_an_answer_is_found(discovery: Discovery, device: dict[str, object], problem: str) -> None:
    body = json.dumps({"chromeosdevices": [device]}).encode()
    assert problem in discovery.check_answer("GET", CHROMEOS, [], 200, body)


def test_an_error_needs_an_error_object_that_fits_the_status(discovery: Discovery) -> None:
    assert discovery.check_answer("GET", CHROMEOS, [], 403, b"<html>") == ["answer: 403 without an error object"]
    wrong = b'{"error": {"code": 400, "message": "x"}}'
    assert discovery.check_answer("GET", CHROMEOS, [], 403, wrong) == [
        "answer: the error object does not fit status 403"
    ]


def test_an_empty_mask_asks_for_nothing(discovery: Discovery) -> None:
    path, query = f"{CHROMEOS}/abc", [("fields", "")]
    assert discovery.check_answer("PUT", path, query, 200, b"{}") == []
    assert discovery.check_answer("PUT", path, query, 200, b'{"kind": "x"}') != []


TELEMETRY = "/v1/customers/my_customer/telemetry/devices"


@pytest.fixture(scope="module")
def management() -> Discovery:
    return Discovery.installed("chromemanagement.v1")


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (f"{TELEMETRY}?readMask=deviceId&pageSize=1000&filter=reports_timestamp%3E%3D0", []),
        (f"{TELEMETRY}?readMask=deviceId&fields=nextPageToken,devices(batteryStatusReport(sample(chargeRate)))", []),
        (f"{TELEMETRY}?pageSize=1001", ["query pageSize: 1001 is above 1000"]),
        (f"{TELEMETRY}?maxResults=10", ["query maxResults: unknown"]),
        (f"{TELEMETRY}?fields=devices(serial)", ["query fields devices: serial is unknown"]),
        ("/v1/my_customer/telemetry/devices", ["no method of the API has this path"]),
    ],
)
def test_a_request_for_telemetry_is_checked_too(management: Discovery, target: str, found: list[str]) -> None:
    assert problems(management, "GET", target, {}) == found


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        ({"batteryInfo": [{"designCapacity": 4080}]}, "batteryInfo[0].designCapacity: 4080 is not of type string"),
        (
            {"batteryStatusReport": [{"batteryHealth": "FINE"}]},
            "batteryStatusReport[0].batteryHealth: 'FINE' is none of",
        ),
        ({"orgUnitPath": "/"}, "orgUnitPath: unknown"),
    ],
)
def test_an_answer_of_telemetry_is_checked_too(management: Discovery, device: dict[str, object], problem: str) -> None:
    body = json.dumps({"devices": [device]}).encode()
    (found,) = management.check_answer("GET", TELEMETRY, [], 200, body)
    assert found.startswith(f"answer.devices[0].{problem}")
