"""``syncd export``: students with devices, what drifted, the health of batteries, and what came back, as files."""

import io
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar, cast, get_args

import click
import msgspec

from syncd.cli.output import print_json, reader_may_leave, say
from syncd.cli.records import print_csv
from syncd.cli.session import context_of, settings_of, stoppable, store_of
from syncd.host.errors import ConfigurationError
from syncd.host.logs import is_the_journal
from syncd.host.notify import Notifier
from syncd.host.plain_files import is_folder
from syncd.host.progress import Progress
from syncd.host.stop import StopSignal
from syncd.jobs import student_export
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.picture import PictureFormat, need_matplotlib
from syncd.jobs.exporting.sheets import WRITERS, Cell, Format, text_of
from syncd.jobs.exporting.target import explained, replacing
from syncd.jobs.settings import Settings
from syncd.jobs.student_export import LOCK, open_export, told
from syncd.state.lock import JobLock

if TYPE_CHECKING:
    from syncd.jobs.battery_export import BatteryExport
    from syncd.jobs.people.options import RtUsersOptions

STDOUT = "-"
FORMS: tuple[str, ...] = get_args(Format)
FLEET_FORMS = (*FORMS, *get_args(PictureFormat))
NOT_SHOWN = ("xlsx", *get_args(PictureFormat))
"""Forms that are no text, or none that anybody reads on a terminal."""

_DAY = click.DateTime(["%Y-%m-%d"])
FIRST_DAY = "1970-01-02"
"""Before anything came back; the day before begins in 1969 west of Greenwich."""

T = TypeVar("T")

ROWS = 1_000
"""Rows between two signs of progress."""

log = logging.getLogger(__name__)


@click.group()
def export() -> None:
    """Write students with devices, what drifted, the health of batteries, or what came back, to a file."""


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
    type=click.Choice(FORMS),
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
    form: str | None,
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
    if school and is_folder(output):
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
        with open_export(
            _table(settings.exports.students, "students"), context, school=school, anonymous=anonymous
        ) as made:
            target.write(made.header, _told_of(made.rows(), context))
            _tell(target, told(made.tally), msgspec.structs.asdict(made.tally))


@export.command()
@_output
@_form
@_json
@click.pass_context
def drift(ctx: click.Context, /, output: str, form: str | None, *, as_json: bool) -> None:
    """Write where roster and RT differ, and which devices are with people who have left.

    Roster and RT are compared as the job rt-users compares them. Nothing is changed.
    """
    from syncd.jobs import drift_report  # noqa: PLC0415 - an export of students needs none of it
    from syncd.jobs.rt_users import NAME  # noqa: PLC0415

    target = _target(output, form, lambda suffix: f"drift.{suffix}", as_json=as_json)
    with _reading(ctx, NAME, target) as (settings, context):
        options, job = _table(settings.exports.students, "students"), cast("RtUsersOptions", settings.job(NAME))
        with drift_report.open_drift(options, job, context) as made:
            target.write(drift_report.COLUMNS, _told_of(made.rows(), context))
            _tell(target, made.told(), dict(made.tally))


@export.command()
@_output
@click.option(
    "--format",
    "form",
    type=click.Choice(FLEET_FORMS),
    help="Form of the file, svg and png are pictures [what its name ends with, else csv].",
)
@_json
@click.option("--replace-soon", is_flag=True, help="Only the devices whose battery is to be replaced soon.")
@click.pass_context
def battery(ctx: click.Context, /, output: str, form: str | None, *, as_json: bool, replace_soon: bool) -> None:
    """Write the health of the batteries of all devices, with what RT says of each.

    It is what the jobs battery-gam, battery-csv and battery-telemetry have found so far. A workbook has charts; a
    picture shows how many devices have which health, and the medians of the models over time.
    """
    from syncd.jobs import battery_export  # noqa: PLC0415 - an export of students needs none of it

    def name(suffix: str) -> str:
        return battery_export.file_name(replace_soon=replace_soon, suffix=suffix)

    target = _target(output, form, name, as_json=as_json, forms=FLEET_FORMS)
    if target.form in battery_export.PICTURES:
        if replace_soon:
            raise click.UsageError(f"--replace-soon is a list; a picture ({target.form}) is of all devices")
        need_matplotlib()
    with _reading(ctx, battery_export.LOCK, target) as (settings, context):
        options = _table(settings.exports.battery, "battery")
        with battery_export.open_export(options, settings.jobs, context) as made:
            _write_fleet(target, made, replace_soon=replace_soon)
            _tell(target, battery_export.told(made.tally), msgspec.structs.asdict(made.tally))


