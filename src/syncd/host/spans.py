"""Spans of time as people and systemd write them: ``2d``, ``12h``, ``1h 30min``."""

import re
from datetime import timedelta

# systemd.time(7), "Parsing Time Spans"; a month and a year are what they are there.
_SECONDS = {
    ("us", "usec"): 1e-6,
    ("ms", "msec"): 1e-3,
    ("s", "sec", "second", "seconds"): 1.0,
    ("m", "min", "minute", "minutes"): 60.0,
    ("h", "hr", "hour", "hours"): 3600.0,
    ("d", "day", "days"): 86_400.0,
    ("w", "week", "weeks"): 604_800.0,
    ("M", "month", "months"): 2_629_800.0,
    ("y", "year", "years"): 31_557_600.0,
}
_UNITS = {name: seconds for names, seconds in _SECONDS.items() for name in names}
_PART = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]+)\s*", re.ASCII)


def parse_span(text: str) -> timedelta:
    """Read a span; every number has a unit. Raises ValueError for anything else, and for one beyond all calendars."""
    seconds, end = 0.0, 0
    while end < len(text):
        part = _PART.match(text, end)
        if part is None or part["unit"] not in _UNITS:
            raise ValueError(f"{text!r} is no span of time; write it like 2d, 12h or 1h 30min")
        seconds += float(part["number"]) * _UNITS[part["unit"]]
        end = part.end()
    if not end:
        raise ValueError("an empty text is no span of time; write it like 2d, 12h or 1h 30min")
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than all calendars") from None


def show_span(span: timedelta) -> str:
    """Spell a span by its largest unit, rounded down: ``3 h``, ``2 d``."""
    seconds = abs(span.total_seconds())
    for unit, size, until in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800), ("d", 86_400, float("inf"))):
        if seconds < until:
            return f"{int(seconds // size)} {unit}"
    raise AssertionError
