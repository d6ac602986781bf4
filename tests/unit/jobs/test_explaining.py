"""What is said of single Chromebooks is what a run does: told of every device and asset of a fleet."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.jobs.sides import shelves
from syncd.reconcile.explain import Case, Explanation, Id, Record
from syncd.reconcile.model import Comparison
from syncd.sandbox.site import Sandbox
from unit.jobs.chromebook_ways import WAYS, job_of

LISTED = ("only_google", "only_rt", "conflict", "rejected", "superseded", "not_created")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("site"), devices=40) as sandbox:
        yield sandbox


def everybody(site: Sandbox) -> list[Id]:
    devices = [("google", device["deviceId"]) for device in site.fleet.devices]
    return [*devices, *(("rt", str(number)) for number in site.rt.world.assets)]


def verdicts(run: Comparison) -> dict[Id, tuple[str, str]]:
    """Return state and reason of each record that a run lists; the others are matched or take no part."""
    return {(each.system, each.object): (each.state, each.why) for each in run.listings if each.state in LISTED}


def about(run: Comparison, one: Id) -> set[str]:
    """Return the ids of the actions that write an object, or come from it."""
    return {
        action.id
        for action in run.actions
        if (action.system, action.object) == one or (action.source == one[1] and action.system != one[0])
    }


def told_of(explanation: Explanation, one: Id) -> tuple[Case, Record]:
    """Return the case of a record that was asked for by its id."""
    [found] = [
        (case, record)
        for case in explanation.cases
        for record in case.records
        if record.sought and (record.system, record.id) == one
    ]
    return found


def check(site: Sandbox, lines: str) -> Counter[str]:
    """Hold what is said of everybody against a run; return how many are in each state."""
    told = Counter[str]()
    with job_of(site, lines) as job:
        run = job.observe_and_compare()
        listed, planned = verdicts(run), {action.id for action in run.actions}
        for one in everybody(site):
            explanation = job.explain(one[1])
            case, record = told_of(explanation, one)
            told.update([record.state, f"rt by {explanation.read['rt']}"])
            for each in case.records:
                verdict = each.state, each.why
                assert listed.get((each.system, each.id), verdict) == verdict
                assert (each.state in LISTED) == ((each.system, each.id) in listed), one
            actions = {action.id for action in case.actions}
            assert about(run, one) <= actions <= planned
            # Where a number is a name of something else, too, that comes in the same case.
            assert actions == about(run, one) or sum(each.sought for each in case.records) > 1
    return told


@pytest.mark.parametrize("way", WAYS)
def test_every_verdict_and_every_action_is_that_of_a_run(site: Sandbox, way: str) -> None:
    told = check(site, WAYS[way])
    assert told["matched"] > 20
    assert {"conflict", "only_rt"} <= told.keys()


# -- worse fleets


def scramble(site: Sandbox, seed: int) -> None:
    """Give many devices and assets the same few serial numbers, addresses and names, in all spellings."""
    drawn = random.Random(seed)  # noqa: S311 - not for secrets
    serials = ["SYN0000001", "syn0000001", " SYN0000002", "SYN0000003", "SYN-0000003", "7", "", "N/A", "SYN0000004"]
    macs = ["020000000001", "02:00:00:00:00:02", "02-00-00-00-00-03", "020000000004", "000000000000", ""]
    world = site.rt.world
    field = {name: world.field_named(name).id for name in ("Serial Number", "MAC Address")}  # type: ignore[union-attr]
    for device in site.fleet.devices:
        if drawn.random() < 0.4:
            site.google.edit(device["deviceId"], serialNumber=drawn.choice(serials))
        if drawn.random() < 0.3:
            site.google.edit(device["deviceId"], macAddress=drawn.choice(macs).replace(":", "").replace("-", ""))
        if drawn.random() < 0.3:
            site.google.edit(
                device["deviceId"], annotatedAssetId=drawn.choice(["Cart 1", "CART 1", "EX-0000040", None])
            )
    for asset in world.assets.values():
        if drawn.random() < 0.4:
            spelled = " ".join(drawn.choice(serials).partition("00"))
            world.set_values(asset, field["Serial Number"], [spelled])
        if drawn.random() < 0.3:
            world.set_values(asset, field["MAC Address"], [drawn.choice(macs).upper()])


@pytest.mark.parametrize(("way", "seed"), [("as it comes", 0), ("with new assets", 1)])
def test_no_muddle_of_keys_makes_a_difference(tmp_path: Path, way: str, seed: int) -> None:
    with Sandbox(tmp_path / "site", devices=40, seed=seed) as muddle:
        scramble(muddle, seed)
        assert check(muddle, WAYS[way])["conflict"] > 5


def test_a_key_of_very_many_makes_rt_be_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "MOST_KEYS", 1)
    with Sandbox(tmp_path / "site", devices=40) as muddle:
        scramble(muddle, 0)
        assert check(muddle, "")["rt by everything"] > 5


def test_the_records_beside_the_one_that_is_sought_are_judged_as_in_a_run_too(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "site", devices=40) as fleet:
        gone, stranger = (fleet.fleet.of_kind(kind)[0].devices[0] for kind in ("two_holders", "blank_serial"))
        fleet.google.edit(gone, status="DEPROVISIONED")
        fleet.google.edit(stranger, macAddress=fleet.google.device(gone)["macAddress"])
        with job_of(fleet) as job:
            states = {record.id: record.state for record in job.explain(gone).cases[0].records}
        assert states.pop(gone) == "excluded"
        assert set(states.values()) == {"matched"}, "the asset has the address of another device"


@pytest.mark.parametrize("name", ["Cart 7", 'Cart "7"', "SYNTWIN0"])
def test_one_name_for_two_new_assets_goes_to_the_first_device_as_in_a_run(tmp_path: Path, name: str) -> None:
    with Sandbox(tmp_path / "site", devices=40) as fleet:
        template = fleet.google.device(fleet.fleet.of_kind("only_in_google")[0].devices[0])
        ids = [f"{first}0000000-0000-0000-0000-000000000000" for first in "f08"]
        for number, device in enumerate(ids):
            more = {"serialNumber": f"SYNTWIN{number}", "macAddress": f"02000000f00{number}", "annotatedUser": ""}
            asset_id = "" if name == "SYNTWIN0" and number == 0 else name.upper() if number else name
            fleet.google.enrol({**template, **more, "deviceId": device, "annotatedAssetId": asset_id})
        with job_of(fleet, 'missing_assets = "create"') as job:
            run = job.observe_and_compare()
            made = {device: about(run, ("google", device)) for device in ids}
            assert sorted(map(len, made.values())) == [0, 0, 1]
            for device in ids:
                case, record = told_of(job.explain(device), ("google", device))
                assert {action.id for action in case.actions} == made[device]
                assert record.state == ("only_google" if made[device] else "not_created")


# -- what it costs


def test_a_pair_costs_a_handful_of_requests_whatever_the_fleet(tmp_path: Path) -> None:
    costs = []
    for devices in (40, 400):
        with Sandbox(tmp_path / str(devices), devices=devices) as fleet, job_of(fleet) as job:
            case = fleet.fleet.of_kind("user_differs")[0]
            assert job.explain(case.assets[0]).read == {"google": "queries", "rt": "queries"}
            costs.append({system: asked.requests for system, asked in job.traffic().items()})
    assert costs[0] == costs[1]
    assert costs[0]["google"] <= 2
    assert costs[0]["rt"] <= 10


def test_all_devices_are_read_only_for_an_address_that_may_decide(site: Sandbox) -> None:
    with job_of(site) as job:
        for kind, read in (
            ("only_in_google", "queries"),
            ("duplicate_in_rt", "queries"),
            ("untidy_serial", "queries"),
            ("mac_only", "everything"),
            ("placeholder_serial", "everything"),
        ):
            assert job.explain(site.fleet.of_kind(kind)[0].devices[0]).read["google"] == read, kind
    with job_of(site, WAYS["by serial alone"]) as job:
        assert job.explain(site.fleet.of_kind("only_in_rt")[0].assets[0]).read["google"] == "queries"
