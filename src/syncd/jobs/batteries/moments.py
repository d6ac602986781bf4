"""The time of a report as RT has it: a moment, or where the field has no more than that, a day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from syncd.jobs.batteries.reports import AHEAD
from syncd.reconcile.values import Known, Unknown

_DAY = len("2026-11-18")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC; ``whole_day``: it is not known when on that day."""

    time: datetime
    whole_day: bool = False

    def is_after(self, time: datetime) -> bool:
        """Tell whether a report of this moment is newer than one of a time."""
        return self.time.date() > time.date() if self.whole_day else self.time > time

    def before(self, time: datetime) -> timedelta:
        """Return by how much a time is later."""
        return time - self.time


def moment_of(text: Known, now: datetime) -> Moment | Unknown | None:
    """Read the time that RT has; None where it has none, unknown for what is no time, or is still to come.

    A time without a zone is taken for UTC.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return Unknown("is no time; correct or empty it")
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found > now + AHEAD:
        return Unknown("is still to come; correct or empty it")
    return Moment(found, whole_day=len(str(text).strip()) == _DAY)


def spelled(time: datetime) -> str:
    """Return a time as RT shows it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
