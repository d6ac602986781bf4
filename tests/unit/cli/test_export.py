"""``syncd export students``."""

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli
from unit.cli.exported_school import ANONYMOUS, COLUMNS, NASTY, School, put, read, school
from unit.cli.terminal import on_a_terminal

__all__ = ["school"]


# -- what is written


def test_each_student_has_the_devices_that_rt_says(school: School) -> None:
    rows = school.rows()
    world = school.site.rt.world
    users = {user.id: user for user in world.users.values()}
    owned: dict[str, list[str]] = {}
    for asset in world.assets.values():
        if asset.status != "deleted" and asset.owner in users:
            owned.setdefault(users[asset.owner].name, []).append(asset.name)
    names = {user.email: user.name for user in users.values() if user.email}
    for row in rows:
        expected = sorted(owned.get(row["user_name"] or names.get(row["email"], "?"), []))
        assert row["asset_names"] == "; ".join(expected)
        assert row["device_count"] == str(len(expected))
        assert len(row["checked_out"].split("; ")) == len(expected) or not expected
    assert [*rows[0]] == COLUMNS
    assert {len(row["checked_out"]) for row in rows if row["device_count"] == "1"} == {len("2026-01-05")}
    assert {row["device_count"] for row in rows if row["id"].startswith("9")} == {"0"}
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_an_export_is_imported_again_without_loss(school: School, tmp_path: Path) -> None:
    school.rows()
    done = school.cli.ended(0, "import", "students", school.folder / "rows.csv", "--json").json[0]
    assert (done["format"], done["counts"]["unchanged"]) == ("syncd", len(school.people()))
    other = tmp_path / "other.toml"
    other.write_text(f'[state]\ndirectory = "{tmp_path}/elsewhere"\n')
    school.cli.ended(0, "--config", other, "import", "students", school.folder / "rows.csv")
    assert school.people(tmp_path / "elsewhere") == school.people()
    assert {row[1] for row in school.people()} >= set(NASTY)
    assert {row[-1] for row in school.people()} == {True, False}


def test_no_cell_of_csv_is_a_formula(school: School) -> None:
    cells = [cell for row in school.rows() for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]
    assert {"'=1+1", "'Quoted", "''=2", "'t Hart", "'-Tess", "'=West"} <= set(cells)


def test_a_workbook_has_the_same_as_text(school: School) -> None:
    school.export("-o", school.folder / "rows.xlsx")
    sheet = CalamineWorkbook.from_path(school.folder / "rows.xlsx").get_sheet_by_index(0).to_python()
    assert sheet[0] == COLUMNS
    assert {row[1] for row in sheet[1:]} >= set(NASTY)
    counted = COLUMNS.index("device_count")
    for cells, row in zip(sheet[1:], school.rows(), strict=True):
        assert cells[counted] == float(row["device_count"])
        assert [cells[0], *cells[-3:]] == [row["id"], row["asset_names"], row["serials"], row["checked_out"]]
    with ZipFile(school.folder / "rows.xlsx") as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_json_has_lists_of_devices(school: School) -> None:
    school.export("-o", school.folder / "rows.json")
    rows = json.loads((school.folder / "rows.json").read_text())
    assert [*rows[0]] == COLUMNS
    assert all(len(row["serials"]) == len(row["checked_out"]) == row["device_count"] for row in rows)
    assert "=1+1" in {row["given_name"] for row in rows}


def test_json_tells_what_was_written_or_all_rows(school: School) -> None:
    target = school.folder / "rows.csv"
    counts = {"people": len(school.people()), "with_devices": 40, "devices": 40}
    assert school.export("-o", target, "--json").json == {"file": str(target), "format": "csv", "counts": counts}
    school.export("-o", school.folder / "rows.json")
    assert school.export("--json").json == json.loads((school.folder / "rows.json").read_text())
    school.export("--json", "--format", "csv", status=64)


# -- options


def test_devices_may_be_those_of_holders(school: School) -> None:
    heir = next(row for row in school.rows() if row["user_name"] and row["device_count"] == "0")
    asset = next(a for a in school.site.rt.world.assets.values() if a.name == "EX-0000001")
    put(school.site, asset.id, HeldBy=[heir["user_name"]])
    by_owner = {row["asset_names"]: row["id"] for row in school.rows()}
    school.configure(held_by="holder")
    by_holder = {row["asset_names"]: row for row in school.rows()}
    assert by_owner["EX-0000001"] != heir["id"] == by_holder["EX-0000001"]["id"]
    assert by_holder["EX-0000001"]["checked_out"] > "2026-01-05"


