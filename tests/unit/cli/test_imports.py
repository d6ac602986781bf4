"""``syncd import students``."""

import fcntl
import shutil
from pathlib import Path

import pytest

from syncd.cli import imports
from syncd.host import problems as room
from syncd.jobs import student_import
from syncd.state.store import open_store
from unit.cli.imported_school import FIXTURES, HEADER, School, rows, school

__all__ = ["school"]


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
