"""Telemetry of the stand-in: as Google's documents describe it, and as the project's own adapter reads it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contract.google_sandbox import Running, connecting, running
from syncd.host.errors import ConfigurationError, NotPermitted, Unavailable
from syncd.sandbox.faults import Rule
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google import GoogleApp
from syncd.systems.google import Google
from syncd.systems.google.options import DEVICES_READ, TELEMETRY_READ
from syncd.systems.google.telemetry import EVER

URL = "/v1/customers/my_customer/telemetry/devices"
MASK = "deviceId,serialNumber,batteryInfo,batteryStatusReport"
ROUTE = "telemetry.devices.list"
NOW = datetime(2026, 11, 18, 20, tzinfo=UTC)
Connect = Callable[..., Google]


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def connect(google: Running, tmp_path: Path) -> Iterator[Connect]:
    with connecting(google, tmp_path, [TELEMETRY_READ], NOW) as connect:
        yield connect


def listed(google: Running, **query: str) -> list[dict[str, Any]]:
    answer = google.ask("GET", URL, params={"readMask": MASK, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json().get("devices", []))


def refusal(google: Running, **query: str) -> tuple[int, str]:
    error = google.ask("GET", URL, params=query).json()["error"]
    assert "errors" not in error
    return error["code"], error["status"]


# -- the stand-in -------------------------------------------------------------------------------------------


def test_a_mask_is_in_either_spelling_and_shows_only_what_it_names(google: Running) -> None:
    camel = listed(google, readMask="deviceId,batteryInfo")
    assert camel == listed(google, readMask="device_id,battery_info")
    assert set(camel[0]) == {"deviceId", "batteryInfo"}
    assert len(camel) == 5
    assert google.discovery.violations == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("serialNumber=SYN0002B", ["SYN0002B"]),
        ('serial_number="SYN0002B"', ["SYN0002B"]),
        ("orgUnitId=03ph8a2z2hs0000", ["SYN0001A", "SYN0002B"]),
        ("org_unit_id=03ph8a2z2hs0000 AND serial_number=SYN0001A", ["SYN0001A"]),
        ("serialNumber=NOSUCH", []),
    ],
)
def test_a_filter_finds(google: Running, query: str, found: list[str]) -> None:
    assert [device["serialNumber"] for device in listed(google, filter=query)] == found


def test_a_time_in_the_filter_chooses_reports_and_none_chooses_the_recent_ones(google: Running) -> None:
    def reports(**query: str) -> list[int]:
        return [len(device.get("batteryStatusReport", ())) for device in listed(google, **query)]

    assert reports(filter="reports_timestamp>=0") == [2, 1, 1, 0, 1]
    assert reports(filter='reports_timestamp>="2026-11-18T11:30:00Z"') == [0, 1, 1, 0, 1]
    assert reports(filter='reports_timestamp>="1794960000000"') == [1, 1, 1, 0, 1]
    noon = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)
    google.app.settings.recent_seconds = 3600.0
    google.app.settings.clock = noon.timestamp
    assert reports() == [0, 1, 1, 0, 1]
    assert reports(filter="reports_timestamp>=0") == [2, 1, 1, 0, 1]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"readMask": "deviceId,nonsense"},
        {"readMask": MASK, "filter": "model=X"},
        {"readMask": MASK, "filter": "serialNumber>=X"},
        {"readMask": MASK, "filter": "reports_timestamp>=yesterday"},
        {"readMask": MASK, "pageSize": "-1"},
    ],
)
def test_what_google_would_not_take_is_refused_in_the_words_of_the_newer_apis(
    google: Running, query: dict[str, str]
) -> None:
    assert refusal(google, **query) == (400, "INVALID_ARGUMENT")


def test_a_fleet_reports_the_same_each_time_and_as_the_discovery_document_says() -> None:
    with (
        running(GoogleApp.from_fleet(make_fleet(300))) as first,
        running(GoogleApp.from_fleet(make_fleet(300))) as again,
    ):
        devices = listed(first, pageSize="1000")
        assert devices == listed(again, pageSize="1000")
        assert first.discovery.violations == []
    kinds = {(len(each.get("batteryInfo", ())), len(each.get("batteryStatusReport", ()))) for each in devices}
    assert kinds == {(0, 0), (1, 0), (1, 2), (2, 4)}
    assert any(info["designCapacity"] == "0" for each in devices for info in each.get("batteryInfo", ()))


# -- the adapter --------------------------------------------------------------------------------------------


def test_the_adapter_reads_every_device_with_its_newest_report(google: Running, connect: Connect) -> None:
    devices = connect().telemetry.list(since=EVER)
    assert [(each.serial_number, len(each.battery_status_report)) for each in devices] == [
        ("SYN0001A", 1),
        ("SYN0002B", 1),
        ("SYN0003C", 1),
        ("SYN0006F", 0),
        ("SYN0007G", 1),
    ]
    (report,) = devices[0].battery_status_report
    assert report.report_time == datetime(2026, 11, 18, 11, 0, 0, 123456, tzinfo=UTC)
    assert (report.full_charge_capacity, report.cycle_count, report.sample[0].charge_rate) == ("3920", 112, 50)
    assert devices[0].battery_info[0].design_capacity == "4080"
    assert google.discovery.violations == []
    assert google.server.requests() - google.server.requests("token") == google.server.requests(ROUTE) == 1


def test_a_thousand_come_at_a_time(tmp_path: Path) -> None:
    fleet = make_fleet(2100, drift=False)
    deprovisioned = sum(device["status"] == "DEPROVISIONED" for device in fleet.devices)
    told: list[int] = []
    with running(GoogleApp.from_fleet(fleet)) as google, connecting(google, tmp_path, [TELEMETRY_READ]) as connect:
        devices = connect().telemetry.list(progress=lambda _, done, __: told.append(done))
        assert len(devices) == len({each.device_id for each in devices}) == 2100 - deprovisioned
        assert google.server.requests(ROUTE) == 3
        assert google.discovery.violations == []
    assert told == [1000, 2000, 2100 - deprovisioned]


def test_reports_from_the_future_do_not_hide_those_of_now(
    google: Running, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    device = google.app.tenant.telemetry.get("00000000-0000-4000-8000-000000000001")
    assert device is not None
    future = {**device["batteryStatusReport"][0], "reportTime": "2124-01-01T00:00:00Z", "fullChargeCapacity": "1"}
    changed = {**device, "batteryStatusReport": [future, *device["batteryStatusReport"]]}
    google.app.tenant.telemetry.put(device["deviceId"], changed)
    found = connect().telemetry.list(since=EVER)[0]
    assert [report.full_charge_capacity for report in found.battery_status_report] == ["3920"]
    assert "1 battery reports have times that are still to come" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        Rule(route="^/v1/", status=200, body="<html><title>Sign in</title></html>", times=9),
        Rule(route="^/v1/", status=200, body='{"devices": [{"deviceId": "a"}, {"deviceId": "a"}]}', times=9),
        Rule(route="^/v1/", status=200, body='{"devices": [{"deviceId": "a"}], "nextPageToken": "x"}', times=9),
        Rule(route="^/v1/", status=200, body='{"devices": [{"serialNumber": "a"}]}', times=9),
        Rule(route="^/v1/", status=200, body='{"error": {"code": 503}}', times=9),
    ],
)
def test_a_list_that_is_not_whole_gives_nothing(google: Running, connect: Connect, fault: Rule) -> None:
    google.server.faults.add(fault)
    with pytest.raises(Unavailable) as caught:
        connect().telemetry.list()
    assert (caught.value.code, caught.value.operation) == ("google.incomplete", "list telemetry devices")


def test_a_missing_right_names_the_api_and_a_wrong_customer_is_refused(google: Running, tmp_path: Path) -> None:
    with connecting(google, tmp_path, [DEVICES_READ]) as connect, pytest.raises(NotPermitted) as caught:
        connect().telemetry.list()
    assert "scopes" in caught.value.sentence
    body = '{"error": {"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}}'
    google.server.faults.add(Rule(route="^/v1/", status=403, body=body, times=9))
    with connecting(google, tmp_path, [TELEMETRY_READ]) as connect, pytest.raises(NotPermitted) as caught:
        connect().telemetry.list()
    assert "an admin role that covers Chrome management with its telemetry API" in caught.value.sentence


def test_a_root_without_the_api_is_a_mistake_of_the_configuration(google: Running, connect: Connect) -> None:
    google.server.faults.add(Rule(route="^/v1/", status=404, body="<html>404</html>", times=9))
    with pytest.raises(ConfigurationError, match=r"there is no Chrome Management API behind google\.api_root"):
        connect().telemetry.list()


def test_the_two_apis_have_a_circuit_each(google: Running, connect: Connect) -> None:
    google.server.faults.add(Rule(route="^/v1/", status=503, body="", times=99))
    opened = connect(attempts=1)
    for _ in range(5):
        with pytest.raises(Unavailable, match="failed"):
            opened.telemetry.list()
    with pytest.raises(Unavailable) as caught:
        opened.telemetry.list()
    assert caught.value.code == "google-telemetry.circuit_open"
    assert opened.telemetry.client is not opened.client
