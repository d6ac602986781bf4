"""Time as a thing that is passed in, so that waits and schedules can be tried on virtual time; and its spelling."""

import time
from datetime import UTC, datetime
from typing import Literal, Protocol


def rfc3339(time: datetime, grain: Literal["seconds", "milliseconds"] = "seconds") -> str:
    """Spell a time as programs read it, in UTC: ``2026-11-21T01:30:45Z``."""
    return time.astimezone(UTC).isoformat(timespec=grain).replace("+00:00", "Z")


class Clock(Protocol):
    """Wall time for records, monotonic time for waits; both in one object, so that a test moves them together."""

    def now(self) -> datetime:
        """Return the wall time, aware and in UTC."""

    def monotonic(self) -> float:
        """Return seconds from an unnamed start; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds; zero or less returns at once."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an unnamed start; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds; zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)
