"""The Chromebook job from end to end: the real command line, a real Request Tracker 5, the sandbox's Google."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from services.seed import restore_fleet
from system.district import assert_in_step, in_rt, school_of, states
from system.real_rt import LONG, Done, Passed, School

DEVICES = 1000 if LONG else 120
"""Pages of RT have a hundred assets."""


@pytest.fixture
def big_school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    with school_of(rt5, DEVICES, tmp_path) as school:
        yield school


@pytest.fixture
def school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    with school_of(rt5, 60, tmp_path) as school:
        yield school


def test_a_large_school_there_and_back(big_school: School, rt: Rest2) -> None:
    school, first = big_school, big_school.state()

    plan = school.plan()
    assert (plan.status, plan.writes) == (3, [])
    assert len(plan.preflight) <= 10
    assert len(plan.reads) <= 2 + math.ceil(len(school.fleet.assets) / 100)

    applied = school.apply(plan)
    assert applied.changes == plan.changes
    assert states(applied) == {"verified"}
    assert len(applied.writes) == in_rt(applied) > DEVICES / 3
    assert_in_step(school.fleet, *school.state())

    second = school.syncd("run", "chromebooks")
    assert second.document["run"]["result"] == "in_sync"
    assert second.writes == []
    assert len(second.reads) <= 3 + math.ceil(in_rt(applied) / 100)
    school.settle()
    quiet = school.syncd("run", "chromebooks")
    assert len(quiet.preflight) <= 10
    assert len(quiet.reads) <= 3

    edited = list(first[0]["assets"])[100:107]
    for number in edited:
        assert rt.put(f"/asset/{number}", CustomFields={"OS Version": "99"})
    few = school.apply()
    assert {label for _, _, label, _ in few.changes} == {first[0]["assets"][number]["Name"] for number in edited}
    assert len(few.writes) == 7
    assert len(few.reads) <= 3 + 1 + 1
    assert school.server.requests(method="PATCH") == len(applied.changes) - in_rt(applied)

    reverted = school.revert(applied.run)
    assert states(reverted) == {"verified"}
    assert school.state() == first


def test_signed_in_with_a_password_there_and_back(school: School) -> None:
    school.configure(rt='auth = "password"\nusername = "rt-sync"')
    for done in there_and_back(school):
        logins = [passed for passed in done.passed if passed.path == "/NoAuth/Login.html"]
        assert len(logins) == 1
        assert {passed.sign_in for passed in done.passed if passed not in logins} == {"cookie"}


def test_with_rights_on_one_catalog_there_and_back(school: School) -> None:
    school.configure(user="rt-catalog")
    applied, second, _ = there_and_back(school)
    for done in (applied, second):
        assert [passed for passed in done.reads if passed.query.get("fields") == "LastUpdated" and by_id(passed)]


def test_in_another_time_zone_there_and_back(school: School) -> None:
    school.configure(user="rt-west", rt='timezone = "America/Los_Angeles"')
    there_and_back(school, not_set="1970-01-01T00:00:00Z")


def test_an_rt_that_is_restored_from_a_copy_is_seen_as_it_is(school: School) -> None:
    applied = school.apply()
    school.settle()
    restore_fleet(school.rt5, school.fleet)
    again = school.plan()
    assert [change for change in applied.changes if change[0] == "rt"] == again.changes
    assert len(again.reads) <= 3 + math.ceil(len(school.fleet.assets) / 100) + math.ceil(in_rt(applied) / 100)
    assert school.plan("--full-read").changes == again.changes


def there_and_back(school: School, not_set: str = "") -> tuple[Done, Done, Done]:
    """Apply, run again, revert; return the three. A time may come back as ``not_set``, which is RT's "Not set"."""
    first = school.state()
    applied = school.apply()
    assert states(applied) == {"verified"}
    assert in_rt(applied) > 10
    assert_in_step(school.fleet, *school.state())
    second = school.syncd("run", "chromebooks")
    assert (second.changes, second.writes) == ([], [])
    reverted = school.revert(applied.run)
    assert states(reverted) == {"verified"}
    assert school.state(not_set) == first
    return applied, second, reverted


