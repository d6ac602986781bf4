"""A OneRoster CSV bundle, version 1.1 or 1.2, read by the standard's own file and column names.

1EdTech, "OneRoster: CSV Binding" 1.1 and 1.2.1. Of the files these are read: manifest, users, roles (1.2 only), orgs,
and for the advisor, who is the teacher of the student's present homeroom class, classes, enrollments and
academicSessions.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from syncd.host.errors import DataError, Unavailable
from syncd.host.problems import Problems
from syncd.systems.rosters.assembly import Assembly, Reading
from syncd.systems.rosters.bundle import Bundle, zip_explained
from syncd.systems.rosters.dialects import Dialect, places
from syncd.systems.rosters.grades import grade_of
from syncd.systems.rosters.person import Person
from syncd.systems.rosters.table import Batch, Table

USERS = Dialect(
    "oneroster",
    ("id", "given_name", "family_name"),
    {
        "id": ("identifier", "sourcedId"),
        "given_name": ("givenName",),
        "family_name": ("familyName",),
        "user_name": ("username",),
        "email": ("email",),
        "grade": ("grades",),
        "active": ("enabledUser",),
    },
    {"": True, "true": True, "1": True, "false": False, "0": False},
)
ROLES: Mapping[str, str] = {
    "student": "student",
    **dict.fromkeys(("teacher", "administrator", "aide", "principal", "counselor", "proctor"), "staff"),
    **dict.fromkeys(("districtadministrator", "siteadministrator", "systemadministrator"), "staff"),
    **dict.fromkeys(("", "parent", "guardian", "relative"), "other"),
}
_GONE = "tobedeleted"


class _Standing(NamedTuple):
    """What roles.csv says of a user."""

    role: str
    org: str


class OneRoster:
    """A source that is a OneRoster bundle; the bundle stays open until the people are read."""

    format = "oneroster"

    def __init__(self, bundle: Bundle, reading: Reading) -> None:
        """Look through the files. Raises DataError as ``Table`` does, and ``roster.bundle``."""
        self._bundle = bundle
        self._reading = reading
        self._digests: dict[str, bytes] = {}
        self._aside = Problems()
        self.complete = self._kind() == "bulk"
        orgs = self._rows("orgs.csv", ("sourcedId", "name", "type"))
        self._schools = {key: name for key, name, kind in orgs if kind.strip().casefold() == "school"}
        self._standings = self._read_standings()
        self._year, self._advisors = self._read_homerooms()
        with self._table("users.csv") as table:
            self._places = self._find_columns(table)
            self._header = table.header
        headers = {field: self._header[place] for field, place in self._places.items()} | {"role": "role"}
        self._assembly = Assembly(
            "users.csv",
            self.format,
            headers,
            reading,
            active=USERS.active,
            roles=ROLES,
            school_year_ends=self._year,
        )

    def _kind(self) -> str:
        """Return whether the manifest says that the users are all there are (``bulk``) or changes (``delta``)."""
        manifest = {name: value for name, value, *_ in self._rows("manifest.csv", ("propertyName", "value"))}
        kind = manifest.get("file.users", "bulk").strip().casefold()
        if kind not in ("bulk", "delta") or "users.csv" not in self._bundle.names():
            raise DataError(
                f"{self._bundle.name} has no users.csv, or its manifest says that it is {kind}; a OneRoster bundle "
                "with users is needed.",
                code="roster.bundle",
                object=self._bundle.name,
            )
        return kind

    @property
    def content(self) -> str:
        """The SHA-256 of the files that were read, in hex."""
        parts = (name.encode() + digest for name, digest in sorted(self._digests.items()))
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many were left out so far, by why."""
        return self._assembly.skipped

    def people(self, problems: Problems) -> Iterator[Sequence[Person]]:
        """Yield the people of users.csv, some at a time."""
        for problem in self._aside:
            if problem.file != "users.csv":  # which is read for the advisors too, and again now
                problems.add(problem.file, problem.row, problem.column, problem.reason)
        with self._table("users.csv") as table:
            for batch in table.batches(problems):
                yield self._assembly.people(batch.rows, self._columns(table, batch), problems)

    # -- users

    def _columns(self, table: Table, batch: Batch) -> dict[str, Sequence[str]]:
        """Return the cells of each field, with what the other files say."""
        keys, own, status, primary, orgs = (
            _column(table, batch, name)
            for name in ("sourcedId", "role", "status", "primaryOrgSourcedId", "orgSourcedIds")
        )
        found = {field: batch.columns[place] for field, place in self._places.items()}
        found["id"] = [number.strip() or key for number, key in zip(found["id"], keys, strict=True)]
        found["role"] = self._roles(keys, own)
        found.setdefault("school", self._school_names(keys, primary, orgs))
        found.setdefault("advisor", [self._advisors.get(key, "") for key in keys])
        enabled = found.get("active", [""] * len(keys))
        found["active"] = ["false" if _gone(state) else word for state, word in zip(status, enabled, strict=True)]
        if "grade" in found:
            found["grade"] = [self._grade(text) for text in found["grade"]]
        return found

    def _find_columns(self, table: Table) -> dict[str, int]:
        found = places(table, USERS, self._reading.options)
        missing = [USERS.columns[field][0] for field in USERS.telling if field not in found]
        if not self._standings and table.place("role") is None:
            missing.append("role (1.2 has it in roles.csv)")
        if missing:
            raise DataError(
                f"{self._bundle.name}: users.csv lacks the column {', '.join(missing)}; export a whole OneRoster 1.1 "
                "or 1.2 bundle.",
                code="roster.bundle",
                object=self._bundle.name,
            )
        return found

    def _roles(self, keys: Sequence[str], own: Sequence[str]) -> list[str]:
        if not self._standings:
            return list(own)
        return [
            self._standings[key].role if key in self._standings else role for key, role in zip(keys, own, strict=True)
        ]

    def _school_names(self, keys: Sequence[str], primary: Sequence[str], orgs: Sequence[str]) -> list[str]:
        """Return the first school of each user: that of the primary org, of the role, of the list of orgs."""
        return [
            next((self._schools[org] for org in (one, self._org_of(key), *_parts(several)) if org in self._schools), "")
            for key, one, several in zip(keys, primary, orgs, strict=True)
        ]

    def _org_of(self, key: str) -> str:
        return self._standings[key].org if key in self._standings else ""

    def _grade(self, text: str) -> str:
        """Return the highest of several grades, as it was written."""
        if "," not in text:
            return text
        more = self._reading.options.grades
        known = [(grade.years_left, part) for part in text.split(",") if (grade := grade_of(part, more))]
        ranked = [(left, part) for left, part in known if left is not None]
        return min(ranked)[1].strip() if ranked else text

    # -- the other files

    @contextmanager
    def _table(self, name: str) -> Iterator[Table]:
        options = self._reading.options
        with zip_explained(self._bundle.name), closing(self._bundle.open(name)) as file:
            table = Table(file, name, "" if options.encoding == "auto" else options.encoding)
            if self._digests.setdefault(name, table.digest) != table.digest:
                raise Unavailable(
                    f"{self._bundle.name}: {name} changed while it was read, nothing was stored; import it again when "
                    "it is whole.",
                    code="file.changed",
                    object=self._bundle.name,
                )
            yield table

    def _rows(self, name: str, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield some columns of a file, empty where it has them not; nothing where there is no such file.

        What is ragged in these files is told with the people: by half of roles.csv, half of the people would leave.
        """
        if name not in self._bundle.names():
            return
        with self._table(name) as table:
            found = [table.place(column) for column in columns]
            for batch in table.batches(self._aside):
                nothing = [""] * len(batch.rows)
                yield from zip(*(nothing if at is None else batch.columns[at] for at in found), strict=True)

    def _read_standings(self) -> dict[str, _Standing]:
        """Return the standing of each user by roles.csv; a primary role goes before others."""
        found: dict[str, _Standing] = {}
        shared: dict[tuple[str, str], _Standing] = {}
        names = ("userSourcedId", "role", "roleType", "orgSourcedId", "status")
        for user, role, kind, org, status in self._rows("roles.csv", names):
            if not _gone(status) and (user not in found or kind.casefold() == "primary"):
                found[user] = shared.setdefault((role, org), _Standing(role, org))
        return found

    def _read_homerooms(self) -> tuple[int, dict[str, str]]:
        """Return the year in which the present school year ends, 0 if unknown, and the advisor of each student."""
        today = self._reading.today.isoformat()
        names = ("sourcedId", "type", "startDate", "endDate", "schoolYear", "status")
        year, present, known = 0, set[str](), set[str]()
        for key, kind, start, end, ends, status in self._rows("academicsessions.csv", names):
            known.add(key)
            if start[:10] <= today <= end[:10] and not _gone(status):
                present.add(key)
                year = int(ends) if kind.casefold() == "schoolyear" and ends.isdecimal() else year
        homerooms = {
            key
            for key, kind, terms, status in self._rows(
                "classes.csv", ("sourcedId", "classType", "termSourcedIds", "status")
            )
            if kind.casefold() == "homeroom"
            and not _gone(status)
            and (not known or present.intersection(_parts(terms)))
        }
        return year, self._read_advisors(homerooms) if homerooms else {}

    def _read_advisors(self, homerooms: set[str]) -> dict[str, str]:
        """Return the name of the teacher of each student's homeroom; a primary teacher goes before others."""
        teachers: dict[str, str] = {}
        rooms: dict[str, str] = {}
        names = ("classSourcedId", "userSourcedId", "role", "primary", "status")
        for room, user, role, primary, status in self._rows("enrollments.csv", names):
            if room not in homerooms or _gone(status):
                continue
            if role.casefold() == "student":
                rooms[user] = room
            elif role.casefold() == "teacher" and (room not in teachers or primary.casefold() == "true"):
                teachers[room] = user
        wanted = set(teachers.values())
        called = {
            key: f"{given} {family}".strip()
            for key, given, family in self._rows("users.csv", ("sourcedId", "givenName", "familyName"))
            if key in wanted
        }
        return {user: called.get(teachers.get(room, ""), "") for user, room in rooms.items()}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _gone(status: str) -> bool:
    """Return whether a record is one that a delta takes away."""
    return status.strip().casefold() == _GONE


def _column(table: Table, batch: Batch, name: str) -> Sequence[str]:
    place = table.place(name)
    return [""] * len(batch.rows) if place is None else batch.columns[place]