def test_the_serial_and_the_day_may_come_from_other_fields(school: School) -> None:
    school.configure(serial_field="CF.{MAC Address}", checked_out_field="CF.{Serial Number}")
    before = {row["serials"] for row in school.rows() if row["serials"]}
    assert all(len(serial) in (12, 17) for serials in before for serial in serials.split("; ") if serial)
    assert {row["checked_out"][:3] for row in school.rows() if row["checked_out"]} >= {"SYN"}


def test_the_catalogs_are_those_of_the_option(school: School) -> None:
    school.configure(catalogs=["Chromebooks", "General assets"], serial_field="Name")
    assert {row["device_count"] for row in school.rows()} == {"0", "1"}
    school.configure(catalogs=["General assets"], serial_field="Name")
    assert {row["device_count"] for row in school.rows()} == {"0"}
    school.configure(catalogs=["Chromebookz"])
    assert "Chromebooks" in school.export(status=78).err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("serial_field", "Serial", "serial_field names the unknown field 'Serial'"),
        ("checked_out_field", "Given", "checked_out_field names the unknown field 'Given'"),
        ("id_field", "Student ID", "id_field names the unknown field 'Student ID'"),
        ("catalogs", [], "catalogs"),
    ],
)
def test_an_option_that_names_nothing_is_refused(school: School, option: str, value: object, words: str) -> None:
    school.configure(**{option: value})
    assert words in school.export(status=78).err


def test_without_its_table_or_rt_that_is_said(school: School) -> None:
    plain = school.site.config_file.read_text()
    school.site.config_file.write_text(plain.partition("[exports")[0])
    assert "[exports.students]" in school.export(status=78).err
    school.site.config_file.write_text(re.sub(r"(?s)\[rt\].*?(?=\[jobs)", "", plain).replace("[jobs", "[jobs"))
    assert "[rt]" in school.export(status=78).err


def test_the_doctor_looks_at_what_an_export_needs(school: School) -> None:
    school.configure(catalogs=["Chromebookz"], id_field="CF.{Pupil No}")
    told = {(check["area"], check["check"]): check for check in school.cli("doctor", "--json").json["checks"]}
    mine = {check: found["state"] for (area, check), found in told.items() if area == "export students"}
    assert (mine["rt catalogs"], mine["rt users"]) == ("failed", "failed")
    assert "Pupil No" in told["export students", "rt users"]["found"]
    school.configure()
    told = {(check["area"], check["check"]): check for check in school.cli("doctor", "--json").json["checks"]}
    mine = {check: found["state"] for (area, check), found in told.items() if area == "export students"}
    assert {"rt catalogs", "rt rights", "rt CF.{Serial Number}"} == mine.keys()
    assert set(mine.values()) == {"ok"}


def test_the_configuration_is_checked_for_the_table_of_rt(school: School) -> None:
    plain = school.site.config_file.read_text()
    school.site.config_file.write_text(re.sub(r"(?s)\[rt\].*?(?=\[jobs)", "", plain).partition("[jobs")[0])
    with school.site.config_file.open("a") as file:
        file.write('[exports.students]\ncatalogs = ["Chromebooks"]\n')
    assert "export students needs [rt]" in school.cli.ended(78, "config", "check").err


# -- what it costs


def test_a_second_export_asks_rt_for_what_changed_only(school: School) -> None:
    cold = school.spent("-o", school.folder)
    warm = school.spent("-o", school.folder)
    assert warm <= 8 < cold
    asset = next(a for a in school.site.rt.world.assets.values() if a.name == "EX-0000001")
    before = next(row for row in school.rows() if "EX-0000001" in row["asset_names"])
    heir = next(row for row in school.rows() if row["user_name"] and row["device_count"] == "0" and row["id"] < "9")
    put(school.site, asset.id, Owner=heir["user_name"])
    # The asset, and who has it now; further pages where few handovers are there to fill one.
    assert school.spent("-o", school.folder) <= 10
    after = {row["id"]: row for row in read(school.folder / "students.csv")}
    assert after[before["id"]]["device_count"] == "0"
    assert after[heir["id"]]["asset_names"] == "EX-0000001"
    assert after[heir["id"]]["checked_out"] > "2026-01-05"


def test_the_snapshot_of_the_chromebooks_job_is_used(school: School) -> None:
    school.cli.ended(0, "plan", "chromebooks")
    read_before = school.site.server.counts.copy()
    school.export("-o", school.folder)
    asked = {route: number - read_before.get(route, 0) for route, number in school.site.server.counts.items()}
    assert sum(number for route, number in asked.items() if "assets" in str(route)) <= 2


# -- where it goes


def test_a_file_is_for_its_owner_only_and_takes_the_place_of_the_old_one(school: School) -> None:
    target = school.folder / "students.csv"
    target.write_text("old")
    target.chmod(0o644)
    (school.folder / ".students.csv.part").write_text("of a run that was killed")
    assert school.export("-o", school.folder).out == f"{target}: {len(school.people())} students, 40 with 40 devices.\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert len(read(target)) == len(school.people())
    assert [path.name for path in school.folder.iterdir()] == ["students.csv"]


