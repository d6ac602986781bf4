"""``syncd import students``."""

import errno
import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from syncd.cli import imports
from syncd.host import problems as room
from syncd.host.dropzone import DropZone
from syncd.host.errors import DataError
from syncd.host.messages import MessageId, kind_of
from syncd.jobs import student_import
from syncd.state.store import open_store
from unit.cli.commands import Cli, Result
from unit.virtual_clock import VirtualClock

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rosters"
HEADER = "student_id,first_name,last_name,username,grade,advisor\n"


def rows(*numbers: int, grade: str = "9") -> str:
    return HEADER + "".join(f"{n:05},Given{n},Family{n},s{n},{grade},Tess\n" for n in numbers)


class School:
    """A state folder, a configuration, and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.zone = self.state / "drop" / "students"
        self.config = folder / "config.toml"
        self.cli = Cli()
        self.configure()

    def configure(self, options: str = "settle_seconds = 0\n") -> None:
        self.config.write_text(f'[state]\ndirectory = "{self.state}"\n[imports.students]\n{options}')

    def file(self, text: str, name: str = "students.csv") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def drop(self, text: str, name: str = "students.csv") -> Path:
        self.zone.mkdir(parents=True, exist_ok=True)
        path = self.zone / name
        path.write_text(text)
        return path

    def syncd(self, status: int, *arguments: str | Path) -> Result:
        return self.cli.ended(status, "--config", self.config, "import", "students", *arguments)

    def ids(self, school: str = "") -> list[str]:
        with open_store(self.state) as store:
            return [row[0] for row in store.rosters.people("students", school=school)]

    def moved(self, verdict: str) -> list[str]:
        return sorted(path.name.partition("-")[2] for path in (self.zone / verdict).iterdir())


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def test_a_first_import_stores_everybody(school: School) -> None:
    result = school.syncd(0, school.file(rows(*range(30))))
    assert result.out == "students.csv (advisor, full): imported: 30 students, 30 added, 0 changed, 0 left.\n"
    assert school.ids() == [f"{n:05}" for n in range(30)]


def test_the_same_content_again_is_nothing_to_do(school: School) -> None:
    school.syncd(0, school.file(rows(*range(30))))
    (done,) = school.syncd(0, school.file(rows(*range(30)), "other.csv"), "--json").json
    assert (done["result"], done["counts"]["unchanged"]) == ("unchanged", 30)
    with open_store(school.state) as store:
        assert len(store.rosters.imports("students")) == 1


def test_what_decides_the_meaning_makes_the_same_content_another(school: School) -> None:
    file = school.file(rows(*range(30)))
    school.syncd(0, file)
    school.configure('school_year_starts = "12-31"\n')
    (done,) = school.syncd(0, file, "--json").json
    assert done["result"] == "imported"
    assert done["counts"]["changed"] == 30
    school.configure(f'school_year_starts = "12-31"\nsettle_seconds = 0\ndrop_zone = "{school.zone}"\n')
    assert school.syncd(0, file, "--json").json[0]["result"] == "unchanged"


def test_bad_rows_are_all_named_and_nothing_is_stored(school: School) -> None:
    bad = rows(1, 2) + "00003,,Family,s2,-1,\n"
    result = school.syncd(65, school.file(bad))
    assert [[*row[:3], row[3].partition(";")[0]] for row in result.rows[1:]] == [
        ["students.csv", "4", "grade", "'-1' is no grade"],
        ["students.csv", "4", "first_name", "is empty"],
        ["students.csv", "4", "username", "'s2' stands in row 3 already"],
    ]
    assert "students.csv has 3 bad cells, nothing was stored: row 4, grade; row 4, first_name; row 4" in result.err
    assert "Family" not in result.err
    assert school.ids() == []


def test_many_bad_rows_are_counted(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEPT", 25)
    file = school.file(rows(*range(100), grade="x"))
    few = school.syncd(65, file)
    assert len(few.rows) == imports.FIRST + 1
    assert "... and 80 more; --all lists 25." in few.out
    listed = school.syncd(65, file, "--all")
    assert len(listed.rows) == 26
    assert "... and 75 more." in listed.out
    (done,) = school.syncd(65, file, "--json").json
    assert (done["problem_count"], len(done["problems"]), done["error"]["code"]) == (100, 25, "roster.bad_rows")


def test_a_dry_run_counts_and_stores_nothing(school: School) -> None:
    school.syncd(0, school.file(rows(*range(30))))
    result = school.syncd(0, school.file(rows(*range(1, 32), grade="10")), "--dry-run")
    assert "planned, nothing was stored: 31 students, 2 added, 29 changed, 1 left" in result.out
    assert len(school.ids()) == 30


@pytest.mark.parametrize("text", [HEADER, "\ufeff" + HEADER])
def test_a_header_without_students_is_refused(school: School, text: str) -> None:
    assert "has a header and no students" in school.syncd(65, school.file(text)).err


def test_a_roster_that_shrank_is_refused_and_can_be_approved(school: School) -> None:
    school.syncd(0, school.file(rows(*range(100))))
    half = school.file(rows(*range(50)), "half year's.csv")
    result = school.syncd(3, half)
    assert "50 of the 100 active students of the roster would leave, and the limit is 20" in result.err
    assert "(imports.students.shrink_percent = 20)" in result.err
    assert len(school.ids()) == 100
    approval = result.err.partition("--approve ")[2].split('"')[0].strip()
    assert f"import students '{half}'".replace("'", "'\"'\"'") in result.err or "half year" in result.err
    assert "is not for" in school.syncd(3, half, "--approve", "0" * 16).err
    assert "is not for" in school.syncd(3, half, "--approve", approval[:5]).err
    school.syncd(3, school.file(rows(*range(49)), "other.csv"), "--approve", approval)
    school.syncd(0, half, "--approve", approval)
    assert len(school.ids()) == 50


def test_the_limit_is_a_setting_and_never_below_one_student(school: School) -> None:
    school.syncd(0, school.file(rows(1, 2, 3)))
    school.syncd(0, school.file(rows(1, 2)))
    school.configure("shrink_percent = 0\n")
    assert "the limit is 0" in school.syncd(3, school.file(rows(1))).err
    school.configure("shrink_percent = 100\n")
    school.syncd(0, school.file(rows(1)))


def test_a_partial_file_lets_nobody_go(school: School) -> None:
    school.syncd(0, school.file(rows(*range(100))))
    result = school.syncd(0, school.file(rows(5, 200, grade="12")), "--partial")
    assert "(advisor, partial): imported: 2 students, 1 added, 1 changed, 0 left" in result.out
    assert len(school.ids()) == 101


def test_a_file_for_one_school_leaves_the_others(school: School) -> None:
    text = "id,first_name,last_name,school\n" + "".join(f"{n},A,B,{'NS'[n % 2]}\n" for n in range(20))
    school.syncd(0, school.file(text))
    result = school.syncd(0, school.file(rows(*range(8))), "--school", "M")
    assert "full of M" in result.out
    assert len(school.ids("M")) == 8
    assert len(school.ids("N")) == len(school.ids("S")) == 10
    assert "of M would leave" in school.syncd(3, school.file(rows(1)), "--school", "M").err


def test_a_school_may_be_said_in_other_letters(school: School) -> None:
    school.syncd(0, school.file(rows(*range(10))), "--school", "North")
    result = school.syncd(0, school.file(rows(*range(9))), "--school", "north")
    assert "(advisor, full of North): imported: 9 students, 0 added, 0 changed, 1 left" in result.out
    assert school.ids("North") == school.ids()


@pytest.mark.parametrize("name", ["", " "])
def test_a_school_without_a_name_is_a_wrong_use(school: School, name: str) -> None:
    assert "the name is empty" in school.syncd(64, school.file(rows(1)), "--school", name).err


def test_a_file_that_takes_many_from_other_schools_is_refused_and_can_be_approved(school: School) -> None:
    school.syncd(0, school.file(rows(*range(30))), "--school", "North")
    file = school.file(rows(*range(20), 40), "new.csv")
    result = school.syncd(3, file, "--school", "New")
    assert "by new.csv 20 active students of other schools would be of New, and the limit is 0" in result.err
    assert (len(school.ids("North")), school.ids("New")) == (30, [])
    _, _, told = result.err.partition(f"import students {file} --school New --approve ")
    school.syncd(0, file, "--school", "New", "--approve", told[:16])
    assert (len(school.ids("North")), len(school.ids("New"))) == (10, 21)


@pytest.mark.parametrize("name", ["roles.csv", "manifest.csv"])
def test_a_bad_row_in_a_lesser_file_of_a_bundle_is_named_and_nothing_is_stored(school: School, name: str) -> None:
    bundle = Path(shutil.copytree(FIXTURES / "oneroster-1.2", school.folder / "bundle"))
    with (bundle / name).open("a") as file:
        file.write("alone\n")
    result = school.syncd(65, bundle)
    assert [row[0] for row in result.rows[1:]] == [name]
    assert "bundle has 1 bad cell, nothing was stored" in result.err
    assert school.ids() == []


def test_a_format_may_be_said(school: School) -> None:
    file = school.file(rows(1))
    assert "lacks the column externalIds.0.value, primaryEmail" in school.syncd(65, file, "--format", "gam").err
    assert school.syncd(0, file, "--format", "advisor", "--json").json[0]["format"] == "advisor"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('formt = "gam"\n', "did you mean imports.students.format?"),
        ('school_year_starts = "1st of August"\n', "MM-DD"),
        ('columns = { ident = "x" }\n', "imports.students.columns"),
        ("shrink_percent = 120\n", "imports.students.shrink_percent"),
        ('drop_zone = "drop"\n', "drop_zone is 'drop', which is no absolute path"),
    ],
)
def test_a_mistake_in_the_options_is_one_of_the_configuration(school: School, text: str, told: str) -> None:
    school.configure(text)
    assert told in school.syncd(78, school.file(rows(1))).err


def test_a_wrong_use_is_said(school: School) -> None:
    assert "name a FILE" in school.syncd(64).err
    assert "name a FILE" in school.syncd(64, school.file(rows(1)), "--drop-zone").err
    assert "--approve is for one FILE" in school.syncd(64, "--drop-zone", "--approve", "0" * 16).err
    assert "--linger" in school.syncd(64, school.file(rows(1)), "--linger", "1").err
    assert "there is no file" in school.syncd(65, school.folder / "gone.csv").err


def test_one_import_at_a_time(school: School) -> None:
    school.syncd(0, school.file(rows(1)))
    with (school.state / "locks" / "import-students.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is already running" in school.syncd(75, school.file(rows(2))).err


def test_a_file_that_changes_while_it_is_read_is_not_kept(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    file = school.file(rows(1))
    monkeypatch.setattr(student_import, "_how", lambda _order: str(file.write_text(rows(1, 2))))
    assert "changed while it was read" in school.syncd(75, file).err
    assert school.ids() == []


# -- the drop zone


def test_an_empty_zone_is_made_and_is_nothing_to_do(school: School) -> None:
    assert school.syncd(0, "--drop-zone").out == "Nothing to import.\n"
    assert sorted(path.name for path in school.zone.iterdir()) == ["done", "rejected"]


def test_a_good_file_goes_to_done_with_a_report(school: School) -> None:
    school.drop(rows(*range(30)))
    assert "imported: 30 students" in school.syncd(0, "--drop-zone").out
    assert school.moved("done") == ["students.csv", "students.csv.report.txt"]
    (report,) = (school.zone / "done").glob("*.report.txt")
    assert report.read_text() == "students.csv: imported: 30 students, 30 added, 0 changed, 0 left\n"
    school.drop(rows(*range(30)), "again.csv")
    assert "the same content as in the last import" in school.syncd(0, "--drop-zone").out
    assert len(school.moved("done")) == 4


def test_a_look_at_the_zone_leaves_a_sign_only_if_it_brought_something_new(school: School) -> None:
    sign = school.state / "imported/students"
    for content, status, new in (
        (rows(1), 0, True),
        ("", 0, False),
        (rows(1), 0, False),
        (rows(1, 2), 0, True),
        ("no roster", 65, False),
    ):
        if content:
            school.drop(content)
        school.syncd(status, "--drop-zone")
        assert sign.exists() == new, content
    school.drop(rows(1, 2, 3), "good.csv")
    os.utime(school.drop(rows(4) + "3,,B,c,-1,\n", "bad.csv"), (1, 1))
    school.syncd(65, "--drop-zone")
    assert sign.exists(), "one bad file hides no good one"
    school.syncd(0, "--drop-zone", "--dry-run")
    assert not sign.exists()


def test_a_bad_file_goes_to_rejected_and_holds_up_no_other(school: School) -> None:
    os.utime(school.drop(rows(1, 2) + "3,,B,c,-1,\n", "bad.csv"), (1, 1))
    school.drop(rows(1, 2), "good.csv")
    (school.zone / "link.csv").symlink_to(school.config)
    files = school.syncd(65, "--drop-zone", "--json").json
    assert {done["file"]: done["result"] for done in files} == {
        "bad.csv": "rejected",
        "good.csv": "imported",
        "link.csv": "rejected",
    }
    assert school.ids() == ["00001", "00002"]
    (report,) = (school.zone / "rejected").glob("*bad.csv.report.txt")
    assert report.read_text().splitlines()[3] == "bad.csv, row 4, first_name: is empty"
    assert [path.is_symlink() for path in (school.zone / "rejected").glob("*-link.csv")] == [True]


def test_a_name_that_cannot_be_told_holds_up_no_other(school: School) -> None:
    for name in ("é" * 120 + ".csv", os.fsdecode(b"\xff.csv")):
        os.utime(school.drop(rows(3), name), (1, 1))
    school.drop(rows(1), "good.csv")
    files = school.syncd(65, "--drop-zone", "--json").json
    assert [done["result"] for done in files] == ["rejected", "rejected", "imported"]
    assert [(done["error"] or {}).get("code") for done in files] == ["file.bad_name", "file.bad_name", None]
    assert [path.name for path in school.zone.iterdir() if path.is_file()] == []
    assert len(school.moved("rejected")) == 4
    assert school.ids() == ["00001"]


def test_a_file_that_cannot_be_moved_holds_up_no_other(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = DropZone.settle

    def full(zone: DropZone, name: str, *more: Any) -> None:  # noqa: ANN401
        if name == "a.csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        settle(zone, name, *more)

    monkeypatch.setattr(DropZone, "settle", full)
    os.utime(school.drop(rows(1), "a.csv"), (1, 1))
    school.drop(rows(1, 2), "b.csv")
    told = "a.csv (imported) cannot be moved to done/: No space left on device; move it away by hand."
    assert told in school.syncd(77, "--drop-zone").out
    assert school.moved("done") == ["b.csv", "b.csv.report.txt"]
    assert school.ids() == ["00001", "00002"]


def test_a_file_in_the_place_of_a_folder_is_a_mistake_to_mend(school: School) -> None:
    school.drop("", "done")
    assert "/done cannot be a folder of the drop zone: File exists" in school.syncd(78, "--drop-zone").err


def test_each_error_of_the_zone_is_one_record_without_personal_data(school: School) -> None:
    school.drop(rows(1) + "3,,Secretname,c,9,\n", "bad.csv")
    school.drop("", "empty.csv")
    result = school.cli.ended(65, "--config", school.config, "--log", "json", "import", "students", "--drop-zone")
    errors = [record["SYNCD_ERROR"] for record in result.records if record["PRIORITY"] == "3"]
    assert errors == ["roster.bad_rows", "roster.empty"]
    kinds = {record["MESSAGE_ID"] for record in result.records if record["PRIORITY"] == "3"}
    assert kinds == {kind_of(DataError("", code=""))}
    assert [line.partition(":")[0] for line in result.out.splitlines()[2:]] == ["rejected", "rejected"]
    assert "Secretname" not in result.err


def test_a_refusal_in_the_zone_tells_the_command_that_lifts_it(school: School) -> None:
    school.syncd(0, school.file(rows(*range(100))))
    school.drop(rows(*range(50)))
    school.syncd(3, "--drop-zone")
    school.drop(rows(*range(50)), "again.csv")
    result = school.cli.ended(3, "--config", school.config, "--log", "json", "import", "students", "--drop-zone")
    assert [record["MESSAGE_ID"] for record in result.records] == [MessageId.ROSTER_REFUSED]
    report = next((school.zone / "rejected").glob("*-students.csv.report.txt"))
    words = report.read_text().split("import students ")[1].split()
    assert Path(words[0]).read_text() == rows(*range(50))
    school.syncd(0, *words[:3])
    assert len(school.ids()) == 50


def test_a_file_that_is_being_written_stays_and_is_tried_later(school: School) -> None:
    path = school.drop(rows(1))
    with path.open("a"):
        assert "still being written" in school.syncd(75, "--drop-zone").err
    assert path.exists()
    school.syncd(0, "--drop-zone")
    assert school.ids() == ["00001"]


def test_a_dry_run_of_the_zone_moves_nothing(school: School) -> None:
    path = school.drop(rows(1))
    assert "planned" in school.syncd(0, "--drop-zone", "--dry-run").out
    assert path.exists()


def test_the_zone_may_lie_elsewhere_and_is_not_made_there(school: School) -> None:
    school.zone = school.folder / "left by others"
    school.configure(f'settle_seconds = 0\ndrop_zone = "{school.zone}"\n')
    told = school.syncd(78, "--drop-zone").err
    assert f"{school.zone} cannot be a folder of the drop zone: No such file or directory" in told
    school.drop(rows(1))
    school.syncd(0, "--drop-zone")
    assert (school.ids(), school.moved("done")[0]) == (["00001"], "students.csv")
    assert not (school.state / "drop").exists()


def test_a_file_that_comes_while_another_is_imported_is_taken_in_the_same_run(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = DropZone.settle

    def late(zone: DropZone, name: str, *more: Any) -> None:  # noqa: ANN401
        settle(zone, name, *more)
        if name == "a.csv":
            school.drop(rows(1, 2), "b.csv")

    monkeypatch.setattr(DropZone, "settle", late)
    school.drop(rows(1), "a.csv")
    assert [done["file"] for done in school.syncd(0, "--drop-zone", "--json").json] == ["a.csv", "b.csv"]
    assert school.ids() == ["00001", "00002"]


def test_the_zone_is_looked_at_for_a_while_after_the_last_file(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    left = {1.0: "a.csv", 2.5: "b.csv", 5.5: "too late.csv"}

    def wait(seconds: float) -> None:
        clock.advance(seconds)
        for moment in [moment for moment in left if moment <= clock.monotonic()]:
            school.drop(rows(1), left.pop(moment))

    monkeypatch.setattr(clock, "sleep", wait)
    monkeypatch.setattr(imports, "SystemClock", lambda: clock)
    files = school.syncd(0, "--drop-zone", "--linger", "2", "--json").json
    assert [done["file"] for done in files] == ["a.csv", "b.csv"]
    assert school.syncd(0, "--drop-zone", "--json").json == []


def test_a_mistake_in_the_options_leaves_the_file_where_it_is(school: School) -> None:
    path = school.drop(rows(1))
    school.configure('settle_seconds = 0\ncolumns = { email = "Mail" }\n')
    assert "does not have" in school.syncd(78, "--drop-zone").err
    assert path.exists()


def test_no_record_of_an_import_has_a_name(school: School) -> None:
    result = school.cli.ended(0, "--config", school.config, "--log", "json", "import", "students", school.file(rows(1)))
    messages = [json.dumps(record) for record in result.records]
    assert any("imported: 1 students" in message for message in messages)
    assert not any("Family1" in message for message in messages)
