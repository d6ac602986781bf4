"""The people of a synthetic district: a roster, the users that RT and Google have for it, and where they differ.

Nothing here is real: domains ``example.org`` and ``example.net``. Names are those of the fleet's district.
"""

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from syncd.sandbox.district import FAMILY, GIVEN, ORG_UNITS
from syncd.sandbox.records import DOMAIN, User

GoogleUser = dict[str, Any]
Row = dict[str, str]

COLUMNS = ("student_id", "first_name", "last_name", "username", "email", "grade", "school", "advisor")
"""The columns of the roster."""

MINIMUM = 40
SCHOOL_YEAR_ENDS = 2027
_LAST_GRADE = 12
_SCHOOLS = ("Elementary", "Middle School", "High School")
_TITLES = (("Teacher", "Mathematics"), ("Teacher", "Languages"), ("Librarian", "Library"), ("Counselor", "Guidance"))
_LEFT_IN_GOOGLE: tuple[GoogleUser, ...] = ({"suspended": True, "suspensionReason": "ADMIN"}, {"archived": True})


@dataclass(frozen=True, slots=True)
class PersonCase:
    """One disagreement: its kind, the student (empty where the roster has none), and the RT users that are part."""

    kind: str
    student_id: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class People:
    """A roster and both sides. ``students`` are its rows by ``COLUMNS``; the other two are what RT and Google have.

    ``org_units`` are Google's for the students, besides those of the fleet.
    """

    seed: int
    students: list[Row]
    rt_users: list[User]
    google_users: list[GoogleUser]
    org_units: tuple[GoogleUser, ...]
    cases: tuple[PersonCase, ...]

    @cached_property
    def expected(self) -> Mapping[str, int]:
        """How many cases there are of each kind, 0 where none."""
        counts = dict.fromkeys(KINDS, 0)
        for case in self.cases:
            counts[case.kind] += 1
        return counts

    def of_kind(self, kind: str) -> list[PersonCase]:
        """Return the cases of one kind."""
        return [case for case in self.cases if case.kind == kind]

    def google_groups(self, owner: str) -> dict[str, list[GoogleUser]]:
        """Return a group of Google for each school, and its members; the user ``owner`` owns all of them.

        Two students are not in the group of their school yet, and one of another school is still in it.
        """
        ids = {user["primaryEmail"]: user["id"] for user in self.google_users}
        groups: list[GoogleUser] = []
        members: list[GoogleUser] = []
        for number, school in enumerate(_SCHOOLS):
            group = f"03syn{number:010d}"
            address = f"{school.lower().replace(' ', '-')}@{DOMAIN}"
            groups.append({"kind": "admin#directory#group", "id": group, "email": address, "name": school})
            inside = [ids[row["email"]] for row in self.students if row["school"] == school and row["email"] in ids]
            others = [ids[row["email"]] for row in self.students if row["school"] != school and row["email"] in ids]
            roles = {owner: "OWNER", **dict.fromkeys([*inside[2:], *others[:1]], "MEMBER")}
            members += [{"group": group, "id": who, "role": role, "type": "USER"} for who, role in roles.items()]
        return {"groups": groups, "members": members}

    def csv(self) -> str:
        """Return the roster as the file that a school would export."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.students)
        return text.getvalue()


@dataclass
class _Built:
    """What was made for one student or case: rows of the roster, and users of both sides."""

    rows: list[Row] = field(default_factory=list)
    rt: list[User] = field(default_factory=list)
    google: list[GoogleUser] = field(default_factory=list)


@dataclass
class _Student:
    """A student on whom all sides agree: a row of the roster, a user of RT, a user of Google."""

    row: Row
    user: User
    google: GoogleUser

    @property
    def built(self) -> _Built:
        return _Built([self.row], [self.user], [self.google])

    def in_rt(self, *users: User) -> _Built:
        """Return the student with other users in RT."""
        return _Built([self.row], [*users], [self.google])

    def renamed(self, username: str) -> "_Student":
        """Return the same student by another user name."""
        address = f"{username.replace('/', '.')}@{DOMAIN}"
        return _Student(
            self.row | {"username": username, "email": address},
            replace(self.user, login=username, email=address),
            self.google | {"primaryEmail": address},
        )


class _Maker:
    """Makes people who agree, and numbers them."""

    def __init__(self, seed: int, school_year_ends: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made to be repeated, not to be secret
        self.number = 0
        self.advisors = ["", "Ortega, Sam", "Šimek, Jana"]
        self._ends = school_year_ends

    def student(self) -> _Student:
        """Make a student of any grade."""
        self.number += 1
        given, family = self._name()
        grade = self.random.randrange(_LAST_GRADE + 1)
        school = school_of(grade)
        number, username = f"{self.number:07d}", f"p{self.number:06d}"
        row = dict(
            zip(
                COLUMNS,
                (
                    number,
                    given,
                    family,
                    username,
                    f"{username}@{DOMAIN}",
                    spelled(grade),
                    school,
                    self.random.choice(self.advisors),
                ),
                strict=True,
            )
        )
        user = User(username, f"{given} {family}", row["email"], custom_fields=self.fields(number, grade))
        return _Student(row, user, self._google(row["email"], given, family, number, f"/Students/{school}"))

    def fields(self, number: str, grade: int) -> dict[str, str]:
        """Return what RT has in custom fields for a student of a grade (0 is kindergarten)."""
        return {
            "Student ID": number,
            "Grade": spelled(grade),
            "Graduation Year": str(self._ends + _LAST_GRADE - grade),
            "School": school_of(grade),
        }

    def staff(self) -> tuple[User, GoogleUser]:
        """Make a member of staff, who has no student's number in RT."""
        self.number += 1
        given, family = self._name()
        login = f"t{self.number:06d}"
        title, department = self.random.choice(_TITLES)
        google = self._google(f"{login}@{DOMAIN}", given, family, f"E{self.number:06d}", "/Staff")
        google["organizations"] = [{"title": title, "department": department, "primary": True, "customType": ""}]
        return User(login, f"{given} {family}", google["primaryEmail"], privileged=True), google

    def outsider(self) -> User:
        """Make somebody who once wrote to RT: a user named by an address."""
        self.number += 1
        address = f"parent{self.number}@example.net"
        return User(address, "", address, disabled=self.number % 3 == 0)

    def former(self) -> User:
        """Make somebody who left long ago."""
        return replace(self.student().user, disabled=True)

    def _name(self) -> tuple[str, str]:
        return self.random.choice(GIVEN), self.random.choice(FAMILY)

    def _google(self, address: str, given: str, family: str, number: str, unit: str) -> GoogleUser:
        return {
            "kind": "admin#directory#user",
            "id": f"11{self.number:019d}",
            "etag": f'"syn-user/{self.number:x}"',
            "primaryEmail": address,
            "name": {"givenName": given, "familyName": family, "fullName": f"{given} {family}"},
            "isAdmin": False,
            "isDelegatedAdmin": False,
            "suspended": False,
            "archived": False,
            "customerId": "C0synth01",
            "orgUnitPath": unit,
            "creationTime": "2024-08-01T12:00:00.000Z",
            "lastLoginTime": "2026-11-18T07:30:00.000Z",
            "externalIds": [{"value": number, "type": "organization"}],
        }


