"""Cells: a column is read as each of its cells would be alone."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.systems.rosters.cells import texts

LETTERS = st.sampled_from("ab  \t\n\u00a0\u00ad\u00e4e\u0301\u0323\u1100\u1161\x07\x85\u200b\u212b")
CELLS = st.lists(st.text(LETTERS, max_size=4), max_size=5)


@given(CELLS)
@example(["ä", "a  b"])
@example(["e", "\u0301"])
@example(["ä  b"])
def test_what_stands_in_other_rows_changes_no_cell(cells: list[str]) -> None:
    wrong: list[tuple[int, str]] = []
    alone: list[tuple[int, str]] = []
    whole = texts(cells, lambda at, why: wrong.append((at, why)))
    for at, cell in enumerate(cells):
        [text] = texts([cell], lambda _, why, at=at: alone.append((at, why)))  # type: ignore[misc]
        assert whole[at] == text
        assert unicodedata.is_normalized("NFC", text)
    assert wrong == alone


def test_a_control_character_is_named_and_a_line_break_is_a_space() -> None:
    wrong: list[tuple[int, str]] = []
    assert texts(["x", " a\nä\u00a0 b ", "ä\x07"], lambda at, why: wrong.append((at, why)))[:2] == ["x", "a ä b"]
    assert wrong == [(2, "has the control character U+0007")]
