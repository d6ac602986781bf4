"""Records of one kind as people, programs and spreadsheets want them: a table, JSON, CSV."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

import click

from syncd.cli.output import STACK_BELOW, print_json, print_table, say
from syncd.host.logs import is_the_journal
from syncd.host.printable import safe_lines
from syncd.systems.rosters.formulas import guarded

FIRST = 50
"""Rows of a table without ``--all``."""

T = TypeVar("T")

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, once all is read.")
_as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row as soon as it is read.")
_everything = click.option(
    "--all",
    "everything",
    is_flag=True,
    help=f"Show every row of the table, not the first {FIRST}; JSON and CSV always have all.",
)


def shown_as(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the three options that ``show`` takes."""
    return _as_json(_as_csv(_everything(function)))


def show(
    what: str,
    header: Sequence[str],
    records: Iterable[T],
    cells: Callable[[T], Sequence[str]],
    *,
    as_json: bool,
    as_csv: bool,
    everything: bool,
) -> None:
    """Print records: ``cells`` gives a row of one, ``what`` is their name for people."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if as_json:
        print_json([*records])
    elif as_csv:
        print_csv(header, map(cells, records))
    elif not is_the_journal(sys.stdout):
        _table(what, header, list(map(cells, records)), everything=everything)


def _table(what: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, everything: bool) -> None:
    shown = rows if everything else rows[:FIRST]
    print_table(header, [[cell or "-" for cell in row] for row in shown], stack_below=STACK_BELOW)
    if len(shown) < len(rows):
        say(f"... and {len(rows) - len(shown)} more {what}; --all lists them.")
    elif sys.stdout.isatty() or not rows:
        say(f"{len(rows) or 'No'} {what}.")


def print_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print CSV (RFC 4180, lines end with a newline alone), a row at a time.

    No cell can drive a terminal or is a formula to a spreadsheet: an apostrophe goes before what could be one.
    """
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for row in chain([header], rows):
        writer.writerow([harmless(cell) for cell in row])
        click.echo(line.getvalue(), nl=False)
        line.seek(0)
        line.truncate()


def harmless(cell: str) -> str:
    """Return a cell that neither a terminal nor a spreadsheet obeys; its line breaks stay."""
    return guarded(safe_lines(cell))