def test_what_fails_leaves_the_old_file(school: School) -> None:
    target = school.folder / "students.csv"
    target.write_text("old")
    school.site.server.faults.add(Rule(route=".*", status=503))
    school.export("-o", target, status=75)
    assert target.read_text() == "old"
    assert [path.name for path in school.folder.iterdir()] == ["students.csv"]


def test_a_folder_that_is_not_there_is_said(school: School) -> None:
    result = school.export("-o", school.folder / "none" / "x.csv", status=65)
    assert "No such file or directory" in result.err
    assert result.err.count("cannot be written") == 1


def test_a_device_is_not_replaced(school: School) -> None:
    assert "no file that could be replaced" in school.export("-o", "/dev/null", status=65).err
    assert Path("/dev/null").is_char_device()


def test_standard_output_gets_csv_and_nothing_else(school: School) -> None:
    command = [sys.executable, "-m", "syncd", "--log", "json", "export", "students"]
    done = subprocess.run(command, env=os.environ | school.cli.environment, capture_output=True, check=True, timeout=60)
    assert [*csv.DictReader(io.StringIO(done.stdout.decode()))] == school.rows()


def test_a_full_disk_is_said_with_status_75(school: School) -> None:
    command = [sys.executable, "-m", "syncd", "export", "students"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command,
            env=os.environ | school.cli.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr.count(b"No space left on device")) == (75, 1)


def test_a_reader_that_leaves_is_no_failure(school: School) -> None:
    command = f"{sys.executable} -m syncd export students | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=os.environ | school.cli.environment, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.decode().split(",")[0]) == (0, "id")


def test_a_terminal_gets_no_workbook_and_nothing_that_drives_it(school: School) -> None:
    program = "import sys; from syncd.cli import _run; status = _run({}); print('ended', status)"
    shown = on_a_terminal(program.format(["export", "students"]), 300, **school.cli.environment)
    assert "'=1+1" in shown
    assert "\\u202e" in shown
    told = on_a_terminal(program.format(["export", "students", "--format", "xlsx"]), 300, **school.cli.environment)
    assert told == "ended 64\n"


def test_the_journal_gets_no_rows(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.export.is_the_journal", lambda _: True)
    assert "journal" in school.export(status=64).err
    assert school.export("-o", school.folder).out == ""


def test_records_name_nobody(school: School) -> None:
    result = school.cli.ended(0, "--log", "json", "export", "students", "-o", school.folder)
    assert result.records[-1]["SYNCD_OBJECT"] == str(school.folder / "students.csv")
    assert not re.search(r"Given|Example|s00000|@example", result.err)


# -- parts of it


def test_one_school_can_be_exported(school: School) -> None:
    whole = school.rows()
    rows = school.rows("--school", "east")
    assert rows == [row for row in whole if row["school"] == "East"]
    assert "nobody of the roster" in school.export("--school", "Nowhere", status=65).err
    school.export("--school", " ", status=64)
    school.export("-o", "", status=64)
    school.export("--school", "East", "-o", school.folder, status=64)


def test_without_a_roster_there_is_nothing_to_export(site: Sandbox) -> None:
    site.config_file.write_text(site.config_file.read_text() + '\n[exports.students]\ncatalogs = ["Chromebooks"]\n')
    assert "import students" in Cli(site).ended(65, "export", "students").err


def test_an_anonymised_export_names_nobody(school: School) -> None:
    school.export("--anonymous", "-o", school.folder)
    target = school.folder / "students-anonymous.csv"
    rows = read(target)
    assert [*rows[0]] == [*ANONYMOUS]
    assert not re.search(r"Given|Example|s00000|@example|EX-|SYN|Tess", target.read_text())
    assert [row["pseudonym"] for row in rows] == sorted(row["pseudonym"] for row in rows)
    assert not {row["pseudonym"] for row in rows} & {str(row[0]) for row in school.people()}
    whole = school.rows()
    for part in ("school", "device_count", "checked_out"):
        assert sorted(row[part] for row in rows) == sorted(row[part] for row in whole)


def test_pseudonyms_stay_and_are_those_of_one_store(school: School) -> None:
    first = school.rows("--anonymous")
    assert school.rows("--anonymous") == first
    key = school.state / "export.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.unlink()
    assert not {row["pseudonym"] for row in school.rows("--anonymous")} & {row["pseudonym"] for row in first}
    key.write_bytes(b"short")
    assert "is no key" in school.export("--anonymous", status=65).err


def test_an_anonymised_export_cannot_be_imported(school: School) -> None:
    school.rows("--anonymous")
    school.cli.ended(65, "import", "students", school.folder / "rows.csv")
