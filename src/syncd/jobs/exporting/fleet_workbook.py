"""The health of a fleet as a workbook: its devices, those to replace soon, and its models, with charts of its own.

The charts are the spreadsheet's, so that somebody can change them; what they show stands in the sheet ``chart data``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from syncd.jobs.exporting.fleet import COLUMNS, Fleet
from syncd.jobs.exporting.fleet_figures import BARS, Stack, Trend, title
from syncd.jobs.exporting.shades import LINES, shades, short
from syncd.jobs.exporting.sheets import Cell, fill, workbook

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

FLEET, SOON, MODELS, CHARTS, DATA = "fleet", "replace soon", "by model", "charts", "chart data"
_WIDTHS = {"serial": 20, "asset": 16, "model": 34, "school": 24, "reported": 17}
_WIDTH = 13
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001 - the moment of no report; a workbook has no zones
_DASHES = ("solid", "dash", "dash_dot", "round_dot", "long_dash_dot_dot", "long_dash", "square_dot")
_MARKS = ("circle", "square", "triangle", "diamond", "star", "plus", "x")
_SIZE = {"width": 900, "height": 480}
_APART = 25
"""Rows between the tops of two charts."""


def write_fleet(file: BinaryIO, fleet: Fleet, stacks: Sequence[Stack], trend: Trend) -> None:
    """Write the workbook. Raises DataError (``export.too_many``) for more devices than a sheet has rows."""
    with workbook(file) as book:
        # The same data give the same bytes, whenever they are written.
        newest = fleet.newest
        book.set_properties({"created": newest.replace(tzinfo=None) if newest else _EPOCH})
        sheets = {name: book.add_worksheet(name) for name in (FLEET, SOON, MODELS, CHARTS, DATA)}
        _table(book, sheets[FLEET], COLUMNS, [*fleet.cells(fleet.devices)])
        _table(book, sheets[SOON], COLUMNS, [*fleet.cells(fleet.to_replace())])
        _table(book, sheets[MODELS], fleet.by_model_header, [*fleet.by_model()])
        bars, weeks = _chart_data(book, sheets[DATA], stacks, trend)
        sheets[CHARTS].insert_chart(0, 0, _histogram(book, stacks, bars, title(stacks, len(fleet.devices), newest)))
        _printed(sheets[CHARTS], 1)
        if trend.weeks:
            sheets[CHARTS].insert_chart(_APART, 0, _trend(book, trend, weeks))


def write_to_replace(file: BinaryIO, fleet: Fleet) -> None:
    """Write a workbook with the list of those to replace soon alone; errors as ``write_fleet``."""
    with workbook(file) as book:
        book.set_properties({"created": fleet.newest.replace(tzinfo=None) if fleet.newest else _EPOCH})
        _table(book, book.add_worksheet(SOON), COLUMNS, [*fleet.cells(fleet.to_replace())])


def _table(book: "Workbook", sheet: "Worksheet", header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    numbers = {at for at in range(len(header)) if any(isinstance(row[at], int | float) for row in rows)}
    number = fill(book, sheet, header, rows, numbers)
    _printed(sheet, 0)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(1, number), len(header) - 1)
    for column, name in enumerate(header):
        sheet.set_column(column, column, _WIDTHS.get(name, max(_WIDTH, len(name) + 4)))


def _printed(sheet: "Worksheet", pages: int) -> None:
    """Let a sheet be printed as wide as a page, and as many pages high; 0 is as many as it takes."""
    sheet.set_landscape()
    sheet.fit_to_pages(1, pages)


def _chart_data(book: "Workbook", sheet: "Worksheet", stacks: Sequence[Stack], trend: Trend) -> tuple[int, int]:
    """Write what the charts show, one table below the other; return the rows that they begin at."""
    rows: list[Sequence[Cell]] = [(bar, *(stack.counts[at] for stack in stacks)) for at, bar in enumerate(BARS)]
    rows += [(), ("week", *(_named(line.name, line.devices) for line in trend.lines))]
    rows += [(week, *(line.medians[at] for line in trend.lines)) for at, week in enumerate(trend.weeks)]
    fill(book, sheet, ("percent", *(_named(stack.category, sum(stack.counts)) for stack in stacks)), rows)
    sheet.set_column(0, max(len(stacks), len(trend.lines)), _WIDTHS["school"])
    return 0, len(BARS) + 2


def _histogram(book: "Workbook", stacks: Sequence[Stack], top: int, name: str) -> "Chart":
    chart = book.add_chart({"type": "column", "subtype": "stacked"})
    bottom = top + len(BARS)
    for column, colour in enumerate(shades(len(stacks)), 1):
        chart.add_series(
            {
                "name": [DATA, top, column],
                "categories": [DATA, top + 1, 0, bottom, 0],
                "values": [DATA, top + 1, column, bottom, column],
                "fill": {"color": colour},
                "border": {"color": "#333333", "width": 0.75},
                "gap": 10,
            }
        )
    chart.set_title({"name": name, **_TITLE})
    chart.set_x_axis({"name": "Health (full charge in percent of the design capacity)", "num_font": {"rotation": -45}})
    chart.set_y_axis({"name": "Devices", "num_format": "#,##0", "min": 0, "major_gridlines": _GRID})
    return _finished(chart)


def _trend(book: "Workbook", trend: Trend, top: int) -> "Chart":
    chart = book.add_chart({"type": "line"})
    for at, _ in enumerate(trend.lines):
        chart.add_series(_line(trend, at, top))
    low, high = _range(trend)
    chart.set_title({"name": "Median by model over time", **_TITLE})
    chart.set_x_axis(
        {
            "name": "Week (its Monday)",
            "text_axis": True,  # an axis of dates with one of them shows another
            "num_format": "yyyy-mm-dd",
            "num_font": {"rotation": -45},
            "interval_unit": -(-len(trend.weeks) // _LABELS),
        }
    )
    chart.set_y_axis({"name": "Health in percent", "min": low, "max": high, "major_gridlines": _GRID})
    chart.show_blanks_as("gap")
    return _finished(chart)


def _line(trend: Trend, at: int, top: int) -> dict[str, object]:
    """Return the series of one model; ``top`` is the row of the header in the sheet of the data."""
    bottom, colour = top + len(trend.weeks), LINES[at % len(LINES)]
    return {
        "name": [DATA, top, at + 1],
        "categories": [DATA, top + 1, 0, bottom, 0],
        "values": [DATA, top + 1, at + 1, bottom, at + 1],
        "line": {"color": colour, "width": 2, "dash_type": _DASHES[at % len(_DASHES)]},
        "marker": _mark(at, colour) if len(trend.weeks) <= _MARKED else {"type": "none"},
    }


_TITLE = {"name_font": {"size": 14, "bold": False}, "overlay": False}
_GRID = {"visible": True, "line": {"color": "#d0d0d0", "width": 0.5}}
_STEP = 5
_LABELS = 12
_MARKED = 60
"""Weeks of a line that has marks; those of more would hide it."""


def _mark(at: int, colour: str) -> dict[str, object]:
    fill = {"color": colour}
    return {"type": _MARKS[at % len(_MARKS)], "size": 4, "fill": fill, "border": fill}


def _finished(chart: "Chart") -> "Chart":
    chart.set_legend({"position": "bottom"})
    chart.set_size(_SIZE)
    return chart


def _range(trend: Trend) -> tuple[int, int]:
    """Return the ends of the axis of percentages, in whole steps around the values."""
    values = [value for line in trend.lines for value in line.medians if value is not None]
    low, high = int(min(values) // _STEP), int(max(values) // _STEP) + 1
    return low * _STEP, high * _STEP


def _named(name: str, devices: int) -> str:
    return f"{short(name)} ({devices:,})"
