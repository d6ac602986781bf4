"""What pictures show: the bars, and the medians week by week."""

from datetime import date
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.jobs.exporting.fleet import NO_MODEL, Labels
from syncd.jobs.exporting.fleet_figures import BARS, TOP, Line, groups, histogram, measured, title, trend
from syncd.state.battery_history import HistoryRow
from unit.jobs.exporting.fleets import NOW, WORDS, fleet_of, history, report

THIS, LAST, BEFORE = date(2026, 11, 16), date(2026, 11, 9), date(2026, 11, 2)
"""Mondays."""


@pytest.mark.parametrize(
    ("percent", "bar"),
    [(0.0, "0-5"), (4.9, "0-5"), (5.0, "5-10"), (79.9, "75-80"), (99.9, "95-100"), (100.0, "100+"), (250.0, "100+")],
)
def test_a_device_is_in_the_bar_of_its_percentage(percent: float, bar: str) -> None:
    stacks = histogram(fleet_of([report(percent=percent)]).devices, WORDS)
    assert {name for stack in stacks for name, count in zip(BARS, stack.counts, strict=True) if count} == {bar}


def test_bars_are_stacked_by_category_and_leave_out_what_is_unknown() -> None:
    fleet = fleet_of([report("A", 91.0), report("B", 89.0), report("C", None), report("D", 59.0)])
    stacks = histogram(fleet.devices, WORDS)
    assert [(stack.category, sum(stack.counts)) for stack in stacks] == [
        ("Excellent", 1),
        ("Good", 1),
        ("Fair", 0),
        ("Poor", 0),
        ("Critical", 1),
    ]
    assert measured(stacks) == 3


def test_the_title_counts_and_dates() -> None:
    stacks = histogram(fleet_of([report()]).devices, WORDS)
    assert title(stacks, 1, NOW) == "Battery health of 1 device, newest report of 2026-11-20"
    assert title(stacks, 1201, None) == "Battery health of 1,201 devices (1,200 without a percentage)"


def test_the_models_with_most_devices_have_lines_and_the_others_share_one() -> None:
    reports = [report(f"S{model}-{number}") for model in range(TOP + 2) for number in range(TOP + 3 - model)]
    labels = {row.device: Labels(model=f"Model {row.device[1]}") for row in reports}
    assert set(groups(fleet_of(reports, labels).devices).values()) == {
        *(f"Model {model}" for model in range(TOP)),
        "2 other models",
    }
    fewer = [row for row in reports if row.device[1] != "7"]
    assert len(set(groups(fleet_of(fewer, labels).devices).values())) == TOP + 1
    found = trend(sorted(reports, key=lambda row: row.device), groups(fleet_of(reports, labels).devices), NOW)
    assert [line.name for line in found.lines][-1] == "2 other models"
    assert groups(fleet_of([report("A"), report("B", None)]).devices) == {"A": NO_MODEL}


def of(*rows: HistoryRow) -> tuple[list[date], list[Line]]:
    found = trend(rows, groups(fleet_of(rows).devices), fleet_of(rows).newest)
    return [*found.weeks], [*found.lines]


def test_a_device_counts_with_its_last_report_from_the_first_one_on() -> None:
    weeks, (line,) = of(report("A", 90.0, days=14), report("A", 80.0), report("B", 100.0, days=7))
    assert weeks == [BEFORE, LAST, THIS]
    assert line == Line(NO_MODEL, 2, [90.0, 95.0, 90.0])


def test_the_last_report_of_a_week_is_that_of_the_week_and_an_unknown_one_is_passed_over() -> None:
    _, (line,) = of(report("A", 90.0, days=9), report("A", 70.0, days=8), report("A", None, days=2), report("A", 60.0))
    assert line.medians == [70.0, 60.0]


def test_one_report_is_one_point_and_none_is_none() -> None:
    assert of(report()) == ([THIS], [Line(NO_MODEL, 1, [90.0])])
    assert of(report(percent=None)) == ([], [])
    assert of() == ([], [])


def test_a_line_begins_when_enough_of_it_is_known() -> None:
    rows = [report("A0", 10.0, days=21), *(report(f"B{number:02}", 90.0, days=7) for number in range(10))]
    weeks, (line,) = of(*rows, report("C", 90.0))
    assert (weeks, line.medians) == ([LAST, THIS], [90.0, 90.0])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(0, 1300)), min_size=1))
def test_the_medians_are_those_of_the_reports_in_force(told: list[tuple[int, int, int]]) -> None:
    unique = {(device, days): tenths / 10 for device, days, tenths in told}
    rows = sorted(
        (report(f"S{device}", percent, days=days) for (device, days), percent in unique.items()),
        key=lambda row: (row.device, row.time),
    )
    weeks, (line,) = of(*rows)
    for week, found in zip(weeks, line.medians, strict=True):
        in_force = {row.device: row.percent for row in rows if (row.time.date() - week).days < 7}
        expected = median(value for value in in_force.values() if value is not None)
        assert found == pytest.approx(expected, abs=0.0501)


def test_a_large_fleet_is_read_once() -> None:
    rows = iter([*history(2_000, 52)])
    found = trend(rows, {f"SYN{number:06}": f"Model {number % 3}" for number in range(2_000)}, NOW)
    assert next(rows, None) is None
    assert (len(found.lines), sum(line.devices for line in found.lines)) == (3, 2_000)
    assert all(line.medians[-1] is not None and line.medians[-1] < 95 for line in found.lines)
