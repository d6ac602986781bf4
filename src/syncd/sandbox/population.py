"""Makes the people of the district, all in agreement: students, staff, and others whom RT knows.

Nothing here is real: domains ``example.org`` and ``example.net``. Names are those of the fleet's district.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.sandbox.district import FAMILY, GIVEN
from syncd.sandbox.records import DOMAIN, User

GoogleUser = dict[str, Any]
"""A user as Google's JSON has it."""
Row = dict[str, str]
"""A row of the roster: texts by ``COLUMNS``."""

COLUMNS = ("student_id", "first_name", "last_name", "username", "email", "grade", "school", "advisor")
"""The columns of the roster."""
SCHOOLS = ("Elementary", "Middle School", "High School")
_LAST_GRADE = 12
_TITLES = (("Teacher", "Mathematics"), ("Teacher", "Languages"), ("Librarian", "Library"), ("Counselor", "Guidance"))


@dataclass
class Built:
    """What was made for one student or case: rows of the roster, and users of both sides."""

    rows: list[Row] = field(default_factory=list)
    rt: list[User] = field(default_factory=list)
    google: list[GoogleUser] = field(default_factory=list)


@dataclass
class Student:
    """A student on whom all sides agree: a row of the roster, a user of RT, a user of Google."""

    row: Row
    user: User
    google: GoogleUser

    @property
    def built(self) -> Built:
        """The student as all sides agree."""
        return Built([self.row], [self.user], [self.google])

    def in_rt(self, *users: User) -> Built:
        """Return the student with other users in RT."""
        return Built([self.row], [*users], [self.google])

    def renamed(self, username: str) -> "Student":
        """Return the same student by another user name."""
        address = f"{username.replace('/', '.')}@{DOMAIN}"
        return Student(
            self.row | {"username": username, "email": address},
            replace(self.user, login=username, email=address),
            self.google | {"primaryEmail": address},
        )


class Maker:
    """Makes people who agree, and numbers them."""

    def __init__(self, seed: int, school_year_ends: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made to be repeated, not to be secret
        self.number = 0
        self.advisors = ["", "Ortega, Sam", "Šimek, Jana"]
        self._ends = school_year_ends

    def student(self) -> Student:
        """Make a student of any grade."""
        self.number += 1
        given, family = self._name()
        grade = self.random.randrange(_LAST_GRADE + 1)
        school = school_of(grade)
        number, username = f"{self.number:07d}", f"p{self.number:06d}"
        texts = (number, given, family, username, f"{username}@{DOMAIN}", spelled(grade), school)
        row = dict(zip(COLUMNS, (*texts, self.random.choice(self.advisors)), strict=True))
        user = User(username, f"{given} {family}", row["email"], custom_fields=self.fields(number, grade))
        return Student(row, user, self._google(row["email"], given, family, number, f"/Students/{school}"))

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


def school_of(grade: int) -> str:
    """Return the school of a grade, by the names that RT's custom field offers."""
    return SCHOOLS[0 if grade < 6 else 1 if grade < 9 else 2]  # noqa: PLR2004 - grades