def _write_fleet(target: "_Target", made: "BatteryExport", *, replace_soon: bool) -> None:
    if target.form == "xlsx":
        target.put(lambda file: made.write_workbook(file, replace_soon=replace_soon))
    elif target.form in FORMS:
        target.write(made.header, made.rows(replace_soon=replace_soon))
    else:
        target.put(lambda file: made.draw(file, cast("PictureFormat", target.form)))


@export.command()
@_output
@_form
@_json
@click.option(
    "--since", type=_DAY, metavar="DAY", default=FIRST_DAY, help="First day, as 2026-08-20 [the first there is]."
)
@click.option("--until", type=_DAY, metavar="DAY", help="Last day [today].")
@click.pass_context
def checkins(
    ctx: click.Context,
    /,
    output: str,
    form: str | None,
    since: datetime,
    until: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Write the devices that students have brought back, one a row, in the order of their return."""
    from syncd.jobs import checkin_export  # noqa: PLC0415 - an export of students needs none of it

    target = _target(output, form, lambda suffix: f"checkins.{suffix}", as_json=as_json)
    last = (until or datetime.now().astimezone()).date()
    if since.date() > last:
        raise click.UsageError(f"--since {since.date()} is after {last}, the last day")
    with _reading(ctx, checkin_export.LOCK, target) as (_, context):
        made = checkin_export.CheckInExport(context.store.checkins, since.date(), last)
        target.write(checkin_export.COLUMNS, _told_of(made.rows(), context))
        _tell(target, f"{made.devices:,} devices came back", {"devices": made.devices})


# -- where to


class _Target(NamedTuple):
    """Where an export goes, and in which form."""

    path: Path | None
    form: str
    as_json: bool

    def put(self, write: Callable[[BinaryIO], None]) -> None:
        """Let ``write`` write the bytes of a file, or of a pipe."""
        if self.path is not None:
            with replacing(self.path) as file:
                write(file)
            return
        with reader_may_leave(), explained("standard output"):
            write(sys.stdout.buffer)
            sys.stdout.flush()

    def write(self, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a table."""
        # A terminal gets nothing that could drive it, a pipe the bytes of a file.
        if self.path is not None or (isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty()):
            self.put(lambda file: WRITERS[cast("Format", self.form)](file, header, rows))
            return
        with reader_may_leave(), explained("standard output"):
            if self.form == "json":
                print_json([dict(zip(header, row, strict=True)) for row in rows])
            else:
                print_csv(header, map(_texts, rows))
            sys.stdout.flush()


def _target(
    output: str, form: str | None, name: Callable[[str], str], *, as_json: bool, forms: Sequence[str] = FORMS
) -> _Target:
    """Return where to write; ``name`` gives the name of the file in a folder."""
    if not output:
        raise click.BadParameter("the name is empty; for standard output leave the option out", param_hint="--output")
    if output == STDOUT:
        if as_json and form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} exclude each other on standard output")
        form = "json" if as_json else form
        if is_the_journal(sys.stdout):
            raise click.UsageError("standard output is the journal, which takes no personal data; name a file")
        if form in NOT_SHOWN and sys.stdout.isatty():
            raise click.UsageError(f"--format {form} is not for a terminal; name a file with --output")
        return _Target(None, form or "csv", as_json)
    path = Path(output)
    chosen = form or _named(path, forms)
    return _Target(student_export.in_folder(path, name(chosen)), chosen, as_json)


def _named(path: Path, forms: Sequence[str]) -> str:
    """Return the form that a file's name tells."""
    return next((known for known in forms if path.suffix.lower() == f".{known}"), "csv")


def _texts(row: Sequence[Cell]) -> list[str]:
    return [*map(text_of, row)]


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


def _table(options: T | None, name: str) -> T:
    """Return the options of an export, or say how to configure it."""
    if options is None:
        raise ConfigurationError(
            f"there is no [exports.{name}] in the configuration file; add it, with the catalogs of the devices.",
            code="config.missing_table",
        )
    return options
