"""Import students: read a roster, hold it against the one that is kept, and keep it whole or not at all."""

import hashlib
import logging
import shlex
from collections.abc import Iterator
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from syncd.host.errors import DataError, IntegrationError, Refused
from syncd.host.garbage import no_garbage
from syncd.host.problems import Problems
from syncd.jobs.importing import Outcome, Result
from syncd.reconcile.guard import SHORTEST_APPROVAL, Limit, allowed
from syncd.state.rosters import Counts, Import, Rosters
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.opening import Opened, open_roster, opened
from syncd.systems.rosters.options import StudentImportOptions
from syncd.systems.rosters.person import FIELDS, Source

ROSTER = "students"
SETTING = "imports.students.shrink_percent"

_VALUES = attrgetter(*FIELDS)

log = logging.getLogger(__name__)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, besides the file.

    ``partial``: nobody leaves. ``school``: the file is for one school. ``dry_run``: change nothing. ``approve``: the
    hash that lifts the limit for this file. ``command``: how to import it again, to which a refusal adds the hash.
    """

    options: StudentImportOptions
    today: date
    partial: bool = False
    school: str = ""
    dry_run: bool = False
    approve: str = ""
    command: str = "syncd import students FILE"

    @property
    def reading(self) -> Reading:
        """How files are to be read."""
        return Reading(self.options, self.today, self.school)


class Imported(Outcome, frozen=True, kw_only=True):
    """What became of one roster."""

    format: str = ""
    extent: str = ""
    school: str = ""
    counts: Counts = Counts()
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    approval: str = ""

    @property
    def summary(self) -> str:
        """What became of the file, in one clause."""
        counts = self.counts
        if self.result == "unchanged":
            return f"the same content as in the last import, {counts.rows:,} students; nothing to do"
        told = f"{counts.rows:,} students, {counts.added:,} added, {counts.changed:,} changed, {counts.left:,} left"
        skipped = "".join(f", {number:,} left out by {why}" for why, number in self.skipped.items())
        return f"{'planned, nothing was stored' if self.result == 'planned' else self.result}: {told}{skipped}"

    @property
    def kind(self) -> str:
        """How the file was read."""
        return f"{self.format}, {self.extent}{f' of {self.school}' if self.school else ''}"


class StudentImporter:
    """Imports rosters. ``program``: how syncd was called, for the command that imports a file once more."""

    def __init__(self, rosters: Rosters, order: Order, program: str) -> None:
        self.dry_run = order.dry_run
        self._rosters = rosters
        self._order = order
        self._program = program

    def by_path(self, path: Path) -> Imported:
        """Import the file, or the folder, that somebody named."""
        with open_roster(path) as roster:
            return self._import(roster, path)

    def opened(self, file: BinaryIO, name: str, path: Path) -> Imported:
        """Import a file of a drop zone."""
        return self._import(opened(file, name), path)

    def not_opened(self, name: str, result: Result, error: IntegrationError) -> Imported:
        """Return the outcome of a file that could not be opened, or was not whole."""
        return Imported(file=name, result=result, error=error)

    def _import(self, roster: Opened, path: Path) -> Imported:
        command = again(self._program, str(path), self._order)
        return import_students(self._rosters, roster, msgspec.structs.replace(self._order, command=command))


def import_students(rosters: Rosters, roster: Opened, order: Order) -> Imported:
    """Import one roster; what is wrong with the file, and a limit that holds it up, are in the result.

    Raises what is wrong with the options or the store, and Unavailable for a file that changed while it was read.
    """
    order = msgspec.structs.replace(order, school=rosters.spelling(ROSTER, order.school))
    problems = Problems()
    try:
        with no_garbage():  # a roster is rows, and rows make no cycles
            done = _merge(rosters, roster, order, problems)
    except (DataError, Refused) as error:
        if error.code.startswith("state."):
            raise
        return Imported(
            file=roster.name,
            result="refused" if isinstance(error, Refused) else "rejected",
            school=order.school,
            problems=list(problems),
            problem_count=problems.count,
            error=error,
        )
    extra = {"message_id": "ROSTER_READ", "syncd": {"OBJECT": done.file}}
    log.info("%s: %s", done.file, done.summary, extra=extra)
    return done


def _merge(rosters: Rosters, roster: Opened, order: Order, problems: Problems) -> Imported:
    source = roster.source(order.reading)
    new = _import_of(source, roster.name, order)
    told = Imported(file=roster.name, result="unchanged", format=source.format, extent=new.extent, school=order.school)
    last = rosters.last(ROSTER)
    if last is not None and _same(last, new):
        return msgspec.structs.replace(told, counts=Counts(rows=last.counts.rows, unchanged=last.counts.rows))
    approval = _approval(new, last)
    if order.approve:
        _check_approval(order.approve, approval, roster.name)

    def keep(counts: Counts) -> bool:
        roster.whole()
        _check_rows(problems, counts, new)
        if not order.approve:
            _check_limit(counts, new, order, approval)
        return not order.dry_run

    counts = rosters.take(new, _rows(source, problems), keep)
    result: Result = "planned" if order.dry_run else "imported"
    return msgspec.structs.replace(
        told, result=result, counts=counts, skipped=dict(source.skipped), approval=approval if order.dry_run else ""
    )


def _import_of(source: Source, name: str, order: Order) -> Import:
    return Import(
        roster=ROSTER,
        scope=order.school,
        extent="full" if source.complete and not order.partial else "partial",
        content=source.content,
        reading=_how(order),
        file=name,
        format=source.format,
    )


def _rows(source: Source, problems: Problems) -> Iterator[list[tuple[Any, ...]]]:
    """Yield people as the store takes them. After the first problem the rest is only looked through."""
    for batch in source.people(problems):
        if not problems:
            yield list(map(_VALUES, batch))


# -- what may be kept


def _check_rows(problems: Problems, counts: Counts, new: Import) -> None:
    if problems:
        raise DataError(
            f"{new.file} has {problems.count:,} bad {'cells' if problems.count > 1 else 'cell'}, nothing was stored: "
            f"{problems.places(5)}. Correct them at their source and export again.",
            code="roster.bad_rows",
            object=new.file,
        )
    if not counts.rows and new.extent == "full":
        raise DataError(
            f"{new.file} has a header and no students; nothing was stored.", code="roster.no_rows", object=new.file
        )


def _check_limit(counts: Counts, new: Import, order: Order, approval: str) -> None:
    percent = order.options.shrink_percent
    most = allowed(Limit(percent=percent, count=counts.before), counts.before)
    if counts.moved > most:
        raise Refused(
            f"Refused, nothing was stored: by {new.file} {counts.moved:,} active students of other schools would be of "
            f"{new.scope}, and the limit is {most:,} ({SETTING} = {percent:g}). If {new.scope} is the right school and "
            f"the ids are those of the whole roster, approve it: {order.command} --approve {approval}",
            code="roster.refused",
            operation="import students",
            object=new.file,
        )
    if counts.lost <= most:
        return
    whose = f"of {new.scope}" if new.scope else "of the roster"
    raise Refused(
        f"Refused, nothing was stored: by {new.file} {counts.lost:,} of the {counts.before:,} active students {whose} "
        f"would leave, and the limit is {most:,} ({SETTING} = {percent:g}). If it is a part of the roster, say "
        "--partial, or --school NAME for all of one school. If it is right, approve it: "
        f"{order.command} --approve {approval}",
        code="roster.refused",
        operation="import students",
        object=new.file,
    )


def _check_approval(given: str, approval: str, name: str) -> None:
    if len(given) >= SHORTEST_APPROVAL and approval.startswith(given.lower()):
        return
    raise Refused(
        f"The approval {given[:64]} is not for {name} and the roster as they are now, nothing was stored: import it "
        "again without one, and approve the hash that is told then",
        code="roster.wrong_approval",
        operation="import students",
        object=name,
    )


def _approval(new: Import, last: Import | None) -> str:
    """Return what stands for this file, read this way, after that import."""
    parts = (new.content, new.reading, new.scope, new.extent, str(last.id if last else 0))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _how(order: Order) -> str:
    """Return the SHA-256 of all that decides what people a content stands for."""
    options = msgspec.structs.replace(
        order.options, shrink_percent=0.0, settle_seconds=0.0, school_year_starts="01-01", drop_zone=""
    )
    year = order.options.school_year.ends(order.today)
    return hashlib.sha256(msgspec.json.encode([options, year], order="deterministic")).hexdigest()


def _same(last: Import, new: Import) -> bool:
    given = ("content", "reading", "scope", "extent")
    return all(getattr(last, name) == getattr(new, name) for name in given)


def again(program: str, path: str, order: Order) -> str:
    """Return the command that imports a file in the same way."""
    flags = ["--partial"] if order.partial else []
    flags += ["--school", order.school] if order.school else []
    return f"{program} import students {shlex.join([path, *flags])}"
