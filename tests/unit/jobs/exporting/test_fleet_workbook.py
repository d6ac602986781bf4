"""The workbook of a fleet: its sheets, and charts that show what stands in them."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from syncd.host.errors import DataError
from syncd.jobs.exporting import sheets
from syncd.jobs.exporting.fleet import COLUMNS, Fleet, Labels
from syncd.jobs.exporting.fleet_figures import BARS, groups, histogram, trend
from syncd.jobs.exporting.fleet_workbook import write_fleet, write_to_replace
from syncd.state.battery_history import HistoryRow
from unit.jobs.exporting.fleets import fleet_of, history, report

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def written(rows: Sequence[HistoryRow], models: Sequence[str] = ("Model A", "=1+1")) -> tuple[Fleet, bytes]:
    labels = {row.device: Labels("EX", "new", models[int(row.device[-1]) % len(models)], "East") for row in rows}
    fleet = fleet_of(rows, labels)
    file = io.BytesIO()
    figures = histogram(fleet.devices, fleet.words), trend(rows, groups(fleet.devices), fleet.newest)
    write_fleet(file, fleet, *figures)
    return fleet, file.getvalue()


def read(book: bytes, sheet: str) -> list[list[object]]:
    return [[*row] for row in CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_name(sheet).to_python()]


def series(book: bytes, chart: int) -> list[tuple[str, ...]]:
    """Return what the series of a chart refer to: name, categories and values."""
    with ZipFile(io.BytesIO(book)) as parts:
        tree = ET.fromstring(parts.read(f"xl/charts/chart{chart}.xml"))  # noqa: S314 - we wrote it
    return [tuple(str(ref.text) for ref in found.iter(f"{CHART}f")) for found in tree.iter(f"{CHART}ser")]


def cells(book: bytes, reference: str) -> list[object]:
    """Return the cells of a column that a chart refers to."""
    sheet, place = reference.replace("'", "").split("!")
    found = [re.fullmatch(r"([A-Z])(\d+)", end.replace("$", "")) for end in place.split(":")]
    ends = [(ord(end[1]) - ord("A"), int(end[2]) - 1) for end in found if end]
    rows = read(book, sheet)
    return [rows[at][ends[0][0]] for at in range(ends[0][1], ends[-1][1] + 1)]


def test_a_workbook_has_the_fleet_the_list_and_the_models() -> None:
    fleet, book = written([*history(30, 52)])
    assert CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names == [
        "fleet",
        "replace soon",
        "by model",
        "charts",
        "chart data",
    ]
    rows = read(book, "fleet")
    assert rows[0] == [*COLUMNS]
    assert [row[0] for row in rows[1:]] == [device.serial for device in fleet.devices]
    assert [row[5] for row in rows[1:]] == [device.percent for device in fleet.devices]
    reported = rows[1][COLUMNS.index("reported")]
    assert isinstance(reported, datetime)
    assert abs((reported - fleet.devices[0].reported.replace(tzinfo=None)).total_seconds()) < 1
    assert [row[0] for row in read(book, "replace soon")[1:]] == [device.serial for device in fleet.to_replace()]
    assert len(fleet.to_replace()) > 3
    assert [row[:2] for row in read(book, "by model")[1:]] == [["=1+1", 15.0], ["Model A", 15.0]]


def test_the_bars_of_the_chart_are_the_histogram() -> None:
    fleet, book = written([*history(30, 52)])
    stacks = histogram(fleet.devices, fleet.words)
    refs = series(book, 1)
    assert [cells(book, name) for name, _, _ in refs] == [
        [f"{stack.category} ({sum(stack.counts)})"] for stack in stacks
    ]
    assert [cells(book, values) for _, _, values in refs] == [[*map(float, stack.counts)] for stack in stacks]
    assert {tuple(cells(book, bars)) for _, bars, _ in refs} == {BARS}


def test_the_lines_of_the_chart_are_the_trend() -> None:
    rows = [*history(30, 52)]
    fleet, book = written(rows)
    found = trend(rows, groups(fleet.devices), fleet.newest)
    refs = series(book, 2)
    assert [cells(book, name) for name, _, _ in refs] == [[f"{line.name} ({line.devices})"] for line in found.lines]
    for line, (_, weeks, values) in zip(found.lines, refs, strict=True):
        assert cells(book, weeks) == [*found.weeks]
        assert cells(book, values) == ["" if value is None else value for value in line.medians]


@pytest.mark.parametrize(
    ("rows", "charts"), [([report(percent=None)], 1), ([report()], 2), ([*history(1, 500)], 2), ([], 1)]
)
def test_little_and_nothing_make_a_workbook_too(rows: list[HistoryRow], charts: int) -> None:
    fleet, book = written(rows)
    assert len(read(book, "fleet")) == 1 + len(fleet.devices)
    with ZipFile(io.BytesIO(book)) as parts:
        assert len([name for name in parts.namelist() if name.startswith("xl/charts/chart")]) == charts


def test_a_hundred_models_have_rows_and_seven_lines() -> None:
    rows = [report(f"SYN{number:04}", 90.0) for number in range(200)]
    labels = {row.device: Labels(model=f"Model {number % 100}") for number, row in enumerate(rows)}
    fleet, file = fleet_of(rows, labels), io.BytesIO()
    write_fleet(file, fleet, histogram(fleet.devices, fleet.words), trend(rows, groups(fleet.devices), fleet.newest))
    assert len(read(file.getvalue(), "by model")) == 101
    assert len(series(file.getvalue(), 2)) == 7


def test_the_same_data_give_the_same_bytes_and_no_formula() -> None:
    book = written([*history(10, 52)])[1]
    assert book == written([*history(10, 52)])[1]
    with ZipFile(io.BytesIO(book)) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name) or "/charts/" in name


def test_names_of_columns_of_numbers_stand_where_the_numbers_do() -> None:
    book = written([report("A1", 70.0)])[1]
    with ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = ET.fromstring(parts.read("xl/styles.xml"))  # noqa: S314 - we wrote it
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    formats = [style.find(f"{main}alignment") is not None for style in styles.findall(f"{main}cellXfs/{main}xf")]
    right = {cell: formats[int(style)] for cell, style in re.findall(r'<c r="(\w+)" s="(\d+)" t="inlineStr"', sheet)}
    assert [COLUMNS[ord(cell[0]) - ord("A")] for cell, is_right in right.items() if is_right] == [
        *("percent", "cycles", "full_charge_mah", "design_mah", "batteries", "age_days")
    ]


def test_the_list_alone_is_one_sheet() -> None:
    fleet, file = fleet_of([report("A", 70.0), report("B", 90.0)]), io.BytesIO()
    write_to_replace(file, fleet)
    assert CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).sheet_names == ["replace soon"]
    assert [row[0] for row in read(file.getvalue(), "replace soon")] == ["serial", "A"]


def test_more_devices_than_a_sheet_has_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    with pytest.raises(DataError, match="export CSV"):
        written([report("A1"), report("B1"), report("C1")])
