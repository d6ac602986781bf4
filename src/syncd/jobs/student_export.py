"""Export students: the people of the roster, each with the devices that RT says he or she holds.

Sources: the roster that imports keep, and the assets, users and transactions of Request Tracker. Nothing is changed in
either. Rows come one by one, so that their number does not matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from syncd.host.errors import DataError
from syncd.host.plain_files import is_folder
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.holdings import Device, Holdings
from syncd.jobs.exporting.options import StudentExportOptions
from syncd.jobs.exporting.pseudonyms import Pseudonyms
from syncd.jobs.exporting.sheets import Cell
from syncd.jobs.student_import import ROSTER
from syncd.state.rosters import FIELDS, Rosters, Row
from syncd.state.scratch import Scratch

NAME = "export students"
LOCK = "export-students"

_HELD = ("device_count", "asset_names", "serials", "checked_out")
COLUMNS = (*FIELDS, *_HELD)
"""The columns of every export; the fields of the roster are those that an import takes."""

ANONYMOUS = ("pseudonym", "grade", "graduation_year", "school", "role", "active", "device_count", "checked_out")
"""The columns of every anonymised export: no names, and nothing that is written on a device."""

_YEAR, _ACTIVE = FIELDS.index("graduation_year"), FIELDS.index("active")
_COUNT = COLUMNS.index("device_count")
_KEPT = tuple(COLUMNS.index(name) for name in ANONYMOUS[1:])

Cells = Sequence[Cell]


class Tally(msgspec.Struct):
    """What an export has written so far."""

    people: int = 0
    with_devices: int = 0
    devices: int = 0

    def count(self, row: Cells) -> Cells:
        """Count a row, and return it."""
        number = row[_COUNT]
        assert isinstance(number, int)
        self.people += 1
        self.with_devices += bool(number)
        self.devices += number
        return row


class StudentExport:
    """An export that has read all that it needs of others."""

    def __init__(self, rosters: Rosters, holdings: Holdings, school: str, pseudonyms: Pseudonyms | None) -> None:
        self.tally = Tally()
        self.header: Sequence[str] = COLUMNS if pseudonyms is None else ANONYMOUS
        self._rosters = rosters
        self._holdings = holdings
        self._school = school
        self._pseudonyms = pseudonyms

    def rows(self) -> Iterator[Cells]:
        """Yield the rows: by id, those of an anonymised export by pseudonym."""
        people = self._rosters.people(ROSTER, school=self._school)
        rows = map(self.tally.count, joined(people, self._holdings.by_person()))
        return rows if self._pseudonyms is None else anonymised(rows, self._pseudonyms.of)


@contextmanager
def open_export(
    options: StudentExportOptions, context: RunContext, *, school: str = "", anonymous: bool = False
) -> Iterator[StudentExport]:
    """Read RT, and return what is to be written.

    ``school``: only its students. Raises DataError (``roster.none``, ``roster.no_school``) where there is nobody.
    """
    rosters = context.store.rosters
    school = _known_school(rosters, school)
    pseudonyms = Pseudonyms(context.store.path.parent) if anonymous else None
    with Holdings(rosters.people(ROSTER)) as holdings:
        read_holdings(holdings, options, context)
        yield StudentExport(rosters, holdings, school, pseudonyms)


def read_holdings(holdings: Holdings, options: StudentExportOptions, context: RunContext) -> None:
    """Find out in RT who holds what."""
    with ExitStack() as stack:
        holdings.read(rt_of(stack, context, NAME), options, context)


def need_roster(rosters: Rosters) -> None:
    """Raise DataError ``roster.none`` where no roster was imported yet."""
    if rosters.last(ROSTER) is None:
        raise DataError("there is no roster yet; import one: syncd import students FILE.", code="roster.none")


def _known_school(rosters: Rosters, school: str) -> str:
    """Return a school as the roster spells it, once it is sure that somebody is of it."""
    need_roster(rosters)
    spelled = rosters.spelling(ROSTER, school)
    people = rosters.people(ROSTER, school=spelled)
    if school and next(people, None) is None:
        raise DataError(
            f"nobody of the roster is of the school {school!r}; look at the column school of an export without "
            "--school.",
            code="roster.no_school",
            object=school,
        )
    return spelled


# -- rows


def joined(people: Iterable[Row], held: Iterable[tuple[str, list[Device]]]) -> Iterator[Cells]:
    """Yield a row for each person; both come by rising ids."""
    holders = iter(held)
    person, devices = next(holders, ("", []))
    for row in people:
        while person and person < row[0]:
            person, devices = next(holders, ("", []))
        yield _row(row, devices if person == row[0] else [])


def _row(person: Row, devices: Sequence[Device]) -> Cells:
    cells = [*person, len(devices), *([device[at] for device in devices] for at in range(len(Device._fields)))]
    cells[_YEAR] = str(person[_YEAR] or "")
    cells[_ACTIVE] = "yes" if person[_ACTIVE] else "no"
    return cells


def anonymised(rows: Iterable[Cells], pseudonym: Callable[[str], str]) -> Iterator[Cells]:
    """Yield rows with a pseudonym and without what names somebody; in its order, since that of the ids would tell."""
    with Scratch("CREATE TABLE rows (pseudonym TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID;") as scratch:
        encode, decode = msgspec.json.encode, msgspec.json.Decoder(list[int | str | list[str]]).decode
        made = ((pseudonym(str(row[0])), encode([row[at] for at in _KEPT])) for row in rows)
        scratch.fill("INSERT INTO rows VALUES (?, ?)", made)
        for name, row in scratch.read("SELECT pseudonym, row FROM rows ORDER BY pseudonym"):
            yield [name, *decode(row)]


def told(tally: Tally) -> str:
    """Return what was written, in one clause."""
    return f"{tally.people:,} students, {tally.with_devices:,} with {tally.devices:,} devices"


def file_name(*, anonymous: bool, suffix: str) -> str:
    """Return how an export is called in a folder."""
    return f"students{'-anonymous' if anonymous else ''}.{suffix}"


def in_folder(target: Path, name: str) -> Path:
    """Return where an export goes: into a folder under its own name."""
    return target / name if is_folder(target) else target
