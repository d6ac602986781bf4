"""The people of a synthetic district: a roster, the users that RT and Google have for it, and where they differ."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from syncd.sandbox.district import ORG_UNITS
from syncd.sandbox.people_drift import KINDS
from syncd.sandbox.population import COLUMNS, SCHOOLS, Built, GoogleUser, Maker, Row
from syncd.sandbox.records import DOMAIN, OrgUnit, User

__all__ = ["COLUMNS", "KINDS", "MINIMUM", "People", "PersonCase", "Row", "make_people", "school_year"]

MINIMUM = 40
SCHOOL_YEAR_ENDS = 2027


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
    org_units: tuple[OrgUnit, ...]
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

    def google_groups(self, owner: str) -> dict[str, list[dict[str, Any]]]:
        """Return a group of Google for each school, and its members; the user ``owner`` owns all of them.

        Two students are not in the group of their school yet, and one of another school is still in it.
        """
        ids = {user["primaryEmail"]: user["id"] for user in self.google_users}
        groups: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        for number, school in enumerate(SCHOOLS):
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


def school_year(today: date) -> int:
    """Return the year in which the school year of a day ends; it begins in August, as imports take it to."""
    return today.year + (today.month >= 8)  # noqa: PLR2004 - August


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
    maker = Maker(seed, school_year_ends)
    whole, cases = Built(), []
    for kind, (count, build) in KINDS.items() if drift else ():
        for turn in range(count):
            built = build(maker, turn)
            _add(whole, built)
            cases.append(_case(kind, built))
    while len(whole.rows) < number:
        _add(whole, maker.student().built)
    for _ in range(max(3, number // 15)):
        user, google = maker.staff()
        _add(whole, Built(rt=[user], google=[google]))
    whole.rt += [maker.outsider() for _ in range(max(3, number // 20))]
    whole.rt += [maker.former() for _ in range(max(3, number // 10))]
    return People(seed, whole.rows, whole.rt, whole.google, _UNITS, tuple(cases))


def _add(whole: Built, built: Built) -> None:
    whole.rows += built.rows
    whole.rt += built.rt
    whole.google += built.google


def _case(kind: str, built: Built) -> PersonCase:
    ids = [row["student_id"] for row in built.rows] or [""]
    return PersonCase(kind, ids[0], tuple(user.login for user in built.rt))


def _unit(place: int, school: str) -> OrgUnit:
    (parent,) = (unit for unit in ORG_UNITS if unit["orgUnitPath"] == "/Students")
    return {
        "orgUnitPath": f"/Students/{school}",
        "orgUnitId": f"id:03syn{len(ORG_UNITS) + place:010d}",
        "parentOrgUnitId": parent["orgUnitId"],
    }


_UNITS = tuple(_unit(place, school) for place, school in enumerate(SCHOOLS))
