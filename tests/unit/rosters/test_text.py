"""Encodings, delimiters, quotation marks: what is read is what was written."""

import csv
import io
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.host.errors import DataError
from syncd.host.problems import Problems
from syncd.systems.rosters.csv_file import CsvFile
from unit.rosters.reading import HEADER, opened, read, reading

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
ROWS = [("1", "Zoë", "Müller-Łopez", "zoe", "9", "A, B"), ("2", "Ai\nko", 'Quo"te', "ai;ko", "K", "tab\tbed")]


def written(rows: Sequence[Sequence[str]], delimiter: str = ",", **how: str) -> str:
    out = io.StringIO()
    end = how.get("end", "\r\n")
    # The writer leaves a line break of another kind without quotation marks.
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(how.get("header", HEADER.strip()).split(","))
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_any_delimiter(encoding: str, delimiter: str) -> None:
    rows = [tuple(cell.replace("Ł", "L") for cell in row) for row in ROWS]
    first, second = read(written(rows, delimiter).encode(encoding))
    assert (first.given_name, first.family_name, first.advisor) == ("Zoë", "Müller-Lopez", "A, B")
    assert (second.given_name, second.family_name, second.user_name) == ("Ai ko", 'Quo"te', "ai;ko")
    assert second.advisor == "tab bed"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end: str) -> None:
    assert len(read(written(ROWS, end=end))) == 2


def test_the_header_may_have_any_case_and_order() -> None:
    text = " ADVISOR ,Grade,Username,Last Name,first-name,STUDENT_ID,Unknown\nT,9,u,Last,First,1,x\n"
    (person,) = read(text)
    assert (person.id, person.given_name, person.family_name, person.advisor) == ("1", "First", "Last", "T")


def test_lines_above_the_header_and_excels_hint_are_passed_over() -> None:
    text = "\n\nsep=;\n" + written(ROWS, ";")
    assert [person.id for person in read("\ufeff" + text)] == ["1", "2"]


def test_an_encoding_that_is_said_is_used() -> None:
    data = written([("1", "Łukasz", "B", "l", "9", "")]).encode("cp1250")
    assert read(data)[0].given_name == "£ukasz"
    assert read(data, encoding="cp1250")[0].given_name == "Łukasz"


def test_one_stray_byte_makes_no_windows_text_of_utf_8() -> None:
    rows = [(str(n), "Zoë", "Müller", f"u{n}", "9", "") for n in range(3)]
    windows = written(rows).encode("cp1252")
    assert {(person.given_name, person.family_name) for person in read(windows)} == {("Zoë", "Müller")}
    with pytest.raises(DataError, match="is not UTF-8 text all through") as mixed:
        opened(written(rows).encode() + "4,André,B,u4,9,\r\n".encode("cp1252"))
    assert mixed.value.code == "roster.encoding"


def test_a_letter_cut_by_the_end_of_a_chunk_is_whole() -> None:
    filler = "".join(f"{n},A,B,u{n},9,\n" for n in range(20_000))
    for shift in range(3):
        people = read(f"{HEADER}{'9' * (shift + 9)},é,é,x,9,\n{filler}x,É,é,y,9,\n")
        assert (people[0].given_name, people[-1].given_name) == ("é", "É")


def test_columns_that_end_empty_are_no_columns() -> None:
    assert read("id,first_name,last_name,,\n1,A,B,,\n")[0].family_name == "B"


def test_the_content_is_that_of_the_bytes() -> None:
    one, other = (opened(HEADER + f"1,A,B,u,{grade},\n").content for grade in ("9", "10"))
    assert one != other
    assert one == opened(HEADER + "1,A,B,u,9,\n").content


CELLS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\ufeff"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() == text and text not in ("NULL", "null", "(null)", "<null>", "\\N"))


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8, unique_by=lambda row: row[0]),
    st.sampled_from(ENCODINGS[:-1]),
    st.sampled_from(",;\t"),
)
@example([("1", "\u0301", "x")], "utf-8", ",")
def test_what_was_written_is_read(rows: list[tuple[str, str, str]], encoding: str, delimiter: str) -> None:
    text = written(rows, delimiter, header="id,first_name,last_name")
    source = CsvFile(io.BytesIO(text.encode(encoding)), "students.csv", reading())
    found = [(p.id, p.given_name, p.family_name) for batch in source.people(Problems()) for p in batch]
    composed = [tuple(unicodedata.normalize("NFC", cell) for cell in row) for row in rows]
    assert found == composed or len({row[0] for row in composed}) < len(composed)
