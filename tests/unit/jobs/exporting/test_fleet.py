"""The rows of a fleet: what is joined, told and sorted."""

import pytest
from msgspec.structs import replace

from syncd.jobs.batteries.options import CATEGORIES, STATUSES
from syncd.jobs.batteries.reports import NORMAL, REPLACE_NOW, REPLACE_SOON
from syncd.jobs.batteries.words import Words
from syncd.jobs.exporting.fleet import COLUMNS, NO_MODEL, Fleet, Labels, label, labels_of
from syncd.state.battery_history import OtherBattery
from unit.jobs.exporting.fleets import NOW, WORDS, fleet_of, report


def rows(fleet: Fleet) -> list[dict[str, object]]:
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in fleet.cells(fleet.devices)]


def test_a_row_tells_what_the_report_and_rt_say() -> None:
    fleet = fleet_of([report(days=2.5)], {"SYN0001": label("allocated", "Model A", "East", "EX-1")})
    assert rows(fleet) == [
        {
            "serial": "SYN0001",
            "asset": "EX-1",
            "asset_status": "allocated",
            "model": "Model A",
            "school": "East",
            "percent": 90.0,
            "status": "Normal",
            "category": "Excellent",
            "cycles": 100,
            "full_charge_mah": 4500,
            "design_mah": 5000,
            "batteries": 1,
            "source": "gam",
            "reported": report(days=2.5).time,
            "age_days": 2,
        }
    ]


def test_a_device_that_rt_does_not_know_has_empty_cells() -> None:
    (row,) = rows(fleet_of([report()], {"SYN0002": Labels("EX-2")}))
    assert [row[name] for name in ("asset", "asset_status", "model", "school")] == [""] * 4


def test_what_is_unknown_is_empty_and_others_are_counted() -> None:
    row = replace(report(percent=None, health=""), cycles=None, others=(OtherBattery("B2", NOW),))
    (told,) = rows(fleet_of([row]))
    assert [told[name] for name in ("percent", "category", "cycles", "full_charge_mah", "batteries")] == [
        None,
        "",
        None,
        None,
        2,
    ]


def test_devices_are_sorted_by_serial_and_the_newest_report_is_told() -> None:
    assert rows(fleet_of([report(days=-0.5)]))[0]["age_days"] == 0
    fleet = fleet_of([report("B", days=5), report("A", days=3)])
    assert [device.serial for device in fleet.devices] == ["A", "B"]
    assert fleet.newest == report(days=3).time
    assert fleet_of([]).newest is None


@pytest.mark.parametrize(
    ("percent", "category"),
    [(130.0, "Excellent"), (90.0, "Excellent"), (89.9, "Good"), (60.0, "Poor"), (0.0, "Critical"), (None, "")],
)
def test_a_category_begins_at_its_bound(percent: float | None, category: str) -> None:
    assert WORDS.category(percent) == category


def test_the_words_are_those_of_the_school() -> None:
    words = Words({"bad": 0.0, "fine": 50.0}, {**STATUSES, NORMAL: "OK"}, 80.0)
    (row,) = rows(fleet_of([report(percent=50.0)], words=words))
    assert (row["status"], row["category"]) == ("OK", "fine")


def test_what_is_to_be_replaced_is_sorted_by_model_and_school_and_the_worst_first() -> None:
    reports = [
        report("S1", 79.9),
        report("S2", 80.0),
        report("S3", 60.0),
        report("S4", 95.0, health=REPLACE_NOW),
        report("S5", None, health=REPLACE_SOON),
        report("S6", None),
        report("S7", 10.0),
    ]
    places = {"S1": ("A", "West"), "S3": ("A", "West"), "S4": ("B", "East"), "S5": ("A", "West"), "S7": ("A", "East")}
    fleet = fleet_of(reports, {serial: Labels("", "", *place) for serial, place in places.items()})
    assert [device.serial for device in fleet.to_replace()] == ["S7", "S3", "S1", "S5", "S4"]
    lenient = fleet_of(reports, words=Words(CATEGORIES, STATUSES, 60.0))
    assert [device.serial for device in lenient.to_replace()] == ["S7", "S4", "S5"]


def test_the_summary_has_the_largest_model_first() -> None:
    reports = [report("S1", 95.0), report("S2", 61.0), report("S3", None), report("S4", 75.0)]
    labels = {"S1": Labels(model="B"), "S2": Labels(model="B"), "S3": Labels(model="B"), "S4": Labels(model="A")}
    fleet = fleet_of(reports, labels)
    assert fleet.by_model_header[6:] == ("Excellent", "Good", "Fair", "Poor", "Critical")
    assert [*map(tuple, fleet.by_model())] == [
        ("B", 3, 2, 78.0, 61.0, 1, 1, 0, 0, 1, 0),
        ("A", 1, 1, 75.0, 75.0, 1, 0, 0, 1, 0, 0),
    ]
    assert [*map(tuple, fleet_of([report(percent=None)]).by_model())] == [
        (NO_MODEL, 1, 0, None, None, 0, 0, 0, 0, 0, 0)
    ]


def test_serials_of_rt_are_compared_as_serials_and_all_names_of_one_are_told() -> None:
    found = labels_of(
        [
            (" syn 0001 ", Labels("EX-1", model="A")),
            (("SYN0002", "n/a"), Labels("EX-2")),
            ("SYN0001", Labels("EX-9", model="B")),
            (None, Labels("EX-3")),
        ]
    )
    assert found == {"SYN0001": Labels("EX-1; EX-9", model="A"), "SYN0002": Labels("EX-2")}
