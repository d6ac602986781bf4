"""Who is paired with whom, and what is said of the rest."""

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.reconcile.keys import mac_key, mac_keys, serial_key, serial_keys
from syncd.reconcile.match import Match, flip, match
from syncd.reconcile.sides import KeyRule, Side
from unit.reconcile.boxes import M1, M2, M3, Box, side

ONE_SERIAL = KeyRule[Box]("serial", lambda box: box.serial, serial_key, serial_keys)
ONE_MAC = KeyRule[Box]("mac", lambda box: box.macs[0] if box.macs else None, mac_key, mac_keys)


def run(devices: Sequence[Box], assets: Sequence[Box]) -> Match[Box, Box]:
    return match(side("google", "device", devices), side("rt", "asset", assets))


def fates(found: Match[Box, Box]) -> dict[str, str]:
    """Return the state of each record by id; for a pair, the partner and the key."""
    told = {left.id: f"{right.id} by {key}" for left, right, key in found.pairs}
    told |= {right.id: f"{left.id} by {key}" for left, right, key in found.pairs}
    told |= {box.id: "only" for box in [*found.only_left, *found.only_right]}
    told |= {box.id: "conflict" for box, _ in [*found.conflicts_left, *found.conflicts_right]}
    told |= {box.id: "rejected" for box, _ in [*found.rejected_left, *found.rejected_right]}
    return told


def why(found: Match[Box, Box], box: str) -> str:
    return next(listing.why for listing in found.listings() if listing.object == box)


def test_serials_pair_in_any_spelling_and_the_rest_is_only_on_its_side() -> None:
    found = run([Box("d1", "5cd 1"), Box("d2", "5CD2")], [Box("a1", "5CD1"), Box("a3", "5CD3")])
    assert fates(found) == {"d1": "a1 by serial", "a1": "d1 by serial", "d2": "only", "a3": "only"}
    assert found.counts() == {"matched": 1, "only_google": 1, "only_rt": 1, "conflict": 0, "rejected": 0}
    assert {listing.state for listing in found.listings()} == {"only_google", "only_rt"}
    assert why(found, "d2") == "no asset has its serial or mac"


def test_a_mac_address_pairs_where_a_side_has_no_usable_serial() -> None:
    found = run([Box("d1", "5CD1", (M1,)), Box("d2", "", (M2,))], [Box("a1", "n/a", (M1,)), Box("a2", "5CD2", (M2,))])
    assert fates(found) == {"d1": "a1 by mac", "a1": "d1 by mac", "d2": "a2 by mac", "a2": "d2 by mac"}


@pytest.mark.parametrize("assets", [[Box("a1", "5CD1", (M1,))], [Box("a1", "5CD1"), Box("a2", "", (M1,))], []])
def test_a_serial_held_twice_is_a_conflict_of_all_its_holders_also_by_weaker_keys(assets: list[Box]) -> None:
    found = run([Box("d1", "5CD1", (M1,)), Box("d2", "5cd1 ")], assets)
    assert set(fates(found).values()) == {"conflict"}
    assert len(fates(found)) == 2 + len(assets)


def test_a_conflict_names_the_key_and_its_holders() -> None:
    found = run([Box("d1", "5CD1"), Box("d2", "5CD1")], [Box("a1", "5CD1")])
    assert why(found, "a1") == "serial 5CD1 is held by device d1, device d2 and asset a1"
    many = run([Box(f"d{n}", "5CD1") for n in range(9)], [])
    assert why(many, "d0") == "serial 5CD1 is held by device d0, device d1, device d2 and 6 more"


def test_a_weaker_key_never_pairs_records_whose_serials_differ() -> None:
    found = run([Box("d1", "5CD1", (M1,))], [Box("a1", "5CD9", (M1,))])
    assert fates(found) == {"d1": "conflict", "a1": "conflict"}
    assert why(found, "d1") == "has the mac 001a2b3c4d01 of asset a1, whose serial is 5CD9"


def test_a_pair_by_serial_stays_when_another_record_has_its_mac_address() -> None:
    found = run([Box("d1", "5CD1"), Box("d2", "5CD2", (M1,))], [Box("a1", "5CD1", (M1,))])
    assert fates(found) == {"d1": "a1 by serial", "a1": "d1 by serial", "d2": "conflict"}
    assert why(found, "d2") == "has the mac 001a2b3c4d01 of asset a1, whose serial is 5CD1"


def test_the_other_side_of_a_pair_is_guarded_alike() -> None:
    found = run([Box("d1", "5CD1", (M1,))], [Box("a1", "5CD1"), Box("a2", "", (M1,))])
    assert fates(found) == {"d1": "a1 by serial", "a1": "d1 by serial", "a2": "conflict"}


def test_two_records_that_claim_one_by_different_addresses_are_a_conflict_of_all_three() -> None:
    found = run([Box("d1", "", (M1,)), Box("d2", "", (M2,))], [Box("a1", "", (M1, M2))])
    assert set(fates(found).values()) == {"conflict"}
    assert why(found, "a1") == "its mac leads to device d1, device d2"
    assert why(found, "d1") == "its mac leads to asset a1, which is in conflict itself"


