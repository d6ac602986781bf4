"""Who has left, who comes back, and who is left alone."""

from typing import Any

import pytest

from syncd.host.errors import DataError, WriteRefused
from syncd.reconcile.guard import CreateLimit, Limits
from syncd.reconcile.run import Runner
from unit.people.fake_rt import ME, FakeRt, World, person
from unit.people.users import a_user, listed

# -- leaving and coming back


def test_a_leaver_is_disabled_in_the_second_run_without_it_and_not_in_the_first(world: World) -> None:
    world.roster(person(1), person(2))
    world.apply()
    one = min(world.rt.users)
    world.roster(person(2))
    first = world.apply()
    assert first.summary.result == "in_sync"
    assert listed(first, "absent") == {str(one): "in no source of the roster, 1 of 2 runs before it is disabled"}
    second = world.apply()
    assert second.summary.result == "applied"
    assert world.rt.writes == [(str(one), {"Disabled": "1"})]
    third = world.apply()
    assert third.summary.result == "in_sync"
    assert not listed(third, "absent")


def test_plans_do_not_count_as_absences(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    for _ in range(3):
        world.runner().plan()
    assert listed(world.apply(), "absent")
    assert world.rt.users[101]["Disabled"] == "0"


def test_absences_have_to_be_in_a_row(world: World) -> None:
    world.rt.add(**a_user(1))
    for people in ([person(2)], [person(1), person(2)], [person(2)]):
        world.roster(*people)
        done = world.apply()
    assert world.rt.users[101]["Disabled"] == "0"
    assert listed(done, "absent")["101"].startswith("in no source of the roster, 1 of 2")


def test_a_run_that_was_refused_neither_counts_nor_breaks_the_row(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    world.apply()
    world.roster(*(person(number) for number in range(2, 9)))
    refused = Runner(world.job(), world.store.ledger, Limits()).apply()
    assert refused.summary.result == "refused"
    assert world.rt.users[101]["Disabled"] == "0"
    world.apply()
    assert world.rt.users[101]["Disabled"] == "1"


@pytest.mark.parametrize(("runs", "applied"), [(1, 1), (3, 3)])
def test_how_many_runs_is_an_option(world: World, runs: int, applied: int) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    for number in range(1, applied + 1):
        assert world.rt.users[101]["Disabled"] == "0"
        world.apply(absent_runs=runs)
        assert (world.rt.users[101]["Disabled"] == "1") == (number == applied)


def test_a_disable_that_failed_is_due_in_the_next_run(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    world.apply(absent_runs=3)
    world.apply(absent_runs=3)
    world.rt.refuses = lambda _: WriteRefused("RT refused it", code="rt.refused", system="rt")
    failed = world.apply(absent_runs=3)
    assert failed.summary.result == "partial"
    assert listed(failed, "absent") == {
        "101": "in no source of the roster, in 3 good runs in a row: it is due to be disabled"
    }
    world.rt.refuses = lambda _: None
    world.apply(absent_runs=3)
    assert world.rt.users[101]["Disabled"] == "1"


def test_a_saved_plan_that_does_not_disable_leaves_it_due(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    saved = world.runner().plan().plan
    world.rt.refuses = lambda _: WriteRefused("RT refused it", code="rt.refused", system="rt")
    world.apply()
    world.rt.refuses = lambda _: None
    world.runner().apply(saved=saved)
    assert [fields["Name"] for fields in world.rt.users.values()] == ["s1", "s2"]
    assert world.rt.users[101]["Disabled"] == "0"
    world.apply()
    assert world.rt.users[101]["Disabled"] == "1"


def test_a_field_that_is_mapped_no_longer_is_brought_back_by_a_revert(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(1, grade="10"))
    promoted = world.apply(fields={"CF.{Grade}": "{grade}"})
    assert world.rt.users[101]["CF.{Grade}"] == "10"
    world.runner(fields={}).revert(promoted.summary.id, write=True)
    assert world.rt.users[101]["CF.{Grade}"] is None


def test_a_leaver_who_is_enabled_again_by_a_revert_is_counted_anew(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(2))
    world.apply()
    disabling = world.apply()
    world.runner().revert(disabling.summary.id, write=True)
    assert listed(world.apply(), "absent")["101"].startswith("in no source of the roster, 1 of 2")
    assert world.rt.users[101]["Disabled"] == "0"


def test_somebody_who_returns_is_enabled(world: World) -> None:
    world.roster(person(1))
    number = world.rt.add(**a_user(1) | {"Disabled": "1"})
    world.apply()
    assert world.rt.writes == [(str(number), {"Disabled": "0"})]


def test_an_inactive_person_has_left(world: World) -> None:
    world.rt.add(**a_user(1))
    world.roster(person(1, active=False), person(2))
    world.apply(absent_runs=1)
    assert world.rt.users[101]["Disabled"] == "1"


def test_a_source_in_which_many_became_inactive_has_shrunk(world: World) -> None:
    world.roster(*map(person, range(1, 11)))
    world.apply()
    world.roster(*(person(number, active=number > 3) for number in range(1, 11)))
    refused = Runner(world.job(), world.store.ledger, Limits()).apply()
    assert "students has 7 objects, and had 10 in the last good run" in refused.summary.error
    world.roster(*(person(number, active=False) for number in range(1, 11)))
    with pytest.raises(DataError, match="the source students of rt-users has nobody who is active"):
        world.apply()


def test_users_without_an_id_are_not_ours_until_they_had_a_person(world: World) -> None:
    customer = world.rt.add(Name="customer", EmailAddress="customer@example.com")
    teacher = world.rt.add(Name="teacher", EmailAddress="teacher@example.org")
    world.roster(person(1), person(0, id="", user_name="teacher", email="teacher@example.org", role="staff"))
    assert world.apply(absent_runs=1).summary.counts["unmanaged"] == 1
    world.roster(person(1))
    done = world.apply(absent_runs=1)
    assert done.summary.counts["unmanaged"] == 1
    assert world.rt.users[customer]["Disabled"] == "0"
    assert world.rt.users[teacher]["Disabled"] == "1"


def test_a_source_that_was_a_mistake_makes_nobody_a_leaver_as_long_as_nothing_was_applied(world: World) -> None:
    parent = world.rt.add(Name="parent", EmailAddress="parent@example.org")
    too_much = (person(1), person(0, id="", user_name="parent", email="parent@example.org", role="staff"))
    world.roster(*too_much)
    world.runner().plan()
    refused = Runner(world.job(), world.store.ledger, Limits(create=CreateLimit(count=0))).apply()
    assert refused.summary.result == "refused"
    world.roster(person(1))
    for _ in range(3):
        assert world.apply().summary.counts["unmanaged"] == 1
    assert world.rt.users[parent]["Disabled"] == "0"


def test_a_leaver_without_an_id_stays_known_while_it_is_absent(world: World) -> None:
    teacher = world.rt.add(Name="teacher", EmailAddress="teacher@example.org")
    world.roster(person(1), person(0, id="", user_name="teacher", email="teacher@example.org", role="staff"))
    world.apply()
    world.roster(person(1))
    for _ in range(3):
        world.apply(absent_runs=4)
    assert world.rt.users[teacher]["Disabled"] == "0"
    world.apply(absent_runs=4)
    assert world.rt.users[teacher]["Disabled"] == "1"


def test_numbers_of_users_of_another_rt_say_nothing(world: World) -> None:
    world.rt.add(Name="teacher", EmailAddress="teacher@example.org")
    world.roster(person(1), person(0, id="", user_name="teacher", email="teacher@example.org", role="staff"))
    world.apply()
    world.url, world.rt = "http://other.invalid", FakeRt()
    customer = world.rt.add(Name="customer", EmailAddress="customer@example.com")
    world.roster(person(1))
    for _ in range(3):
        assert world.apply().summary.counts["unmanaged"] == 1
    assert world.rt.users[customer]["Disabled"] == "0"


def test_a_member_of_staff_without_an_id_gets_a_user_and_the_journal_no_address(world: World) -> None:
    world.roster(person(0, id="", user_name="teacher", email="teacher@example.org", role="staff"))
    done = world.apply(privileged_roles=["staff"])
    (action,) = done.plan.actions
    assert action.object.startswith("staff-")
    assert world.rt.users[101]["Privileged"] == "1"
    assert world.apply(privileged_roles=["staff"]).summary.result == "in_sync"


# -- who is left alone


@pytest.mark.parametrize(
    ("user", "options", "why"),
    [
        ({"number": ME}, {}, "it is the API user itself"),
        ({"Name": "Root"}, {}, "it is one of RT's own users"),
        ({}, {"protected": ["S?"]}, "jobs.rt-users.protected names it"),
        ({}, {"protected": ["*@EXAMPLE.org"]}, "jobs.rt-users.protected names it"),
        ({"Privileged": "1"}, {}, "it is a privileged user, and its person is a student"),
    ],
)
def test_a_protected_user_is_never_touched(
    world: World, user: dict[str, Any], options: dict[str, Any], why: str
) -> None:
    number = world.rt.add(**a_user(1) | {"RealName": "Somebody"} | user)
    world.roster(person(1), person(2))
    done = world.apply(**options)
    assert listed(done, "protected") == {str(number): why}
    world.roster(person(2))
    for _ in range(3):
        world.apply(**options)
    assert world.rt.users[number]["Disabled"] == "0"
    assert world.rt.users[number]["RealName"] == "Somebody"


def test_a_leaver_who_is_not_disabled_is_told_of(world: World) -> None:
    teacher = world.rt.add(Name="teacher", EmailAddress="teacher@example.org", Privileged="1")
    helper = world.rt.add(**a_user(7))
    world.rt.add(**a_user(8) | {"Privileged": "1", "Disabled": "1"})
    world.roster(person(1), person(0, id="", user_name="teacher", email="teacher@example.org", role="staff"))
    world.apply(protected=["s7"])
    world.roster(person(1))
    for _ in range(3):
        done = world.apply(protected=["s7"])
    assert listed(done, "protected") == {
        str(teacher): "in no source of the roster, and not disabled: it is a privileged user",
        str(helper): "in no source of the roster, and not disabled: jobs.rt-users.protected names it",
    }
    assert done.summary.counts["absent"] == 0
    (case,) = world.job(protected=["s7"]).explain("s7").cases
    assert case.state == "protected"


def test_disabled_users_leavers_and_missing_users_may_be_reported_only(world: World) -> None:
    back = world.rt.add(**a_user(1) | {"Disabled": "1"})
    gone = world.rt.add(**a_user(3))
    world.roster(person(1), person(2))
    for _ in range(3):
        done = world.apply(disabled_users="report", leavers="report", missing_users="report")
    assert world.rt.writes == []
    assert listed(done, "disabled").keys() == {str(back)}
    assert listed(done, "absent") == {str(gone): "in no source of the roster; leavers are only reported"}
    assert listed(done, "only_roster").keys() == {"000002"}
