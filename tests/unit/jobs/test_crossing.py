"""How values cross: each arrives in the spelling of the side that it goes to, or is left alone with a reason."""

from typing import Any

import pytest

from syncd.jobs.options import FieldRule
from syncd.jobs.sides import crossing
from syncd.jobs.sides.google_devices import DEVICE_FIELDS
from syncd.reconcile.mapping import Field
from syncd.reconcile.values import Unknown, Value
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset
from unit.jobs.sample import asset, device, fields


def to_device(name: str, source: str, **rule: Any) -> Field[Asset, Device]:  # noqa: ANN401
    (field,) = crossing.to_device({name: FieldRule(source=source, **rule)}, fields())
    return field


def to_asset(name: str, source: str, **rule: Any) -> Field[Device, Asset]:  # noqa: ANN401
    (field,) = crossing.to_asset({name: FieldRule(source=source, **rule)}, fields())
    return field


@pytest.mark.parametrize(
    ("name", "longest"),
    [("annotatedUser", 100), ("annotatedLocation", 200), ("notes", 500), ("annotatedAssetId", None)],
)
def test_a_text_that_google_would_not_take_is_left_alone(name: str, longest: int | None) -> None:
    field = to_device(name, "CF.{Serial Number}")
    fitting = "x" * (longest or 5_000)
    assert field.read_source(asset(cf2=fitting)) == fitting
    if longest:
        told = field.read_source(asset(cf2=fitting + "x"))
        assert told == Unknown(f"it has {longest + 1} characters and Google takes {longest}")


@pytest.mark.parametrize(
    ("record", "value"),
    [
        (asset(cf18=("one",)), "one"),
        (asset(cf18=("one", "two")), Unknown("there are several values and the device has room for one")),
        (asset(), None),
    ],
)
def test_of_a_field_with_several_values_a_device_takes_the_only_one(record: Asset, value: Value) -> None:
    assert to_device("notes", "CF.{Recent Users}").read_source(record) == value


def test_a_blank_text_is_empty_on_both_sides() -> None:
    field = to_device("notes", "CF.{Serial Number}")
    assert field.read_source(asset(cf2=" \t ")) is None
    assert field.read_target(device(notes="  ")) is None


def test_a_person_that_cannot_be_told_stays_unknown() -> None:
    field = to_device("annotatedUser", "Owner.EmailAddress", clear=True)
    assert field.read_source(asset(owner=43)) == Unknown("the owner has no e-mail address")
    assert field.read_source(asset(owner=0)) is None


def test_addresses_are_compared_without_case_and_texts_with() -> None:
    assert to_device("annotatedUser", "Owner.EmailAddress").same("S1@Example.org", "s1@example.org")
    assert not to_device("notes", "Name").same("A", "a")


@pytest.mark.parametrize("path", ["Students/Grade 7", "/Students/Grade 7/", " /Students/Grade 7"])
def test_a_unit_arrives_as_a_path_and_is_moved_to(path: str) -> None:
    field = to_device("orgUnitPath", "CF.{Serial Number}")
    assert field.read_source(asset(cf2=path)) == "/Students/Grade 7"
    assert field.same("/Students/Grade 7", "/students/GRADE 7")
    assert field.kind == "move"
    assert to_device("notes", "Name").kind == "update"


def test_a_rule_hands_on_its_names_and_whether_it_clears() -> None:
    field = to_device("notes", "Name", clear=True)
    assert (field.name, field.source_name, field.clear) == ("notes", "Name", True)
    other = to_asset("CF.{Serial Number}", "serialNumber")
    assert (other.name, other.source_name, other.clear) == ("CF.{Serial Number}", "serialNumber", False)


@pytest.mark.parametrize(
    ("name", "source", "value", "arrives"),
    [
        ("CF.{Serial Number}", "model", "HP 11", "HP 11"),
        ("CF.{Serial Number}", "model", "", None),
        ("CF.{Serial Number}", "model", "  ", None),
        ("CF.{Type}", "model", "CHROMEBOOK", "Chromebook"),
        ("CF.{Recent Users}", "model", "HP 11", ("HP 11",)),
        ("CF.{Last Sync}", "lastSync", "2026-11-20T14:05:06.123Z", "2026-11-20T14:05:06Z"),
        ("CF.{AUE}", "autoUpdateThrough", "2029-06-01", "2029-06-01"),
        ("CF.{AUE}", "lastSync", "2026-11-20T23:59:59.9Z", "2026-11-20"),
    ],
)
def test_a_value_arrives_in_rt_as_rt_shows_it(name: str, source: str, value: str, arrives: Value) -> None:
    assert to_asset(name, source).read_source(device(**{source: value})) == arrives


def test_a_value_that_a_select_field_does_not_have_is_left_alone_and_not_quoted() -> None:
    told = to_asset("CF.{Type}", "annotatedUser").read_source(device())
    assert isinstance(told, Unknown)
    assert "CF.{Type}" in told.reason
    assert "user@example.org" not in told.reason


def test_a_mac_address_is_the_same_in_any_spelling() -> None:
    field = to_asset("CF.{Serial Number}", "macAddress")
    arriving = field.read_source(device())
    assert arriving == "02000000000a"
    for spelling in ("02:00:00:00:00:0A", "02-00-00-00-00-0a", "0200.0000.000A", "02000000000A"):
        assert field.same(arriving, field.read_target(asset(cf2=spelling)))  # type: ignore[arg-type]
    assert not field.same(arriving, "02:00:00:00:00:0B")


@pytest.mark.parametrize(
    ("hours", "present", "same"),
    [
        (0.0, "2026-11-20T14:05:07Z", False),
        (1.0, "2026-11-20T15:05:06Z", True),
        (1.0, "2026-11-20T13:05:06Z", True),
        (1.0, "2026-11-20T15:05:07Z", False),
        (24.0, "2026-11-19T14:05:06Z", True),
        (0.5, "2026-11-20T14:35:07Z", False),
        (24.0, "never", False),
        (24.0, "2026-11-20T14:05:06", False),
    ],
)
def test_times_apart_by_less_than_the_tolerance_are_the_same(hours: float, present: str, *, same: bool) -> None:
    field = to_asset("CF.{Last Sync}", "lastSync", tolerance_hours=hours)
    assert field.same("2026-11-20T14:05:06Z", present) == same


def test_a_tolerance_never_makes_a_first_value_a_change_too_small() -> None:
    field = to_asset("CF.{Last Sync}", "lastSync", tolerance_hours=24)
    assert field.read_target(asset()) is None
    assert not field.same("2026-11-20T14:05:06Z", None)


@pytest.mark.parametrize("source", sorted(DEVICE_FIELDS))
def test_every_device_field_can_be_carried_to_rt(source: str) -> None:
    assert to_asset("CF.{Serial Number}", source).read_source(device()) == DEVICE_FIELDS[source].read(device())
