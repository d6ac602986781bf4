"""Read batteries out of CSV: GAM's output and Google's device export, row by row, never more than a row in memory.

GAM writes UTF-8 with the backslash as escape character (``csv_output_no_escape_char`` in gam.cfg switches that off),
one row for each device with ``batteryStatusReport.0.reportTime``, one for each item with ``oneitemperrow``
(``batteryStatusReport.reportTime``), or ``deviceId,JSON`` with ``formatjson`` (gam7 7.49, observed). With one item per
row GAM leaves ``batteryInfo`` out, so there is no design capacity; nor is there a row of a device without reports.
"""

import codecs
import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from itertools import chain, count
from typing import Any, BinaryIO, TypeVar

import msgspec

from syncd.host.errors import DataError
from syncd.host.plain_files import lines_of
from syncd.host.problems import Problems, shown
from syncd.systems.gam import cells
from syncd.systems.gam.layout import InfoColumns, Layout, ReportColumns, layout_of
from syncd.systems.gam.records import BatteryInfo, BatterySample, BatteryStatusReport, DeviceRow

LONGEST_CELL = 2**24
"""Characters; the JSON of one device with months of reports has millions."""

_MOST_ABOVE = 20
"""Lines that may stand above the header: warnings that a program wrote there, or a title."""

_LONGEST_LINE = 2**25
_USUAL = 5
"""Digits that a capacity or a cycle count may have."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t"

T = TypeVar("T")
Aside = Callable[[str], None]


class _Sample(msgspec.Struct, gc=False, rename="camel"):
    charge_rate: int | str = ""
    remaining_capacity: int | str = ""


class _Report(msgspec.Struct, gc=False, rename="camel"):
    report_time: str = ""
    serial_number: str = ""
    battery_health: str = ""
    cycle_count: int | str = ""
    full_charge_capacity: int | str = ""
    sample: list[_Sample] = []


class _Info(msgspec.Struct, gc=False, rename="camel"):
    serial_number: str = ""
    design_capacity: int | str = ""


class _Device(msgspec.Struct, gc=False, rename="camel"):
    """A device as GAM's JSON has it; ``sample`` has the newest first."""

    device_id: str = ""
    serial_number: str = ""
    org_unit_id: str = ""
    battery_info: list[_Info] = []
    battery_status_report: list[_Report] = []


_decode = msgspec.json.Decoder(_Device).decode


@contextmanager
def text_of(file: BinaryIO, name: str) -> Iterator[Iterator[str]]:
    """Give the lines of a file that is UTF-8, or UTF-16 with a mark, with their ends, whatever these are.

    Raises DataError ``battery.encoding``.
    """
    start = file.read(3)
    file.seek(0)
    encoding = next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "utf-8")
    try:
        with lines_of(file, encoding, _LONGEST_LINE) as found:
            yield found
    except UnicodeError:
        raise DataError(
            f"{name} is not {encoding.removesuffix('-sig')} text; save it as CSV in UTF-8.",
            code="battery.encoding",
            object=name,
        ) from None


def rows(
    lines: Iterable[str],
    name: str,
    problems: Problems,
    *,
    now: datetime,
    zone: tzinfo = UTC,
    escapes: bool = True,
    aside: Aside | None = None,
) -> Iterator[DeviceRow]:
    """Yield what each row has of a device; what cannot be used becomes a problem, by row and column.

    ``now`` (aware): later times are problems. ``zone`` is for times that name none. ``escapes``: the backslash does, in
    a file of GAM's. ``aside`` is called with lines that are no rows, warnings of the program that wrote the file;
    without it those below the header are problems.
    Raises DataError: ``battery.empty``, ``battery.header``, ``battery.columns``, ``battery.cell``.
    """
    source = iter(lines)
    layout, delimiter, above = _header(source, name, aside)
    reader = _Rows(layout, name, problems, now=now, zone=zone, aside=aside)
    first = next(source, "")
    options = _dialect(layout, first, delimiter, escapes=escapes)
    with _long_cells():
        found = csv.reader(chain([first] if first else [], source), **options)
        try:
            yield from filter(None, map(reader.device, count(above + 1), found))
        except csv.Error:
            raise DataError(
                f"{name}, about line {above + found.line_num}: a cell has more than {LONGEST_CELL:,} characters; a "
                "quotation mark is opened there and not closed.",
                code="battery.cell",
                object=name,
            ) from None


