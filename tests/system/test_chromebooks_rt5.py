"""The Chromebook job from end to end: the real command line, a real Request Tracker 5, the sandbox's Google."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.rest2 import Rest2, criterion
from services.rt5 import Rt5
from services.seed import restore_fleet
from syncd.sandbox.faults import Rule
from syncd.sandbox.fleet import NOBODY, Asset, Device, Fleet, as_reported, make_fleet
from system.real_rt import LONG, TO_RT, Done, Passed, Record, School, client_of, opened, values

UNMATCHED = {
    "only_in_google",
    "only_in_rt",
    "other_catalog",
    "duplicate_in_google",
    "duplicate_in_rt",
    "blank_serial",
    "short_serial",
    "placeholder_serial",
}
STALE = {
    "Model": "Chromebook of old",
    "OS Version": "120.0.6099.235",
    "Last Sync": "2026-01-02T03:04:05Z",
    "AUE Date": "2026-06-01",
    "OU": "/Attic",
    "Google Status": "DISABLED",
    "Last User": "former@example.org",
}

DEVICES = 1000 if LONG else 150
"""Pages of RT have a hundred assets."""

UNRELATED = {"Type", "Manufacturer", "Tags", "Battery Cycle Count", "Recent Users"}
"""Fields of no concern here; nine assets in ten go without them, which makes a large RT in less time."""


def district(devices: int) -> Fleet:
    """Return a fleet of which RT is late in one fifth, knows nothing of Google in another, and is right in the rest."""
    fleet = make_fleet(devices)
    return replace(fleet, assets=[_before(number, asset) for number, asset in enumerate(fleet.assets)])


def _before(number: int, asset: Asset) -> Asset:
    values = {name: text for name, text in asset.custom_fields.items() if number % 10 == 2 or name not in UNRELATED}
    if "Google Device ID" not in values:
        return replace(asset, custom_fields=values)
    if number % 5 == 0:
        names = STALE.keys() | {"Google Device ID"}
        return replace(asset, custom_fields={name: text for name, text in values.items() if name not in names})
    late = STALE if number % 5 == 1 else {}
    return replace(asset, custom_fields={**values, "Google ID (unique)": values["Google Device ID"], **late})


def pairs(fleet: Fleet) -> list[tuple[Device, Asset]]:
    """Return the devices that take part with the assets that are theirs."""
    devices = {device["deviceId"]: device for device in fleet.devices}
    assets = {asset.name: asset for asset in fleet.assets}
    found = [(devices[case.devices[0]], assets[case.assets[0]]) for case in fleet.cases if case.kind not in UNMATCHED]
    odd = {device for case in fleet.cases for device in case.devices}
    found += [(d, assets[d["annotatedAssetId"]]) for d in fleet.devices if d["deviceId"] not in odd]
    return [(device, asset) for device, asset in found if device["status"] in {"ACTIVE", "DISABLED"}]


def wanted_in_rt(device: Device) -> dict[str, str]:
    """Return the custom fields that Google owns as they should be."""
    reported = {**as_reported(device), "Google ID (unique)": device["deviceId"]}
    return {name: str(text) for name, text in reported.items() if f"CF.{{{name}}}" in TO_RT}


def wanted_in_google(device: Device, asset: Asset, emails: dict[str, str]) -> dict[str, str]:
    """Return the fields that RT owns as they should be: an unknown address or an overlong text changes nothing."""
    user = "" if asset.owner == NOBODY else emails[asset.owner] or device.get("annotatedUser", "")
    location = str(asset.custom_fields.get("Location", ""))
    return {
        "annotatedAssetId": asset.name,
        "annotatedUser": user,
        "annotatedLocation": location if 0 < len(location) <= 200 else device.get("annotatedLocation", ""),
        "notes": str(asset.custom_fields.get("Notes", "")) or device.get("notes", ""),
    }


def assert_in_step(fleet: Fleet, rt: Record, devices: Record) -> None:
    """Compare every pair with what the fleet says should come of it."""
    assets = {asset["Name"]: asset for asset in rt["assets"].values()}
    emails = {user.login: user.email for user in fleet.users}
    for device, asset in pairs(fleet):
        shown = values(assets[asset.name])
        shown["MAC Address"] = shown["MAC Address"].replace(":", "").lower()
        assert {name: shown.get(name) for name in wanted_in_rt(device)} == wanted_in_rt(device)
        wanted, now = wanted_in_google(device, asset, emails), devices[device["deviceId"]]
        assert {name: now.get(name, "") for name in wanted} == wanted


@pytest.fixture
def big_school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    yield from _school(rt5, district(DEVICES), tmp_path)


@pytest.fixture
def school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    yield from _school(rt5, district(60), tmp_path)


def _school(rt5: Rt5, fleet: Fleet, directory: Path) -> Iterator[School]:
    restore_fleet(rt5, fleet)
    with opened(School, rt5, fleet, directory) as school:
        yield school


@pytest.fixture
def rt(rt5: Rt5) -> Iterator[Rest2]:
    with client_of(rt5) as client:
        yield client


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


def states(done: Done) -> set[str]:
    return {outcome["state"] for outcome in done.outcomes}


def in_rt(done: Done) -> int:
    """Return how many of the changes are in RT."""
    return sum(system == "rt" for system, *_ in done.changes)


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


class TestCreates:
    def test_missing_assets_are_created_once_and_never_again(self, school: School, rt: Rest2) -> None:
        first = school.configure(job='missing_assets = "create"').state()
        new = enrol(school, {"annotatedAssetId": "Ноутбук 💻 0001"}, {"annotatedAssetId": "00123"}, {})
        lone = school.fleet.of_kind("only_in_google")[0].serials[0]
        wanted = {lone, new[0]["serialNumber"], new[2]["serialNumber"]}

        applied = school.apply()
        created = [outcome["object"] for outcome in applied.outcomes if outcome["object"]]
        assert states(applied) == {"verified"}
        assert set(applied.listed("not_created")) >= {new[1]["serialNumber"]}
        made = [school.state()[0]["assets"][number] for number in created]
        assert {values(asset)["Serial Number"] for asset in made} == wanted
        assert {asset["Status"] for asset in made} == {"new"}
        assert {asset["Name"] for asset in made} >= {"Ноутбук 💻 0001", new[2]["serialNumber"]}
        for device in [d for d in (*new, *school.fleet.devices) if d.get("serialNumber") in wanted]:
            asset = next(asset for asset in made if values(asset)["Serial Number"] == device["serialNumber"])
            assert values(asset).items() >= wanted_in_rt(device).items()
        later = school.apply()
        assert later.changes == [("google", "update", "SYNNEW0002", {"annotatedAssetId": "SYNNEW0002"})]
        assert school.plan().changes == []

        reverted = school.revert(applied.run)
        assert states(reverted) == {"verified"}
        assert {rt.get(f"/asset/{number}")["Status"] for number in created} == {"deleted"}
        assert school.state()[0] == first[0]
        enrol(school, {**new[0], "deviceId": "re-enrolled"})
        school.google.edit(new[0]["deviceId"], status="DEPROVISIONED")
        after = school.plan()
        assert not [kind for _, kind, *_ in after.changes if kind == "create"]
        assert set(after.listed("not_created")) >= wanted

    def test_a_create_whose_answer_is_lost_makes_one_asset(self, school: School) -> None:
        school.configure(job='missing_assets = "create"')
        first = school.state()[0]
        school.server.faults.add(Rule(route="/rt/REST/2.0/asset$", method="POST", after=1, times=1, reset="during"))
        new = enrol(school, {}, {}, {})
        assert states(school.apply()) == {"verified"}
        assert school.server.faults.listing()[0]["used"] == 1
        now = school.state()[0]
        made = [asset for number, asset in now["assets"].items() if number not in first["assets"]]
        serials = [values(asset)["Serial Number"] for asset in made]
        assert sorted(serials) == sorted({*serials, *(device["serialNumber"] for device in new)})


def enrol(school: School, *devices: Record) -> list[Record]:
    """Let Google have more devices; what is not given is like another device, made unique."""
    model = next(device for device, _ in pairs(school.fleet) if "annotatedUser" in device)
    shared = {name: text for name, text in model.items() if not name.startswith("annotated")}
    made = []
    for number, device in enumerate(devices):
        own = {"deviceId": f"new-{number}", "serialNumber": f"SYNNEW{number:04d}", "macAddress": f"0203{number:08x}"}
        made.append({**shared, **own, **device})
    school.google.enrol(*made)
    return made


@pytest.fixture(scope="class")
def in_step(rt5: Rt5, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """Return a school that has been synced, and is kept so by the tests that share it."""
    for school in _school(rt5, district(60), tmp_path_factory.mktemp("behind")):
        school.apply()
        school.settle()
        yield school


class TestChangesBehindOurBack:
    """Whatever somebody does in RT, the next plan shows it, and a full read finds nothing else."""

    def test_a_new_name(self, in_step: School, rt: Rest2) -> None:
        _, number = owned(in_step, rt, 0)
        assert rt.put(f"/asset/{number}", Name="Renamed é 07")
        self.expect(in_step, ("google", "update", {"annotatedAssetId": "Renamed é 07"}))

    def test_a_new_owner(self, in_step: School, rt: Rest2) -> None:
        _, number = owned(in_step, rt, 1)
        assert rt.put(f"/asset/{number}", Owner="s1001")
        self.expect(in_step, ("google", "update", {"annotatedUser": "s1001@students.example.test"}))

    def test_no_owner(self, in_step: School, rt: Rest2) -> None:
        _, number = owned(in_step, rt, 2)
        assert rt.put(f"/asset/{number}", Owner="Nobody")
        self.expect(in_step, ("google", "clear", {"annotatedUser": None}))

    def test_custom_fields_of_either_side(self, in_step: School, rt: Rest2) -> None:
        device, number = owned(in_step, rt, 3)
        assert rt.put(f"/asset/{number}", CustomFields={"OS Version": "99", "Location": "Roof"})
        expected = {"CF.{OS Version}": device["osVersion"]}
        self.expect(in_step, ("google", "update", {"annotatedLocation": "Roof"}), ("rt", "update", expected))

    def test_a_new_address_of_an_owner(self, in_step: School, rt: Rest2) -> None:
        device, _ = owned(in_step, rt, 4)
        login = device["annotatedUser"].partition("@")[0]
        assert rt.put(f"/user/{login}", EmailAddress="married@example.org")
        self.expect(in_step, ("google", "update", {"annotatedUser": "married@example.org"}))

    def test_a_move_to_another_catalog_and_back(self, in_step: School, rt: Rest2) -> None:
        device, number = owned(in_step, rt, 5)
        assert rt.put(f"/asset/{number}", Catalog="Network Gear")
        assert device["serialNumber"] in self.expect(in_step).listed("only_google")
        assert rt.put(f"/asset/{number}", Catalog="Chromebooks")
        assert device["serialNumber"] not in self.expect(in_step).listed("only_google")

    def test_a_deleted_asset(self, in_step: School, rt: Rest2) -> None:
        device, number = owned(in_step, rt, 6)
        assert rt.put(f"/asset/{number}", Status="deleted")
        assert device["serialNumber"] in self.expect(in_step).listed("only_google")

    def expect(self, school: School, *changes: tuple[str, str, Record]) -> Done:
        """Assert what the next plan has, and that reading everything comes to the same; then apply it."""
        plan = school.plan()
        assert [(system, kind, after) for system, kind, _, after in plan.changes] == list(changes)
        assert len(plan.reads) <= 3 + 1
        full = school.plan("--full-read")
        assert full.document["plan"] == plan.document["plan"]
        assert (full.errors, plan.errors) == ("", "")
        if changes:
            school.apply(plan)
        return plan


def owned(school: School, rt: Rest2, place: int) -> tuple[Device, str]:
    """Return one of the devices in step that have a user, and the number of its asset."""
    odd = {device for case in school.fleet.cases for device in case.devices}
    clean = [(d, a) for d, a in pairs(school.fleet) if d["deviceId"] not in odd and a.owner != NOBODY]
    device, asset = clean[place]
    return device, rt.search("/assets", criterion("Name", asset.name))["items"][0]["id"]


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
