"""Every format, by a file in its shape."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from syncd.host.errors import ConfigurationError, DataError, Unavailable
from syncd.host.problems import Problems
from syncd.systems.rosters.opening import open_roster
from syncd.systems.rosters.person import Person
from unit.rosters.reading import FIXTURES, fixture, opened, read, reading

AIKO = Person("00101", "Aiko", "Example", grade="9", graduation_year=2030)


def parts(people: list[Person], *fields: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(person, field) for field in fields) for person in people]


def test_the_columns_with_an_rt_user_id() -> None:
    source, people = fixture("rt-user-id.csv")
    assert (source.format, source.complete) == ("rt-user-id", True)
    assert people[0] == Person("00101", "Aiko", "Example", "aexample", "", "9", 2030, source="rt-user-id")
    assert parts(people, "id", "user_name", "graduation_year")[1:] == [
        ("00102", "bsample", 2039),
        ("00103", "103", 2027),
    ]


def test_the_columns_with_an_advisor() -> None:
    source, people = fixture("advisor.csv")
    assert source.format == "advisor"
    assert parts(people, "id", "user_name", "advisor") == [
        ("00101", "aexample", "Mentor, Max"),
        ("00102", "bsample", ""),
        ("00103", "cspecimen", "Tutor Tess"),
    ]


def test_the_export_of_the_admin_console() -> None:
    source, people = fixture("google-admin.csv", org_units=["/Students"])
    assert (source.format, source.skipped) == ("google-admin", {"org unit": 2})
    assert parts(people, "id", "email", "active") == [
        ("00101", "aexample@example.org", True),
        ("00102", "bsample@example.org", False),
    ]


def test_what_gam_prints_of_users() -> None:
    source, people = fixture("gam.csv")
    assert source.format == "gam"
    assert parts(people, "id", "given_name", "email", "active") == [
        ("00101", "Aiko", "aexample@example.org", True),
        ("00102", "Béla", "bsample@example.org", False),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "powerschool.txt",
            [
                ("00101", "9", 2030, "300", "B12", True),
                ("00102", "0", 2039, "100", "K1", True),
                ("00103", "12", 2027, "300", "B14", False),
            ],
        ),
        (
            "infinite-campus.csv",
            [
                ("00101", "09", 2030, "26-27 North High", "Tutor, Tess", True),
                ("00102", "KG", 2039, "26-27 South Elementary", "", True),
            ],
        ),
    ],
)
def test_exports_of_student_information_systems(name: str, expected: list[tuple[object, ...]]) -> None:
    source, people = fixture(name)
    assert source.format == name.partition(".")[0]
    assert parts(people, "id", "grade", "graduation_year", "school", "advisor", "active") == expected
    assert parts(people, "given_name", "family_name")[0] == ("Aiko", "Example")


def test_of_powerschool_s_statuses_one_is_of_students_who_are_here() -> None:
    statuses = ("0", "-1", "1", "2", "3", "4")
    rows = "".join(f"{number},Aiko,Example,9,{status}\n" for number, status in enumerate(statuses))
    people = read(f"Student_Number,First_Name,Last_Name,Grade_Level,Enroll_Status\n{rows}")
    assert [person.active for person in people] == [True, False, False, False, False, False]


def test_a_skyward_export_with_a_grade_of_the_schools_own() -> None:
    source, people = fixture("skyward.csv", grades={"KF": "K"})
    assert source.format == "skyward"
    assert parts(people, "id", "grade", "graduation_year", "school", "email") == [
        ("00101", "09", 2030, "300", "aexample@example.org"),
        ("00102", "KF", 2039, "100", "bsample@example.org"),
    ]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_oneroster_bundle(version: str) -> None:
    source, people = fixture(f"oneroster-{version}")
    assert (source.format, source.complete, source.skipped) == ("oneroster", True, {"role": 3})
    assert parts(people, "id", "user_name", "grade", "graduation_year", "school", "advisor", "active") == [
        ("00101", "aexample", "09", 2030, "North High", "Tess Tutor", True),
        ("00102", "bsample", "KG", 2039, "South Elementary", "", False),
        ("u-3", "cspecimen", "12", 2027, "North High", "", True),
    ]


def test_staff_of_a_oneroster_bundle() -> None:
    source, people = fixture("oneroster-1.1", roles=["staff"])
    assert parts(people, "id", "role", "graduation_year") == [("9001", "staff", 0), ("9002", "staff", 0)]
    assert source.skipped == {"role": 4}


def test_a_oneroster_delta_tells_changes_only() -> None:
    source, people = fixture("oneroster-1.1-delta")
    assert not source.complete
    assert parts(people, "id", "email", "active") == [
        ("00101", "aiko@example.org", True),
        ("u-3", "cspecimen@example.org", False),
    ]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "oneroster-1.2", tmp_path / "bundle"))


@pytest.mark.parametrize("name", ["users.csv", "roles.csv", "manifest.csv"])
def test_a_bad_row_in_any_file_of_a_bundle_is_named_once(bundle: Path, name: str) -> None:
    with (bundle / name).open("a") as file:
        file.write("alone\n")
    row = len((bundle / name).read_text().splitlines())
    problems = Problems()
    with open_roster(bundle) as found:
        for _ in found.source(reading()).people(problems):
            pass
    assert [(problem.file, problem.row) for problem in problems] == [(name, row)]


def test_a_bundle_of_which_a_file_changes_meanwhile_is_not_read_on(bundle: Path) -> None:
    with open_roster(bundle) as found:
        source = found.source(reading())
        text = (bundle / "users.csv").read_text()
        (bundle / "users.csv").write_text("".join(text.splitlines(keepends=True)[:-1]))
        with pytest.raises(Unavailable, match=r"bundle: users\.csv changed while it was read") as moved:
            list(source.people(Problems()))
    assert moved.value.code == "file.changed"


def zipped(name: str, folder: str = "", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for path in sorted((FIXTURES / name).iterdir()):
            archive.write(path, f"{folder}{path.name}")
    return file.getvalue()


@pytest.mark.parametrize("folder", ["", "bundle/"])
def test_a_bundle_in_a_zip_file_is_the_bundle_in_a_folder(folder: str) -> None:
    plain, people = fixture("oneroster-1.2")
    source = opened(zipped("oneroster-1.2", folder))
    assert [person for batch in source.people(Problems()) for person in batch] == people
    assert source.content == plain.content


def test_another_column_may_be_the_id_of_a_bundle() -> None:
    people = fixture("oneroster-1.1", columns={"id": "sourcedId", "user_name": ""})[1]
    assert parts(people, "id", "user_name") == [("u-1", ""), ("u-2", ""), ("u-3", "")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped("oneroster-1.1")[:-200], "roster.zip"),
        (zipped("oneroster-1.1").replace(b"users.csv", b"usurs.csv"), "roster.binary"),
    ],
)
def test_a_bad_zip_file_is_named(content: bytes, code: str) -> None:
    with pytest.raises(DataError) as wrong:
        opened(content)
    assert wrong.value.code == code


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bundle_is_compressed_in_the_usual_way(how: int) -> None:
    with pytest.raises(DataError, match=r"manifest\.csv is compressed in another way than deflate") as wrong:
        opened(zipped("oneroster-1.1", how=how))
    assert wrong.value.code == "roster.zip"
    assert opened(zipped("oneroster-1.1", how=zipfile.ZIP_STORED)).format == "oneroster"


def test_a_bundle_without_users_is_refused() -> None:
    with pytest.raises(DataError, match=r"no users\.csv"):
        opened(zipped("oneroster-1.1").replace(b"users.csv", b"usurs.csv"), format="oneroster")
    with pytest.raises(DataError, match="a folder or a ZIP file"):
        opened("sourcedId\n", format="oneroster")


def test_other_columns_are_named_in_the_configuration() -> None:
    text = "Pupil No,Forename,Surname,Form Tutor\n7,Aiko,Example,Tess\n"
    columns = {"id": "pupil no", "given_name": "Forename", "family_name": "Surname", "advisor": "Form Tutor"}
    assert read(text, columns=columns) == [Person("7", "Aiko", "Example", advisor="Tess", source="columns")]
    assert read(text, columns=columns, format="columns")[0].advisor == "Tess"


def test_a_named_column_goes_before_that_of_the_format() -> None:
    text = "student_id,first_name,last_name,username,grade,login\n1,A,B,wrong,9,right\n"
    (person,) = read(text, columns={"user_name": "login", "grade": ""})
    assert (person.user_name, person.grade, person.graduation_year) == ("right", "", 0)


def test_a_named_column_that_is_not_there_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'username'"):
        opened("student_id,first_name,last_name,username\n", columns={"email": "user_nme"})


def test_org_units_of_a_file_that_has_none_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="org_units"):
        opened("student_id,first_name,last_name,username\n", org_units=["/Students"])


def test_a_format_that_is_named_is_not_guessed() -> None:
    text = "student_id,first_name,last_name,username,id\n1,A,B,a,9\n"
    assert read(text)[0].source == "advisor"
    assert read(text, format="rt-user-id")[0].id == "9"
    with pytest.raises(DataError, match="which the format gam has"):
        opened(text, format="gam")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"school_year_starts": "02-29"}, "MM-DD"),
        ({"grades": {"x": "y"}}, "'y' as a grade"),
        ({"encoding": "klingon"}, "none of text that Python knows"),
        ({"encoding": "hex"}, "none of text that Python knows"),
        ({"format": "columns"}, "columns.id"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        reading(**options)