class _Rows:
    """Makes records of rows."""

    def __init__(
        self, layout: Layout, name: str, problems: Problems, *, now: datetime, zone: tzinfo, aside: Aside | None
    ) -> None:
        self._layout = layout
        self._name = name
        self._problems = problems
        self._zone = zone
        self._latest = now + cells.AHEAD
        self._aside = aside
        self._width = len(layout.header)
        self._infos = [*layout.infos.values()]
        self._reports = [(columns, columns.picker) for columns in layout.reports.values()]
        self._row = 0
        # A fleet has few capacities and cycle counts: each text is read once, and its number kept once.
        self._counts: dict[str, int | None] = {"": None}
        self._units: dict[str, str] = {}

    def device(self, number: int, row: list[str]) -> DeviceRow | None:
        """Return what a row has; None for one that is blank, or cannot be used."""
        if len(row) != self._width and not self._fits(number, row):
            return None
        self._row = number
        if self._layout.json >= 0:
            return self._from_json(row)
        row.append("")
        device_id, serial = row[self._layout.device_id], row[self._layout.serial]
        if not self._is_named(row, device_id, serial):
            return None
        return DeviceRow(
            device_id,
            serial.strip(),
            tuple([info for at in self._infos if (info := self._info(row, at)) is not None]),
            tuple([report for at, pick in self._reports if (report := self._report(pick(row), at)) is not None]),
            self._unit(row[self._layout.org_unit]),
        )

    def _fits(self, number: int, row: list[str]) -> bool:
        """Tell whether a row of another length is one; cells that are empty may be too many."""
        if not any(map(str.strip, row)):
            return False
        if len(row) > self._width and not any(row[self._width :]):
            del row[self._width :]
            return True
        if len(row) == 1 and self._aside is not None:
            self._aside(row[0])
        else:
            self._problems.add(self._name, number, "", f"has {len(row)} cells, and the header has {self._width}")
        return False

    def _is_named(self, row: list[str], device_id: str, serial: str) -> bool:
        """Tell whether a row says of which device it is."""
        both = device_id + serial
        if not both:
            if any(map(str.strip, row)):
                self._problems.add(self._name, self._row, "", "has neither a serial number nor a device id")
            return False
        if cells.is_name(both) or (cells.is_name(device_id) and cells.is_name(serial)):
            return True
        text = serial if cells.is_name(device_id) else device_id
        self._problems.add(self._name, self._row, "", f"{shown(text)} is no serial number or device id")
        return False

    def _info(self, row: list[str], at: InfoColumns) -> BatteryInfo | None:
        serial, design = row[at.serial], row[at.design]
        if not serial and not design:
            return None
        return BatteryInfo(serial, self._count(design, at.design))

    def _report(self, told: Sequence[str], at: ReportColumns) -> BatteryStatusReport | None:
        time, serial, word, cycles, full, charge, remains = told
        if not word and not full and not cycles:
            return None
        health = cells.HEALTH.get(word)
        if health is None:
            health = self._cell(cells.health, word, at.health) or ""
        if not full and not cycles and not health:
            return None
        when = self._time(time, at.time)
        if when is None:
            return None
        counts = self._counts
        sample: tuple[BatterySample, ...] = ()
        try:
            if charge or remains:
                sample = (BatterySample(counts[charge], counts[remains]),)
            return BatteryStatusReport(when, serial, health, counts[cycles], counts[full], sample)
        except KeyError:
            if charge or remains:
                sample = (BatterySample(self._count(charge, at.charge), self._count(remains, at.remains)),)
            numbers = self._count(cycles, at.cycles), self._count(full, at.full)
            return BatteryStatusReport(when, serial, health, *numbers, sample)

    def _from_json(self, row: list[str]) -> DeviceRow | None:
        try:
            device = _decode(row[self._layout.json])
        except msgspec.ValidationError as problem:
            self._problems.add(self._name, self._row, "JSON", f"is not as GAM writes it ({problem})")
            return None
        except (msgspec.DecodeError, RecursionError):
            self._problems.add(self._name, self._row, "JSON", "is not whole")
            return None
        device_id = device.device_id or [*row, ""][self._layout.device_id]
        if not self._is_named(row, device_id, device.serial_number):
            return None
        return DeviceRow(
            device_id,
            device.serial_number.strip(),
            tuple([BatteryInfo(info.serial_number, self._number(info.design_capacity, "batteryInfo.designCapacity"))
                   for info in device.battery_info]),
            tuple([report for told in device.battery_status_report if (report := self._told(told)) is not None]),
            self._unit(device.org_unit_id),
        )  # fmt: skip

    def _unit(self, text: str) -> str:
        """Return the org unit of a device; a fleet has few, and each text is kept once."""
        return self._units.setdefault(text, text)

    def _told(self, told: _Report) -> BatteryStatusReport | None:
        when = self._checked(lambda text: cells.time(text, self._zone, self._latest), told.report_time, "reportTime")
        if when is None:
            if not told.report_time:
                self._problems.add(self._name, self._row, "JSON", "a report has no time")
            return None
        sample = tuple(
            BatterySample(self._number(each.charge_rate, "chargeRate"),
                          self._number(each.remaining_capacity, "remainingCapacity"))
            for each in told.sample[:1]
        )  # fmt: skip
        return BatteryStatusReport(
            when,
            told.serial_number,
            self._checked(cells.health, told.battery_health, "batteryHealth") or "",
            self._number(told.cycle_count, "cycleCount"),
            self._number(told.full_charge_capacity, "fullChargeCapacity"),
            sample,
        )

    def _number(self, told: int | str, field: str) -> int | None:
        return self._checked(cells.count, str(told), field)

    def _checked(self, read: Callable[[str], T], text: str, field: str) -> T | None:
        try:
            return read(text)
        except cells.Unusable as problem:
            self._problems.add(self._name, self._row, "JSON", f"{field} {problem}")
            return None

    def _count(self, text: str, at: int) -> int | None:
        if text in self._counts:
            return self._counts[text]
        try:
            found = cells.count(text)
        except cells.Unusable as problem:
            self._add(at, problem)
            return None
        if len(text) <= _USUAL:
            self._counts[text] = found
        return found

    def _time(self, text: str, at: int) -> datetime | None:
        try:
            found = cells.time(text, self._zone, self._latest)
        except cells.Unusable as problem:
            self._add(at, problem)
            return None
        if found is None:
            self._problems.add(self._name, self._row, self._column(at), "the report has no time")
        return found

    def _cell(self, read: Callable[[str], T], text: str, at: int) -> T | None:
        try:
            return read(text)
        except cells.Unusable as problem:
            self._add(at, problem)
            return None

    def _add(self, at: int, problem: cells.Unusable) -> None:
        self._problems.add(self._name, self._row, self._column(at), str(problem))

    def _column(self, at: int) -> str:
        """Return the name of a column as it can be told: the journal gets it, too."""
        return cells.told(self._layout.header[at]) if at >= 0 else ""


