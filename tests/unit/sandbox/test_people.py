"""The people of the sandbox: a roster and two sides, which differ in the ways that are documented and in no other."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from syncd.host.config import read_document
from syncd.jobs.settings import load
from syncd.sandbox.people import COLUMNS, KINDS, People, Row, make_people, school_year
from syncd.sandbox.records import User
from syncd.sandbox.site import Sandbox

SMALL = make_people(60)
ROWS = {row["student_id"]: row for row in SMALL.students}
USERS = {user.login: user for user in SMALL.rt_users}
GOOGLE = {user["primaryEmail"]: user for user in SMALL.google_users}


def agreed(row: Row, ends: int = 2027) -> User:
    """Return the user that RT has for a student when nothing differs."""
    left = 12 - (0 if row["grade"] == "K" else int(row["grade"]))
    fields = {
        "Student ID": row["student_id"],
        "Grade": row["grade"],
        "Graduation Year": str(ends + left),
        "School": row["school"],
    }
    return User(row["username"], f"{row['first_name']} {row['last_name']}", row["email"], custom_fields=fields)


def only(kind: str) -> tuple[Row, list[User]]:
    """Return the row and the users of the first case of a kind."""
    case = SMALL.of_kind(kind)[0]
    return ROWS[case.student_id], [USERS[login] for login in case.users]


def changed(user: User, row: Row) -> set[str]:
    """Return in what a user differs from what the roster says."""
    wanted = agreed(row)
    plain = {
        name for name in ("login", "real_name", "email", "disabled") if getattr(user, name) != getattr(wanted, name)
    }
    fields = {name for name, text in wanted.custom_fields.items() if user.custom_fields.get(name) != text}
    return plain | fields


def test_the_same_arguments_give_the_same_people_and_others_give_others() -> None:
    assert make_people(60) == SMALL
    assert make_people(60, seed=2).students != SMALL.students


@pytest.mark.parametrize("number", [40, 60, 2_000])
def test_there_are_as_many_students_as_asked_for_and_as_many_cases_as_documented(number: int) -> None:
    people = make_people(number)
    assert len(people.students) == number
    assert people.expected == {kind: count for kind, (count, _) in KINDS.items()}


def test_too_few_people_for_every_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        make_people(39)
    assert len(make_people(3, drift=False).students) == 3


def test_what_has_to_be_unique_is_unique() -> None:
    for column in ("student_id", "username", "email"):
        assert len({row[column].casefold() for row in SMALL.students}) == 60
    assert len({user.login.casefold() for user in SMALL.rt_users}) == len(SMALL.rt_users)
    addresses = [user.email.casefold() for user in SMALL.rt_users if user.email]
    assert len(set(addresses)) == len(addresses)
    assert len({user["id"] for user in SMALL.google_users}) == len(GOOGLE) == len(SMALL.google_users)


@pytest.mark.parametrize("people", [make_people(60, drift=False), SMALL])
def test_outside_the_cases_all_sides_agree(people: People) -> None:
    cases = {case.student_id for case in people.cases} | {login for case in people.cases for login in case.users}
    users = {user.login: user for user in people.rt_users}
    google = {user["primaryEmail"]: user for user in people.google_users}
    rows = [row for row in people.students if row["student_id"] not in cases]
    assert len(rows) == 60 - len({case.student_id for case in people.cases if case.student_id})
    for row in rows:
        assert users.pop(row["username"]) == agreed(row)
    assert not [user for user in users.values() if user.custom_fields and not user.disabled and user.login not in cases]
    for row in people.students:
        user = google.pop(row["email"])
        assert (user["name"]["givenName"], user["name"]["familyName"]) == (row["first_name"], row["last_name"])
        assert user["externalIds"] == [{"value": row["student_id"], "type": "organization"}]
        assert user["orgUnitPath"] == f"/Students/{row['school']}"
        assert not user["suspended"]
        assert not user["archived"]


def test_each_kind_is_what_its_name_says() -> None:
    for kind in ("new", "new_digits_name", "new_slash_name"):
        row, users = only(kind)
        assert users == []
        assert row["username"] not in USERS
    differences = {
        "changed_name": {"real_name"},
        "digits_name": {"real_name"},
        "slash_name": {"real_name"},
        "changed_username": {"login", "email"},
        "returned": {"disabled"},
        "other_case": {"login"},
        "email_taken": {"email"},
    }
    for kind, wanted in differences.items():
        row, users = only(kind)
        assert changed(users[0], row) == wanted, kind
    for case in SMALL.of_kind("changed_grade"):
        found = changed(USERS[case.users[0]], ROWS[case.student_id])
        assert found - {"School"} == {"Grade"}
    assert only("digits_name")[1][0].login.isdigit()
    assert "/" in only("slash_name")[1][0].login
    row, (user,) = only("other_case")
    assert user.login.casefold() == row["username"]
    row, (_, taker) = only("email_taken")
    assert (taker.login, taker.email, taker.custom_fields) == (row["email"], row["email"], {})
    row, twins = only("twice_in_rt")
    assert [user.custom_fields["Student ID"] for user in twins] == [row["student_id"]] * 2
    assert not changed(twins[0], row)


def test_who_left_is_in_rt_and_in_google_as_far_as_google_knows_it() -> None:
    left = SMALL.of_kind("left")
    users = [USERS[case.users[0]] for case in left]
    assert not any(user.disabled or user.custom_fields["Student ID"] in ROWS for user in users)
    suspended, archived, gone = (GOOGLE.get(user.email) for user in users)
    assert suspended is not None
    assert suspended["suspended"]
    assert archived is not None
    assert archived["archived"]
    assert gone is None


def test_a_member_of_staff_has_a_students_number_and_the_others_have_none() -> None:
    row, (mistaken,) = only("privileged_staff")
    assert mistaken.privileged
    assert mistaken.custom_fields == {"Student ID": row["student_id"]}
    assert row["username"] not in USERS
    staff = [user for user in SMALL.rt_users if user.privileged]
    assert [user for user in staff if user.custom_fields] == [mistaken]
    for member in staff:
        assert GOOGLE[member.email]["orgUnitPath"] == "/Staff"
        assert GOOGLE[member.email]["organizations"][0]["department"]


def test_the_file_has_the_columns_of_the_roster_and_every_row() -> None:
    assert list(csv.DictReader(io.StringIO(SMALL.csv()))) == SMALL.students
    assert SMALL.csv().partition("\n")[0] == ",".join(COLUMNS)


def test_graduation_years_are_counted_from_the_school_year() -> None:
    people = make_people(40, drift=False, school_year_ends=2030)
    users = {user.login: user for user in people.rt_users}
    assert all(users[row["username"]] == agreed(row, 2030) for row in people.students)
    assert [school_year(date(2026, 7, 31)), school_year(date(2026, 8, 1))] == [2026, 2027]


def test_a_sandbox_serves_its_people_and_keeps_what_became_of_them(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40, people=40) as site:
        assert site.people is not None
        assert site.roster_file.read_text() == site.people.csv()
        made = {user.login for user in site.people.rt_users}
        names = {user.name: user for user in site.rt.world.users.values()}
        assert made <= names.keys()
        assert {user.login for user in site.fleet.users} <= names.keys()
        (twin,) = site.people.of_kind("returned")[0].users
        assert names[twin].disabled
        assert len(site.google.tenant.users) == 1 + len(site.people.google_users)
        assert site.google.tenant.unit("/Students/High School") is not None
        site.roster_file.write_text("mine")
    with Sandbox(tmp_path, devices=40, people=70) as again:
        assert again.roster_file.read_text() == "mine"
        assert len(again.google.tenant.users) == 1 + len(site.people.google_users)


@pytest.mark.parametrize("people", [0, 40])
def test_the_configuration_has_a_job_for_the_people_there_are(tmp_path: Path, people: int) -> None:
    for asked in (people, 0):
        with Sandbox(tmp_path, devices=40, people=asked) as site:
            options = load(read_document(str(site.config_file), {})).jobs.rt_users
        assert (options is not None) == bool(people)
        if options is not None:
            made = site.people.rt_users[-1].custom_fields if site.people else {}
            assert {f"CF.{{{name}}}" for name in made} <= options.rules.keys()


def test_without_people_nothing_is_different(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "bare", devices=40) as bare, Sandbox(tmp_path / "more", devices=40, people=40) as more:
        assert bare.people is None
        assert not bare.roster_file.exists()
        assert len(bare.google.tenant.users) == 1
        there = {user.id: user.name for user in more.rt.world.users.values()}
        assert {user.id: user.name for user in bare.rt.world.users.values()}.items() <= there.items()
        assert {a.id: a for a in bare.rt.world.assets.values()} == {a.id: a for a in more.rt.world.assets.values()}
    assert bare.fleet == more.fleet
