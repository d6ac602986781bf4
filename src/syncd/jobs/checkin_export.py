"""Export check-ins: one row for each device that came back, in the thirteen columns that schools know."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from syncd.jobs.exporting.sheets import Cell
from syncd.state.checkins import CheckIn, CheckIns

COLUMNS = (
    *("Timestamp", "Date", "Time", "Asset ID", "Asset Tag", "Device Type", "Serial Number", "Previous Owner"),
    *("Ticket ID", "Has Ticket", "Ticket Description", "Broken Screen", "Checked By"),
)
"""``Timestamp`` is in seconds since 1970; ``Date`` and ``Time`` are of this machine's zone."""


LOCK = "export-checkins"


class CheckInExport:
    """The check-ins of some days, both included. ``devices`` counts the rows that were read."""

    def __init__(self, checkins: CheckIns, first: date, last: date) -> None:
        self.devices = 0
        self._checkins = checkins
        self._span = _midnight(first), _midnight(last + timedelta(days=1))

    def rows(self) -> Iterator[Sequence[Cell]]:
        """Yield the rows, the oldest first."""
        for done in self._checkins.between(*self._span):
            self.devices += 1
            yield _row(done)


def _midnight(day: date) -> datetime:
    """Return when a day begins here."""
    return datetime.combine(day, time()).astimezone()


def _row(done: CheckIn) -> Sequence[Cell]:
    at = datetime.fromisoformat(done.at).astimezone()
    return (
        int(at.timestamp()),
        at.date().isoformat(),
        at.strftime("%H:%M:%S"),
        done.asset,
        done.name,
        done.type,
        done.serial,
        done.previous_owner,
        str(done.ticket or ""),
        _yes(done.ticket),
        done.description,
        _yes(done.broken_screen),
        done.checked_by,
    )


def _yes(told: object) -> str:
    return "Yes" if told else "No"
