"""Files as they should not be."""

import os
import tracemalloc
from pathlib import Path

import pytest

from syncd.host import problems as room
from syncd.host.errors import DataError, NotPermitted
from syncd.host.problems import Problems
from syncd.systems.rosters.csv_file import CsvFile
from syncd.systems.rosters.opening import open_roster
from unit.rosters.reading import HEADER, faults, opened, read, reading

GOOD = "1,Aiko,Example,aexample,9,Tess\n"


def refused(content: bytes | str, encoding: str = "auto") -> DataError:
    with pytest.raises(DataError) as wrong:
        for _ in opened(content, encoding=encoding).people(Problems()):
            pass
    return wrong.value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "roster.empty"),
        (b"\xef\xbb\xbf", "roster.empty"),
        (b"\n\n  \n", "roster.empty"),
        (b"1,Aiko,Example,aexample,9,Tess\n", "roster.header"),
        (b"name\nx\n", "roster.header"),
        (b"student_id,first_name\n", "roster.header"),
        (b"\x7fELF" + b"\0" * 64 + bytes(range(256)) * 40, "roster.binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "roster.binary"),
        (b"PK\x03\x04" + b"x" * 100, "roster.zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "roster.binary"),
        (b"student_id,first_name\n\x81\x8d\xff\n", "roster.binary"),
        ((HEADER + '1,"never closed\n' + GOOD * 10_000).encode(), "roster.cell"),
        (",".join(f"c{n}" for n in range(5000)).encode() + b"\n", "roster.wide"),
        (HEADER.replace("grade", "username").encode() + GOOD.encode(), "roster.columns"),
    ],
)
def test_a_file_that_is_no_roster_is_refused(content: bytes, code: str) -> None:
    error = refused(content)
    assert error.code == code
    assert "students.csv" in error.sentence


def test_a_file_without_a_header_tells_no_person() -> None:
    sentence = refused(GOOD).sentence
    assert "has no header" in sentence
    assert "Aiko" not in sentence


def test_a_header_that_lacks_a_column_is_told_which() -> None:
    sentence = refused("student_id,first_name,username\n").sentence
    assert "is nearest to the format advisor, and lacks its column last_name" in sentence


def test_text_in_another_encoding_than_said_is_refused() -> None:
    assert refused(HEADER + "1,Béla,B,b,9,\n", encoding="ascii").code == "roster.encoding"


class Endless:
    """A file of one line without an end; it knows how much of it was read."""

    def __init__(self, start: bytes, size: int) -> None:
        self.at, self.read_in_all, self._start, self._size = 0, 0, start, size

    def seek(self, at: int) -> None:
        self.at = at

    def read(self, size: int = -1) -> bytes:
        size = min(size, self._size - self.at)
        piece = (self._start[self.at : self.at + size] + b"a," * size)[:size]
        self.at += size
        self.read_in_all += size
        return piece


