"""What devices report of their batteries, as the adapter asks for it and keeps it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from syncd.systems.google.telemetry import EVER, TelemetryDevice, TelemetryDevices, root
from unit.google.asking import connected
from unit.http_server import Answer, Seen, json_answer
from unit.virtual_clock import START, VirtualClock


def asked(since: datetime | None) -> dict[str, str]:
    """Return the query of the one request for an empty list."""
    queries: list[dict[str, str]] = []

    def script(seen: Seen) -> Answer:
        queries.append(dict(seen.query))
        return json_answer({})

    clock = VirtualClock()
    with connected(script, clock) as (client, _):
        assert TelemetryDevices(client, "my_customer", clock=clock).list(since=since) == []
    (query,) = queries
    return query


def listed(*reports: dict[str, Any]) -> TelemetryDevice:
    clock = VirtualClock()
    page = json_answer({"devices": [{"deviceId": "d1", "batteryStatusReport": [*reports]}]})
    with connected(lambda _: page, clock) as (client, _):
        (device,) = TelemetryDevices(client, "my_customer", clock=clock).list()
    return device


def report(hours: float, full: int, serial: str = "B1", **more: object) -> dict[str, Any]:
    time = f"{START + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.123456789Z}"
    return {"reportTime": time, "serialNumber": serial, "fullChargeCapacity": str(full), **more}


@pytest.mark.parametrize(
    ("api_root", "expected"),
    [
        ("https://admin.googleapis.com/", "https://chromemanagement.googleapis.com/"),
        ("https://admin.googleapis.com", "https://chromemanagement.googleapis.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("https://google.example.org/admin.googleapis.com/", "https://google.example.org/admin.googleapis.com/"),
    ],
)
def test_the_api_has_googles_own_host_and_that_of_whatever_stands_for_google(api_root: str, expected: str) -> None:
    assert root(api_root) == expected


def test_a_list_asks_for_batteries_alone_a_thousand_at_a_time() -> None:
    query = asked(None)
    assert query["readMask"] == "batteryInfo,batteryStatusReport,deviceId,orgUnitId,serialNumber"
    assert query["pageSize"] == "1000"
    assert query["fields"].startswith("nextPageToken,devices(batteryInfo(designCapacity,serialNumber),")
    assert "filter" not in query
    assert "maxResults" not in query


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (EVER, "reports_timestamp>=0"),
        (datetime(2026, 11, 18, 12, tzinfo=timezone(timedelta(hours=1))), 'reports_timestamp>="2026-11-18T11:00:00Z"'),
    ],
)
def test_a_time_is_asked_for_as_the_reference_writes_it(since: datetime, expected: str) -> None:
    assert asked(since)["filter"] == expected


def test_of_each_battery_the_newest_report_is_kept_in_any_order() -> None:
    device = listed(report(-3, 1), report(-1, 2), report(-2, 3), report(-9, 4, "B2"), report(-8, 5, "B2"))
    assert [each.full_charge_capacity for each in device.battery_status_report] == ["2", "5"]


@pytest.mark.parametrize("health", ["", "BATTERY_HEALTH_UNSPECIFIED"])
def test_a_report_that_says_nothing_hides_no_older_one(health: str) -> None:
    blank = {"reportTime": f"{START:%Y-%m-%dT%H:%M:%SZ}", "serialNumber": "B1", "batteryHealth": health}
    (kept,) = listed(blank, report(-3, 1)).battery_status_report
    assert kept.full_charge_capacity == "1"
    assert len(listed(blank).battery_status_report) == 1


def test_reports_of_one_moment_are_all_kept() -> None:
    device = listed(report(-1, 1), report(-1, 2), report(-2, 3))
    assert [each.full_charge_capacity for each in device.battery_status_report] == ["1", "2"]


def test_a_clock_may_be_a_day_ahead_and_no_more() -> None:
    device = listed(report(-1, 1), report(23, 2), report(25, 3))
    assert [each.full_charge_capacity for each in device.battery_status_report] == ["2"]


def test_of_the_samples_the_newest_is_kept_and_what_is_absent_is_not_known() -> None:
    device = listed(report(-1, 1, sample=[{"chargeRate": 50}, {"chargeRate": 60}]))
    (kept,) = device.battery_status_report
    assert [each.charge_rate for each in kept.sample] == [50]
    assert (kept.cycle_count, kept.battery_health, kept.sample[0].remaining_capacity) == (None, "", "")
    assert kept.report_time is not None
    assert kept.report_time.tzinfo == UTC
