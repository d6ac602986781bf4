"""``syncd explain battery``: what became of the battery of one device, as a table and as a small chart."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from syncd.cli.output import STACK_BELOW, print_json, print_table, reader_may_leave, say
from syncd.cli.session import settings_of, store_to_read
from syncd.cli.terminal_chart import ASCII, Signs, chart, signs_of
from syncd.host.errors import DataError
from syncd.host.logs import is_the_journal
from syncd.jobs.batteries.reports import known_serial
from syncd.jobs.batteries.words import no_report, words_of
from syncd.jobs.settings import JobsOptions
from syncd.state.battery_history import HistoryRow
from syncd.state.store import Store

FIRST = 20
"""Reports that the table shows, the newest ones."""

HEADER = ("date", "source", "percent", "status", "cycles", "full mAh", "design mAh")
_WIDEST = 100
"""Columns of a chart at most: a wider one is no clearer."""

_PLAIN_TERMINALS = ("linux", "dumb")
"""Terminals whose fonts have no braille, whatever their encoding."""


def explain_battery(ctx: click.Context, sought: str, *, as_json: bool) -> None:
    """Print the history of the battery of a device, by its serial number, or its id.

    Raises DataError (``battery.unknown``) where no report of it was kept.
    """
    settings = settings_of(ctx)
    with store_to_read(settings) as store:
        rows = _history(store, sought, settings.jobs)
    with reader_may_leave():
        if as_json:
            print_json(rows)
        elif not is_the_journal(sys.stdout):
            _show(rows, words_of(settings.jobs, 0.0).statuses)


def _history(store: Store | None, sought: str, jobs: JobsOptions) -> list[HistoryRow]:
    keys = dict.fromkeys((known_serial(sought), sought.strip()))
    rows = next((rows for key in keys if key and store and (rows := store.batteries.history.of(key))), [])
    if not rows:
        raise DataError(no_report(f"of {sought.strip()!r}", jobs), code="battery.unknown", object=sought.strip())
    return rows


def _show(rows: Sequence[HistoryRow], statuses: Mapping[str, str]) -> None:
    newest = rows[-1]
    percent = newest.percent
    known = "percentage not known" if percent is None else f"{percent} percent of its design capacity"
    say(f"Battery of {newest.device}, {known} on {newest.time.date()}.")
    newest_first = rows[::-1][:FIRST]
    print_table(HEADER, [_cells(row, statuses) for row in newest_first], stack_below=STACK_BELOW)
    if len(rows) > FIRST:
        say(f"... and {len(rows) - FIRST} earlier ones; --json has them all.")
    lines = chart([(row.time, row.percent) for row in rows], _width(), _signs())
    if lines:
        say()
        for line in ("Percent of the design capacity:", *lines):
            say(line)
    else:
        say("There is no trend yet: it takes two reports with a percentage.")


def _cells(row: HistoryRow, statuses: Mapping[str, str]) -> list[str]:
    numbers = map(_known, (row.cycles, row.full_charge, row.design))
    status = statuses.get(row.health, row.health) or "-"
    return [row.time.date().isoformat(), row.source, _known(row.percent), status, *numbers]


def _known(value: float | None) -> str:
    return "-" if value is None else str(value)


def _width() -> int:
    return min(_WIDEST, shutil.get_terminal_size().columns)


def _signs() -> Signs:
    if sys.stdout.isatty() and os.environ.get("TERM") in _PLAIN_TERMINALS:
        return ASCII
    return signs_of(sys.stdout.encoding)
