"""Moves between organisational units: batches of 50, read back, taken back, and refused by unit."""

from collections.abc import Callable, Sequence

import pytest

from syncd.sandbox.faults import Rule
from syncd.sandbox.site import GOOGLE_OWNED
from system.conftest import MakeSite
from system.site import Site

MOVE = "chromeosdevices.moveDevicesToOu"
LIMITS = {"limits": {"move": {"percent": 100}}}


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Return a site in sync whose organisational units are RT's to say."""
    site = make_site(devices=64, drift=False)
    kept = {field: source for field, source in GOOGLE_OWNED.items() if field != "CF.{OU}"}
    site.configure(job=LIMITS, to_google={"orgUnitPath": "CF.{OU}"}, to_rt=kept)
    return site


def place(site: Site, names: Sequence[str], unit: str) -> None:
    """Write a unit into assets."""
    for name in names:
        site.rest.put(f"/asset/{site.asset(name)}", CustomFields={str(site.field("OU").id): unit})


def active(site: Site, number: int) -> list[str]:
    """Return names of assets whose devices are read and are not in the root unit."""
    excluded = {d["serialNumber"] for d in site.sandbox.fleet.devices if d["status"] == "DEPROVISIONED"}
    names = [a.name for a in site.sandbox.fleet.assets if a.catalog == "Chromebooks" and a.serial not in excluded]
    return names[:number]


def units(site: Site) -> dict[str, str]:
    return {device: str(record["orgUnitPath"]) for device, record in site.whole()["google.devices"].items()}


def target(site: Site) -> str:
    """Return a unit that no device is in."""
    taken = set(units(site).values())
    return next(path for unit in site.sandbox.fleet.org_units if (path := str(unit["orgUnitPath"])) not in taken)


def test_moves_go_in_batches_of_fifty_are_read_back_and_taken_back(site: Site) -> None:
    before, there = units(site), target(site)
    place(site, active(site, 55), there)
    applied = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert [action.kind for action in applied.actions] == ["move"] * 55
    assert {outcome.state for outcome in applied.outcomes.values()} == {"verified"}
    assert site.sandbox.server.requests(MOVE) == 2
    moved = {action.object for action in applied.actions}
    assert units(site) == {device: there if device in moved else unit for device, unit in before.items()}
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"
    reverted = site.syncd("revert", applied.run, "--apply", "--json").ended(0)
    assert reverted.result == "applied"
    assert units(site) == before


def test_moves_have_a_limit_of_their_own(site: Site) -> None:
    site.configure(job={"limits": {"move": {"count": 2}}}, to_google={"orgUnitPath": "CF.{OU}"}, to_rt={})
    place(site, active(site, 3), target(site))
    error = site.refuses(3, "apply", "chromebooks").error
    assert "3 move actions in google" in error
    assert "the limit is 2 (jobs.chromebooks.limits.move.count = 2)" in error


def test_a_unit_that_google_does_not_have_is_named_and_the_other_moves_are_done(site: Site) -> None:
    names, there = active(site, 4), target(site)
    place(site, names[:2], "/Nowhere")
    place(site, names[2:], there)
    applied = site.syncd("apply", "chromebooks", "--json").ended(1)
    outcomes = {action.id: (action.after["orgUnitPath"], applied.outcomes[action.id]) for action in applied.actions}
    failed = [outcome for unit, outcome in outcomes.values() if unit == "/Nowhere"]
    assert [outcome.state for outcome in failed] == ["failed", "failed"]
    assert all("move devices to org unit /Nowhere: Google refused it" in outcome.error for outcome in failed)
    assert [outcome.state for unit, outcome in outcomes.values() if unit == there] == ["verified", "verified"]


@pytest.mark.parametrize("spell", [str.upper, lambda unit: unit.strip("/"), lambda unit: f"{unit}/"])
def test_a_unit_that_is_only_spelt_otherwise_is_no_move(site: Site, spell: Callable[[str], str]) -> None:
    name = active(site, 1)[0]
    present = next(a.custom_fields["OU"] for a in site.sandbox.fleet.assets if a.name == name)
    place(site, [name], spell(str(present)))
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_an_asset_without_a_unit_leaves_its_device_where_it_is(site: Site) -> None:
    number = site.asset(active(site, 1)[0])
    site.rest.put(f"/asset/{number}", CustomFields={str(site.field("OU").id): None})
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_moves_whose_answer_was_lost_are_found_out_by_the_read_back(site: Site) -> None:
    site.fail(Rule(route="moveDevicesToOu", reset="during", times=1))
    place(site, active(site, 2), target(site))
    applied = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert {outcome.state for outcome in applied.outcomes.values()} == {"verified"}


def test_a_move_that_did_not_happen_is_no_success(site: Site) -> None:
    """The answer to a move is empty: only reading the devices again proves it."""
    site.fail(Rule(route="moveDevicesToOu", status=204))
    place(site, active(site, 2), target(site))
    applied = site.syncd("apply", "chromebooks", "--json").ended(1)
    errors = {(outcome.state, outcome.error) for outcome in applied.outcomes.values()}
    assert errors == {("failed", "google took the request, and the old values are still there")}