@pytest.mark.parametrize("start", [b"", HEADER.encode()])
def test_a_gigabyte_in_one_line_is_given_up_early(start: bytes) -> None:
    file = Endless(start, 2**30)
    tracemalloc.start()
    with pytest.raises(DataError) as wrong:
        CsvFile(file, "students.csv", reading())  # type: ignore[arg-type]  # as much of a file as is needed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert wrong.value.code == "roster.long_line"
    assert file.read_in_all < 6_000_000
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("1,,Example,a,9,\n", [(2, "first_name", "is empty")]),
        ("1,NULL,Example,a,9,\n", [(2, "first_name", "is empty")]),
        ("1,Aiko,null,a,9,\n", [(2, "last_name", "is empty")]),
        (" ,Aiko,Example,a,9,\n", [(2, "student_id", "is empty")]),
        (GOOD + "2,B,C,d,-1,\n", [(3, "grade", "'-1' is no grade")]),
        (GOOD + "2,B,C,d,14,\n", [(3, "grade", "'14' is no grade")]),
        (GOOD + "2,B,C,AExample,9,\n", [(3, "username", "'AExample' stands in row 2 already")]),
        (GOOD + "1,B,C,d,9,\n", [(3, "student_id", "'1' stands in row 2 already")]),
        (GOOD + "\n\n,,,,,\n2,B,C,d,x,\n", [(6, "grade", "'x' is no grade")]),
        (GOOD + "2,B,C,d\n", [(3, "", "has 4 cells, and the header has 6")]),
        (GOOD + "2,B,C,d,9,T,more\n", [(3, "", "has 7 cells, and the header has 6")]),
        ("1,Ai\x07ko,Example,a,9,\n", [(2, "first_name", "has the control character U+0007")]),
        (f"1,{'A' * 300},Example,a,9,\n", [(2, "first_name", "has 300 characters, at most 255 are kept")]),
        (
            "1,,,a,-1,\n1,B,C,a,9,\n",
            [
                (2, "first_name", "is empty"),
                (2, "last_name", "is empty"),
                (2, "grade", "'-1' is no grade"),
                (3, "student_id", "'1' stands in row 2 already"),
                (3, "username", "'a' stands in row 2 already"),
            ],
        ),
    ],
)
def test_every_bad_cell_is_named(rows: str, expected: list[tuple[int, str, str]]) -> None:
    found = faults(HEADER + rows)
    assert sorted((row, column, reason.partition(";")[0]) for row, column, reason in found) == sorted(expected)


def test_doubles_are_found_across_batches() -> None:
    rows = "".join(f"{number},A,B,u{number},9,\n" for number in range(2500))
    assert faults(HEADER + rows + "7,A,B,U2000,9,\n") == [
        (2502, "student_id", "'7' stands in row 9 already"),
        (2502, "username", "'U2000' stands in row 2002 already"),
    ]


def test_addresses_years_and_words_are_checked() -> None:
    text = "id,first_name,last_name,email,graduation_year,active,role\n"
    good = "1,A,B,a@example.org,2030,yes,student\n2,A,B,,,,\n"
    assert [(p.email, p.graduation_year, p.active) for p in read(text + good)] == [
        ("a@example.org", 2030, True),
        ("", 0, True),
    ]
    bad = "3,A,B,nobody,30,perhaps,wizard\n4,A,B,A@example.org,2030,no,pupil\n"
    assert {(row, column) for row, column, _ in faults(text + good + bad)} == {
        (4, "email"),
        (4, "graduation_year"),
        (4, "active"),
        (4, "role"),
        (5, "email"),
    }


def test_required_fields_are_configurable() -> None:
    text = HEADER + "1,,Mononym,m,,\n"
    assert read(text, required=["family_name"])[0].given_name == ""
    assert faults(text, required=["grade", "school"]) == [(2, "grade", "is empty"), (2, "school", "is empty")]
    assert faults(text.replace("1,,", ",,"), required=[]) == [(2, "student_id", "is empty")]


def test_a_file_for_one_school_may_hold_no_other() -> None:
    text = "id,first_name,last_name,school\n1,A,B,north\n2,A,B,\n3,A,B,South\n"
    assert faults(text, school="North") == [(4, "school", "is 'South', and this import is for 'North' only")]
    assert [p.school for p in read(text.replace("South", "NORTH"), school="North")] == ["North"] * 3
    assert read(HEADER + GOOD, school="North")[0].school == "North"


def test_many_problems_are_counted_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEPT", 10)
    problems = Problems()
    rows = "".join(f"{number},A,B,u{number},-1,\n" for number in range(3000))
    assert not any(opened(HEADER + rows).people(problems))
    assert (problems.count, len(problems.kept)) == (3000, 10)
    assert problems.places(2) == "row 2, grade; row 3, grade; and 2998 more"


@pytest.mark.parametrize("kind", ["missing", "pipe", "device"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "students.csv"
    if kind == "pipe":
        os.mkfifo(path)
    with (
        pytest.raises((DataError, NotPermitted)) as wrong,
        open_roster(Path("/dev/zero") if kind == "device" else path),
    ):
        pass
    assert wrong.value.code == ("file.missing" if kind == "missing" else "file.not_regular")
