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


def rows(checkins: CheckIns, first: date, last: date) -> Iterator[Sequence[Cell]]:
    """Yield the check-ins of some days, both included, the oldest first."""
    yield from map(_row, checkins.between(_midnight(first), _midnight(last + timedelta(days=1))))


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
