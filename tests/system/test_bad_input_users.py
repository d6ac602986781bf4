"""Rosters that are wrong, users that are somebody else's, and an RT that refuses: nothing is lost, all is said."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from syncd.sandbox.faults import Rule
from syncd.sandbox.people import People
from syncd.sandbox.rt.records import USER_FIELDS
from system.commands import Finished
from system.conftest import MakeSite
from system.site import Site

JOB = "rt-users"
PEOPLE = 60
TABLES = """
[imports.students]
shrink_percent = 100
[jobs.rt-users.limits.create]
percent = 100
[jobs.rt-users.fields]
"CF.{Grade}" = "{grade}"
"CF.{School}" = "{school}"
"""


@pytest.fixture
def office(make_site: MakeSite) -> Site:
    """Return a sandbox with people who differ in every way, configured for the job."""
    site = make_site(people=PEOPLE)
    site.sandbox.config_file.write_text(site.sandbox.config_file.read_text() + TABLES)
    return site


def people(office: Site) -> People:
    assert office.sandbox.people is not None
    return office.sandbox.people


def imported(office: Site, text: str = "") -> None:
    """Import the sandbox's roster, or another one."""
    file = office.sandbox.roster_file
    file.write_text(text or people(office).csv())
    office.syncd("import", "students", str(file)).ended(0)


def fields(office: Site, name: str) -> Mapping[str, object]:
    """Return what RT has of a user."""
    found = office.rest.get(f"/user/{office.user(name).id}")
    custom = {field["name"]: field["values"] for field in found["CustomFields"]}
    return {**found, **custom}


def listed(finished: Finished, state: str) -> dict[str, str]:
    return {each.object: each.why for each in finished.listings if each.state == state}


def test_every_kind_of_disagreement_ends_as_it_should(office: Site) -> None:
    imported(office)
    finished = office.syncd("apply", JOB, "--json").ended(0)
    made = people(office)
    kinds = [action.kind for action in finished.actions]
    assert kinds.count("create") == made.expected["new"]
    assert set(listed(finished, "absent")) == {str(office.user(case.users[0]).id) for case in made.of_kind("left")}
    assert {case.student_id for case in made.of_kind("twice_in_rt")} <= set(listed(finished, "conflict"))
    for kind in ("new_digits_name", "new_slash_name"):
        assert "RT cannot be asked for a user" in listed(finished, "not_created")[made.of_kind(kind)[0].student_id]
    for case in made.of_kind("returned"):
        assert fields(office, case.users[0])["Disabled"] == "0"
    (protected,) = made.of_kind("privileged_staff")
    assert set(listed(finished, "protected")) == {str(office.user(protected.users[0]).id)}
    again = office.syncd("plan", JOB, "--json").ended(0)
    assert {action.kind for action in again.actions} == {"disable"}


def test_an_address_that_somebody_else_has_is_left_with_them(office: Site) -> None:
    imported(office)
    (case,) = people(office).of_kind("email_taken")
    pupil, other = (office.user(name) for name in case.users)
    finished = office.syncd("apply", JOB, "--json").ended(0)
    assert listed(finished, "unknown")[str(pupil.id)] == (
        f"EmailAddress left alone because the e-mail address is that of user {other.id}"
    )
    assert fields(office, pupil.name).get("EmailAddress") in {None, ""}


def test_a_name_in_other_case_is_no_change(office: Site) -> None:
    imported(office)
    (case,) = people(office).of_kind("other_case")
    finished = office.syncd("plan", JOB, "--json").ended(0)
    assert str(office.user(case.users[0]).id) not in {action.object for action in finished.actions}


def test_a_value_that_a_custom_field_does_not_take_is_left_out_and_said(office: Site) -> None:
    field = office.sandbox.rt.world.field_named("Grade", USER_FIELDS)
    assert field is not None
    field.pattern = "(?#Digits)^\\d+$"
    office.keep(field)
    rows = [
        row | {"grade": "K" if row["student_id"] in new(office) else row["grade"]} for row in people(office).students
    ]
    header = ",".join(rows[0])
    imported(office, "\n".join([header, *(",".join(row.values()) for row in rows if "," not in "".join(row.values()))]))
    finished = office.syncd("apply", JOB, "--json").ended(0)
    told = listed(finished, "unknown")
    assert any("CF.{Grade} takes only what matches" in told[number] for number in new(office) if number in told)


def new(office: Site) -> set[str]:
    return {case.student_id for case in people(office).of_kind("new")}


def test_rt_refusing_half_of_the_creates_keeps_no_other_from_being_made(office: Site) -> None:
    imported(office)
    wanted = people(office).expected["new"]
    office.fail(Rule(method="POST", route="/user$", status=400, body='{"message": "Name in use"}', times=wanted // 2))
    finished = office.syncd("apply", JOB, "--json").ended(1)
    states = [finished.outcomes[action.id].state for action in finished.actions if action.kind == "create"]
    assert sorted(states) == ["failed"] * (wanted // 2) + ["verified"] * (wanted - wanted // 2)
    office.heal()
    again = office.syncd("apply", JOB, "--json").ended(0)
    assert [action.kind for action in again.actions].count("create") == wanted // 2


def test_a_roster_that_shrank_by_half_disables_nobody(office: Site) -> None:
    imported(office)
    office.syncd("apply", JOB).ended(0)
    lines = people(office).csv().splitlines()
    imported(office, "\n".join(lines[: 1 + PEOPLE // 2]))
    told = office.refuses(3, "run", JOB).error
    assert "students has 30 objects, and had 60 in the last good run: 50 % fewer" in told
    assert "jobs.rt-users.limits.shrink" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"id,first_name,last_name\n", "has nobody at all"),
        (b"id,first_name,last_name\n1,A,B,\n2,C\n", "bad cell"),
        (b"\x00\x01\x02\x03" * 400, "holds zero bytes"),
    ],
    ids=["empty", "header only", "bad rows", "binary"],
)
def test_a_file_of_its_own_that_is_wrong_ends_the_run_and_changes_nothing(
    office: Site, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "sis.csv"
    file.write_bytes(content)
    text = office.sandbox.config_file.read_text()
    office.sandbox.config_file.write_text(
        f'{text}[jobs.rt-users.sources]\nsis = {{ type = "file", path = "{file}" }}\n'
    )
    assert told in office.refuses(65, "apply", JOB).error


def test_a_file_that_is_not_there_is_said(office: Site) -> None:
    text = office.sandbox.config_file.read_text()
    source = '[jobs.rt-users.sources]\nsis = { type = "file", path = "/nowhere/sis.csv" }\n'
    office.sandbox.config_file.write_text(text + source)
    assert "/nowhere/sis.csv" in office.refuses(65, "plan", JOB).error


def test_a_user_of_the_api_without_the_right_is_told_which(office: Site) -> None:
    imported(office)
    user = office.user()
    user.rights = [right for right in user.rights if right != "AdminUsers"]
    office.keep(user)
    assert "lacks AdminUsers" in office.refuses(77, "plan", JOB).error


def test_a_custom_field_that_users_lack_is_named(office: Site) -> None:
    imported(office)
    text = office.sandbox.config_file.read_text()
    office.sandbox.config_file.write_text(text.replace('"CF.{School}"', '"CF.{Scool}"'))
    assert 'CF.{Scool} is not applied to users, or the API user may not see it (there is "School")' in (
        office.refuses(78, "plan", JOB).error
    )
