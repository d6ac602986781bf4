"""``syncd import battery --drop-zone``, and its other options."""

import fcntl
import os

import pytest

from unit.cli.imported_fleet import Fleet, clock, fleet, row, table

__all__ = ["clock", "fleet"]


# -- the command --------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_stores_nothing(fleet: Fleet) -> None:
    fleet.told(table(row(1)))
    result = fleet.syncd(0, fleet.file(table(row(1, 2000, day=19), row(2))), "--dry-run")
    assert "planned, nothing was stored: 2 devices, 1 added, 1 changed" in result.out
    assert (fleet.percents, fleet.history(), fleet.imports()) == ({"SYN0001": 85.0}, [], 1)


def test_a_wrong_use_is_said(fleet: Fleet) -> None:
    file = fleet.file(table(row(1)))
    fleet.syncd(0, file)
    for arguments in ((), (file, "--drop-zone"), (file, "--linger", "1")):
        assert "name a FILE" in fleet.syncd(64, *arguments).err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('timezon = "UTC"\n', "did you mean imports.battery.timezone?"),
        ('timezone = "Mars"\n', "timezone names no time zone, 'Mars'"),
        ('backslash = "maybe"\n', "imports.battery.backslash"),
        ('drop_zone = "drop"\n', "drop_zone is 'drop', which is no absolute path"),
        ("settle_seconds = -1\n", "imports.battery.settle_seconds"),
    ],
)
def test_a_mistake_in_the_options_is_one_of_the_configuration(fleet: Fleet, text: str, told: str) -> None:
    fleet.configure(text)
    assert told in fleet.told(table(row(1)), 78).err
    fleet.configure()


def test_one_import_at_a_time_and_that_of_students_is_another(fleet: Fleet) -> None:
    file = fleet.file(table(row(1)))
    fleet.syncd(0, file)
    for kind, status in (("battery", 75), ("students", 0)):
        with (fleet.state / "locks" / f"import-{kind}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fleet.syncd(status, file)


# -- the drop zone ------------------------------------------------------------------------------------------


def test_files_of_the_zone_are_taken_and_moved_with_a_report(fleet: Fleet) -> None:
    os.utime(fleet.drop(table(row(1, "x", day=19), row(2)), "new.csv"), (2, 2))
    os.utime(fleet.drop(table(row(1, 3000, day=10)), "old.csv"), (1, 1))
    fleet.drop("no table", "bad.csv")
    (fleet.zone / "link.csv").symlink_to(fleet.config)
    files = fleet.syncd(65, "--drop-zone", "--json").json
    results = {done["file"]: (done["result"], (done["error"] or {}).get("code")) for done in files}
    assert results == {
        "old.csv": ("imported", None),
        "new.csv": ("imported", None),
        "bad.csv": ("rejected", "battery.header"),
        "link.csv": ("rejected", "file.not_regular"),
    }
    assert [done["file"] for done in files][:2] == ["old.csv", "new.csv"]
    assert fleet.moved("done") == ["new.csv", "new.csv.report.txt", "old.csv", "old.csv.report.txt"]
    (report,) = (fleet.zone / "done").glob("*new.csv.report.txt")
    assert report.read_text().splitlines() == [
        "new.csv: imported: 2 devices, 1 added, 1 changed, 1 cells or rows passed over",
        "new.csv, row 2, batteryStatusReport.0.fullChargeCapacity: 'x' is not a whole number",
    ]
    assert fleet.syncd(0, "--drop-zone").out == "Nothing to import.\n"


def test_a_dry_run_of_the_zone_moves_nothing(fleet: Fleet) -> None:
    path = fleet.drop(table(row(1)))
    assert "planned" in fleet.syncd(0, "--drop-zone", "--dry-run").out
    assert path.exists()


def test_the_zone_may_lie_elsewhere(fleet: Fleet) -> None:
    fleet.zone = fleet.folder / "left by others"
    fleet.configure(f'settle_seconds = 0\ndrop_zone = "{fleet.zone}"\n')
    assert "cannot be a folder of the drop zone" in fleet.syncd(78, "--drop-zone").err
    fleet.drop(table(row(1)))
    fleet.syncd(0, "--drop-zone")
    assert fleet.moved("done")[0] == "batteries.csv"
    assert not (fleet.state / "drop").exists()


def test_a_file_that_is_being_written_stays(fleet: Fleet) -> None:
    path = fleet.drop(table(row(1)))
    with path.open("a"):
        assert "still being written" in fleet.syncd(75, "--drop-zone").err
    assert path.exists()