def _header(lines: Iterator[str], name: str, aside: Aside | None) -> tuple[Layout, str, int]:
    """Find the header: return its columns, the delimiter, and its row; what stands above goes aside."""
    above: list[str] = []
    number = 0
    for number, line in enumerate(lines, 1):
        layout, delimiter = _columns(line)
        if layout.has_device:
            _check(layout, name)
            if aside is not None:
                deque(map(aside, above), maxlen=0)
            return layout, delimiter, number
        if line.strip("\ufeff \t,;\r\n"):
            above.append(line.strip())
        if number == _MOST_ABOVE:
            break
    if not above:
        raise DataError(f"{name} is empty.", code="battery.empty", object=name)
    raise DataError(
        f"{name} has no header with a serial number or device id at its top; the first line begins with "
        f"{above[0][:40]!r}. Save it with the names of the columns in the first row.",
        code="battery.header",
        object=name,
    )


def _columns(line: str) -> tuple[Layout, str]:
    text = line.lstrip("\ufeff").rstrip("\r\n")
    delimiter = max(_DELIMITERS, key=text.count)
    header: list[str] = []
    with _long_cells(), suppress(csv.Error):
        header = next(csv.reader([text], delimiter=delimiter), [])
    while header and not header[-1].strip():
        header.pop()
    return layout_of([cell.strip() for cell in header]), delimiter


def _check(layout: Layout, name: str) -> None:
    if layout.missing:
        raise DataError(
            f"{name} has no column for {layout.missing}; its columns are {_listed(layout.header)}. Make it with: "
            "gam print crostelemetry fields serialnumber,batteryinfo,batterystatusreport",
            code="battery.columns",
            object=name,
        )


def _listed(header: Sequence[str], most: int = 8) -> str:
    more = f" and {len(header) - most} more" if len(header) > most else ""
    return ", ".join(map(cells.told, header[:most])) + more


def _dialect(layout: Layout, first: str, delimiter: str, *, escapes: bool) -> dict[str, Any]:
    """Return how the rows are written; ``formatjson quotechar`` is usually given with a single quotation mark."""
    options: dict[str, Any] = {"delimiter": delimiter}
    if layout.gam and escapes:
        options["escapechar"] = "\\"
    if layout.json >= 0 and f"{delimiter}'{{" in first:
        options["quotechar"] = "'"
    return options


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be long while a file is read; the limit is one for the whole process."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
