"""The Chromebook job as a whole, between a fake Google and a fake RT."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.host.errors import ConfigurationError, Unavailable
from syncd.jobs.chromebooks import NAME
from syncd.jobs.options import FieldRule
from syncd.reconcile.model import Action, Comparison, Outcome, Report
from syncd.reconcile.plan import make_plan
from syncd.reconcile.ports import Traffic
from syncd.state.store import Store, open_store
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset
from unit.jobs.fake_systems import World
from unit.jobs.sample import asset, device


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store for many examples; what it remembers of one makes no difference to what another counts."""
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        yield opened


def compare(store: Store, devices: Sequence[Device], assets: Sequence[Asset], **options: Any) -> Comparison:  # noqa: ANN401
    return World(store, devices, assets).job(**options).observe_and_compare()


DEVICE, ASSET = device(annotatedUser="s1001@example.org"), asset(1, cf2="SYN0000001", owner=41)


def test_a_pair_in_agreement_is_matched_and_in_sync(store: Store) -> None:
    found = compare(store, [DEVICE], [ASSET])
    assert found.actions == []
    assert found.listings == []
    assert {name: count for name, count in found.counts.items() if count} == {"matched": 1, "in_sync": 1}


def test_each_side_follows_the_other_in_the_fields_that_it_does_not_own(store: Store) -> None:
    one = msgspec.structs.replace(DEVICE, annotated_asset_id="OLD", annotated_user="x@example.org")
    found = compare(store, [one], [ASSET], to_rt={"CF.{Last Sync}": "lastSync"})
    to_google, to_rt = found.actions
    assert (to_google.system, to_google.object, to_google.source) == ("google", "d-1", "1")
    assert to_google.after == {"annotatedAssetId": "EX-1", "annotatedUser": "s1001@example.org"}
    assert (to_rt.system, to_rt.object, to_rt.source) == ("rt", "1", "d-1")
    assert to_rt.after == {"CF.{Last Sync}": "2026-11-20T14:05:06Z"}
    assert (found.counts["changed"], found.counts["in_sync"]) == (1, 0), "a pair that changes on both sides is one"


def test_a_returned_device_loses_its_user_as_a_clear(store: Store) -> None:
    found = compare(store, [DEVICE], [asset(1, cf2="SYN0000001")])
    assert [(action.kind, action.after) for action in found.actions] == [("clear", {"annotatedUser": None})]


def test_a_switched_off_default_is_left_alone(store: Store) -> None:
    found = compare(store, [DEVICE], [asset(1, cf2="SYN0000001")], to_google={"annotatedUser": False})
    assert found.actions == []


def test_a_device_goes_where_rt_says_in_a_request_of_its_own(store: Store) -> None:
    rules: dict[str, Any] = {"orgUnitPath": "CF.{Type}", "annotatedAssetId": "CF.{Cycles}"}
    found = compare(store, [DEVICE], [asset(1, cf2="SYN0000001", owner=41, cf6="Staff", cf14="7")], to_google=rules)
    assert {action.kind: action.after for action in found.actions} == {
        "move": {"orgUnitPath": "/Staff"},
        "update": {"annotatedAssetId": "7"},
    }
    assert found.counts["changed"] == 1


def test_populations_are_who_takes_part_and_sources_what_was_read(store: Store) -> None:
    devices = [device(deviceId="a"), device(deviceId="b", status="DEPROVISIONED"), device(deviceId="c", status="OTHER")]
    found = compare(store, devices, [asset(1), asset(2)], statuses=("ACTIVE", "DEPROVISIONED"))
    assert found.populations == {"google": 1, "rt": 2}
    assert found.sources == {"google": 3, "rt": 2}
    assert (found.counts["excluded"], found.counts["superseded"]) == (1, 1)


# -- every record in one state ----------------------------------------------------------------------------------

