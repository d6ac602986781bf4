"""Histories of batteries that tests make up."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from syncd.jobs.batteries.options import CATEGORIES, STATUSES
from syncd.jobs.batteries.reports import NORMAL
from syncd.jobs.batteries.words import Words
from syncd.jobs.exporting.fleet import Fleet, Labels
from syncd.state.battery_history import HistoryRow

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
WORDS = Words(CATEGORIES, STATUSES, 80.0)


def report(
    device: str = "SYN0001",
    percent: float | None = 90.0,
    *,
    days: float = 0,
    health: str = NORMAL,
    source: str = "gam",
    battery: str = "B1",
) -> HistoryRow:
    """Return what a device said some days ago."""
    full = None if percent is None else round(percent * 50)
    return HistoryRow(
        device=device,
        time=(NOW - timedelta(days=days)).replace(microsecond=0),
        source=source,
        percent=percent,
        health=health,
        full_charge=full,
        design=None if full is None else 5000,
        cycles=100,
        battery=battery,
    )


def fleet_of(rows: Sequence[HistoryRow], assets: Mapping[str, Labels] | None = None, words: Words = WORDS) -> Fleet:
    """Return the fleet that a history makes: its last row of each device counts."""
    return Fleet({row.device: row for row in rows}.values(), assets or {}, words, NOW)


def history(devices: int, weeks: int) -> Iterator[HistoryRow]:
    """Yield a history in which batteries wear out, by device and time."""
    pick = random.Random(1)  # noqa: S311 - no secret
    for number in range(devices):
        percent = pick.gauss(100 - number % 12 * 2, 4)
        for week in range(weeks, -1, -8):
            yield report(f"SYN{number:06}", round(percent, 1), days=7 * week + pick.random() * 6)
            percent -= pick.random() * 2