def test_a_conflict_spreads_to_whoever_meets_it() -> None:
    found = run([Box("d1", "", (M1, M2)), Box("d2", "", (M3,))], [Box("a1", "", (M1,)), Box("a2", "", (M2, M3))])
    assert set(fates(found).values()) == {"conflict"}


def test_two_addresses_in_common_are_one_pair() -> None:
    found = run([Box("d1", "", (M1, M2))], [Box("a1", "", (M2, M1, M1))])
    assert [(left.id, right.id) for left, right, _ in found.pairs] == [("d1", "a1")]


def test_the_address_of_a_dock_harms_nobody_who_has_a_serial() -> None:
    docked = [Box(f"d{n}", f"5CD{n}", (M1,)) for n in range(3)]
    found = run([*docked, Box("new", "5CD9", (M1,))], [Box(f"a{n}", f"5CD{n}") for n in range(3)])
    assert found.counts()["matched"] == 3
    assert fates(found)["new"] == "only"
    without_serial = run([*docked, Box("bare", "", (M1,))], [])
    assert fates(without_serial)["bare"] == "conflict"


def test_a_record_without_a_usable_key_is_rejected_with_every_reason() -> None:
    found = run([Box("d1", "abc", ("00:00:00:00:00:00",)), Box("d2")], [Box("a1", "none")])
    assert set(fates(found).values()) == {"rejected"}
    assert why(found, "d1") == "no usable key: serial is shorter than 4 characters, mac is a placeholder"
    assert why(found, "d2") == "no usable key: serial is blank, mac is blank"


def test_any_number_of_blank_keys_is_no_conflict() -> None:
    found = run([Box(f"d{n}", "", ("", "")) for n in range(5)], [Box(f"a{n}", "  ", ("",)) for n in range(5)])
    assert found.counts() == {"matched": 0, "only_google": 0, "only_rt": 0, "conflict": 0, "rejected": 10}


def test_sides_with_other_kinds_of_key_are_a_defect_of_the_job() -> None:
    left = side("google", "device", [])
    with pytest.raises(ValueError, match="same kinds of key"):
        match(left, Side(system="rt", noun="asset", records=[], ident=str, label=str, keys=()))


def test_pairs_keep_the_order_of_the_left_side_and_can_be_turned() -> None:
    devices = [Box("d2", "", (M1,)), Box("d1", "5CD1")]
    found = run(devices, [Box("a1", "5CD1"), Box("a2", "", (M1,))])
    assert [left.id for left, _, _ in found.pairs] == ["d2", "d1"]
    assert [(left.id, right.id) for left, right, _ in flip(found.pairs)] == [("a2", "d2"), ("a1", "d1")]


SERIALS = st.sampled_from(["", "abc", "none", "5CD1", "5cd1 ", "5CD2", "5CD3", "5CD4"])
MACS = st.lists(st.sampled_from(["", "000000000000", M1, M2, M3, "00:1A:2B:3C:4D:01"]), max_size=3).map(tuple)


@st.composite
def boxes(draw: st.DrawFn, prefix: str) -> list[Box]:
    keys = draw(st.lists(st.tuples(SERIALS, MACS), max_size=6))
    return [Box(f"{prefix}{n}", serial, macs) for n, (serial, macs) in enumerate(keys)]


@given(boxes("d"), boxes("a"))
@settings(max_examples=100, deadline=None)
def test_every_record_is_in_exactly_one_state(devices: list[Box], assets: list[Box]) -> None:
    found = run(devices, assets)
    seen = Counter([box.id for pair in found.pairs for box in pair[:2]])
    seen.update(listing.object for listing in found.listings())
    assert seen == Counter(box.id for box in [*devices, *assets])
    counts = found.counts()
    assert 2 * counts.pop("matched") + sum(counts.values()) == len(devices) + len(assets)


@given(boxes("d"), boxes("a"), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_neither_order_nor_side_decides(devices: list[Box], assets: list[Box], chance: random.Random) -> None:
    expected = fates(run(devices, assets))
    turned = match(side("rt", "asset", assets), side("google", "device", devices))
    assert fates(turned) == expected
    chance.shuffle(devices)
    chance.shuffle(assets)
    assert fates(run(devices, assets)) == expected


@given(boxes("d"), boxes("a"))
@settings(max_examples=100, deadline=None)
def test_nobody_is_paired_against_a_stronger_key(devices: list[Box], assets: list[Box]) -> None:
    for left, right, key in run(devices, assets).pairs:
        serials = {serial_key(left.serial), serial_key(right.serial)}
        usable = [serial for serial in serials if isinstance(serial, str)]
        assert len(usable) <= 1
        assert key == "mac" or len(serials) == 1


@given(boxes("d"), boxes("a"), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_looking_at_many_keys_together_changes_nothing(devices: list[Box], assets: list[Box], some: int) -> None:
    devices, assets = ([msgspec.structs.replace(box, macs=box.macs[:1]) for box in each] for each in (devices, assets))
    expected = run(devices, assets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("syncd.reconcile.match._SLICE", some)
        sides = (side("google", "device", devices), side("rt", "asset", assets))
        left, right = (dataclasses.replace(each, keys=(ONE_SERIAL, ONE_MAC)) for each in sides)
        found = match(left, right)
    assert fates(found) == fates(expected)
    assert found.listings() == expected.listings()