def spelled(grade: int) -> str:
    """Return a grade as rosters write it; 0 is kindergarten."""
    return str(grade) if grade else "K"


def school_year(today: date) -> int:
    """Return the year in which the school year of a day ends; it begins in August, as imports take it to."""
    return today.year + (today.month >= 8)  # noqa: PLR2004 - August


def school_of(grade: int) -> str:
    """Return the school of a grade, by the names that RT's custom field offers."""
    return _SCHOOLS[0 if grade < 6 else 1 if grade < 9 else 2]  # noqa: PLR2004 - grades


# -- the ways to disagree


def _new(maker: _Maker, _: int) -> _Built:
    return maker.student().in_rt()


def _left(maker: _Maker, turn: int) -> _Built:
    student = maker.student()
    still = [student.google | _LEFT_IN_GOOGLE[turn]] if turn < len(_LEFT_IN_GOOGLE) else []
    return _Built(rt=[student.user], google=still)


def _old_name(student: _Student) -> _Built:
    return student.in_rt(replace(student.user, real_name=f"{student.row['first_name']} Formerly"))


def _changed_name(maker: _Maker, _: int) -> _Built:
    return _old_name(maker.student())


def _changed_grade(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    while student.row["grade"] == "K":
        student = maker.student()
    now = student.user.custom_fields
    last_year = maker.fields(now["Student ID"], int(now["Grade"]) - 1) | {"Graduation Year": now["Graduation Year"]}
    return student.in_rt(replace(student.user, custom_fields=last_year))


def _changed_username(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    return student.renamed(f"{student.row['username']}.new").in_rt(student.user)


def _returned(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    return student.in_rt(replace(student.user, disabled=True))


def _email_taken(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    return student.in_rt(replace(student.user, email=""), User(student.user.email, "", student.user.email))


def _twice_in_rt(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    return student.in_rt(student.user, replace(student.user, login=f"{student.user.login}.old", email=""))


def _other_case(maker: _Maker, _: int) -> _Built:
    student = maker.student()
    return student.in_rt(replace(student.user, login=student.user.login.upper()))


def _digits(maker: _Maker) -> _Student:
    student = maker.student()
    return student.renamed(f"9{student.row['student_id']}")  # a number that no user of RT has


def _slash(maker: _Maker) -> _Student:
    student = maker.student()
    return student.renamed(f"{student.row['username']}/a")


def _digits_name(maker: _Maker, _: int) -> _Built:
    return _old_name(_digits(maker))


def _slash_name(maker: _Maker, _: int) -> _Built:
    return _old_name(_slash(maker))


def _new_digits_name(maker: _Maker, _: int) -> _Built:
    return _digits(maker).in_rt()


def _new_slash_name(maker: _Maker, _: int) -> _Built:
    return _slash(maker).in_rt()


def _privileged_staff(maker: _Maker, _: int) -> _Built:
    student, (user, google) = maker.student(), maker.staff()
    built = student.in_rt(replace(user, custom_fields={"Student ID": student.row["student_id"]}))
    return replace(built, google=[*built.google, google])


KINDS: Mapping[str, tuple[int, Callable[[_Maker, int], _Built]]] = {
    "new": (3, _new),
    "left": (3, _left),
    "changed_name": (2, _changed_name),
    "changed_grade": (3, _changed_grade),
    "changed_username": (1, _changed_username),
    "returned": (2, _returned),
    "email_taken": (1, _email_taken),
    "twice_in_rt": (1, _twice_in_rt),
    "other_case": (1, _other_case),
    "digits_name": (1, _digits_name),
    "slash_name": (1, _slash_name),
    "new_digits_name": (1, _new_digits_name),
    "new_slash_name": (1, _new_slash_name),
    "privileged_staff": (1, _privileged_staff),
}
"""The kinds of disagreement: how many there are of each, however many people there are, and what makes one."""


def make_people(number: int, seed: int = 1, *, drift: bool = True, school_year_ends: int = SCHOOL_YEAR_ENDS) -> People:
    """Make a roster of exactly so many students, and the users of RT and Google; the same arguments, the same people.

    Roster, RT and Google agree but for these cases (``drift=False``: none), whose numbers are in ``KINDS``:

    * ``new``: not in RT; ``left``: in RT alone (in Google suspended, archived, or gone)
    * ``changed_name``, ``changed_grade`` (the school too, where it ends there), ``changed_username`` (and e-mail
      address): RT has what was true before
    * ``returned``: disabled in RT
    * ``email_taken``: another user of RT, made by a mail, has the student's address; the student's user has none
    * ``twice_in_rt``: two users have the student's number
    * ``other_case``: the user's name differs in case only
    * ``digits_name``, ``slash_name``: the user's name is all digits, or has a slash, and RT has an old real name;
      ``new_digits_name``, ``new_slash_name``: not in RT
    * ``privileged_staff``: the student is not in RT, and a privileged user has the student's number by mistake

    Besides, RT has staff (privileged, without a student's number), people who wrote to it (named by their addresses,
    some disabled), and students who left long ago (disabled). Google has the staff below ``/Staff``, with numbers of
    their own. ``school_year_ends`` decides the graduation years that RT has. Raises ValueError for fewer than 40
    students with drift.
    """
    if drift and number < MINIMUM:
        raise ValueError(f"people with drift need at least {MINIMUM} students, {number} were asked for")
    maker = _Maker(seed, school_year_ends)
    whole, cases = _Built(), []
    for kind, (count, build) in KINDS.items() if drift else ():
        for turn in range(count):
            built = build(maker, turn)
            _add(whole, built)
            cases.append(_case(kind, built))
    while len(whole.rows) < number:
        _add(whole, maker.student().built)
    for _ in range(max(3, number // 15)):
        user, google = maker.staff()
        _add(whole, _Built(rt=[user], google=[google]))
    whole.rt += [maker.outsider() for _ in range(max(3, number // 20))]
    whole.rt += [maker.former() for _ in range(max(3, number // 10))]
    return People(seed, whole.rows, whole.rt, whole.google, _UNITS, tuple(cases))


def _add(whole: _Built, built: _Built) -> None:
    whole.rows += built.rows
    whole.rt += built.rt
    whole.google += built.google


def _case(kind: str, built: _Built) -> PersonCase:
    ids = [row["student_id"] for row in built.rows] or [""]
    return PersonCase(kind, ids[0], tuple(user.login for user in built.rt))


def _units(schools: Sequence[str]) -> tuple[GoogleUser, ...]:
    (parent,) = (unit for unit in ORG_UNITS if unit["orgUnitPath"] == "/Students")
    return tuple(
        {
            "orgUnitPath": f"/Students/{school}",
            "orgUnitId": f"id:03syn{len(ORG_UNITS) + place:010d}",
            "parentOrgUnitId": parent["orgUnitId"],
        }
        for place, school in enumerate(schools)
    )


_UNITS = _units(_SCHOOLS)
