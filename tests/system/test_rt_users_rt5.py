"""The job rt-users from end to end: the real command line, a real Request Tracker 5, a roster of a school."""

import csv
import io
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.people import COLUMNS, Row, make_people
from system.real_rt import LONG, Record, School, opened

JOB = "rt-users"
MAPPED = {"CF.{Grade}": "{grade}", "CF.{Graduation Year}": "{graduation_year}", "CF.{School}": "{school}"}
PROTECTED = 'protected = ["*@students.example.test"]'
"""Two students whom this RT has from the start."""

COLUMNS_SHOWN = ("Name", "EmailAddress", "RealName", "Organization", "enabled")
_USERS = """
    SELECT u.id, u.Name, COALESCE(u.EmailAddress, ''), COALESCE(u.RealName, ''), COALESCE(u.Organization, ''),
    p.Disabled FROM Users u JOIN Principals p ON p.id = u.id
"""
_VALUES = """
    SELECT v.ObjectId, f.Name, v.Content FROM ObjectCustomFieldValues v JOIN CustomFields f ON f.id = v.CustomField
    WHERE v.ObjectType = 'RT::User' AND v.Disabled = 0 ORDER BY v.Content
"""

User = dict[str, Any]

STUDENTS, GONE, BACK = (2000, 20, 5) if LONG else (150, 6, 2)
"""How many there are, leave, and return: pages of RT have a hundred users, and 5 % may be disabled unasked."""


class Office(School):
    """A school whose office exports rosters."""

    job: ClassVar[str] = JOB

    def configure(self, **_: str) -> Self:
        # As the documentation has it for a large first run: one sign-in for thousands of writes.
        super().configure(rt='auth = "password"\nusername = "rt-sync"')
        rules = "\n".join(f'"{name}" = "{template}"' for name, template in MAPPED.items())
        tables = self.config.read_text().partition("[jobs.chromebooks]")[0]
        more = (
            f"[imports.students]\nshrink_percent = 100\n[jobs.rt-users]\n{PROTECTED}\n[jobs.rt-users.fields]\n{rules}\n"
        )
        self.config.write_text(tables + more)
        return self

    def export(self, rows: list[Row]) -> None:
        """Import a roster of these rows as the office would export it."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        file = self.directory / "roster.csv"
        file.write_text(text.getvalue())
        (done,) = cast("list[Record]", self.syncd("import", "students", str(file)).document)
        assert done["result"] == "imported"


@pytest.fixture
def office(rt5: Rt5, tmp_path: Path) -> Iterator[Office]:
    rt5.reset()
    with opened(Office, rt5, make_fleet(40), tmp_path) as office:
        yield office


def users(rt5: Rt5) -> dict[str, User]:
    """Return all users of RT by number: plain fields, custom fields by name, and whether they are enabled.

    RT's own database tells what it has stored, and in a second; its REST takes a minute for so many custom fields.
    """
    with closing(sqlite3.connect(rt5.data_dir / "rt.db")) as database:
        found = {str(row[0]): dict(zip(COLUMNS_SHOWN, row[1:], strict=True)) for row in database.execute(_USERS)}
        for user, name, value in database.execute(_VALUES):
            found[str(user)].setdefault(name, []).append(value)
    return {number: user | {"enabled": not user["enabled"]} for number, user in found.items()}


def wanted(row: Row) -> User:
    """Return a student's user as it has to be."""
    year = 2027 + 12 - (int(row["grade"]) if row["grade"] != "K" else 0)
    return {
        "Name": row["username"],
        "EmailAddress": row["email"],
        "RealName": " ".join(f"{row['first_name']} {row['last_name']}".split()),
        "Organization": "",
        "Student ID": [row["student_id"]],
        "Grade": [row["grade"]],
        "Graduation Year": [str(year)],
        "School": [row["school"]],
        "enabled": True,
    }


def by_student(found: Mapping[str, User]) -> dict[str, User]:
    return {user["Student ID"][0]: user for user in found.values() if "Student ID" in user}


def disabled(rt5: Rt5) -> set[str]:
    """Return the students whose users are disabled."""
    return {student for student, user in by_student(users(rt5)).items() if not user["enabled"]}


def test_people_come_change_leave_return_and_go_back(office: Office, rt: Rest2, rt5: Rt5) -> None:
    before = users(rt5)
    rows = make_people(STUDENTS, drift=False).students

    office.export(rows)
    refused = office.syncd("run", JOB, expect=3)
    assert refused.writes == []
    created = office.apply()
    assert created.counts["verified"] == created.counts["create"] == STUDENTS
    assert len(created.writes) == STUDENTS
    made = users(rt5)
    assert by_student(made) == by_student(before) | {row["student_id"]: wanted(row) for row in rows}

    office.settle()
    again = office.syncd("apply", JOB)
    assert (again.document["run"]["result"], again.writes) == ("in_sync", [])
    assert len(again.preflight) <= 10
    assert len(again.reads) <= 3
    whole = office.plan("--full-read")
    assert len(whole.reads) <= math.ceil(len(made) / 100) + 5

    # Fifty differ, some are gone, and an administrator made second users for three.
    changed = [row | {"grade": "12", "last_name": "Married", "school": "High School"} for row in rows[:50]]
    stay = changed + rows[50:-GONE]
    for row in rows[100:103]:
        rt.create("user", Name=f"{row['username']}.twin", CustomFields={"Student ID": row["student_id"]})
    office.export(stay)
    first = office.apply()
    assert first.counts["update"] == first.counts["verified"] == len(first.writes) == 50
    assert first.counts["absent"] == GONE
    assert len([label for label in first.listed("conflict") if label in {row["student_id"] for row in rows}]) == 3
    now = users(rt5)
    assert {row["student_id"]: by_student(now)[row["student_id"]] for row in changed} == {
        row["student_id"]: wanted(row) for row in changed
    }
    assert all(user["enabled"] for user in now.values() if user["Name"] != "Nobody")

    second = office.syncd("apply", JOB)
    assert second.counts["disable"] == second.counts["verified"] == len(second.writes) == GONE
    gone = {row["student_id"] for row in rows[-GONE:]}
    assert disabled(rt5) == gone

    returned = rows[-GONE:][:BACK]
    office.export([*stay, *returned])
    third = office.syncd("apply", JOB)
    assert third.counts["update"] == third.counts["verified"] == len(third.writes) == BACK
    assert disabled(rt5) == gone - {row["student_id"] for row in returned}

    for done in (third, second, first):
        office.revert(done.run)
    restored = {number: user for number, user in users(rt5).items() if number in made}
    assert restored == made
    office.revert(created.run)
    left = users(rt5)
    assert {number: user for number, user in left.items() if number in before} == before
    assert {left[number]["enabled"] for number in made.keys() - before.keys()} == {False}
