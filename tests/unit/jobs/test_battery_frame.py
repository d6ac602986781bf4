"""What a report makes of an asset: what is written, what is noise, what rides along, and why others get nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.jobs.batteries.reports import REPLACE_NOW, Battery, BatteryReport
from unit.jobs.battery_sample import IN_RT, TO_RT, asset, at, battery, empty, laid, planned, report, state, written

WITHOUT_PERCENT = {name: fact for name, fact in TO_RT.items() if fact != "percent"}


def test_a_battery_as_rt_has_it_changes_nothing_although_the_report_is_newer() -> None:
    assert written(report(battery())) == {}
    assert state(report(battery())) == ""


def test_an_asset_that_knows_nothing_gets_everything_in_one_action() -> None:
    assert written(report(battery()), empty()) == {
        "Health": "85.0",
        "Status": "Normal",
        "Category": "Good",
        "Cycles": "300",
        "Reported": "2026-11-18T09:00:00Z",
        "Full": "3400",
        "Design": "4000",
        "Level": "60",
    }


def test_what_rides_along_is_written_when_something_else_is() -> None:
    changed = report(battery(full_charge=3000, level=20))
    assert written(changed) == {
        "Health": "75.0", "Category": "Fair", "Reported": "2026-11-18T09:00:00Z", "Full": "3000", "Level": "20"
    }  # fmt: skip
    assert written(report(battery(level=20))) == {}
    assert written(report(battery(health=REPLACE_NOW))) == {"Status": "Replace now", "Reported": "2026-11-18T09:00:00Z"}


def test_what_rides_along_is_written_when_rts_is_old_or_missing() -> None:
    told = report(battery(level=20))
    old = asset(Reported="2026-10-19T09:00:00Z")
    assert written(told, old) == {"Level": "20", "Reported": "2026-11-18T09:00:00Z"}
    assert written(told, asset(Reported="2026-10-19T09:00:01Z")) == {}
    assert written(told, asset(Reported="2026-11-13T09:00:00Z"), refresh_days=5) == {
        "Level": "20",
        "Reported": "2026-11-18T09:00:00Z",
    }
    assert written(told, asset(Reported=None)) == {"Level": "20", "Reported": "2026-11-18T09:00:00Z"}
    assert written(told, asset(Design=None)).keys() == {"Design", "Level", "Reported"}


@pytest.mark.parametrize(
    ("full", "noise", "moved"),
    [
        (3437, 1.0, False),
        (3440, 1.0, True),
        (3360, 1.0, True),
        (3363, 1.0, False),
        (3404, 0.1, True),
        (3401, 0.0, False),
    ],
)
def test_a_percentage_that_moved_less_than_the_noise_is_not_written(full: int, noise: float, *, moved: bool) -> None:
    assert ("Health" in written(report(battery(full_charge=full)), noise_percent=noise)) == moved


@pytest.mark.parametrize(
    ("cycles", "theirs", "moved"),
    [(302, "300", False), (303, "300", True), (297, "300", True), (11, "10", True), (10, "10", False), (1, "0", True)],
)
def test_a_cycle_count_has_to_move_by_a_percent_of_it_and_by_one(cycles: int, theirs: str, *, moved: bool) -> None:
    assert ("Cycles" in written(report(battery(cycles=cycles)), asset(Cycles=theirs))) == moved


def test_what_rt_has_is_read_as_people_write_numbers() -> None:
    for text in ("85", "85,0 %", " 84.9% "):
        assert written(report(battery()), asset(Health=text)) == {}, text
    for text in ("good", "nan", "inf"):
        assert written(report(battery()), asset(Health=text))["Health"] == "85.0", text


def test_the_category_is_that_of_the_percentage_that_rt_has_after_the_run() -> None:
    near = battery(full_charge=3190)
    assert near.percent == 79.8
    assert written(report(near), asset(Health="80.0")) == {}
    assert written(report(near), asset(Health="80.9"))["Category"] == "Fair"
    assert written(report(near), asset(Health="79.5", Category="Good"))["Category"] == "Fair"
    assert written(report(battery(full_charge=4100)))["Category"] == "Excellent"
    assert written(report(battery(full_charge=400)))["Category"] == "Critical"


def test_less_than_nothing_in_rt_is_in_the_lowest_category() -> None:
    gone = battery(full_charge=1, design=100_000)
    assert written(report(gone), asset(Health="-0.5", Category="Critical")) == {}


def test_without_a_percentage_in_rt_the_category_stays_while_the_percentage_is_near_its_range() -> None:
    for full, category, changes in (
        (3190, "Good", {}),
        (3160, "Good", {"Category": "Fair"}),
        (3620, "Good", {}),
        (3640, "Good", {"Category": "Excellent"}),
        (3400, None, {"Category": "Good"}),
        (3400, "Splendid", {"Category": "Good"}),
    ):
        told = written(report(battery(full_charge=full)), asset(Category=category), to_rt=WITHOUT_PERCENT)
        assert {name: text for name, text in told.items() if name == "Category"} == changes, full


def test_categories_and_status_have_the_names_of_the_school() -> None:
    given: dict[str, Any] = {
        "to_rt": {"CF.{Health}": "category", "CF.{Full}": "status", "CF.{Reported}": "report_time"},
        "categories": {"fine": 85, "bad": 0},
        "status_names": {REPLACE_NOW: "bin it"},
    }
    assert written(report(battery(health=REPLACE_NOW)), empty(), **given) == {
        "Health": "fine",
        "Full": "bin it",
        "Reported": "2026-11-18T09:00:00Z",
    }


@pytest.mark.parametrize("unknown", [{"full_charge": None}, {"design": None}, {"full_charge": 0}, {"design": 0}])
def test_without_both_capacities_neither_percentage_nor_category_is_touched(unknown: dict[str, Any]) -> None:
    assert written(report(battery(**unknown, health=REPLACE_NOW))).keys() <= {"Status", "Reported", "Full", "Design"}
    assert "Health" not in written(report(battery(**unknown, cycles=999)), empty())


def test_what_is_not_known_is_never_written() -> None:
    bare = battery(health="", full_charge=None, design=None, cycles=5, level=None)
    assert written(report(bare)) == {"Cycles": "5", "Reported": "2026-11-18T09:00:00Z"}
    assert written(report(battery(cycles=None, health="", level=None))) == {}


def test_a_battery_that_measured_nothing_says_nothing() -> None:
    unmeasured = report(battery(health="", full_charge=0, cycles=0))
    assert (written(unmeasured), state(unmeasured)) == ({}, "unknown")
    assert written(unmeasured, empty()) == {}


def test_a_report_that_is_older_than_rts_leaves_the_asset_alone() -> None:
    worse = report(battery(full_charge=1000))
    newer = asset(Reported="2026-11-18T09:00:01Z")
    assert (written(worse, newer), state(worse, newer)) == ({}, "older")
    assert written(worse, asset(Reported="2026-11-18T09:00:00Z"))["Health"] == "25.0"


def test_with_a_date_in_rt_reports_of_one_day_are_equally_new() -> None:
    worse = report(battery(full_charge=1000, time=at(18, 1)))
    same, next_day = asset(Reported="2026-11-18"), asset(Reported="2026-11-19")
    assert written(worse, same, reported="Date") == {"Health": "25.0", "Category": "Critical", "Full": "1000"}
    assert state(worse, next_day, reported="Date") == "older"
    assert written(worse, empty(), reported="Date")["Reported"] == "2026-11-18"


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("yesterday", "unknown"),
        ("2099-01-01T00:00:00Z", "unknown"),
        ("2026-11-18T12:00:00+02:00", "older"),
        ("2026-11-18T10:00:00", "older"),
        ("2026-11-18T08:59", ""),
        ("2026-11-18T10:59:59+02:00", ""),
    ],
)
def test_a_time_in_a_text_field_is_read_with_its_zone_and_nonsense_leaves_the_asset_alone(
    text: str, listed: str
) -> None:
    worse = report(battery(full_charge=1000))
    target = asset(Reported=text)
    assert state(worse, target, reported="Freeform") == listed
    assert bool(written(worse, target, reported="Freeform")) == (listed == "")


def test_a_report_of_long_ago_is_written_and_listed() -> None:
    old = report(battery(time=at(1)))
    assert (written(old, empty(), recent_days=10) != {}, state(old, empty(), recent_days=10)) == (True, "not_recent")
    assert state(old, empty(), recent_days=30) == ""


def test_devices_without_data_are_told_apart() -> None:
    reports = [
        report(battery(), serial="SYN0001A", org_unit="u1"),
        report(serial="SYN0002B", org_unit="u1"),
        report(serial="SYN0003C", org_unit="u2"),
        report(serial="SYN0004D", org_unit="u2", has_battery=True),
        report(serial="SYN0005E", org_unit="u3"),
        report(serial="SYN0006F"),
    ]
    assets = [asset(number, serial) for number, serial in enumerate(
        ["SYN0001A", "syn 0002b", "SYN0003C", "SYN0004D", "SYN0005E", "SYN0006F", "SYN0007G", ""], 1)]  # fmt: skip
    actions, listings = planned(reports, assets)
    assert actions == []
    assert {listing.object: listing.state for listing in listings} == {
        "2": "no_battery",
        "3": "no_battery",
        "4": "not_recent",
        "5": "policy_off",
        "6": "policy_off",
        "7": "not_in_source",
        "8": "rejected",
    }


def test_what_only_one_side_has_and_what_is_there_twice_is_listed() -> None:
    reports = [report(battery(), serial=serial) for serial in ("SYN0001A", "SYN0002B")]
    reports.append(report(battery(), serial="", device_id="d9"))
    actions, listings = planned(reports, [empty(1, "SYN0001A"), empty(2, "syn0001a")])
    assert actions == []
    assert sorted((listing.state, listing.system) for listing in listings) == [
        ("conflict", "csv"), ("conflict", "rt"), ("conflict", "rt"), ("only_csv", "csv"), ("rejected", "csv")
    ]  # fmt: skip


def test_a_value_that_rt_would_refuse_is_listed_and_the_others_are_written() -> None:
    told = report(battery(cycles=99_999, health=REPLACE_NOW))
    actions, listings = planned([told], [asset()])
    assert actions[0].after.keys() == {"CF.{Status}", "CF.{Reported}"}
    assert [(listing.state, listing.why) for listing in listings] == [
        ("unknown", "CF.{Cycles} left alone because CF.{Cycles} takes only what matches Digits")
    ]


def test_nothing_is_written_without_its_time() -> None:
    told = report(battery(time=datetime(2026, 11, 1, 16, 30, tzinfo=UTC), full_charge=3000))
    assert "Health" in written(told, asset(Reported=None))
    assert written(told, asset(Reported=None), zone="America/Los_Angeles") == {}
    assert state(told, asset(Reported=None), zone="America/Los_Angeles") == "unknown"


def test_the_worst_battery_counts_and_the_time_is_that_of_the_device() -> None:
    told = report(battery(full_charge=2000), battery(serial="B2", time=at(19)))
    assert written(told)["Health"] == "50.0"
    assert written(told)["Reported"] == "2026-11-19T09:00:00Z"


numbers = st.one_of(st.none(), st.integers(0, 100_000))
batteries = st.builds(
    Battery,
    serial=st.just("B1"),
    time=st.integers(1, 20).map(at),
    health=st.sampled_from(["", "BATTERY_HEALTH_NORMAL", REPLACE_NOW]),
    full_charge=numbers,
    design=numbers,
    cycles=st.one_of(st.none(), st.integers(0, 9_999)),
    level=st.one_of(st.none(), st.integers(0, 100)),
)


@given(told=batteries, theirs=batteries, noise=st.sampled_from([0.0, 1.0, 5.0]))
def test_what_was_applied_leaves_nothing_to_do_and_no_known_value_goes(
    told: Battery, theirs: Battery, noise: float
) -> None:
    before = _with(empty(), written(report(theirs), empty(), noise_percent=noise))
    after = _with(before, written(report(told), before, noise_percent=noise))
    assert written(report(told), after, noise_percent=noise) == {}
    for field in (f"cf{number}" for number in range(31, 39)):
        assert getattr(before, field) is None or getattr(after, field) is not None


def _with(target: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return an asset of RT after an action."""
    names = {name[4:-1]: f"cf{number}" for number, name in enumerate(IN_RT, 31)}
    return type(target)(
        **{name: getattr(target, name) for name in target.__struct_fields__}
        | {names[name]: text for name, text in values.items()}
    )


def test_reports_and_assets_are_the_sides_of_one_match() -> None:
    made = laid([report(battery())], [asset()])
    assert (made.found.left.system, made.found.left.noun) == ("csv", "device")
    assert made.found.counts() == {"matched": 1, "only_csv": 0, "only_rt": 0, "conflict": 0, "rejected": 0}
    assert isinstance(made.found.pairs[0][0], BatteryReport)
