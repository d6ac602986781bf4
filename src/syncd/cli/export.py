"""``syncd export``: students with their devices, and where roster and RT differ, as files."""

import io
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

import click
import msgspec

from syncd.cli.output import print_json, reader_may_leave, say
from syncd.cli.records import print_csv
from syncd.cli.session import context_of, settings_of, stoppable, store_of
from syncd.host.errors import ConfigurationError
from syncd.host.logs import is_the_journal
from syncd.host.notify import Notifier
from syncd.host.progress import Progress
from syncd.host.stop import StopSignal
from syncd.jobs import student_export
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.options import StudentExportOptions
from syncd.jobs.exporting.sheets import WRITERS, Cell, Format, joined
from syncd.jobs.exporting.target import explained, replacing
from syncd.jobs.settings import Settings
from syncd.jobs.student_export import LOCK, open_export, told
from syncd.state.lock import JobLock

if TYPE_CHECKING:
    from syncd.jobs.people.options import RtUsersOptions

STDOUT = "-"
ROWS = 1_000
"""Rows between two signs of progress."""

log = logging.getLogger(__name__)


@click.group()
def export() -> None:
    """Write students with their devices, or where roster and RT differ, to a file."""


_output = click.option(
    "-o",
    "--output",
    metavar="FILE",
    default=STDOUT,
    help="File, or a folder to write to; - is standard output [-].",
)


_form = click.option(
    "--format",
    "form",
    type=click.Choice(get_args(Format)),
    help="Form of the file [what its name ends with, else csv].",
)


_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document: what was written, or without a FILE all rows."
)


@export.command()
@_output
@_form
@_json
@click.option("--anonymous", is_flag=True, help="With pseudonyms, and without what names somebody.")
@click.option("--school", metavar="NAME", help="Only the students of this school.")
@click.pass_context
def students(
    ctx: click.Context,
    /,
    output: str,
    form: Format | None,
    school: str | None,
    *,
    as_json: bool,
    anonymous: bool,
) -> None:
    """Write the students of the roster, one a row, with the devices that each holds according to RT.

    A file is for its owner only, and is as it was where anything goes wrong.
    """
    if school is not None and not school.strip():
        raise click.BadParameter("the name is empty; for all students leave the option out", param_hint="--school")
    if school and Path(output).is_dir():
        raise click.BadParameter(
            "--school needs the name of a file: a folder is for all students", param_hint="--output"
        )
    target = _target(
        output,
        form,
        lambda suffix: student_export.file_name(anonymous=anonymous, suffix=suffix),
        as_json=as_json,
    )
    with _reading(ctx, LOCK, target) as (settings, context):
        school = (school or "").strip()
        with open_export(_options(settings), context, school=school, anonymous=anonymous) as made:
            target.write(made.header, _told_of(made.rows(), context))
            _tell(target, told(made.tally), msgspec.structs.asdict(made.tally))


@export.command()
@_output
@_form
@_json
@click.pass_context
def drift(ctx: click.Context, /, output: str, form: Format | None, *, as_json: bool) -> None:
    """Write where roster and RT differ, and which devices are with people who have left.

    Roster and RT are compared as the job rt-users compares them. Nothing is changed.
    """
    from syncd.jobs import drift_report  # noqa: PLC0415 - an export of students needs none of it
    from syncd.jobs.rt_users import NAME  # noqa: PLC0415

    target = _target(output, form, lambda suffix: f"drift.{suffix}", as_json=as_json)
    with _reading(ctx, NAME, target) as (settings, context):
        options, job = _options(settings), cast("RtUsersOptions", settings.job(NAME))
        with drift_report.open_drift(options, job, context) as made:
            target.write(drift_report.COLUMNS, _told_of(made.rows(), context))
            _tell(target, made.told(), dict(made.tally))


# -- where to


class _Target(NamedTuple):
    """Where an export goes, and in which form."""

    path: Path | None
    form: Format
    as_json: bool

    def write(self, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        if self.path is not None:
            with replacing(self.path) as file:
                WRITERS[self.form](file, header, rows)
            return
        with reader_may_leave(), explained("standard output"):
            # A terminal gets nothing that could drive it, a pipe the bytes of a file.
            if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
                WRITERS[self.form](sys.stdout.buffer, header, rows)
            elif self.form == "json":
                print_json([dict(zip(header, row, strict=True)) for row in rows])
            else:
                print_csv(header, map(_texts, rows))
            sys.stdout.flush()


def _target(output: str, form: Format | None, name: Callable[[str], str], *, as_json: bool) -> _Target:
    """Return where to write; ``name`` gives the name of the file in a folder."""
    if not output:
        raise click.BadParameter("the name is empty; for standard output leave the option out", param_hint="--output")
    if output == STDOUT:
        if as_json and form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} exclude each other on standard output")
        form = "json" if as_json else form
        if is_the_journal(sys.stdout):
            raise click.UsageError("standard output is the journal, which takes no personal data; name a file")
        if form == "xlsx" and sys.stdout.isatty():
            raise click.UsageError(f"--format {form} is not for a terminal; name a file with --output")
        return _Target(None, form or "csv", as_json)
    path = Path(output)
    chosen = form or _named(path)
    return _Target(student_export.in_folder(path, name(chosen)), chosen, as_json)


def _named(path: Path) -> Format:
    """Return the form that a file's name tells."""
    return next((known for known in WRITERS if path.suffix.lower() == f".{known}"), "csv")


def _texts(row: Sequence[Cell]) -> list[str]:
    return [cell if isinstance(cell, str) else str(cell) if isinstance(cell, int) else joined(cell) for cell in row]


def _tell(target: _Target, what: str, counts: dict[str, int]) -> None:
    place = str(target.path) if target.path else "standard output"
    log.info("exported to %s: %s", place, what, extra={"message_id": "EXPORTED", "syncd": {"OBJECT": place}})
    if target.path is None or is_the_journal(sys.stdout):
        return
    if target.as_json:
        print_json({"file": place, "format": target.form, "counts": counts})
    else:
        say(f"{place}: {what}.")


# -- reading


@contextmanager
def _reading(ctx: click.Context, lock: str, target: _Target) -> Iterator[tuple[Settings, RunContext]]:
    """Open the store and what a read needs: nobody does the same meanwhile, and a signal stops it politely."""
    settings = settings_of(ctx)
    shown = False if target.path is None and sys.stdout.isatty() else None
    with (
        closing(Notifier()) as notifier,
        StopSignal() as stop,
        store_of(settings) as store,
        JobLock(settings.state.path, lock),
        Progress(notifier, terminal=shown) as progress,
    ):
        notifier.ready()
        yield settings, context_of(settings, store, stoppable(progress, stop))
        notifier.stopping()


def _told_of(rows: Iterable[Sequence[Cell]], context: RunContext) -> Iterator[Sequence[Cell]]:
    """Pass rows on, and tell of the progress; that is where a signal is heard."""
    for number, row in enumerate(rows):
        if number % ROWS == 0:
            context.progress("rows", number, None)
        yield row


def _options(settings: Settings) -> StudentExportOptions:
    if settings.exports.students is None:
        raise ConfigurationError(
            "there is no [exports.students] in the configuration file; add it, with the catalogs of the devices.",
            code="config.missing_table",
        )
    return settings.exports.students
