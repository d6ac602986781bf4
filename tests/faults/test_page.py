"""The tables of the documentation: each has an answer in each cell."""

from collections.abc import Iterable, Sequence

import pytest

from crash.table import commands, phases
from faults.page import TABLES

OPEN = {"", "?", "-", "…", "none"}


def lines_with_an_open_cell(lines: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    return [line for line in lines if OPEN & {cell.strip().lower() for cell in line}]


@pytest.mark.parametrize("name", TABLES)
def test_no_cell_of_the_faults_is_open(name: str) -> None:
    header, rows = TABLES[name]()
    lines = [*rows]
    assert {len(line) for line in lines} == {len(header)}
    assert lines_with_an_open_cell(lines) == []


def test_no_cell_of_the_crashes_is_open() -> None:
    assert lines_with_an_open_cell(phases()) == []
    assert [name for name, _, lines in commands() if not lines or lines_with_an_open_cell(lines)] == []


def test_an_open_cell_is_seen() -> None:
    assert lines_with_an_open_cell([("a", "b"), ("a", " "), ("?", "b")]) == [("a", " "), ("?", "b")]
