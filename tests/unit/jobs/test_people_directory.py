from typing import Any

import pytest

from syncd.jobs.people.directory import people_of, person_of
from syncd.systems.google.users import DirectoryUser, ExternalId, UserName
from syncd.systems.rosters.person import Person


def user(**fields: Any) -> DirectoryUser:  # noqa: ANN401
    return DirectoryUser(**({"id": "21", "primary_email": "Ada.L@example.org"} | fields))


def numbers(*values: str, kind: str = "organization") -> tuple[ExternalId, ...]:
    return tuple(ExternalId(value, kind) for value in values)


def test_a_user_is_a_person_with_the_schools_own_number() -> None:
    found = user(
        name=UserName("Ada", "Lovelace"),
        org_unit_path="/Staff",
        external_ids=(*numbers("7", kind="account"), *numbers("00123")),
    )
    assert person_of(found, "staff") == Person(
        id="00123",
        given_name="Ada",
        family_name="Lovelace",
        user_name="Ada.L",
        email="Ada.L@example.org",
        role="staff",
        active=True,
        source="google",
    )


@pytest.mark.parametrize(("suspended", "archived"), [(True, False), (False, True), (True, True)])
def test_whoever_is_suspended_or_archived_is_not_active(*, suspended: bool, archived: bool) -> None:
    assert not person_of(user(suspended=suspended, archived=archived), "student").active


@pytest.mark.parametrize("external", [(), numbers("1", "2"), numbers("1", kind="login_id"), numbers(" ")])
def test_without_one_number_of_the_school_there_is_no_id(external: tuple[ExternalId, ...]) -> None:
    assert person_of(user(external_ids=external), "student").id == ""


def test_names_are_read_as_those_of_files_are() -> None:
    found = person_of(user(name=UserName(" Jose\u0301  Luis\n", "de la\u00a0Cruz")), "student")
    assert (found.given_name, found.family_name) == ("José Luis", "de la Cruz")


def test_people_keep_the_order_of_the_users_and_the_role_of_the_caller() -> None:
    found = people_of([user(id="2", primary_email="b@example.org"), user(primary_email="a@example.org")], "student")
    assert [(person.email, person.role) for person in found] == [
        ("b@example.org", "student"),
        ("a@example.org", "student"),
    ]
