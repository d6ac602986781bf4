from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.systems.rt import forms
from syncd.systems.rt.options import RtOptions
from unit.rt.fake_rt import schema

ZONES = ("UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata", "Australia/Lord_Howe")
SYNC = "CF.{Last Sync}"


def rt_reads(text: str, zone: ZoneInfo) -> datetime:
    """Return what RT::Date makes of a text: taken for UTC, less the offset of the user's zone at that moment."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return moment - (moment.astimezone(zone).utcoffset() or timedelta())


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_a_time_is_sent_so_that_rt_reads_it_as_it_is(moment: datetime, zone: ZoneInfo) -> None:
    wanted = moment.replace(microsecond=0)
    said = forms.written_moment(wanted.isoformat(), zone)
    assert rt_reads(said, zone) == wanted if said else _is_near_a_change(wanted, zone)


def _is_near_a_change(moment: datetime, zone: ZoneInfo) -> bool:
    around = {(moment + timedelta(days=day)).astimezone(zone).utcoffset() for day in (-1, 1)}
    return len(around) == 2


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-01T08:30:00Z", "2026-11-01 01:30:00"),
        ("2026-11-01T14:00:24Z", "2026-11-01 07:00:24"),
        ("2026-11-01T15:59:59Z", "2026-11-01 08:59:59"),
        ("2026-11-01T16:00:00Z", None),
        ("2026-11-01T16:59:59Z", None),
        ("2026-11-01T17:00:00Z", "2026-11-01 09:00:00"),
        ("2026-03-08T10:30:00Z", "2026-03-08 02:30:00"),
    ],
)
def test_near_a_change_of_clocks_times_are_sent_in_rts_own_way(moment: str, said: str | None) -> None:
    assert forms.written_moment(moment, ZoneInfo("America/Los_Angeles")) == said


def test_a_time_that_rt_cannot_be_told_is_refused_with_the_reason() -> None:
    west = schema(timezone="America/Los_Angeles")
    assert west.refusal(SYNC, "2026-11-01T17:30:00Z") is None
    assert "the hour that America/Los_Angeles has twice" in (west.refusal(SYNC, "2026-11-01T16:30:00Z") or "")
    assert schema().refusal(SYNC, "2026-11-01T16:30:00Z") is None


@given(day=st.dates(datetime(2026, 1, 1).date(), datetime(2040, 1, 1).date()), zone=st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_date_is_sent_so_that_it_is_the_same_day_in_any_zone(day: datetime, zone: str) -> None:
    place = ZoneInfo(zone)
    assert rt_reads(forms.written_day(day.isoformat()), place).astimezone(place).date() == day


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "never"])
def test_a_time_at_the_edge_of_the_calendar_is_no_time(value: str) -> None:
    assert forms.moment(value) is None


@pytest.mark.parametrize("name", ["America/Los_Angles", "PST8", "", "../etc/passwd", "/etc/localtime", "America"])
def test_a_time_zone_that_there_is_not_is_refused_by_the_options(name: str) -> None:
    with pytest.raises(ValueError, match="timezone names no time zone"):
        RtOptions(url="https://rt.example.org", timezone=name)
    assert RtOptions(url="https://rt.example.org", timezone="Europe/Berlin").timezone == "Europe/Berlin"
