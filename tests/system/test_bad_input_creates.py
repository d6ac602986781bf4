"""``missing_assets = "create"``: an asset for a device that has none, guarded, and never two for one serial."""

from collections.abc import Sequence
from typing import Any

import pytest

from syncd.sandbox.faults import Rule
from system.commands import Finished
from system.site import Site

REFUSED, CONFIGURATION = 3, 78
CREATE = {"missing_assets": "create"}
POST = r"/REST/2\.0/asset$"


@pytest.fixture
def site(site: Site) -> Site:
    """Return a site whose job makes missing assets."""
    site.configure(job=CREATE)
    return site


def enrol(site: Site, *numbers: int, **fields: str) -> list[str]:
    """Enrol new devices, ``NEW00001`` and so on; return their serials."""
    devices = [
        {
            "deviceId": f"new-{number}",
            "serialNumber": f"NEW{number:05d}",
            "macAddress": f"0200ff{number:06x}",
            "status": "ACTIVE",
            "orgUnitPath": "/",
            "model": "Example Chromebook",
            **fields,
        }
        for number in numbers
    ]
    site.sandbox.google.enrol(*devices)
    return [device["serialNumber"] for device in devices]


def holders(site: Site, serial: str) -> list[dict[str, Any]]:
    """Return the assets of RT that have a serial, deleted ones included."""
    field = str(site.field("Serial Number").id)
    return [asset for asset in site.whole()["rt.assets"].values() if asset["values"].get(field) == [serial]]


def created(finished: Finished) -> list[str]:
    return [action.object for action in finished.actions if action.kind == "create"]


def why(finished: Finished, serial: str) -> str:
    (listing,) = [each for each in finished.listings if each.state == "not_created" and each.label == serial]
    return listing.why


def only_in_google(site: Site) -> str:
    return site.sandbox.fleet.of_kind("only_in_google")[0].serials[0]


def test_by_default_a_missing_asset_is_reported_and_not_made(site: Site) -> None:
    site.configure()
    before = site.whole()["rt.assets"].keys()
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert created(finished) == []
    assert only_in_google(site) in [each.label for each in finished.listings if each.state == "only_google"]
    assert site.whole()["rt.assets"].keys() == before


def test_a_new_asset_has_what_google_knows_and_the_next_run_finds_nothing_to_do(site: Site) -> None:
    serial = only_in_google(site)
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert created(finished) == [serial]
    (asset,) = holders(site, serial)
    (device,) = site.sandbox.google.by_serial(serial)
    assert asset["name"] == device["annotatedAssetId"]
    assert asset["status"] == "new"
    assert asset["values"][str(site.field("Google Device ID").id)] == [device["deviceId"]]
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_creates_are_guarded_and_the_command_given_lifts_it(site: Site) -> None:
    serials = enrol(site, *range(6))
    refused = site.refuses(REFUSED, "apply", "chromebooks")
    assert "7 create actions in rt of 38 objects, the limit is 3 (jobs.chromebooks.limits.create.percent = 10)" in (
        refused.error
    )
    site.syncd("apply", "chromebooks", "--approve", refused.error.rpartition(" ")[2]).ended(0)
    assert all(len(holders(site, serial)) == 1 for serial in serials)


def test_a_device_that_is_enrolled_again_under_a_new_id_keeps_its_asset(site: Site) -> None:
    (serial,) = enrol(site, 1)
    site.syncd("apply", "chromebooks").ended(0)
    first = site.sandbox.google.device("new-1")
    site.sandbox.google.edit("new-1", status="DEPROVISIONED")
    site.sandbox.google.enrol({**first, "deviceId": "new-1-again"})
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert created(finished) == []
    (asset,) = holders(site, serial)
    assert asset["values"][str(site.field("Google Device ID").id)] == ["new-1-again"]
    site.sandbox.google.remove("new-1")
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_an_asset_that_was_made_and_then_deleted_in_rt_is_not_made_again(site: Site) -> None:
    (serial,) = enrol(site, 1)
    made = site.syncd("apply", "chromebooks").ended(0)
    (asset,) = holders(site, serial)
    site.rest.put(f"/asset/{asset['id']}", Status="deleted")
    again = site.syncd("apply", "chromebooks", "--json").ended(0)
    site.sandbox.google.enrol({**site.sandbox.google.device("new-1"), "deviceId": "new-1-again"})
    site.sandbox.google.remove("new-1")
    enrolled_again = site.syncd("apply", "chromebooks", "--json").ended(0)
    for finished in (again, enrolled_again):
        assert created(finished) == []
        expected = f"asset {asset['id']} was created for it by run {made.run} and RT shows it no longer"
        assert why(finished, serial) == f"no asset is made for it: {expected}"
    assert len(holders(site, serial)) == 1


