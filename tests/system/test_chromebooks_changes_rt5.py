"""Whatever somebody does in a real RT, the next plan of the Chromebook job shows it, and a full read finds no more."""

from collections.abc import Iterator

import pytest

from services.rest2 import Rest2, criterion
from services.rt5 import Rt5
from syncd.sandbox.fleet import NOBODY, Device
from system.district import pairs, school_of
from system.real_rt import Done, Record, School


@pytest.fixture(scope="module")
def in_step(rt5: Rt5, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """Return a school that has been synced, and is kept so by the tests that share it."""
    with school_of(rt5, 60, tmp_path_factory.mktemp("behind")) as school:
        school.apply()
        school.settle()
        yield school


def owned(school: School, rt: Rest2, place: int) -> tuple[Device, str]:
    """Return one of the devices in step that have a user, and the number of its asset."""
    odd = {device for case in school.fleet.cases for device in case.devices}
    clean = [(d, a) for d, a in pairs(school.fleet) if d["deviceId"] not in odd and a.owner != NOBODY]
    device, asset = clean[place]
    return device, rt.search("/assets", criterion("Name", asset.name))["items"][0]["id"]


def expect(school: School, *changes: tuple[str, str, Record]) -> Done:
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


def test_a_new_name(in_step: School, rt: Rest2) -> None:
    _, number = owned(in_step, rt, 0)
    assert rt.put(f"/asset/{number}", Name="Renamed é 07")
    expect(in_step, ("google", "update", {"annotatedAssetId": "Renamed é 07"}))


def test_a_new_owner(in_step: School, rt: Rest2) -> None:
    _, number = owned(in_step, rt, 1)
    assert rt.put(f"/asset/{number}", Owner="s1001")
    expect(in_step, ("google", "update", {"annotatedUser": "s1001@students.example.test"}))


def test_no_owner(in_step: School, rt: Rest2) -> None:
    _, number = owned(in_step, rt, 2)
    assert rt.put(f"/asset/{number}", Owner="Nobody")
    expect(in_step, ("google", "clear", {"annotatedUser": None}))


def test_custom_fields_of_either_side(in_step: School, rt: Rest2) -> None:
    device, number = owned(in_step, rt, 3)
    assert rt.put(f"/asset/{number}", CustomFields={"OS Version": "99", "Location": "Roof"})
    expected = {"CF.{OS Version}": device["osVersion"]}
    expect(in_step, ("google", "update", {"annotatedLocation": "Roof"}), ("rt", "update", expected))


def test_a_new_address_of_an_owner(in_step: School, rt: Rest2) -> None:
    device, _ = owned(in_step, rt, 4)
    login = device["annotatedUser"].partition("@")[0]
    assert rt.put(f"/user/{login}", EmailAddress="married@example.org")
    expect(in_step, ("google", "update", {"annotatedUser": "married@example.org"}))


def test_a_move_to_another_catalog_and_back(in_step: School, rt: Rest2) -> None:
    device, number = owned(in_step, rt, 5)
    assert rt.put(f"/asset/{number}", Catalog="Network Gear")
    assert device["serialNumber"] in expect(in_step).listed("only_google")
    assert rt.put(f"/asset/{number}", Catalog="Chromebooks")
    assert device["serialNumber"] not in expect(in_step).listed("only_google")


def test_a_deleted_asset(in_step: School, rt: Rest2) -> None:
    device, number = owned(in_step, rt, 6)
    assert rt.put(f"/asset/{number}", Status="deleted")
    assert device["serialNumber"] in expect(in_step).listed("only_google")
