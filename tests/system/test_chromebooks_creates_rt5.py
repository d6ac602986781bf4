"""Assets that the Chromebook job makes in a real Request Tracker 5: once each, whatever becomes of the answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.sandbox.faults import Rule
from system.district import pairs, school_of, states, wanted_in_rt
from system.real_rt import Record, School, values


@pytest.fixture
def school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    with school_of(rt5, 60, tmp_path) as school:
        yield school.configure(job='missing_assets = "create"')


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


def test_missing_assets_are_created_once_and_never_again(school: School, rt: Rest2) -> None:
    first = school.state()[0]
    new = enrol(school, {"annotatedAssetId": "Ноутбук 💻 0001"}, {"annotatedAssetId": "00123"}, {})
    lone = school.fleet.of_kind("only_in_google")[0].serials[0]
    wanted = {lone, new[0]["serialNumber"], new[2]["serialNumber"]}

    applied = school.apply()
    created = [outcome["object"] for outcome in applied.outcomes if outcome["object"]]
    assert states(applied) == {"verified"}
    assert set(applied.listed("not_created")) >= {new[1]["serialNumber"]}
    now = school.state()[0]["assets"]
    made = [now[number] for number in created]
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
    assert school.state()[0] == first
    enrol(school, {**new[0], "deviceId": "re-enrolled"})
    school.google.edit(new[0]["deviceId"], status="DEPROVISIONED")
    after = school.plan()
    assert not [kind for _, kind, *_ in after.changes if kind == "create"]
    assert set(after.listed("not_created")) >= wanted


def test_a_create_whose_answer_is_lost_makes_one_asset(school: School) -> None:
    first = school.state()[0]
    school.server.faults.add(Rule(route="/rt/REST/2.0/asset$", method="POST", after=1, times=1, reset="during"))
    new = enrol(school, {}, {}, {})
    assert states(school.apply()) == {"verified"}
    assert school.server.faults.listing()[0]["used"] == 1
    now = school.state()[0]
    made = [asset for number, asset in now["assets"].items() if number not in first["assets"]]
    serials = [values(asset)["Serial Number"] for asset in made]
    assert sorted(serials) == sorted({*serials, *(device["serialNumber"] for device in new)})
