"""Rows as CSV, XLSX and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from syncd.host.errors import DataError
from syncd.jobs.exporting import sheets
from syncd.jobs.exporting.sheets import BETWEEN, LONGEST, Cell, joined, write_csv, write_json, write_xlsx

HEADER = ("id", "name", "count", "serials")


def text_of(rows: Sequence[Sequence[Cell]]) -> str:
    file = io.BytesIO()
    write_csv(file, HEADER, rows)
    return file.getvalue().decode()


def workbook(*rows: Sequence[Cell]) -> list[list[object]]:
    file = io.BytesIO()
    write_xlsx(file, HEADER, rows)
    file.seek(0)
    read = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    return [[*row] for row in read]


def test_csv_guards_each_value_of_a_list() -> None:
    assert text_of([("1", "=x", 2, ("a", "=b"))]) == "id,name,count,serials\n1,'=x,2,a; '=b\n"


def test_csv_is_read_as_it_was_written() -> None:
    cells = ('a,"b"', "two\nlines", 0, ("x", "y"))
    assert [*csv.reader(io.StringIO(text_of([cells]), newline=""))][1] == ['a,"b"', "two\nlines", "0", "x; y"]


def test_the_file_of_the_caller_stays_open() -> None:
    file = io.BytesIO()
    write_csv(file, HEADER, [])
    assert not file.closed


@pytest.mark.parametrize("text", ["=1+1", "@x", "http://example.org", "{=1}", "0012", "1.5", "_x0041_", "a\x07b", "💻"])
def test_a_workbook_keeps_text_as_text(text: str) -> None:
    _, row = workbook((text, "n", 3, ()))
    assert row == [text, "n", 3.0, ""]


def test_a_workbook_takes_no_markup_from_a_value() -> None:
    _, row = workbook(("<r><t>x</t></r>", "</worksheet>", 0, ()))
    assert [str(cell).strip() for cell in row[:2]] == ["<r><t>x</t></r>", "</worksheet>"]


def test_a_workbook_has_no_formula() -> None:
    file = io.BytesIO()
    write_xlsx(file, HEADER, [("=1+1", "+1", 1, ("=2",))])
    with ZipFile(file) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    workbook(("1", "", 0, ()), ("2", "", 0, ()))
    with pytest.raises(DataError, match="a sheet has 3 rows"):
        workbook(("1", "", 0, ()), ("2", "", 0, ()), ("3", "", 0, ()))


def test_a_list_that_is_too_long_for_a_cell_says_so() -> None:
    cell = joined([f"EX-{number:07}" for number in range(5_000)])
    assert LONGEST - 12 <= len(cell) <= LONGEST
    assert cell.endswith(f"{BETWEEN}…")
    assert workbook(("1", "", 5_000, [f"EX-{number:07}" for number in range(5_000)]))[1][3] == cell


@given(st.lists(st.text("a💻", max_size=20_000), max_size=5))
def test_no_cell_is_longer_than_a_spreadsheet_takes(texts: list[str]) -> None:
    cell = joined(texts)
    assert len(cell.encode("utf-16-le")) // 2 <= LONGEST
    assert cell == BETWEEN.join(texts) or cell.endswith("…")


@pytest.mark.parametrize("rows", [[], [("1", "é", 0, ())], [("1", "a", 1, ("s",)), ("2", "=b", 0, ())]])
def test_json_is_one_document(rows: list[Sequence[Cell]]) -> None:
    file = io.BytesIO()
    write_json(file, HEADER, iter(rows))
    expected = [dict(zip(HEADER, (*row[:3], [*row[3]]), strict=True)) for row in rows]  # type: ignore[misc]
    assert json.loads(file.getvalue()) == expected


def test_rows_are_taken_one_by_one() -> None:
    class Sink(io.BytesIO):
        longest = 0

        def write(self, data: object) -> int:
            Sink.longest = max(Sink.longest, len(data))  # type: ignore[arg-type]
            return super().write(data)  # type: ignore[arg-type]

    def rows() -> Iterator[Sequence[Cell]]:
        for number in range(20_000):
            yield (str(number), "x" * 50, 0, ())

    for write in (write_csv, write_json):
        Sink.longest = 0
        write(Sink(), HEADER, rows())
        assert 0 < Sink.longest < 2**17
