"""Times and spans as people type and read them."""

from datetime import UTC, datetime, time, timedelta

import click

from syncd.host import clock
from syncd.host.spans import parse_span, show_span


def span(_context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """Take the value of an option as a span of time, at least a second long: ``400d``."""
    try:
        found = parse_span(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    if found < timedelta(seconds=1):
        raise click.BadParameter(f"{value!r} is no time at all", param=parameter)
    return found


def since(_context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Take the value of an option as a time in the past; local time where it names no zone.

    It is a date, a date with a time, a time of day (the last such), or how long ago (``2d``).
    """
    if value is None:
        return None
    try:
        return _since(value.strip(), datetime.now(UTC))
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is no time; write a date (2026-11-20), a date with a time (2026-11-20T05:00), a time of day"
            " (05:00), or how long ago (2d, 12h)",
            param=parameter,
        ) from None


def _since(text: str, now: datetime) -> datetime:
    if ":" in text and "-" not in text:
        moment = datetime.combine(now.astimezone(), time.fromisoformat(text)).astimezone(UTC)
        return moment if moment <= now else moment - timedelta(days=1)
    if "-" in text:
        return datetime.fromisoformat(text).astimezone(UTC)
    return now - parse_span(text)


def moment(text: str) -> datetime | None:
    """Read a time as the store keeps it; None for an empty one."""
    return datetime.fromisoformat(text) if text else None


def rfc3339(time: datetime | None) -> str:
    """Spell a time in UTC for programs; empty for none."""
    return clock.rfc3339(time) if time else ""


def ago(time: datetime | None, now: datetime) -> str:
    """Spell how far off a time is for people: ``3 h ago``, ``in 20 min``, ``now``; ``-`` for none."""
    if time is None:
        return "-"
    off = time - now
    if abs(off) < timedelta(seconds=1):
        return "now"
    return f"in {show_span(off)}" if off > timedelta(0) else f"{show_span(off)} ago"
