"""Columns of cells into people: each cell checked, doubles found, those left out who are not asked for."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import compress, repeat
from typing import Any, NamedTuple

from syncd.host.problems import Problems, shown
from syncd.systems.rosters.cells import Complain, Words, addresses, meaning_of, texts, year_of
from syncd.systems.rosters.dialects import ORG_UNIT
from syncd.systems.rosters.grades import KNOWN, grade_of, graduation_year
from syncd.systems.rosters.options import RosterFileOptions
from syncd.systems.rosters.person import FIELDS, Person
from syncd.systems.rosters.unique import Unique

Columns = Mapping[str, Sequence[str]]
"""Field to its cells."""

_DEFAULTS: Mapping[str, object] = {"graduation_year": 0, "role": "student", "active": True}
_NEVER_EMPTY = ("role", "active")


class Reading(NamedTuple):
    """What is asked of a file: the options, the day it is read on, and the one school it is for, if it is."""

    options: RosterFileOptions
    today: date
    school: str = ""


class _Rows:
    """The rows of one batch: their numbers, and which of them are bad."""

    def __init__(self, file: str, headers: Mapping[str, str], rows: Sequence[int], problems: Problems) -> None:
        self.numbers = rows
        self._file = file
        self._headers = headers
        self._problems = problems
        self._bad: set[int] = set()

    def complain(self, field: str) -> Complain:
        """Return what names a bad cell of a field."""

        def add(at: int, reason: str) -> None:
            self._bad.add(at)
            self._problems.add(self._file, self.numbers[at], self._headers.get(field, field), reason)

        return add

    def good(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return columns without the bad rows."""
        if not self._bad:
            return columns
        kept = [at not in self._bad for at in range(len(self.numbers))]
        return [list(compress(column, kept)) for column in columns]


class Assembly:
    """Makes people out of the batches of one file."""

    def __init__(
        self,
        file: str,
        source: str,
        headers: Mapping[str, str],
        reading: Reading,
        *,
        active: Mapping[str, bool],
        roles: Mapping[str, str],
        school_year_ends: int = 0,
    ) -> None:
        """Prepare for a file.

        ``headers``: field to what its column is called there; ``active`` and ``roles``: what the words of these
        columns mean; ``school_year_ends``: the year, where the file itself tells it.
        """
        options = reading.options
        self.skipped: Counter[str] = Counter()
        self._file, self._source, self._headers = file, source, headers
        self._school = reading.school
        self._required = tuple(dict.fromkeys(("id", *options.required)))
        self._wanted = frozenset(options.roles)
        self._ids, self._names, self._emails = Unique(), Unique(any_case=True), Unique(any_case=True)
        self._roles = Words(meaning_of(roles), "is no role that syncd knows")
        self._active = Words(meaning_of(active), "does not say whether somebody is active")
        self._years = Words(year_of, "is no year of four digits")
        ends = school_year_ends or options.school_year.ends(reading.today)
        self._grades = Words(_graduation(options.grades, ends), f"is no grade; known are {KNOWN}")
        self._units = Words(_within(options.org_units), "")

    def people(self, numbers: Sequence[int], columns: Columns, problems: Problems) -> list[Person]:
        """Return the people of some rows; bad ones are told to ``problems`` and left out."""
        rows = _Rows(self._file, self._headers, numbers, problems)
        found: dict[str, Sequence[Any]] = {}
        if ORG_UNIT in columns:
            columns, rows = self._taken(
                columns, rows, problems, self._units.read(columns[ORG_UNIT], _ignore), "org unit"
            )
        if "role" in columns:
            roles = self._roles.read(columns["role"], rows.complain("role"))
            taken = [role is None or role in self._wanted for role in roles]
            columns, rows = self._taken(columns, rows, problems, taken, "role")
            found["role"] = list(compress(roles, taken))
        elif "student" not in self._wanted:
            self.skipped["role"] += len(numbers)
            return []
        found |= self._values(columns, rows)
        self._check(found, rows)
        count = len(rows.numbers)
        values = [found[field] if field in found else [_DEFAULTS.get(field, "")] * count for field in FIELDS]
        return list(map(Person, *rows.good(values), repeat(self._source)))

    def _taken(
        self, columns: Columns, rows: _Rows, problems: Problems, taken: Sequence[bool], why: str
    ) -> tuple[Columns, _Rows]:
        left = len(taken) - sum(taken)
        if not left:
            return columns, rows
        self.skipped[why] += left
        kept = {field: list(compress(cells, taken)) for field, cells in columns.items()}
        return kept, _Rows(self._file, self._headers, list(compress(rows.numbers, taken)), problems)

    def _values(self, columns: Columns, rows: _Rows) -> dict[str, Sequence[Any]]:
        """Return the values of all columns but the role."""
        found: dict[str, Sequence[Any]] = {}
        for field in ("id", "given_name", "family_name", "user_name", "grade", "school", "advisor"):
            if field in columns:
                found[field] = texts(columns[field], rows.complain(field))
        if "email" in columns:
            found["email"] = addresses(columns["email"], rows.complain("email"))
        if "active" in columns:
            found["active"] = self._active.read(columns["active"], rows.complain("active"))
        if "graduation_year" in columns:
            found["graduation_year"] = self._years.read(columns["graduation_year"], rows.complain("graduation_year"))
        if "grade" in found:
            counted = self._grades.of(found["grade"], rows.complain("grade"))
            given = found.get("graduation_year")
            found["graduation_year"] = [a or b for a, b in zip(given, counted, strict=True)] if given else counted
        return found

    def _check(self, found: dict[str, Sequence[Any]], rows: _Rows) -> None:
        """Look for what is empty or double, and for people of another school."""
        numbers = rows.numbers
        for field in self._required:
            empty = _DEFAULTS.get(field, "")
            values = found[field] if field in found else [empty] * len(numbers)
            if field not in _NEVER_EMPTY and empty in values:
                complain = rows.complain(field)
                for at in [at for at, value in enumerate(values) if value == empty]:
                    complain(at, "is empty")
        for field, unique in (("id", self._ids), ("user_name", self._names), ("email", self._emails)):
            if field in found:
                unique.add(found[field], numbers, rows.complain(field))
        if self._school:
            others = found.get("school", [""] * len(numbers))
            found["school"] = [self._school] * len(numbers)
            complain = rows.complain("school")
            for at, school in enumerate(others):
                if school and school.casefold() != self._school.casefold():
                    complain(at, f"is {shown(school)}, and this import is for {shown(self._school)} only")


def _ignore(_at: int, _reason: str) -> None:
    """Take no offence: an org unit is looked at and not kept."""


def _graduation(more: Mapping[str, str], ends: int) -> Callable[[str], int | None]:
    """Return what tells the graduation year of a grade: 0 where there is none, None where there is no such grade."""

    def year(text: str) -> int | None:
        if not text:
            return 0
        grade = grade_of(text, more)
        return None if grade is None else graduation_year(grade, ends) or 0

    return year


def _within(units: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether an org unit is one of these or below one; all are where none is named."""
    roots = [unit.casefold().rstrip("/") for unit in units]

    def inside(unit: str) -> bool:
        path = unit.casefold().rstrip("/")
        return not roots or any(path == root or path.startswith(f"{root}/") for root in roots)

    return inside