def test_an_asset_that_people_made_and_deleted_is_not_made_again_either(site: Site) -> None:
    site.syncd("apply", "chromebooks").ended(0)
    case = site.sandbox.fleet.of_kind("user_differs")[0]
    number = site.asset(case.assets[0])
    site.rest.put(f"/asset/{number}", Status="deleted")
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert created(finished) == []
    assert why(finished, case.serials[0]).endswith(f"asset {number} had its serial and RT shows it no longer")


def test_an_asset_in_another_catalog_stands_against_a_new_one_and_is_named(site: Site) -> None:
    (case,) = site.sandbox.fleet.of_kind("other_catalog")
    finished = site.syncd("plan", "chromebooks", "--json").ended(0)
    assert case.serials[0] not in created(finished)
    assert f"asset {site.asset(case.assets[0])} in another catalog has its serial" in why(finished, case.serials[0])


def test_an_asset_that_moved_to_another_catalog_is_not_made_again(site: Site) -> None:
    (serial,) = enrol(site, 1)
    site.syncd("apply", "chromebooks").ended(0)
    (asset,) = holders(site, serial)
    site.rest.put(f"/asset/{asset['id']}", Catalog="Network Gear")
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert created(finished) == []
    assert f"asset {asset['id']}" in why(finished, serial)
    assert len(holders(site, serial)) == 1


@pytest.mark.parametrize("serial", ["", "AB1", "To be filled by O.E.M.", "0000000000", "SYN0000010"])
def test_no_asset_is_made_for_a_serial_that_identifies_nothing(site: Site, serial: str) -> None:
    """The last one is that of two devices already."""
    enrol(site, 1, serialNumber=serial)
    finished = site.syncd("plan", "chromebooks", "--json").ended(0)
    assert created(finished) == [only_in_google(site)]
    assert "new-1" in [each.object for each in finished.listings if each.state in {"rejected", "conflict"}]


@pytest.mark.parametrize(
    ("name", "words"),
    [("00123", "RT takes no name of digits only, 00123"), ("EX-0000001", "another asset is named EX-0000001")],
)
def test_no_asset_is_made_under_a_name_that_cannot_be_or_is_taken(site: Site, name: str, words: str) -> None:
    (serial,) = enrol(site, 1, annotatedAssetId=name)
    finished = site.syncd("plan", "chromebooks", "--json").ended(0)
    assert serial not in created(finished)
    assert words in why(finished, serial)


LOST: Sequence[Rule] = (
    Rule(route=POST, method="POST", reset="during", times=1),
    Rule(route=POST, method="POST", cut=True, times=1),
    Rule(route=POST, method="POST", status=500, effect=True, times=1),
    Rule(route=POST, method="POST", status=502, effect=True, body="<html>", times=1),
    Rule(route=POST, method="POST", status=200, effect=True, body="<html>", times=1),
)


@pytest.mark.parametrize("rule", LOST, ids=["reset", "cut", "500", "502", "HTML"])
def test_a_create_whose_answer_was_lost_is_found_and_not_made_twice(site: Site, rule: Rule) -> None:
    site.fail(rule)
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert site.struck() == 1
    assert {outcome.state for outcome in finished.outcomes.values()} == {"verified"}
    (asset,) = holders(site, only_in_google(site))
    assert str(asset["id"]) in [outcome.object for outcome in finished.outcomes.values()]


def test_a_create_that_never_arrived_is_made_by_the_next_run_once(site: Site) -> None:
    site.fail(Rule(route=POST, method="POST", status=500))
    finished = site.syncd("apply", "chromebooks", "--json").ended(1)
    assert holders(site, only_in_google(site)) == []
    (failed,) = [outcome for outcome in finished.outcomes.values() if outcome.state != "verified"]
    assert only_in_google(site) in failed.error
    site.heal()
    assert created(site.syncd("apply", "chromebooks", "--json").ended(0)) == [only_in_google(site)]
    assert len(holders(site, only_in_google(site))) == 1


def test_a_create_that_rt_refuses_is_told_with_its_reason_and_the_rest_is_done(site: Site) -> None:
    site.fail(Rule(route=POST, method="POST", status=400, body='{"message": "Name is not unique in this catalog"}'))
    finished = site.syncd("apply", "chromebooks", "--json").ended(1)
    (failed,) = [outcome for outcome in finished.outcomes.values() if outcome.state != "verified"]
    serial = only_in_google(site)
    assert (failed.state, failed.code) == ("failed", "rt.refused")
    assert failed.error == f"RT refused to create new asset {serial}: Name is not unique in this catalog."


def test_a_fixed_value_that_rt_would_not_take_is_a_mistake_of_the_configuration(site: Site) -> None:
    site.configure(job={**CREATE, "new_assets": {"CF.{Battery Cycle Count}": "many", "CF.{Type}": "Toaster"}})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert "new_assets cannot be used" in error
    assert "CF.{Battery Cycle Count} takes only what matches Digits" in error
    assert "CF.{Type}" in error