def by_id(passed: Passed) -> bool:
    return passed.query.get("orderby") == "id"


class TestTimeZones:
    def test_a_zone_that_rt_knows_better_is_refused(self, school: School) -> None:
        first = school.state()
        done = school.configure(user="rt-west").syncd("apply", "chromebooks", expect=78)
        assert "the API user's time zone in RT is America/Los_Angeles, and rt.timezone says UTC" in done.errors
        assert done.writes == []
        assert school.state() == first

    def test_a_wrong_zone_that_rt_does_not_tell_is_found_by_reading_back(self, school: School) -> None:
        school.configure(rt='timezone = "America/Los_Angeles"')
        plan = school.plan()
        done = school.apply(plan, expect=1)
        dated = [after for system, _, _, after in plan.changes if system == "rt" and "CF.{Last Sync}" in after]
        doubtful = [outcome for outcome in done.outcomes if outcome["state"] != "verified"]
        assert len(doubtful) == len(dated) > 10
        assert {outcome["code"] for outcome in doubtful} == {"verify.different"}
        again = school.plan()
        assert [list(after) for *_, after in again.changes] == [["CF.{Last Sync}"]] * len(dated)
        school.configure()
        assert states(school.apply()) == {"verified"}
        assert_in_step(school.fleet, *school.state())


class TestRights:
    def test_all_rights_that_a_create_lacks_are_named_at_once(self, school: School) -> None:
        school.configure(user="rt-readonly", job='missing_assets = "create"')
        done = school.syncd("apply", "chromebooks", expect=77)
        assert 'the API user lacks CreateAsset on the catalog "Chromebooks"' in done.errors
        assert 'the API user lacks ModifyAsset on the catalog "Chromebooks"' in done.errors
        assert done.writes == []

    def test_custom_fields_that_cannot_be_seen_are_not_taken_for_empty(self, school: School) -> None:
        done = school.configure(user="rt-blind").syncd("plan", "chromebooks", expect=77)
        assert "SeeCustomField" in done.errors

    def test_a_right_that_only_a_write_shows_is_named_by_each_action_that_missed_it(self, school: School) -> None:
        first = school.state()[0]
        done = school.configure(user="rt-readonly").apply(expect=1)
        refused = [outcome for outcome in done.outcomes if outcome["state"] != "verified"]
        assert len(refused) == in_rt(done) > 10
        assert {outcome["state"] for outcome in refused} == {"failed"}
        assert all(outcome["error"].endswith("; grant the API user ModifyCustomField.") for outcome in refused)
        assert school.state()[0] == first


class TestExplain:
    KINDS = ("user_differs", "stale_in_rt", "mac_only", "untidy_serial", "script_name", "duplicate_in_rt", "only_in_rt")

    @pytest.mark.parametrize("user", ["rt-sync", "rt-catalog"])
    def test_what_it_foretells_is_what_a_plan_has(self, school: School, user: str) -> None:
        plan = school.configure(user=user).plan()
        planned = {action["id"]: action for action in plan.document["plan"]["actions"]}
        listed = {(each["system"], each["label"]): each for each in plan.document["plan"]["report"]["listings"]}
        for kind in self.KINDS:
            case = school.fleet.of_kind(kind)[0]
            done = school.syncd("explain", "chromebooks", case.assets[0])
            [told] = done.document["cases"]
            sought = next(record for record in told["records"] if record["sought"])
            listing = listed.get(("rt", case.assets[0]), {"state": "matched"})
            assert sought["state"] == listing["state"], kind
            ids = {(record["system"], record["id"]) for record in told["records"]}
            assert {action["id"] for action in told["actions"]} == {
                number for number, action in planned.items() if (action["system"], action["object"]) in ids
            }
            assert done.writes == []
            assert len(done.reads) <= (5 if user == "rt-sync" else 8), kind
