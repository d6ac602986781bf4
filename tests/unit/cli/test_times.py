import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from syncd.cli.times import _since, ago, moment, rfc3339

NOW = datetime(2026, 1, 15, 20, 30, tzinfo=UTC)


@pytest.fixture
def auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place where it is tomorrow already."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("auckland")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-16", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-16T05:00", datetime(2026, 1, 15, 16, tzinfo=UTC)),
        ("2026-01-16 05:00:30", datetime(2026, 1, 15, 16, 0, 30, tzinfo=UTC)),
        ("2026-01-15T05:00Z", datetime(2026, 1, 15, 5, tzinfo=UTC)),
        ("2026-01-15T05:00+01:00", datetime(2026, 1, 15, 4, tzinfo=UTC)),
        ("09:00", datetime(2026, 1, 15, 20, tzinfo=UTC)),
        ("10:00", datetime(2026, 1, 14, 21, tzinfo=UTC)),
        ("2d", datetime(2026, 1, 13, 20, 30, tzinfo=UTC)),
    ],
)
def test_dates_and_times_are_of_this_place_unless_they_name_a_zone(text: str, found: datetime) -> None:
    assert _since(text, NOW) == found


@pytest.mark.parametrize(
    ("off", "text"),
    [
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(minutes=20), "in 20 min"),
        (timedelta(milliseconds=-400), "now"),
        (timedelta(days=-40), "40 d ago"),
    ],
)
def test_people_read_how_long_ago_it_was(off: timedelta, text: str) -> None:
    assert ago(NOW + off, NOW) == text


def test_no_time_is_a_dash_for_people_and_nothing_for_programs() -> None:
    assert (ago(None, NOW), rfc3339(None), moment("")) == ("-", "", None)
    assert rfc3339(moment("2026-01-15T20:30:00.123Z")) == "2026-01-15T20:30:00Z"
