"""A small chart of values over time, of letters: braille where they can be printed, else ASCII.

A value holds until the next one. Eight dots of braille make one letter (Unicode, "Braille Patterns"), so that a chart
of forty columns has eighty points of time.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

Point = tuple[datetime, float | None]
"""A time and the value from then on; None where it is not known."""

LEAST = 20
"""Columns that a chart has at least."""

HEIGHT = 8
"""Rows of the chart, without the axis."""

STEP = 5
_BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a letter of braille, row by row."""


class Signs(NamedTuple):
    """What a chart is made of: dots of a letter across and down, and the lines of the axes."""

    across: int
    down: int
    side: str
    corner: str
    line: str


BRAILLE = Signs(2, 4, "\u2524", "\u2514", "\u2500")
ASCII = Signs(1, 1, "|", "+", "-")


def signs_of(encoding: str | None) -> Signs:
    """Return what can be printed in an encoding; None is no file, and takes everything."""
    try:
        f"{BRAILLE.side}{chr(_BLANK)}".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BRAILLE


def chart(points: Sequence[Point], width: int, signs: Signs) -> list[str]:
    """Return the lines of a chart of values by time, none where there are fewer than two times with a value.

    ``points`` in the order of their times. The chart is as wide as ``width``, but no less than LEAST columns.
    """
    known = [(time, value) for time, value in points if value is not None]
    if len({time for time, _ in known}) < 2:  # noqa: PLR2004 - a line has two ends
        return []
    low, high = _ends([value for _, value in known])
    left = max(len(f"{end:g}") for end in (low, high))
    columns = max(LEAST, width) - left - 2
    dots = _dots(points, (low, high), columns * signs.across, HEIGHT * signs.down)
    rows = [_letters(dots, row, columns, signs) for row in range(HEIGHT)]
    labels = {0: f"{high:g}", HEIGHT - 1: f"{low:g}"}
    lines = [f"{labels.get(row, ''):>{left}} {signs.side}{text}".rstrip() for row, text in enumerate(rows)]
    axis = f"{'':>{left}} {signs.corner}{signs.line * columns}"
    return [*lines, axis, f"{'':>{left + 2}}{_under(points[0][0].date(), points[-1][0].date(), columns)}"]


def _ends(values: Sequence[float]) -> tuple[int, int]:
    """Return the ends of an axis, in whole steps around the values."""
    low = int(min(values) // STEP) * STEP
    high = -int(-max(values) // STEP) * STEP
    return low, max(high, low + STEP)


def _dots(points: Sequence[Point], ends: tuple[int, int], columns: int, rows: int) -> set[tuple[int, int]]:
    """Return the dots to set, column and row; the topmost row is 0. Dots of one line hang together."""
    found: set[tuple[int, int]] = set()
    before: int | None = None
    for column, value in enumerate(_values(points, columns)):
        if value is None:
            before = None
            continue
        row = rows - 1 - round((value - ends[0]) / (ends[1] - ends[0]) * (rows - 1))
        start = row if before is None else before
        found |= {(column, place) for place in range(min(start, row), max(start, row) + 1)}
        before = row
    return found


def _values(points: Sequence[Point], columns: int) -> Iterator[float | None]:
    """Yield the value at each column: the last one of those that begin there, so that none is lost to an earlier."""
    first, span = points[0][0], points[-1][0] - points[0][0]
    at = 0
    for column in range(columns):
        while at + 1 < len(points) and (points[at + 1][0] - first) / span * (columns - 1) <= column:
            at += 1
        yield points[at][1]


def _letters(dots: set[tuple[int, int]], row: int, columns: int, signs: Signs) -> str:
    if signs == ASCII:
        return "".join("*" if (column, row) in dots else " " for column in range(columns)).rstrip()
    return "".join(_letter(dots, column * 2, row * 4) for column in range(columns)).rstrip(chr(_BLANK))


def _letter(dots: set[tuple[int, int]], left: int, top: int) -> str:
    bits = (_DOTS[y][x] for y in range(4) for x in range(2) if (left + x, top + y) in dots)
    return chr(_BLANK + sum(bits))


def _under(first: date, last: date, columns: int) -> str:
    """Return the ends of the axis of time, the last one only where there is room for both."""
    ends = first.isoformat(), last.isoformat()
    room = columns - sum(map(len, ends))
    return f"{ends[0]}{' ' * room}{ends[1]}" if room > 0 else f"{ends[0][:7]}{ends[1][:7]:>{columns - 7}}"
