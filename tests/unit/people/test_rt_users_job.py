"""The job as a whole, between a roster in a store and an RT in memory."""

from collections.abc import Mapping
from typing import Any

import pytest

from syncd.host.errors import DataError, WriteRefused
from syncd.reconcile.values import Known
from syncd.state.store import Store
from unit.people.fake_rt import GRADE, HOUSE, ID, World, person
from unit.people.users import a_user, listed


def test_people_without_a_user_get_one_and_a_second_run_writes_nothing(world: World) -> None:
    world.roster(person(1), person(2))
    done = world.apply()
    assert done.summary.result == "applied"
    assert [what for what, _ in world.rt.writes] == ["new", "new"]
    assert [*world.rt.users.values()] == [{"Disabled": "0", "Privileged": "0", **a_user(number)} for number in (1, 2)]
    again = world.apply()
    assert again.summary.result == "in_sync"
    assert world.rt.writes == []
    assert again.summary.counts["in_sync"] == 2


def test_a_changed_person_is_one_write_with_all_fields_in_it(world: World) -> None:
    world.roster(person(1, family_name="Changed", email="new@example.org"), person(2))
    one = world.rt.add(**a_user(1))
    world.rt.add(**a_user(2))
    world.apply()
    assert world.rt.writes == [(str(one), {"EmailAddress": "new@example.org", "RealName": "Given1 Changed"})]


@pytest.mark.parametrize("change", [{"Name": "S1"}, {"EmailAddress": "S1@Example.org"}])
def test_a_name_or_an_address_in_other_case_is_no_change(world: World, change: dict[str, str]) -> None:
    world.roster(person(1))
    world.rt.add(**a_user(1) | change)
    assert world.apply().summary.result == "in_sync"


@pytest.mark.parametrize(
    "user",
    [
        {"Name": "old-name", "EmailAddress": "old@example.org", ID: "000001"},
        {"Name": "old-name", "EmailAddress": "S1@example.org"},
        {"Name": "S1"},
    ],
    ids=["id", "e-mail", "name"],
)
def test_an_existing_user_is_adopted(world: World, user: dict[str, str]) -> None:
    world.roster(person(1))
    number = world.rt.add(**user)
    done = world.apply()
    assert done.summary.result == "applied"
    assert {str(number)} == {what for what, _ in world.rt.writes}
    assert world.rt.users[number] == {"Disabled": "0", "Privileged": "0", **a_user(1)} | (
        {"Name": "S1"} if user["Name"] == "S1" else {}
    ) | ({"EmailAddress": "S1@example.org"} if user.get("EmailAddress") == "S1@example.org" else {})


def test_two_users_with_one_id_are_a_conflict_and_nobody_is_touched_by_it(world: World) -> None:
    world.roster(person(1), person(2))
    twins = {str(world.rt.add(**a_user(1))), str(world.rt.add(**a_user(1) | {"Name": "twin", "EmailAddress": ""}))}
    for _ in range(3):
        done = world.apply()
    assert listed(done, "conflict").keys() == {"000001", *twins}
    assert {world.rt.users[int(twin)]["Disabled"] for twin in twins} == {"0"}


def test_an_id_of_one_user_and_the_address_of_another_is_no_guess(world: World) -> None:
    world.roster(person(1))
    one = world.rt.add(**a_user(1) | {"EmailAddress": "elsewhere@example.org"})
    other = world.rt.add(Name="other", EmailAddress="s1@example.org")
    done = world.apply()
    assert world.rt.users[one]["EmailAddress"] == "elsewhere@example.org"
    assert listed(done, "unknown") == {
        str(one): f"EmailAddress left alone because the e-mail address is that of user {other}"
    }


def test_a_name_alone_gives_nobody_the_user_of_a_student(world: World) -> None:
    number = world.rt.add(Name="jsmith", **{ID: "000055"})
    world.roster(person(1), person(0, id="", user_name="jsmith", email="jsmith@example.org", role="staff"))
    for _ in range(3):
        done = world.apply(privileged_roles=["staff"])
    assert world.rt.users[number] == {"Disabled": "0", "Privileged": "0", "Name": "jsmith", ID: "000055"}
    assert listed(done, "conflict").keys() == {str(number)}
    (case,) = world.job().explain("jsmith").cases
    assert "one name makes them not one" in case.why


def test_a_person_with_the_address_of_somebody_elses_user_is_a_conflict(world: World) -> None:
    number = world.rt.add(**a_user(9))
    world.roster(person(1, email="s9@example.org"), person(9, email="other@example.org"))
    done = world.apply()
    assert listed(done, "conflict") == {"000001": f"has the email s9@example.org of user {number}, whose id is 000009"}
    assert [what for what, _ in world.rt.writes] == [str(number)]


# -- what RT would not take


