"""Rows as CSV, XLSX and JSON, a row at a time: of many rows none is held.

In CSV what a spreadsheet would take for a formula is guarded (``systems.rosters.formulas``). In XLSX text is stored as
text and needs no guard.
"""

import csv
import io
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias

import msgspec

from syncd.host.clock import rfc3339
from syncd.host.errors import DataError
from syncd.systems.rosters.formulas import guarded

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format as XlsxFormat
    from xlsxwriter.worksheet import Worksheet

Cell: TypeAlias = str | int | float | date | Sequence[str] | None
"""Text, a number, a day or an aware time, nothing, or several texts that belong together."""

Format = Literal["csv", "xlsx", "json"]

LONGEST = 32_767
"""UTF-16 units of a cell that a spreadsheet holds (Microsoft, "Excel specifications and limits")."""

MOST_ROWS = 2**20
BETWEEN = "; "
_CUT = "\u2026"
_SHAPES = {"part": "0.0", "day": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm"}

Write = Callable[[BinaryIO, Sequence[str], Iterable[Sequence[Cell]]], None]


def write_csv(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write CSV (RFC 4180): UTF-8 without a byte order mark, lines end with a newline alone."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="", write_through=False)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(map(_csv_cells, rows))
        text.flush()
    finally:
        text.detach()


def _csv_cells(row: Sequence[Cell]) -> list[str | float]:
    return [guarded(cell) if isinstance(cell, str) else _csv_cell(cell) for cell in row]


def _csv_cell(cell: Cell) -> str | float:
    if isinstance(cell, int | float):
        return cell
    return joined([*map(guarded, cell)]) if isinstance(cell, Sequence) else text_of(cell)


def text_of(cell: Cell) -> str:
    """Return a cell as text: times in UTC (RFC 3339), nothing as nothing."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Sequence):
        return joined(cell)
    if isinstance(cell, datetime):
        return rfc3339(cell)
    return "" if cell is None else str(cell)


def joined(texts: Sequence[str]) -> str:
    """Return several texts as one cell; those that would make it too long are left out, and an ellipsis says so."""
    whole = BETWEEN.join(texts)
    if _units(whole) <= LONGEST:
        return whole
    room, kept = LONGEST - len(BETWEEN) - len(_CUT), []
    for text in texts:
        room -= _units(text) + len(BETWEEN)
        if room < 0:
            break
        kept.append(text)
    return BETWEEN.join([*kept, _CUT])


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def write_xlsx(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a workbook of one sheet. Raises DataError (``export.too_many``) for more rows than a sheet has."""
    with workbook(file) as book:
        fill(book, book.add_worksheet("syncd"), header, rows)


@contextmanager
def workbook(file: BinaryIO) -> Iterator["Workbook"]:
    """Give a workbook that is written to ``file`` at the end; the cells of each sheet have to come row by row."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only a workbook pays for it
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

    # Rows wait in a file there; they come before the rest of a workbook is known.
    with TemporaryDirectory(prefix="syncd-") as folder:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        try:
            yield book
            book.close()
        except FileCreateError as error:
            raise error.args[0] from error
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


def fill(
    book: "Workbook",
    sheet: "Worksheet",
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    numbers: Container[int] = (),
) -> int:
    """Write a table to a sheet, and return the number of its rows below the header; errors as ``write_xlsx``.

    ``numbers`` are the columns whose names stand on the right, as numbers do.
    """
    sheet.freeze_panes(1, 0)
    left, right = book.add_format({"bold": True}), book.add_format({"bold": True, "align": "right"})
    shapes = {kind: book.add_format({"num_format": shape}) for kind, shape in _SHAPES.items()}
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, right if column in numbers else left)
    number = 0
    for number, row in enumerate(rows, 1):
        if number >= MOST_ROWS:
            raise DataError(f"a sheet has {MOST_ROWS:,} rows, and there are more; export CSV.", code="export.too_many")
        for column, cell in enumerate(row):
            _put(sheet, number, column, cell, shapes)
    return number


def _put(sheet: "Worksheet", row: int, column: int, cell: Cell, shapes: "Mapping[str, XlsxFormat]") -> None:
    if isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, float):
        sheet.write_number(row, column, cell, shapes["part"])
    elif isinstance(cell, datetime):  # a sheet knows no zones
        sheet.write_datetime(row, column, cell.astimezone(UTC).replace(tzinfo=None), shapes["time"])
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, shapes["day"])
    elif cell:
        sheet.write_string(row, column, _xlsx_text(cell if isinstance(cell, str) else joined(cell)))


def _xlsx_text(text: str) -> str:
    """Return a text that is stored as it is: xlsxwriter takes ``<r>…</r>`` for markup of its own."""
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def write_json(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write one JSON document: a list of objects, a line for each."""
    between = b"[\n"
    for row in rows:
        file.write(between + msgspec.json.encode(dict(zip(header, row, strict=True))))
        between = b",\n"
    file.write(b"[]\n" if between == b"[\n" else b"\n]\n")


WRITERS: dict[Format, Write] = {"csv": write_csv, "xlsx": write_xlsx, "json": write_json}
