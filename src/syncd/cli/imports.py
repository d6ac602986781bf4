"""``syncd import``: take rosters from files."""

import logging
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from syncd.cli.options import as_json, everything
from syncd.cli.output import print_json, print_table, reader_may_leave, say
from syncd.cli.session import program, settings_of, store_of
from syncd.host.clock import SystemClock
from syncd.host.dropzone import DropZone
from syncd.host.logs import is_the_journal
from syncd.jobs import drop_zone as zones
from syncd.jobs import student_import
from syncd.jobs.settings import Settings
from syncd.jobs.student_import import LOCK, Imported, Order, again, import_students, summary
from syncd.state.lock import JobLock
from syncd.systems.rosters.opening import open_roster
from syncd.systems.rosters.options import Format

FIRST = 20
"""Problems that are listed without ``--all``."""


@click.group(name="import")
def import_() -> None:
    """Import rosters of students from files."""


def _named(_ctx: click.Context, _option: click.Parameter, name: str | None) -> str:
    """Return the name of a school: an empty one, of a script's unset variable, would mean the whole roster."""
    if name is not None and not name.strip():
        raise click.BadParameter("the name is empty; for the whole roster leave the option out")
    return (name or "").strip()


@import_.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--drop-zone", is_flag=True, help="Import what lies in the folder imports.students.drop_zone.")
@click.option(
    "--linger",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=0.0,
    help="With --drop-zone, look on for so long after the last file.",
)
@click.option("--partial", is_flag=True, help="The file is a part of the roster: whoever is not in it stays.")
@click.option("--school", metavar="NAME", callback=_named, help="The file is for this school; those of others stay.")
@click.option("--format", "form", type=click.Choice(get_args(Format)), help="Whose columns the file has.")
@click.option("--dry-run", is_flag=True, help="Read, check and count, and store nothing.")
@click.option("--approve", metavar="HASH", default="", help="Lift the limit for the file with this hash, as it is now.")
@as_json
@everything
@click.pass_context
def students(
    ctx: click.Context,
    /,
    file: Path | None,
    form: str | None,
    *,
    drop_zone: bool,
    linger: float,
    as_json: bool,
    everything: bool,
    **asked: Any,  # noqa: ANN401 - as Order has them
) -> None:
    """Import the students of FILE, all of them or none: CSV of many kinds, or a OneRoster bundle.

    What is there already is held against it: students are added and changed, and leave when they are not in it. Ends
    with status 65 where a row is bad, and names each; with 3 where more would leave than the limit allows.
    """
    if drop_zone == (file is not None) or (drop_zone and asked["approve"]) or (file is not None and linger):
        raise click.UsageError("name a FILE, or say --drop-zone; --approve is for one FILE, --linger for the drop zone")
    settings = settings_of(ctx)
    order = _order(settings, form, asked)
    _be_quiet_on_terminals(ctx)
    with JobLock(settings.state.path, LOCK), store_of(settings) as store:
        if file is None:
            with DropZone(zones.place(settings.state.path, order.options), order.options.settle_seconds) as zone:
                found = zones.take_all(zone, store.rosters, order, program(ctx), SystemClock(), linger)
        else:
            order = msgspec.structs.replace(order, command=again(program(ctx), str(file), order))
            with open_roster(file) as roster:
                found = [import_students(store.rosters, roster, order)]
    with reader_may_leave():
        _show(found, as_json=as_json, everything=everything)
    if error := zones.worst(found):
        raise error


def _order(settings: Settings, form: str | None, asked: dict[str, Any]) -> Order:
    options = settings.imports.students
    if form is not None:
        options = msgspec.structs.replace(options, format=form)
    return Order(options=options, today=_today(), **asked)


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _be_quiet_on_terminals(ctx: click.Context) -> None:
    """Leave out the records of what is printed, for a person at a terminal."""
    if ctx.find_root().obj["log"] == "auto" and sys.stderr.isatty():
        for module in (zones, student_import):
            module.log.setLevel(logging.CRITICAL)


def _show(found: list[Imported], *, as_json: bool, everything: bool) -> None:
    if as_json:
        print_json([_plain(done) for done in found])
    elif not is_the_journal(sys.stdout):
        # The journal has the records, without personal data.
        for done in found:
            _show_one(done, everything=everything)
        if not found:
            say("Nothing to import.")


def _plain(done: Imported) -> dict[str, Any]:
    fields = {name: getattr(done, name) for name in done.__struct_fields__}
    error = {"code": done.error.code, "message": done.error.sentence} if done.error else None
    return fields | {"error": error}


def _show_one(done: Imported, *, everything: bool) -> None:
    shown = done.problems if everything else done.problems[:FIRST]
    rows = ([problem.file, str(problem.row), problem.column or "-", problem.reason] for problem in shown)
    print_table(["file", "row", "column", "what is wrong"], rows)
    if len(shown) < done.problem_count:
        hint = "" if everything else f"; --all lists {len(done.problems):,}"
        say(f"... and {done.problem_count - len(shown):,} more{hint}.")
    if done.error is None:
        extent = f" of {done.school}" if done.school else ""
        say(f"{done.file} ({done.format}, {done.extent}{extent}): {summary(done)}.")
    elif done.error.told:  # one of many in the drop zone
        say(f"{done.result}: {done.error.sentence}")
    if done.result == "planned" and done.approval:
        say(f"Its hash is {done.approval}.")
