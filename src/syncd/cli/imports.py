"""``syncd import``: take rosters, and reports of batteries, from files."""

import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click
import msgspec

from syncd.cli.options import as_json, everything
from syncd.cli.output import print_json, print_table, reader_may_leave, say
from syncd.cli.session import program, settings_of, store_of
from syncd.host.clock import SystemClock
from syncd.host.dropzone import DropZone
from syncd.host.logs import is_the_journal
from syncd.jobs import battery_import, student_import
from syncd.jobs import drop_zone as zones
from syncd.jobs.batteries.import_options import BatteryImportOptions
from syncd.jobs.battery_import import BatteryImporter
from syncd.jobs.importing import Done, Importer, Outcome
from syncd.jobs.student_import import Imported, Order, StudentImporter
from syncd.state.lock import JobLock
from syncd.state.store import Store
from syncd.systems.rosters.options import Format, StudentImportOptions

FIRST = 20
"""Problems that are listed without ``--all``."""


@click.group(name="import")
def import_() -> None:
    """Import rosters of students, and reports of batteries, from files."""


def _named(_ctx: click.Context, _option: click.Parameter, name: str | None) -> str:
    """Return the name of a school: an empty one, of a script's unset variable, would mean the whole roster."""
    if name is not None and not name.strip():
        raise click.BadParameter("the name is empty; for the whole roster leave the option out")
    return (name or "").strip()


def from_files(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator with the argument and the options that all imports have."""
    options = (
        click.argument("file", required=False, type=click.Path(path_type=Path)),
        click.option("--drop-zone", is_flag=True, help=f"Import what lies in the folder imports.{kind}.drop_zone."),
        click.option(
            "--linger",
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            default=0.0,
            help="With --drop-zone, look on for so long after the last file.",
        ),
        click.option("--dry-run", is_flag=True, help="Read, check and count, and store nothing."),
        as_json,
        everything,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@import_.command()
@from_files("students")
@click.option("--partial", is_flag=True, help="The file is a part of the roster: whoever is not in it stays.")
@click.option("--school", metavar="NAME", callback=_named, help="The file is for this school; those of others stay.")
@click.option("--format", "form", type=click.Choice(get_args(Format)), help="Whose columns the file has.")
@click.option("--approve", metavar="HASH", default="", help="Lift the limit for the file with this hash, as it is now.")
@click.pass_context
def students(
    ctx: click.Context,
    /,
    form: str | None,
    school: str,
    approve: str,
    *,
    partial: bool,
    **asked: Any,  # noqa: ANN401 - as _Where has them
) -> None:
    """Import the students of FILE, all of them or none: CSV of many kinds, or a OneRoster bundle.

    What is there already is held against it: students are added and changed, and leave when they are not in it. Ends
    with status 65 where a row is bad, and names each; with 3 where more would leave than the limit allows.
    """
    where = _where(asked)
    if where.file is None and approve:
        raise click.UsageError("--approve is for one FILE")
    options = settings_of(ctx).imports.students
    if form is not None:
        options = msgspec.structs.replace(options, format=form)
    order = Order(
        options=options, today=_today(), partial=partial, school=school, dry_run=where.dry_run, approve=approve
    )
    found = _take(ctx, "students", where, options, lambda store: StudentImporter(store.rosters, order, program(ctx)))
    _end(found, where)


@import_.command()
@from_files("battery")
@click.pass_context
def battery(ctx: click.Context, /, **asked: Any) -> None:  # noqa: ANN401 - as _Where has them
    """Import the battery reports of FILE: what GAM prints, or an export of Google's Admin console.

    The newest report of each device counts, whichever file it came in, and `syncd run battery-csv` writes it to RT.
    Rows that are of no use are named, and passed over. Ends with status 65 where the file is no such table.
    """
    where = _where(asked)
    options = settings_of(ctx).imports.battery
    now = SystemClock().now()
    _end(
        _take(
            ctx,
            "battery",
            where,
            options,
            lambda store: BatteryImporter(store.batteries, options, now, dry_run=where.dry_run),
        ),
        where,
    )


class _Where(NamedTuple):
    """What all imports are asked."""

    file: Path | None
    drop_zone: bool
    linger: float
    dry_run: bool
    as_json: bool
    everything: bool


def _where(asked: dict[str, Any]) -> _Where:
    where = _Where(**asked)
    if where.drop_zone == (where.file is not None) or (where.file is not None and where.linger):
        raise click.UsageError("name a FILE, or say --drop-zone; --linger is for the drop zone")
    return where


def _take(
    ctx: click.Context,
    kind: str,
    where: _Where,
    options: StudentImportOptions | BatteryImportOptions,
    importer_for: Callable[[Store], Importer[Done]],
) -> list[Done]:
    settings = settings_of(ctx)
    _be_quiet_on_terminals(ctx)
    with JobLock(settings.state.path, f"import-{kind}"), store_of(settings) as store:
        importer = importer_for(store)
        if where.file is not None:
            return [importer.by_path(where.file)]
        with DropZone(zones.place(settings.state.path, kind, options.drop_zone), options.settle_seconds) as zone:
            return zones.take_all(zone, importer, zones.News(settings.state.path, kind), SystemClock(), where.linger)


def _end(found: Sequence[Outcome], where: _Where) -> None:
    """Show what became of the files, and end with the error of the worst."""
    with reader_may_leave():
        _show(found, as_json=where.as_json, everything=where.everything)
    if error := zones.worst(found):
        raise error


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _be_quiet_on_terminals(ctx: click.Context) -> None:
    """Leave out the records of what is printed, for a person at a terminal."""
    if ctx.find_root().obj["log"] == "auto" and sys.stderr.isatty():
        for module in (zones, student_import, battery_import):
            module.log.setLevel(logging.CRITICAL)


def _show(found: Sequence[Outcome], *, as_json: bool, everything: bool) -> None:
    if as_json:
        print_json([_plain(done) for done in found])
    elif not is_the_journal(sys.stdout):
        # The journal has the records, without personal data.
        for done in found:
            _show_one(done, everything=everything)
        if not found:
            say("Nothing to import.")


def _plain(done: Outcome) -> dict[str, Any]:
    fields = {name: getattr(done, name) for name in done.__struct_fields__}
    error = {"code": done.error.code, "message": done.error.sentence} if done.error else None
    return fields | {"error": error}


def _show_one(done: Outcome, *, everything: bool) -> None:
    shown = done.problems if everything else done.problems[:FIRST]
    rows = ([problem.file, str(problem.row), problem.column or "-", problem.reason] for problem in shown)
    print_table(["file", "row", "column", "what is wrong"], rows)
    if len(shown) < done.problem_count:
        hint = "" if everything else f"; --all lists {len(done.problems):,}"
        say(f"... and {done.problem_count - len(shown):,} more{hint}.")
    if done.error is None:
        say(f"{done.file}{f' ({done.kind})' if done.kind else ''}: {done.summary}.")
    elif done.error.told:  # one of many in the drop zone
        say(f"{done.result}: {done.error.sentence}")
    if isinstance(done, Imported) and done.result == "planned" and done.approval:
        say(f"Its hash is {done.approval}.")
