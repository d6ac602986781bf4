from datetime import timedelta

import pytest

from syncd.host.spans import parse_span, show_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2d", 172_800),
        ("12h", 43_200),
        ("1h 30min", 5_400),
        ("90 min", 5_400),
        ("1.5h", 5_400),
        ("45s", 45),
        ("3w", 1_814_400),
        ("1month", 2_629_800),
        ("1y", 31_557_600),
        ("2h 17min 54.719251s", 8_274.719251),  # systemd 252, systemctl show
        ("5min", 300),
        ("250ms", 0.25),
    ],
)
def test_spans_are_read_as_systemd_reads_them(text: str, seconds: float) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "  ", "2", "d", "2x", "-2d", "2d,", "2 d x", "٢d", "1e3s", "2dd"])
def test_what_is_no_span_is_named_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="12h"):
        parse_span(text)


def test_a_span_longer_than_any_calendar_is_none() -> None:
    with pytest.raises(ValueError, match="calendars"):
        parse_span("99999999999y")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (2.34, "2 s"),
        (59.9, "59 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 d"),
        (-10_800, "3 h"),
        (40_000_000, "462 d"),
    ],
)
def test_spans_are_spelled_by_their_largest_unit(seconds: float, text: str) -> None:
    assert show_span(timedelta(seconds=seconds)) == text
