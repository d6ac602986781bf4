"""CSV of batteries: GAM's three forms, a device export, and everything that can be wrong with a file."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from syncd.host.errors import DataError, ExitStatus
from syncd.host.problems import Problems
from syncd.systems.gam.battery_csv import rows, text_of
from syncd.systems.gam.records import BatteryInfo, BatterySample, BatteryStatusReport, DeviceRow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gam"
NOW = datetime(2026, 11, 19, tzinfo=UTC)
ELEVEN = datetime(2026, 11, 18, 11, tzinfo=UTC)
WIDE = (
    "deviceId,serialNumber,batteryInfo.0.designCapacity,batteryInfo.0.serialNumber,batteryStatusReport.0.batteryHealth,"
    "batteryStatusReport.0.cycleCount,batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime,"
    "batteryStatusReport.0.serialNumber"
)
GOOD = "d1,SYN0001A,4080,100A,BATTERY_HEALTH_NORMAL,112,3920,2026-11-18T11:00:00Z,100A"
REPORT = BatteryStatusReport(ELEVEN, "100A", "BATTERY_HEALTH_NORMAL", 112, 3920)
DEVICE = DeviceRow("d1", "SYN0001A", (BatteryInfo("100A", 4080),), (REPORT,))


def read(content: str | bytes, problems: Problems | None = None) -> list[DeviceRow]:
    """Read a file; without a place for problems there may be none."""
    found = Problems() if problems is None else problems
    data = content if isinstance(content, bytes) else content.encode()
    with text_of(io.BytesIO(data), "file.csv") as lines:
        devices = list(rows(lines, "file.csv", found, now=NOW))
    assert problems is not None or [*found] == []
    return devices


def problem_of(row: str, header: str = WIDE) -> tuple[str, list[DeviceRow]]:
    """Return the one problem of a file with one row besides a good one, and what was read of that row."""
    problems = Problems()
    devices = read(f"{header}\n{row}\n{GOOD if header == WIDE else ''}\n", problems)
    assert problems.count == 1, [*map(str, problems)]
    return str(problems.kept[0]), devices[:-1] if header == WIDE else devices


def fixture(name: str) -> list[DeviceRow]:
    return read((FIXTURES / f"crostelemetry-{name}.csv").read_bytes())


# -- what is right ------------------------------------------------------------------------------------------


def test_the_wide_form_and_the_json_form_say_the_same() -> None:
    wide = fixture("battery")
    assert wide == fixture("battery-json")
    assert [len(device.battery_status_report) for device in wide] == [2, 1, 1, 0, 1]
    assert wide[0].battery_info == (BatteryInfo("100A", 4080),)
    assert wide[0].battery_status_report[0] == BatteryStatusReport(
        ELEVEN, "100A", "BATTERY_HEALTH_NORMAL", 112, 3920, (BatterySample(50, 1960),)
    )


def test_one_item_per_row_is_a_part_of_a_device_in_each_row() -> None:
    found = fixture("battery-oneitem")
    assert [device.serial_number for device in found] == ["SYN0001A", "SYN0001A", "SYN0002B", "SYN0003C", "SYN0007G"]
    assert [report.full_charge_capacity for device in found[:2] for report in device.battery_status_report] == [
        3920,
        3921,
    ]
    assert found[0].battery_info == ()


def test_columns_may_be_in_any_order_and_case() -> None:
    def turned(line: str) -> str:
        return ",".join(reversed(line.split(",")))

    assert read(f"{turned(WIDE)}\n{turned(GOOD)}\n") == [DEVICE]
    assert read(f"{WIDE.upper()}\n{GOOD}\n") == [DEVICE]


def test_json_may_be_quoted_as_gam_was_asked_to() -> None:
    text = (FIXTURES / "crostelemetry-battery-json.csv").read_text(encoding="utf-8")
    output = io.StringIO()
    writer = csv.writer(output, quotechar="'", escapechar="\\", lineterminator="\n")
    writer.writerows(csv.reader(io.StringIO(text), escapechar="\\"))
    assert ",'{" in output.getvalue()
    assert read(output.getvalue()) == fixture("battery-json")


def test_backslashes_are_gams_escapes_and_nothing_special_elsewhere() -> None:
    info = '{""manufacturer"": ""a \\\\""b\\\\"" c"", ""designCapacity"": ""4080""}'
    json = f'{{""serialNumber"": ""SYN0001A"", ""batteryInfo"": [{info}]}}'
    assert read(f'deviceId,JSON\nd1,"{json}"\n') == [DeviceRow("d1", "SYN0001A", (BatteryInfo("", 4080),))]
    export = "Serial number,Notes,Battery health,Last sync\nSYN0001A,C:\\,Normal,2026-11-18T11:00:00Z\n"
    assert [device.serial_number for device in read(export)] == ["SYN0001A"]


def test_cells_of_more_than_csvs_usual_limit_are_read_and_the_limit_is_put_back() -> None:
    before = csv.field_size_limit()
    reports = ", ".join(['{""reportTime"": ""2026-11-18T11:00:00Z"", ""cycleCount"": 1}'] * 4000)
    (device,) = read(f'deviceId,JSON\nd1,"{{""batteryStatusReport"": [{reports}]}}"\n')
    assert len(device.battery_status_report) == 4000
    assert csv.field_size_limit() == before


def test_devices_that_report_nothing_have_only_their_names() -> None:
    assert read("deviceId,serialNumber\nd1,SYN0001A\n") == [DeviceRow("d1", "SYN0001A")]
    assert read("deviceId\n") == []


def test_a_device_export_is_read_by_the_words_of_its_columns() -> None:
    export = (
        "Device ID;Serial number;Battery health;Battery cycle count;Full charge capacity (mAh);Designed capacity (mAh);"
        "Battery report time;Model\n"
        "d1;SYN0001A;Replace soon;611;3,140 mAh;4080;2026-11-18 12:00;Chromebook 3\n"
        "d2;SYN0002B;Unknown;;;;;Chromebook 3\n"
    )
    twelve = ELEVEN + timedelta(hours=1)
    report = BatteryStatusReport(twelve, "", "BATTERY_REPLACE_SOON", 611, 3140)
    problems = Problems()
    assert read(export, problems) == [
        DeviceRow("d1", "SYN0001A", (BatteryInfo("", 4080),), (report,)),
        DeviceRow("d2", "SYN0002B"),
    ]
    assert [*map(str, problems)] == []


def test_a_time_without_a_zone_is_in_the_one_that_is_given() -> None:
    lines = [f"{WIDE}\n", GOOD.replace("11:00:00Z", "11:00:00")]
    berlin = timezone(timedelta(hours=1))
    (device,) = rows(lines, "f", Problems(), now=NOW, zone=berlin)
    assert device.battery_status_report[0].report_time == ELEVEN - timedelta(hours=1)
    (device,) = rows([lines[0], GOOD.replace("11:00:00Z", "12:00:00+01:00")], "f", Problems(), now=NOW)
    assert device.battery_status_report[0].report_time == ELEVEN


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{WIDE}\n{GOOD}\n".encode(),
        f"\ufeff{WIDE}\n{GOOD}\n".encode("utf-16-le"),
        f"\ufeff{WIDE}\n{GOOD}\n".encode("utf-16-be"),
        f"{WIDE}\r\n{GOOD}\r\n".encode(),
        f"{WIDE}\r{GOOD}\r".encode(),
        f"{WIDE}\n{GOOD}".encode(),
        f"\n{WIDE}\r\n\n,,,,,,,,\n{GOOD}\n\n".encode(),
        f"{WIDE},,\n{GOOD},,\n".encode(),
        f"{WIDE}\n{GOOD}\n".replace(",", "\t").encode(),
        f"WARNING: something is old, and more\n{WIDE}\n{GOOD}\n".encode(),
    ],
    ids=["bom", "utf-16", "utf-16-be", "crlf", "cr", "no-end", "mixed", "wide", "tabs", "warning"],
)
def test_marks_line_ends_and_blank_cells_make_no_difference(content: bytes) -> None:
    assert read(content) == [DEVICE]


def test_a_header_may_end_otherwise_than_the_rows() -> None:
    mixed = f"{WIDE}\r\n{GOOD}\n{GOOD}\r{GOOD}\r\n"
    assert read(mixed) == [DEVICE] * 3


def test_a_cycle_count_that_is_absent_is_not_known_and_no_problem() -> None:
    (device,) = read(f"{WIDE}\n{GOOD.replace(',112,', ',,')}\n")
    assert device.battery_status_report[0].cycle_count is None
    without = "serialNumber,batteryStatusReport.fullChargeCapacity,batteryStatusReport.reportTime"
    (device,) = read(f"{without}\nSYN0001A,3920,2026-11-18T11:00:00Z\n")
    assert device.battery_status_report == (BatteryStatusReport(ELEVEN, full_charge_capacity=3920),)


def test_serials_are_as_they_are_and_one_may_come_again() -> None:
    found = read(f"{WIDE}\n{GOOD}\n{GOOD.replace('SYN0001A', ' syn0001a ')}\n")
    assert [device.serial_number for device in found] == ["SYN0001A", "syn0001a"]


# -- what is wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "bad", "problem"),
    [
        ("3920", "much", "batteryStatusReport.0.fullChargeCapacity: 'much' is not a whole number"),
        ("3920", "-3920", "batteryStatusReport.0.fullChargeCapacity: '-3920' is negative"),
        ("3920", "39.20", "batteryStatusReport.0.fullChargeCapacity: '39.20' is not a whole number"),
        (",4080", ",408000", "batteryInfo.0.designCapacity: '408000' is more than the 100,000"),
        (",112", ",112x", "batteryStatusReport.0.cycleCount: '112x' is not a whole number"),
        ("HEALTH_NORMAL", "FINE", "batteryStatusReport.0.batteryHealth: 'BATTERY_FINE' is none of"),
        (
            "2026-11-18T",
            "2126-11-18T",
            "batteryStatusReport.0.reportTime: '2126-11-18T11:00:00Z' is still to come",
        ),
        ("2026-11-18T11:00:00Z", "yesterday", "batteryStatusReport.0.reportTime: 'yesterday' is not a time"),
        ("2026-11-18T", "0001-01-01T", "batteryStatusReport.0.reportTime: '0001-01-01T11:00:00Z' is from before"),
        (
            "2026-11-18T11:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "batteryStatusReport.0.reportTime: '0001-01-01T00:00:00+14:00' is from before there were",
        ),
        (
            "3920",
            "9" * 9000,
            f"batteryStatusReport.0.fullChargeCapacity: '{'9' * 40}…' is more than the 100,000",
        ),
        ("2026-11-18T11:00:00Z", "", "batteryStatusReport.0.reportTime: the report has no time"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_and_the_rest_of_the_row_counts(was: str, bad: str, problem: str) -> None:
    told, (device,) = problem_of(GOOD.replace(was, bad, 1))
    assert told.startswith(f"file.csv, row 2, {problem}")
    assert device.serial_number == "SYN0001A"
    assert bool(device.battery_status_report) is ("reportTime" not in problem)
    assert device.battery_info[0].serial_number == "100A"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("d1,SYN0001A,4080", "row 2: has 3 cells, and the header has 9"),
        (f"{GOOD},more", "row 2: has 10 cells, and the header has 9"),
        ("WARNING: something", "row 2: has 1 cells, and the header has 9"),
        (GOOD.replace("SYN0001A", "SYN\x00001A"), r"row 2: 'SYN\x00001A' is no serial number or device id"),
        (GOOD.replace("d1", "d" * 300), f"row 2: '{'d' * 40}…' is no serial number or device id"),
        (GOOD.replace("d1,SYN0001A", ","), "row 2: has neither a serial number nor a device id"),
    ],
)
def test_a_row_that_is_none_is_named_and_passed_over(row: str, problem: str) -> None:
    told, devices = problem_of(row)
    assert told == f"file.csv, {problem}"
    assert devices == []


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ('"{""deviceId"": ""d1"", ""batteryInfo"": [{""des"', "JSON: is not whole"),
        ('"{""deviceId"": ""d1"", ""batteryInfo"": 7}"', "JSON: is not as GAM writes it"),
        ('""', "JSON: is not whole"),
        ('"{""deviceId"": ""d1"", ""more"": ' + "[" * 100_000, "JSON: is not whole"),
        ('"{""batteryInfo"": [{""designCapacity"": ""-1""}]}"', "JSON: batteryInfo.designCapacity '-1' is negative"),
        ('"{""batteryStatusReport"": [{""reportTime"": ""2126-01-01T00:00:00Z""}]}"', "JSON: reportTime '2126"),
        ('"{""batteryStatusReport"": [{""cycleCount"": 1}]}"', "JSON: a report has no time"),
    ],
)
def test_a_json_cell_that_is_cut_short_or_wrong_is_named(cell: str, problem: str) -> None:
    told, _ = problem_of(f"d1,{cell}", "deviceId,JSON")
    assert told.startswith(f"file.csv, row 2, {problem}")


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "battery.empty", "is empty"),
        (b"\n\n", "battery.empty", "is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "battery.empty", "is empty"),
        (f"{GOOD}\n{GOOD}\n".encode(), "battery.header", "has no header with a serial number or device id"),
        (b"x" * 200_000, "battery.header", "begins with 'xxxx"),
        (b"x" * (2**24 + 2), "battery.header", "begins with 'xxxx"),
        (b"name,mail\na,b\n", "battery.header", "begins with 'name,mail'"),
        (b"deviceId,serialNumber,status\nd1,S,x\n", "battery.columns", "no column for the health or the capacity"),
        (
            b"serialNumber,batteryStatusReport.cycleCount\nS,1\n",
            "battery.columns",
            "no column for the time of a report",
        ),
        (b"Serial number,Battery health\nS,Normal\n", "battery.columns", "no column for the time of a report"),
        (f"{WIDE}\n{GOOD}\n".encode() + b"d\xff\xfe,x\n", "battery.encoding", "is not utf-8 text"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, "battery.encoding", "is not utf-8 text"),
        (
            b'deviceId,JSON\nd1,"' + b"x" * (2**24 + 2),
            "battery.cell",
            "a quotation mark is opened there and not closed",
        ),
    ],
    ids=[
        "nothing",
        "blank",
        "mark",
        "no-header",
        "long",
        "longer",
        "other",
        "no-battery",
        "no-time",
        "export-no-time",
        "bytes",
        "picture",
        "quote",
    ],
)
def test_a_file_that_is_no_table_of_batteries_is_refused_in_one_sentence(content: bytes, code: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert caught.value.code == code
    assert caught.value.exit_status is ExitStatus.BAD_DATA
    assert caught.value.sentence.startswith("file.csv")
    assert says in caught.value.sentence


def test_the_name_of_a_column_cannot_drive_a_terminal_or_fill_a_journal() -> None:
    told, _ = problem_of("SYN0001A,so-so,2026-11-18", "Serial number,Battery health\x1b[(,Last sync")
    assert told.startswith(r"file.csv, row 2, Battery health\x1b[(: 'so-so' is none of")
    with pytest.raises(DataError) as caught:
        read(f"Serial number,{'x' * 9000}\nSYN0001A,\n")
    assert len(caught.value.sentence) < 300


def test_a_long_file_takes_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> int:
        def lines() -> Iterator[str]:
            yield f"{WIDE}\n"
            for number in range(count):
                yield GOOD.replace("SYN0001A", f"S{number:07}") + "\n"

        tracemalloc.start()
        try:
            assert sum(1 for _ in rows(lines(), "f", Problems(), now=NOW)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak(1_000)
    assert peak(10_000) < small * 1.5