SERIALS = st.sampled_from(["SYN0000001", "syn 0000002", "SYN0000003", "", "AB", "N/A"])
MACS = st.sampled_from(["02000000000a", "02:00:00:00:00:0B", "", "000000000000"])


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Device], list[Asset]]:
    devices = [
        device(
            deviceId=f"d-{number}",
            serialNumber=draw(SERIALS),
            macAddress=draw(MACS),
            status=draw(st.sampled_from(["ACTIVE", "DISABLED", "DEPROVISIONED", "SHIPPED"])),
            annotatedUser=draw(st.sampled_from(["", "s1001@example.org"])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    assets = [
        asset(
            number,
            cf2=draw(SERIALS) or None,
            cf17=draw(MACS) or None,
            owner=draw(st.sampled_from([0, 41, 43])),
        )
        for number in range(1, draw(st.integers(0, 6)) + 1)
    ]
    return devices, assets


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleet=fleets(), create=st.booleans(), mac=st.booleans())
def test_every_device_and_every_asset_is_in_exactly_one_state(
    shared_store: Store,
    fleet: tuple[list[Device], list[Asset]],
    *,
    create: bool,
    mac: bool,
) -> None:
    devices, assets = fleet
    found = compare(
        shared_store,
        devices,
        assets,
        statuses=("ACTIVE", "DISABLED", "DEPROVISIONED"),
        missing_assets="create" if create else "report",
        match=("serial", "mac") if mac else ("serial",),
    )
    counts = found.counts
    listed = Counter((listing.system, listing.state) for listing in found.listings)
    alone = {"only_google", "only_rt", "conflict", "rejected"}
    left = sum(count for (system, state), count in listed.items() if system == "google" and state in alone)
    right = sum(count for (system, state), count in listed.items() if system == "rt" and state in alone)
    assert counts["matched"] + left + counts["superseded"] + counts["excluded"] == len(devices)
    assert counts["matched"] + right == len(assets)
    assert counts["in_sync"] + counts["changed"] == counts["matched"]
    assert found.populations["google"] == len(devices) - counts["excluded"] - counts["superseded"]
    for state in ("only_google", "only_rt", "conflict", "rejected", "superseded", "unknown", "not_created"):
        assert counts[state] == sum(count for (_, listed_as), count in listed.items() if listed_as == state)
    creates = [action for action in found.actions if action.kind == "create"]
    assert len(creates) + counts["not_created"] == (counts["only_google"] if create else 0)
    assert len({action.object for action in creates}) == len(creates), "one asset for each serial"
    assert len({action.id for action in found.actions}) == len(found.actions)


# -- creating ---------------------------------------------------------------------------------------------------


def creates(found: Comparison) -> list[Action]:
    return [action for action in found.actions if action.kind == "create"]


def why_not(found: Comparison) -> list[str]:
    return [listing.why for listing in found.listings if listing.state == "not_created"]


def test_assets_are_made_only_when_asked_for(store: Store) -> None:
    assert creates(compare(store, [DEVICE], [])) == []
    (action,) = creates(compare(store, [DEVICE], [], missing_assets="create"))
    assert action.after["Owner.EmailAddress"] == "s1001@example.org"
    assert (action.after["Catalog"], action.after["Name"], action.after["Status"]) == ("2", "EX-1", "new")


def test_a_name_in_use_and_a_serial_elsewhere_make_no_asset(store: Store) -> None:
    assert "another asset is named EX-1" in why_not(compare(store, [DEVICE], [asset(1)], missing_assets="create"))[0]
    world = World(store, [DEVICE])
    world.rt.elsewhere = {"SYN0000001": [90]}
    (why,) = why_not(world.job(missing_assets="create").observe_and_compare())
    assert why.endswith("asset 90 in another catalog has its serial")


def test_a_serial_that_once_had_an_asset_gets_no_second_one_even_under_a_new_device_id(store: Store) -> None:
    compare(store, [DEVICE], [ASSET])
    reenrolled = msgspec.structs.replace(DEVICE, device_id="d-new")
    found = compare(store, [reenrolled], [], missing_assets="create")
    assert creates(found) == []
    assert why_not(found) == ["no asset is made for it: asset 1 had its serial and RT shows it no longer"]


def test_a_serial_that_an_asset_was_created_for_gets_no_second_one(store: Store) -> None:
    (action,) = creates(compare(store, [DEVICE], [], missing_assets="create"))
    ledger = store.ledger
    run = ledger.start(NAME, "apply")
    ledger.planned(run, make_plan(NAME, [action], {"google": 1}, Report()))
    ledger.settle(run, [Outcome(action=action.id, state="unproven", object="77")])
    found = compare(store, [DEVICE], [], missing_assets="create")
    assert creates(found) == []
    assert why_not(found) == [
        f"no asset is made for it: asset 77 was created for it by run {run} and RT shows it no longer"
    ]


def test_a_create_that_failed_is_planned_again(store: Store) -> None:
    (action,) = creates(compare(store, [DEVICE], [], missing_assets="create"))
    ledger = store.ledger
    run = ledger.start(NAME, "apply")
    ledger.planned(run, make_plan(NAME, [action], {"google": 1}, Report()))
    ledger.settle(run, [Outcome(action=action.id, state="failed", code="rt.refused")])
    assert creates(compare(store, [DEVICE], [], missing_assets="create")) == [action]


def test_a_new_asset_begins_with_every_field_that_rt_owns_from_then_on(store: Store) -> None:
    rules = {"annotatedLocation": FieldRule(source="CF.{Recent Users}", clear=True)}
    (action,) = creates(compare(store, [DEVICE], [], missing_assets="create", to_google=rules))
    assert action.after["CF.{Recent Users}"] == ("Room 1",)


def test_people_are_looked_up_once_for_all_new_assets(store: Store) -> None:
    devices = [device(deviceId=f"d-{n}", serialNumber=f"SYN000000{n}", annotatedUser=f"u{n}@x.org") for n in range(3)]
    world = World(store, devices)
    world.job(missing_assets="create").observe_and_compare()
    assert world.rt.looked_up == [{"u0@x.org", "u1@x.org", "u2@x.org"}]


def test_fixed_values_that_rt_does_not_take_are_told_before_a_device_is_missing(store: Store) -> None:
    with pytest.raises(ConfigurationError, match=r"CF\.{Type} is a field of type Select"):
        compare(store, [DEVICE], [ASSET], missing_assets="create", new_assets={"CF.{Type}": "Boat"})


# -- reading ----------------------------------------------------------------------------------------------------


def test_google_is_asked_for_what_the_options_say(store: Store) -> None:
    world = World(store)
    world.job(org_units=("/Students",), include_child_org_units=False, query="sync:2026-01-01..").observe_and_compare()
    asked = {name: value for name, value in world.google.listed.items() if name != "progress"}
    assert asked == {
        "fields": {"serialNumber", "status", "macAddress", "annotatedAssetId", "annotatedUser"},
        "org_units": ("/Students",),
        "include_children": False,
        "query": "sync:2026-01-01..",
        "counted": True,
    }


@pytest.mark.parametrize("full", [True, False])
def test_a_full_read_is_handed_on(store: Store, *, full: bool) -> None:
    world = World(store)
    world.job(full_read=full).observe_and_compare()
    assert world.rt.full == [full]


def test_the_progress_of_both_sides_is_shown(store: Store) -> None:
    world = World(store)
    world.job().observe_and_compare()
    assert world.progress == {"Google devices", "RT assets"}


def test_a_side_that_cannot_be_read_gives_no_comparison_and_no_links(store: Store) -> None:
    compare(store, [DEVICE], [ASSET])
    world = World(store)

    def cut(**_: Any) -> list[Device]:  # noqa: ANN401
        raise Unavailable("cut", code="google.incomplete")

    world.google.devices.list = cut
    with pytest.raises(Unavailable):
        world.job().observe_and_compare()
    assert len(list(store.external_ids.links(NAME))) == 1


def test_pairs_are_remembered_from_run_to_run(store: Store) -> None:
    compare(store, [DEVICE], [ASSET])
    (link,) = store.external_ids.links(NAME)
    assert (link.left_id, link.right_id, link.match_key) == ("d-1", "1", "serial:SYN0000001")
    compare(store, [DEVICE], [])
    (link,) = store.external_ids.links(NAME, former=True)
    assert link.gone_since


def test_rt_is_looked_at_once_for_a_run(store: Store) -> None:
    world = World(store, [DEVICE], [ASSET])
    job = world.job()
    job.observe_and_compare()
    job.writers()
    job.writers()
    assert len(world.rt.needs) == 1
    assert world.rt.needs[0].catalogs == ("Chromebooks",)


# -- the rest of the engine's contract --------------------------------------------------------------------------


def test_both_systems_have_a_writer_with_its_own_concurrency(store: Store) -> None:
    writers = World(store).job().writers()
    assert {name: (one.system, one.concurrency) for name, one in writers.items()} == {
        "google": ("google", 8),
        "rt": ("rt", 4),
    }


def test_a_create_is_undone_by_the_status_that_says_deleted(store: Store) -> None:
    job = World(store, [DEVICE]).job(missing_assets="create")
    (action,) = creates(job.observe_and_compare())
    undo = job.compensate(action, "77")
    assert undo is not None
    assert (undo.kind, undo.system, undo.object, undo.before, undo.after) == (
        "disable",
        "rt",
        "77",
        {"Status": "new"},
        {"Status": "deleted"},
    )
    assert undo.source == action.id


def test_traffic_is_counted_by_system(store: Store) -> None:
    assert World(store).job().traffic() == {
        "google": Traffic(requests=2, retries=1, codes={"200": 1, "503": 1}),
        "rt": Traffic(requests=7, retries=0, codes={"200": 7}),
    }