@pytest.mark.parametrize(
    ("one", "why"),
    [
        ({"user_name": ""}, "the roster has nothing to make a user name of"),
        ({"user_name": "12345"}, "RT cannot be asked for a user whose name is all digits"),
        ({"user_name": "a/b"}, "RT cannot be asked for a user whose name is all digits"),
        ({"user_name": "x" * 201}, "the name is too long for RT, which would cut it"),
        ({"email": f"{'x' * 110}@example.org"}, "the e-mail address is too long for RT, which would cut it"),
        ({"email": "taken@example.org"}, "the e-mail address is that of user 101"),
        ({"user_name": "TAKEN"}, "the name is that of user 101"),
    ],
)
def test_a_user_that_rt_would_not_make_or_find_again_is_not_asked_for(
    world: World, one: dict[str, str], why: str
) -> None:
    world.rt.add(Name="taken", EmailAddress="taken@example.org", **{ID: "9"})
    world.roster(person(1, **one), person(9, id="9", user_name="taken", email="taken@example.org"))
    done = world.apply(match=["id"])
    assert listed(done, "not_created")["000001"].startswith(why)
    assert [what for what, _ in world.rt.writes] == ["101"]


def test_users_with_names_of_digits_that_are_there_are_kept_right(world: World) -> None:
    number = world.rt.add(**a_user(1) | {"Name": "12345", "RealName": "Old"})
    world.roster(person(1, user_name="12345"))
    world.apply()
    assert world.rt.writes == [(str(number), {"RealName": "Given1 Synth"})]


def test_a_choice_that_rt_lacks_is_left_out_of_a_new_user_and_said(world: World) -> None:
    world.roster(person(1, school="Green"), person(2, school="red"))
    done = world.apply(fields={HOUSE: "{school}"})
    assert [fields.get(HOUSE) for _, fields in world.rt.writes] == [None, "Red"]
    assert "CF.{House}" in listed(done, "unknown")["000001"]


def test_values_follow_their_rules(world: World) -> None:
    number = world.rt.add(**a_user(1) | {GRADE: "8", "Organization": "Old"})
    world.roster(person(1, grade="", school=""))
    kept = {"fields": {GRADE: "{grade}", "Organization": "{school}", "Name": {"template": "x{id}", "only_new": True}}}
    assert world.apply(**kept).summary.result == "in_sync"
    cleared: Mapping[str, Any] = {"fields": {GRADE: {"template": "{grade}", "clear": True}}}
    world.apply(**cleared)
    assert world.rt.writes == [(str(number), {GRADE: None})]


def test_a_value_that_rt_drops_without_a_word_is_found_by_reading_back(world: World) -> None:
    world.rt.drops = {GRADE}
    world.roster(person(1), person(2, grade=""))
    done = world.apply(fields={GRADE: "{grade}"})
    assert done.summary.result == "partial"
    told = {action.object: done.outcomes[place] for place, action in enumerate(done.plan.actions)}
    assert told["000002"].state == "verified"
    assert told["000001"].state == "unproven"
    assert told["000001"].found[GRADE] is None


def test_one_refused_user_keeps_no_other_from_being_made(world: World) -> None:
    def refuses(fields: Mapping[str, Known]) -> Exception | None:
        bad = fields.get("Name") == "s1"
        return WriteRefused("RT refused it", code="rt.refused", system="rt") if bad else None

    world.rt.refuses = refuses
    world.roster(person(1), person(2), person(3))
    done = world.apply()
    assert done.summary.result == "partial"
    assert sorted(user["Name"] for user in world.rt.users.values()) == ["s2", "s3"]


# -- the way back, and questions


def test_a_revert_puts_everything_back_and_disables_what_was_made(world: World) -> None:
    changed = world.rt.add(**a_user(1) | {"RealName": "Before"})
    gone = world.rt.add(**a_user(3))
    world.roster(person(1), person(2))
    done = world.apply(absent_runs=1)
    world.runner().revert(done.summary.id, write=True)
    assert world.rt.users[changed]["RealName"] == "Before"
    assert world.rt.users[gone]["Disabled"] == "0"
    assert world.rt.users[103]["Disabled"] == "1"


def test_an_explanation_finds_people_by_all_their_names(world: World) -> None:
    number = world.rt.add(**a_user(1) | {"RealName": "Old"})
    world.roster(person(1))
    for sought in ("000001", "S1", "s1@example.org", str(number)):
        (case,) = world.job().explain(sought).cases
        assert case.state == "matched"
        assert [fact.field for fact in case.fields if fact.verdict == "change"] == ["RealName"]
    with pytest.raises(DataError, match="nobody is called 'x9'"):
        world.job().explain("x9")


def test_an_explanation_says_why_a_user_is_not_touched(world: World) -> None:
    world.rt.add(**a_user(1) | {"Privileged": "1"})
    world.roster(person(1))
    cases = world.job().explain("000001").cases
    assert {case.why for case in cases} >= {
        "its user 101 is not touched: it is a privileged user, and its person is a student"
    }


def test_without_an_imported_roster_nothing_is_compared(store: Store) -> None:
    with pytest.raises(DataError, match="none was imported yet"):
        World(store, None).apply()
