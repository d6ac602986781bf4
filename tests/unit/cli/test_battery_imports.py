"""``syncd import battery``."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.cli import imports
from syncd.jobs.batteries.reports import Battery, BatteryReport
from syncd.jobs.battery_import import _File
from syncd.state.store import open_store
from unit.cli.imported_fleet import DESIGN, EXPORT, FIXTURES, WIDE, Clock, Fleet, clock, fleet, row, table

__all__ = ["clock", "fleet"]


# -- what is right ------------------------------------------------------------------------------------------


def test_an_import_keeps_the_newest_report_of_each_device(fleet: Fleet) -> None:
    result = fleet.told(table(row(1), row(2, 2000)))
    assert result.out == "batteries.csv: imported: 2 devices, 2 added, 0 changed.\n"
    eleven = datetime(2026, 11, 18, 11, tzinfo=UTC)
    battery = Battery("B1", eleven, "BATTERY_HEALTH_NORMAL", 3400, DESIGN, 112)
    assert fleet.kept["SYN0001"] == BatteryReport("SYN0001", "d1", (battery,), has_battery=True)
    assert fleet.percents == {"SYN0001": 85.0, "SYN0002": 50.0}


def test_a_file_that_was_imported_is_nothing_to_do_and_writes_nothing(fleet: Fleet) -> None:
    file = fleet.file(table(row(1), row(2)))
    fleet.syncd(0, file)
    with open_store(fleet.state) as store:
        store_file, before = store.path, store.path.read_bytes()
        fleet.syncd(0, file)
        assert not Path(f"{store_file}-wal").read_bytes()
    assert store_file.read_bytes() == before
    fleet.told(table(row(3)))
    (done,) = fleet.syncd(0, fleet.file(table(row(1), row(2)), "other.csv"), "--json").json
    assert (done["result"], done["counts"]["unchanged"]) == ("unchanged", 2)
    assert fleet.imports() == 2


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_report_wins_whatever_the_order_and_the_older_is_history(fleet: Fleet, order: int) -> None:
    for text in [table(row(1, 3000, day=10), row(2)), table(row(1, 2000, day=19))][::order]:
        fleet.told(text)
    assert fleet.percents == {"SYN0001": 50.0, "SYN0002": 85.0}
    assert fleet.history() == [75.0]


def test_what_a_newer_file_does_not_tell_stays(fleet: Fleet) -> None:
    fleet.told(table(row(1, 3400, day=10)))
    fleet.told(table(row(1, 3000, day=19, design="", cycles="")))
    worst = fleet.kept["SYN0001"].worst
    assert worst is not None
    assert (worst.percent, worst.cycles) == (75.0, None)
    fleet.told(table(row(1, "", day=20, health="", cycles="")))
    assert fleet.percents == {"SYN0001": 75.0}


def test_the_three_forms_of_gams_output_tell_the_same(fleet: Fleet) -> None:
    fleet.syncd(0, FIXTURES / "crostelemetry-battery.csv")
    first = fleet.kept
    for name, changed in (("battery-json", 0), ("battery-oneitem", 4)):
        (done,) = fleet.syncd(0, FIXTURES / f"crostelemetry-{name}.csv", "--json").json
        # With one item per row GAM tells the org units, too.
        assert (done["counts"]["added"], done["counts"]["changed"], done["problems"]) == (0, changed, [])
    assert {key: report.batteries for key, report in fleet.kept.items()} == {
        key: report.batteries for key, report in first.items()
    }
    assert [key for key, report in fleet.kept.items() if not report.batteries]


def test_columns_may_be_in_another_order(fleet: Fleet) -> None:
    turned = ",".join(reversed(WIDE.split(",")))
    fleet.told(table(",".join(reversed(row(1).split(","))), header=turned))
    assert fleet.percents == {"SYN0001": 85.0}


def test_an_export_of_the_admin_console_is_read_in_the_zone_of_the_options(fleet: Fleet) -> None:
    file = fleet.file(table("SYN0001,Replace soon,611,3000,4000,2026-11-18 12:00", header=EXPORT))
    fleet.syncd(0, file)
    fleet.configure('timezone = "America/Los_Angeles"\n')
    assert fleet.syncd(0, file, "--json").json[0]["result"] == "imported"
    worst = fleet.kept["SYN0001"].worst
    assert worst is not None
    assert (worst.time, worst.health, worst.percent) == (
        datetime(2026, 11, 18, 20, tzinfo=UTC),
        "BATTERY_REPLACE_SOON",
        75.0,
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_header(fleet: Fleet, encoding: str) -> None:
    fleet.told(table(row(1)).encode(encoding))
    assert fleet.percents == {"SYN0001": 85.0}


def test_line_ends_may_be_mixed(fleet: Fleet) -> None:
    text = f"{WIDE}\r\n{row(1)}\r{row(2)}\n\n{row(3)}"
    assert "3 devices" in fleet.told(text).out


def test_serials_in_another_case_are_one_device(fleet: Fleet) -> None:
    fleet.told(table(row(1, 3000, day=17, serial=" syn 0001"), row(1, 2000, day=18, serial="Syn0001")))
    assert fleet.percents == {"SYN0001": 50.0}


def test_of_two_reports_of_one_serial_the_newest_counts(fleet: Fleet) -> None:
    far = [row(number) for number in range(10, 5010)]
    fleet.told(table(row(1, 3000, day=19), row(1, 2000, day=18), *far, row(1, 3600, day=17)))
    assert fleet.percents["SYN0001"] == 75.0
    assert fleet.history() == [90.0]


def test_a_serial_that_nobody_knows_and_one_that_identifies_nothing(fleet: Fleet) -> None:
    fleet.told(table(row(1, serial="UNKNOWN7"), row(2, serial="N/A"), row(3, serial="")))
    assert [*fleet.kept] == ["UNKNOWN7", "d2", "d3"]
    only = table(",".join(row(1, serial="12345").split(",")[1:]), header=WIDE.partition(",")[2])
    assert "has 1 rows, and no serial number or id of a device; nothing was stored." in fleet.told(only, 65).err


def test_a_cycle_count_may_be_absent(fleet: Fleet) -> None:
    fleet.told(table("SYN0001,Normal,3400,4000,2026-11-18 12:00", header=EXPORT.replace("Cycle count,", "")))
    worst = fleet.kept["SYN0001"].worst
    assert worst is not None
    assert (worst.cycles, worst.percent) == (None, 85.0)


JSON = '{"serialNumber": "SYN0001", "batteryInfo": [{"designCapacity": "4000", "manufacturer": "%s"}]}'
ESCAPED = (JSON % r"A \"B\" \\ C").replace("\\", r"\\").replace('"', '""')
PLAIN = (JSON % r"A \"B\" \\ C").replace('"', '""')


@pytest.mark.parametrize("cell", [ESCAPED, PLAIN], ids=["escaped", "csv_output_no_escape_char"])
def test_a_backslash_is_read_as_the_file_has_it(fleet: Fleet, cell: str) -> None:
    fleet.told(table(f'd1,"{cell}"', header="deviceId,JSON"))
    assert [*fleet.kept] == ["SYN0001"]


@pytest.mark.parametrize(("how", "status"), [("escape", 65), ("plain", 0)])
def test_what_a_backslash_is_may_be_said(fleet: Fleet, how: str, status: int) -> None:
    fleet.configure(f'backslash = "{how}"\n')
    text = table(f'd1,"{PLAIN}"', header="deviceId,JSON")
    assert ("JSON" in fleet.told(text, status).out) == (status == 65)


# -- what is of no use --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (row(1, "much"), "'much' is not a whole number"),
        (row(1, time="2126-11-18T11:00:00Z"), "'2126-11-18T11:00:00Z' is still to come"),
        ("d1,SYN0001", "has 2 cells, and the header has 9"),
    ],
)
def test_a_cell_or_a_row_of_no_use_is_named_and_the_rest_is_taken(fleet: Fleet, bad: str, problem: str) -> None:
    result = fleet.told(table(row(2), bad, row(3)))
    ((file, number, _, reason),) = result.rows[1:]
    assert (file, number) == ("batteries.csv", "3")
    assert reason.startswith(problem)
    assert "1 cells or rows passed over" in result.out
    assert [fleet.percents[serial] for serial in ("SYN0002", "SYN0003")] == [85.0, 85.0]


def test_what_was_of_no_use_is_looked_at_again(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fleet.file(table(row(1), row(2, time="2027-03-01T11:00:00Z")))
    fleet.syncd(0, file)
    (again,) = fleet.syncd(0, file, "--json").json
    assert (again["result"], again["counts"]["skipped"], again["counts"]["changed"]) == ("imported", 1, 0)
    monkeypatch.setattr(Clock, "now", lambda _: datetime(2027, 4, 1, tzinfo=UTC))
    (again,) = fleet.syncd(0, file, "--json").json
    assert (again["counts"]["skipped"], again["counts"]["changed"]) == (0, 1)
    assert fleet.syncd(0, file, "--json").json[0]["result"] == "unchanged"


def test_json_that_is_cut_short_is_named(fleet: Fleet) -> None:
    lines = (FIXTURES / "crostelemetry-battery-json.csv").read_text().splitlines(keepends=True)
    cut = [lines[0], lines[1], lines[2][: len(lines[2]) // 2] + '"\n', *lines[3:]]
    result = fleet.told("".join(cut))
    assert [each[1:] for each in result.rows[1:]] == [["3", "JSON", "is not whole"]]
    assert len(fleet.kept) == 4


def test_many_problems_are_counted(fleet: Fleet) -> None:
    bad = [row(number, "x") for number in range(100, 150)]
    result = fleet.told(table(row(1), *bad))
    assert len(result.rows) == imports.FIRST + 1
    assert "... and 30 more; --all lists 50." in result.out
    assert len(fleet.syncd(0, fleet.folder / "batteries.csv", "--all").rows) == 51


def test_the_journal_has_the_places_and_no_values(fleet: Fleet) -> None:
    file = fleet.file(table(row(1, "Secretname")))
    result = fleet.cli.ended(0, "--config", fleet.config, "--log", "json", "import", "battery", file)
    messages = [record["MESSAGE"] for record in result.records]
    assert messages[-1] == (
        "batteries.csv: 1 cells or rows are of no use: row 2, batteryStatusReport.0.fullChargeCapacity"
    )
    assert "Secretname" not in result.err


# -- what is no table of batteries --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "batteries.csv is empty."),
        (table(row(1)).partition("\n")[2], "has no header with a serial number or device id at its top"),
        (WIDE + "\n", "has a header and no devices; nothing was stored."),
        (table("d1,SYN0001", ",,,,,,,,x"), "has 2 bad rows or cells and no device, nothing was stored: row 2; row 3"),
        (bytes(range(256)) * 40, "is not utf-8 text; save it as CSV in UTF-8."),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_and_changes_nothing(
    fleet: Fleet, content: str | bytes, says: str
) -> None:
    fleet.told(table(row(7)))
    before = fleet.kept
    assert says in fleet.told(content, 65).err
    assert (fleet.kept, fleet.imports()) == (before, 1)


def test_text_that_ends_in_the_middle_leaves_nothing_behind(fleet: Fleet) -> None:
    rows = table(*(row(number) for number in range(6000))).encode()
    assert "is not utf-8 text" in fleet.told(rows + b"\xff\xfe\x00", 65).err
    assert fleet.kept == {}


def test_what_is_no_file_is_refused(fleet: Fleet) -> None:
    assert "there is no file" in fleet.syncd(65, fleet.folder / "gone.csv").err
    assert "is no regular file" in fleet.syncd(65, fleet.folder).err
    (circle := fleet.folder / "circle.csv").symlink_to(circle)
    assert "is no regular file" in fleet.syncd(65, circle).err
    circle.unlink()
    circle.symlink_to(fleet.file(table(row(1))))
    fleet.syncd(0, circle)


def test_a_file_that_changes_while_it_is_read_is_not_kept(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fleet.file(table(row(1)))
    monkeypatch.setattr(_File, "digest", lambda _: str(file.write_text(table(row(1), row(2)))))
    assert "changed while it was read" in fleet.syncd(75, file).err
    assert fleet.kept == {}


def test_an_import_that_is_killed_leaves_nothing_half_stored(fleet: Fleet) -> None:
    fleet.configure()
    fleet.told(table(row(1, 3000, day=10), row(3, 2000, day=10)))
    file = fleet.file(table(*(row(number, time="2026-11-19T11:00:00Z") for number in range(1, 20_001))), "large.csv")
    command = [sys.executable, "-m", "syncd", "--config", str(fleet.config), "import", "battery"]
    log = fleet.state / "syncd.sqlite-wal"
    with subprocess.Popen([*command, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (log.exists() and log.stat().st_size > 2**20):
            assert process.poll() is None, "it was to be killed at work, and had ended"
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert (fleet.percents, fleet.history(), fleet.imports()) == ({"SYN0001": 75.0, "SYN0003": 50.0}, [], 1)
    assert "20,000 devices, 19,998 added, 2 changed" in fleet.syncd(0, file).out
    assert (fleet.history(), fleet.imports()) == ([75.0], 2)
