"""What two files tell of a device is what one file would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from syncd.jobs.batteries.history import rows_of
from syncd.jobs.batteries.merging import merged
from syncd.jobs.batteries.reports import Batteries, BatteryReport
from syncd.systems.gam.records import BatteryInfo, BatterySample, BatteryStatusReport, DeviceRow

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SERIALS = st.sampled_from(["B1", "B2"])

told = st.builds(
    BatteryStatusReport,
    st.integers(1, 6).map(lambda day: NOW - timedelta(days=day)),
    SERIALS,
    st.sampled_from(["", "BATTERY_HEALTH_NORMAL", "BATTERY_REPLACE_NOW"]),
    st.sampled_from([None, 3, 900]),
    st.sampled_from([None, 3000, 2000]),
    st.sampled_from([(), (BatterySample(55),)]),
).filter(lambda report: report.battery_health or report.cycle_count or report.full_charge_capacity)
"""Reports that say something: one that does not is none, and the design capacity of its battery is not kept."""


@st.composite
def rows(draw: st.DrawFn) -> DeviceRow:
    """Return a device as a file has it: each battery that reports has its design capacity, or none has."""
    reports = tuple(draw(st.lists(told, max_size=2)))
    serials = sorted({report.serial_number for report in reports}) if draw(st.booleans()) else []
    infos = tuple(BatteryInfo(serial, draw(st.sampled_from([3900, 4100]))) for serial in serials)
    return DeviceRow("", "SYN0001", infos, reports)


def at_once(readings: Sequence[DeviceRow]) -> BatteryReport:
    batteries = Batteries(NOW)
    batteries.add(readings)
    return next(batteries.reports())


@given(rows(), rows())
def test_the_order_of_two_makes_no_difference(one: DeviceRow, other: DeviceRow) -> None:
    first, second = at_once([one]), at_once([other])
    assert merged(first, second)[0] == merged(second, first)[0]


@given(rows(), rows())
def test_two_files_tell_what_one_would_of_the_reports(one: DeviceRow, other: DeviceRow) -> None:
    assert merged(at_once([one]), at_once([other]))[0] == at_once([one, other])


@given(rows())
def test_a_report_twice_is_as_it_was(row: DeviceRow) -> None:
    report = at_once([row])
    found, older = merged(report, report)
    assert msgspec.json.encode(found) == msgspec.json.encode(report)
    assert older is None


def test_the_older_of_two_is_told() -> None:
    old, new = (
        at_once([DeviceRow("d", "SYN0001", (), (BatteryStatusReport(NOW - timedelta(days=day), "B", "", 1, 2),))])
        for day in (3, 1)
    )
    for pair in permutations((old, new)):
        assert merged(*pair) == (new, old)


def test_of_two_parts_of_one_report_none_is_older_and_history_gets_what_both_say() -> None:
    parts = (BatteryStatusReport(NOW, serial, "", 1, 3000) for serial in ("B1", "B2"))
    one, other = (at_once([DeviceRow("d", "SYN0001", (), (part,))]) for part in parts)
    found, older = merged(one, other)
    assert older is None
    assert [len(row.others) for row in rows_of([found], "csv")] == [1]


def test_a_battery_that_was_taken_out_is_none_of_the_history_of_what_came_after() -> None:
    then, now = (
        BatteryStatusReport(NOW - timedelta(days=days), serial, "", 1, 3000) for days, serial in ((9, "B1"), (0, "B2"))
    )
    (row,) = rows_of([at_once([DeviceRow("d", "SYN0001", (), (then, now))])], "csv")
    assert (row.battery, row.others) == ("B2", ())


def test_what_only_the_older_tells_stays() -> None:
    report = BatteryStatusReport(NOW - timedelta(days=2), "B", "", 1, 3000)
    old = at_once([DeviceRow("d1", "SYN0001", (BatteryInfo("B", 4000),), (report,), "unit")])
    new = at_once([DeviceRow("", "SYN0001", (), (msgspec.structs.replace(report, report_time=NOW, cycle_count=2),))])
    found, _ = merged(old, new)
    assert (found.device_id, found.org_unit) == ("d1", "unit")
    assert found.worst is not None
    assert (found.worst.time, found.worst.percent, found.worst.cycles) == (NOW, 75.0, 2)
