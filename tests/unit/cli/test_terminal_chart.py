"""The small chart: what it draws, and that it fits."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.cli.terminal_chart import ASCII, BRAILLE, HEIGHT, LEAST, Point, Signs, chart, signs_of

START = datetime(2025, 11, 1, 12, tzinfo=UTC)


def points(*told: tuple[int, float | None]) -> list[Point]:
    return [(START + timedelta(days=days), value) for days, value in told]


def test_a_value_holds_until_the_next_one() -> None:
    assert chart(points((0, 100.0), (50, 90.0), (100, 80.0)), 45, ASCII) == [
        "100 |*********************",
        "    |                    *",
        "    |                    *",
        "    |                    ********************",
        "    |                                       *",
        "    |                                       *",
        "    |                                       *",
        " 80 |                                       *",
        "    +----------------------------------------",
        "     2025-11-01                    2026-02-09",
    ]


def test_braille_has_eight_dots_in_a_letter() -> None:
    lines = chart(points((0, 100.0), (100, 80.0)), 25, BRAILLE)
    assert lines[0] == "100 ┤" + "⠉" * 19 + "⢹"
    assert lines[1] == "    ┤" + "\u2800" * 19 + "⢸"
    assert lines[7] == " 80 ┤" + "\u2800" * 19 + "⢸"
    assert lines[8] == "    └" + "─" * 20


def test_what_was_not_known_is_a_gap() -> None:
    lines = chart(points((0, 90.0), (30, None), (60, 90.0), (100, 90.0)), 45, ASCII)
    assert [line for line in lines if "*" in line] == ["90 |************            *****************"]


@pytest.mark.parametrize(
    "told",
    [points(), points((0, 90.0)), points((0, 90.0), (0, 91.0)), points((0, 90.0), (5, None)), points((0, None))],
)
def test_one_value_is_no_trend(told: list[Point]) -> None:
    assert chart(told, 80, BRAILLE) == []


@pytest.mark.parametrize("width", [1, 20, 21, 26, 80])
@pytest.mark.parametrize("signs", [ASCII, BRAILLE])
def test_no_line_is_wider_than_the_terminal(width: int, signs: Signs) -> None:
    lines = chart(points((0, 101.0), (7, 8.0), (400, 55.0)), width, signs)
    assert {len(line) for line in lines if line.lstrip().startswith(signs.corner)} == {max(width, LEAST)}
    assert max(map(len, lines)) == max(width, LEAST)
    assert "2025-11" in lines[-1]
    assert "2026-12" in lines[-1]


@given(
    st.lists(st.tuples(st.integers(1, 500), st.none() | st.floats(0, 140)), min_size=2, max_size=30),
    st.integers(1, 200),
    st.sampled_from([ASCII, BRAILLE]),
)
def test_any_history_is_drawn(told: list[tuple[int, float | None]], width: int, signs: Signs) -> None:
    days = 0
    history = [(days := days + step, value) for step, value in told]
    lines = chart(points(*history), width, signs)
    known = [value for _, value in history if value is not None]
    assert len(lines) == (HEIGHT + 2 if len(known) > 1 else 0)
    if lines:
        low, high = int(lines[HEIGHT - 1].split()[0]), int(lines[0].split()[0])
        assert low <= min(known) <= max(known) <= high < max(known) + 10
        assert low > min(known) - 5


def test_the_line_hangs_together() -> None:
    lines = chart(points((0, 100.0), (40, 70.0), (80, 95.0), (100, 60.0)), 60, ASCII)
    columns = [{row for row, line in enumerate(lines[:HEIGHT]) if line[5:].ljust(60)[at] == "*"} for at in range(55)]
    assert all(before & after for before, after in pairwise(columns))


@pytest.mark.parametrize(
    ("encoding", "signs"),
    [("utf-8", BRAILLE), ("UTF-16", BRAILLE), (None, BRAILLE), ("ascii", ASCII), ("iso-8859-1", ASCII), ("??", ASCII)],
)
def test_an_encoding_without_the_letters_gets_ascii(encoding: str | None, signs: Signs) -> None:
    assert signs_of(encoding) is signs
