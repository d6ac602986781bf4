"""What is known of batteries: the newest report, the worst battery, and nothing that was not measured."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.jobs.batteries.reports import (
    LARGEST,
    NORMAL,
    REPLACE_NOW,
    REPLACE_SOON,
    Batteries,
    Battery,
    BatteryReport,
    newest,
    whole,
)

NOW = datetime(2026, 11, 19, tzinfo=UTC)


class Info(msgspec.Struct, frozen=True):
    serial_number: str = ""
    design_capacity: int | str | None = None


class Sample(msgspec.Struct, frozen=True):
    charge_rate: int | str | None = None
    remaining_capacity: int | str | None = None


class Report(msgspec.Struct, frozen=True):
    report_time: datetime | None = NOW
    serial_number: str = "B1"
    battery_health: str = ""
    cycle_count: int | str | None = None
    full_charge_capacity: int | str | None = None
    sample: tuple[Sample, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    device_id: str = "d1"
    serial_number: str = "SYN0001A"
    org_unit_id: str = ""
    battery_info: tuple[Info, ...] = ()
    battery_status_report: tuple[Report, ...] = ()


def read(*readings: Reading) -> BatteryReport:
    (report,) = newest(readings, NOW).values()
    return report


def worst(*readings: Reading) -> Battery:
    found = read(*readings).worst
    assert found is not None
    return found


def one(design: int | str | None, full: int | str | None, **more: object) -> Reading:
    told = msgspec.structs.replace(Report(battery_health=NORMAL, full_charge_capacity=full), **more)
    return Reading(battery_info=(Info("B1", design),), battery_status_report=(told,))


numbers = st.one_of(st.none(), st.sampled_from(["", "0", "3920", "-5", "much", "9" * 9]), st.integers(-5, LARGEST + 5))
times = st.integers(-40, 12).map(lambda number: NOW + timedelta(hours=12 * number))
told = st.builds(
    Report,
    report_time=st.one_of(st.none(), times),
    serial_number=st.sampled_from(["", "B1", "B2"]),
    battery_health=st.sampled_from(["", NORMAL, REPLACE_SOON, REPLACE_NOW, "BATTERY_HEALTH_UNSPECIFIED"]),
    cycle_count=numbers,
    full_charge_capacity=numbers,
    sample=st.lists(st.builds(Sample, numbers, numbers), max_size=1).map(tuple),
)
readings = st.lists(
    st.builds(
        Reading,
        device_id=st.sampled_from(["", "d1", "d2"]),
        serial_number=st.sampled_from(["", "SYN0001A", " syn0001a", "SYN0002B", "UNKNOWN"]),
        org_unit_id=st.sampled_from(["", "u1", "u2"]),
        battery_info=st.lists(st.builds(Info, st.sampled_from(["", "B1", "B2"]), numbers), max_size=2).map(tuple),
        battery_status_report=st.lists(told, max_size=3).map(tuple),
    ),
    max_size=5,
)


@pytest.mark.parametrize("year", [1, 1970, 2009])
def test_a_time_from_before_there_were_chromebooks_is_none(year: int) -> None:
    batteries = Batteries(NOW)
    batteries.add([one(4000, 3000, report_time=datetime(year, 1, 1, tzinfo=timezone(timedelta(hours=14))))])
    assert batteries.undated == 1
    assert next(batteries.reports()).worst is None


@given(readings, st.randoms(use_true_random=False))
def test_the_newest_wins_whatever_the_order(found: list[Reading], random: Random) -> None:
    shuffled = [*found]
    random.shuffle(shuffled)
    assert newest(found, NOW) == newest(shuffled, NOW)


@given(readings)
def test_no_battery_has_a_newer_report_that_was_not_taken(found: list[Reading]) -> None:
    for report in newest(found, NOW).values():
        for battery in report.batteries:
            later = [
                told
                for reading in found
                if "".join(reading.serial_number.split()).upper() == report.serial
                for told in reading.battery_status_report
                if told.serial_number == battery.serial
                and told.report_time is not None
                and battery.time + timedelta(seconds=1) <= told.report_time <= NOW + timedelta(days=1)
                and (told.battery_health in (NORMAL, REPLACE_SOON, REPLACE_NOW)
                     or whole(told.full_charge_capacity) is not None or whole(told.cycle_count) is not None)
            ]  # fmt: skip
            assert report.serial == "" or later == []


@given(readings)
def test_the_worst_is_first_of_those_that_are_in_the_device(found: list[Reading]) -> None:
    for report in newest(found, NOW).values():
        last = max((battery.time for battery in report.batteries), default=NOW)
        present = [battery for battery in report.batteries if last - battery.time <= timedelta(days=1)]
        assert [*report.batteries[: len(present)]] == present
        known = [battery.percent for battery in present if battery.percent is not None]
        if len(known) == len(present):
            assert all(first <= second for first, second in pairwise(known))


@given(st.integers(1, LARGEST), st.integers(1, LARGEST))
def test_the_percentage_has_one_decimal_and_may_be_above_100(design: int, full: int) -> None:
    percent = worst(one(design, full)).percent
    assert percent is not None
    assert abs(percent - full / design * 100) <= 0.0500001
    assert f"{percent:.1f}" == str(percent)


@pytest.mark.parametrize(
    ("design", "full", "percent"),
    [
        ("4080", "3920", 96.1),
        (4080, 4200, 102.9),
        (4000, 4000, 100.0),
        (None, 3920, None),
        ("", 3920, None),
        ("0", "3920", None),
        ("4080", "", None),
        ("4080", "0", None),
        ("-4080", "3920", None),
        ("much", "3920", None),
        (LARGEST + 1, 3920, None),
        ("4080", "39.2", None),
    ],
)
def test_a_percentage_is_unknown_unless_both_capacities_are_known(
    design: int | str | None, full: int | str | None, percent: float | None
) -> None:
    assert worst(one(design, full)).percent == percent


def test_serials_in_another_case_are_one_device_and_its_newest_report_counts() -> None:
    old = one(4080, 3000, report_time=NOW - timedelta(days=300))
    new = msgspec.structs.replace(one(4080, 3920), serial_number=" syn0001a", device_id="d2")
    report = read(new, old)
    assert (report.serial, report.device_id) == ("SYN0001A", "d2")
    assert [battery.full_charge for battery in report.batteries] == [3920]


def test_a_design_capacity_may_come_in_another_row_than_the_report() -> None:
    described = Reading(battery_info=(Info("B2", 5000), Info("B1", 4080)))
    reported = Reading(battery_status_report=(Report(full_charge_capacity=3920),))
    assert worst(described, reported).design == 4080
    assert worst(Reading(battery_info=(Info("", 4080),)), reported).design == 4080
    assert worst(Reading(battery_info=(Info("B9", 4080),)), reported).design is None


def test_of_two_design_capacities_the_newer_counts_in_either_order() -> None:
    old, new = one(5000, 3900, report_time=NOW - timedelta(hours=1)), one(4080, 3920)
    assert worst(old, new) == worst(new, old) == Battery("B1", NOW, NORMAL, 3920, 4080)


def test_of_two_reports_of_one_moment_the_one_that_says_worse_counts_in_either_order() -> None:
    better, worse = one(4080, 3920, cycle_count=1), one(4080, 3000, cycle_count=1)
    assert worst(better, worse).full_charge == worst(worse, better).full_charge == 3000
    unknown = one(4080, None, cycle_count=1)
    assert worst(better, unknown).full_charge == worst(unknown, better).full_charge == 3920


def test_of_several_batteries_the_worst_counts_and_all_are_kept() -> None:
    two = Reading(
        battery_info=(Info("B1", 4000), Info("B2", 4000)),
        battery_status_report=(Report(full_charge_capacity=3900), Report(NOW, "B2", full_charge_capacity=2000)),
    )
    report = read(two)
    assert [battery.serial for battery in report.batteries] == ["B2", "B1"]
    assert report.worst is not None
    assert report.worst.percent == 50.0


def test_a_battery_without_capacities_is_weighed_by_its_health() -> None:
    two = Reading(
        battery_info=(Info("B1", 4000),),
        battery_status_report=(
            Report(full_charge_capacity=3900),
            Report(NOW, "B2", REPLACE_NOW),
            Report(NOW, "B3", cycle_count=1),
        ),
    )
    assert [battery.serial for battery in read(two).batteries] == ["B2", "B1", "B3"]


def test_a_battery_that_was_taken_out_is_kept_and_does_not_count() -> None:
    removed = one(4000, 1000, report_time=NOW - timedelta(days=40))
    present = Reading(
        battery_info=(Info("B2", 4000),), battery_status_report=(Report(NOW, "B2", full_charge_capacity=3900),)
    )
    assert [battery.serial for battery in read(removed, present).batteries] == ["B2", "B1"]


def test_devices_without_a_report_are_told_apart() -> None:
    assert read(Reading()) == BatteryReport("SYN0001A", "d1")
    assert read(Reading(battery_info=(Info("B1", 4080),))) == BatteryReport("SYN0001A", "d1", has_battery=True)
    assert read(Reading(battery_status_report=(Report(),))) == BatteryReport("SYN0001A", "d1")


def test_times_are_whole_seconds_in_utc() -> None:
    time = datetime(2026, 11, 18, 12, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert worst(one(1, 1, report_time=time)).time == datetime(2026, 11, 18, 11, tzinfo=UTC)


def test_what_cannot_be_taken_is_counted() -> None:
    batteries = Batteries(NOW)
    batteries.add(
        [
            one(1, 1, report_time=None),
            one(1, 1, report_time=NOW + timedelta(days=2)),
            Reading("", "UNKNOWN"),
            Reading("d7", "UNKNOWN"),
        ]
    )
    assert (batteries.undated, batteries.ahead, batteries.nameless) == (1, 1, 1)
    assert [(report.serial, report.device_id) for report in batteries.reports()] == [("SYN0001A", "d1"), ("", "d7")]


@pytest.mark.parametrize(
    ("charge", "remains", "level"),
    [(50, None, 50), (None, "1960", 50), ("", "", None), (0, 1960, 0), (101, None, None), (None, "9999", 100)],
)
def test_the_level_is_as_told_else_what_remains(
    charge: int | str | None, remains: str | None, level: int | None
) -> None:
    assert worst(one(4080, 3920, sample=(Sample(charge, remains),))).level == level
