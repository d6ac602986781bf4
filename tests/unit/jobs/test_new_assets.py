"""New assets: what they are made of, and every reason not to make one."""

from typing import Any

import pytest

from syncd.host.errors import ConfigurationError
from syncd.jobs.options import FieldRule
from syncd.jobs.sides import crossing
from syncd.jobs.sides.google_devices import DEVICE_FIELDS
from syncd.jobs.sides.new_assets import (
    NewAssets,
    Seed,
    asset_name,
    check_fixed,
    elsewhere,
    had_creates,
    had_links,
    serial_keys,
)
from syncd.reconcile.model import Action, make_action
from syncd.reconcile.values import Known, Unknown, Value
from syncd.state.external_ids import Link
from syncd.state.records import ActionResult
from syncd.systems.google.devices import Device
from unit.jobs.sample import device, fields

SERIAL, MAC = "CF.{Serial Number}", "CF.{IP}"


def seed(device_field: str, source: str, *, clear: bool = False) -> Seed:
    return Seed(field=source, device_field=device_field, read=DEVICE_FIELDS[device_field].read, clear=clear)


OWNER = seed("annotatedUser", "Owner.EmailAddress", clear=True)


def new_assets(**given: Any) -> NewAssets:  # noqa: ANN401
    plain: dict[str, Any] = {
        "catalog": "2",
        "serial_field": SERIAL,
        "mac_field": None,
        "fixed": {"Status": "new"},
        "seeds": [seed("annotatedAssetId", "Name"), OWNER],
        "mapped": (),
        "arriving": fields().arriving,
        "users": {"user@example.org": "User@Example.org"},
        "names": set(),
        "taken": {},
    }
    return NewAssets(**plain | given)


def created(one: Device, **given: Any) -> dict[str, Known]:  # noqa: ANN401
    actions, listings = new_assets(**given).plan([one])
    assert listings == []
    return actions[0].after


def refused(*devices: Device, **given: Any) -> list[str]:  # noqa: ANN401
    _, listings = new_assets(**given).plan(devices)
    assert all((one.state, one.system) == ("not_created", "google") for one in listings)
    assert all(one.why.startswith("no asset is made for it: ") for one in listings)
    return [one.why.removeprefix("no asset is made for it: ") for one in listings]


def test_a_new_asset_has_the_devices_asset_id_serial_and_user_and_the_fixed_values() -> None:
    assert created(device()) == {
        "Catalog": "2",
        "Status": "new",
        "Name": "EX-1",
        SERIAL: "SYN0000001",
        "Owner.EmailAddress": "User@Example.org",
    }


def test_an_action_says_for_which_serial_and_from_which_device_it_is() -> None:
    ((action,), _) = new_assets().plan([device(serialNumber=" syn 0000001 ")])
    assert (action.kind, action.system, action.object, action.source, action.label, action.before) == (
        "create",
        "rt",
        "SYN0000001",
        "d-1",
        "EX-1",
        {},
    )
    assert action.after[SERIAL] == "syn 0000001"


def test_without_an_asset_id_the_serial_is_the_name() -> None:
    assert asset_name(device(annotatedAssetId=" ", serialNumber=" SYN1 ")) == "SYN1"
    assert created(device(annotatedAssetId=""))["Name"] == "SYN0000001"


def test_the_mac_address_goes_with_it_where_assets_are_matched_by_it() -> None:
    given = {"mac_field": "CF.{Cycles X}", "arriving": lambda _, text: text}
    assert created(device(), **given)["CF.{Cycles X}"] == "02000000000a"
    assert "CF.{Cycles X}" not in created(device(macAddress=""), **given)


def test_fields_that_google_owns_are_filled_from_the_beginning() -> None:
    mapped = crossing.to_asset(
        {"CF.{Last Sync}": FieldRule(source="lastSync"), "CF.{Type}": FieldRule(source="model")}, fields()
    )
    after = created(device(), mapped=mapped)
    assert after["CF.{Last Sync}"] == "2026-11-20T14:05:06Z"
    assert "CF.{Type}" not in after, "RT would not take the model as a type; the next run lists it"


def test_a_fixed_value_stands_where_google_has_none() -> None:
    mapped = crossing.to_asset({"CF.{Type}": FieldRule(source="model")}, fields())
    fixed = {"CF.{Type}": "iPad"}
    assert created(device(model=""), fixed=fixed, mapped=mapped)["CF.{Type}"] == "iPad"
    assert created(device(model="chromebook"), fixed=fixed, mapped=mapped)["CF.{Type}"] == "Chromebook"


def test_what_rt_owns_from_now_on_begins_as_google_has_it() -> None:
    seeds = [seed("annotatedLocation", "CF.{Last User}"), seed("notes", "CF.{Recent Users}")]
    after = created(device(), seeds=seeds)
    assert (after["CF.{Last User}"], after["CF.{Recent Users}"]) == ("Room 1", ("Loaner",))


def test_a_holder_is_set_where_the_holder_is_who_the_job_asks_for() -> None:
    after = created(device(), seeds=[seed("annotatedUser", "HeldBy.EmailAddress", clear=True)])
    assert after["HeldBy.EmailAddress"] == ("User@Example.org",)
    assert "Owner.EmailAddress" not in after


def test_a_field_that_a_create_cannot_set_is_left_out() -> None:
    assert "Owner.Name" not in created(device(), seeds=[seed("notes", "Owner.Name")])


def test_no_asset_costs_a_device_its_user_because_rt_does_not_know_them() -> None:
    assert refused(device(annotatedUser="stranger@example.org")) == [
        "the device would lose its annotatedUser: RT has no single user with this address"
    ]


def test_a_user_that_rt_does_not_know_is_left_out_where_nothing_would_be_cleared() -> None:
    after = created(device(annotatedUser="stranger@example.org"), seeds=[seed("annotatedUser", "Owner.EmailAddress")])
    assert "Owner.EmailAddress" not in after


def test_a_device_without_a_user_makes_an_asset_without_an_owner() -> None:
    assert "Owner.EmailAddress" not in created(device(annotatedUser=" "))


def test_no_asset_costs_a_device_a_value_that_a_create_cannot_set_or_rt_does_not_take() -> None:
    assert refused(device(), seeds=[seed("notes", "Owner.Name", clear=True)]) == [
        "the device would lose its notes: Owner.Name is not set at a create"
    ]
    (told,) = refused(device(), seeds=[seed("notes", "CF.{Type}", clear=True)])
    assert told.startswith("the device would lose its notes: CF.{Type} is a field of type Select")


@pytest.mark.parametrize(
    ("serial", "why"),
    [
        ("", "its serial is blank"),
        ("AB1", "its serial is shorter than 4 characters"),
        ("To be filled by O.E.M.", "its serial is a placeholder"),
        ("0000000", "its serial is one character repeated"),
    ],
)
def test_a_serial_that_identifies_nothing_makes_no_asset(serial: str, why: str) -> None:
    assert refused(device(serialNumber=serial)) == [why]


def test_a_serial_that_rt_does_not_take_makes_no_asset_since_it_could_never_be_matched() -> None:
    def arriving(field: str, text: str) -> Value:
        return Unknown("it takes only Digits") if field == SERIAL else text

    assert refused(device(), arriving=arriving) == ["RT does not take its serial: it takes only Digits"]


def test_a_name_of_digits_only_makes_no_asset() -> None:
    assert refused(device(annotatedAssetId="00123")) == ["RT takes no name of digits only, 00123"]


def test_a_name_in_use_makes_no_asset_in_any_case_of_letters() -> None:
    assert refused(device(annotatedAssetId="Straße 1"), names={"strasse 1"}) == ["another asset is named Straße 1"]


def test_of_two_new_assets_with_one_name_the_first_is_made() -> None:
    first, second = device(), device(deviceId="d-2", serialNumber="SYN0000002", annotatedAssetId="ex-1")
    assert refused(first, second) == ["another asset is named ex-1"]


def test_a_serial_that_is_taken_makes_no_second_asset() -> None:
    taken = {"SYN0000001": "asset 12 in another catalog has its serial"}
    assert refused(device(serialNumber=" syn0000001"), taken=taken) == ["asset 12 in another catalog has its serial"]


# -- serials that are taken -------------------------------------------------------------------------------------


def link(match_key: str, asset_id: str = "12") -> Link:
    return Link(left_system="google", left_id="d", right_system="rt", right_id=asset_id, match_key=match_key)


def test_a_serial_that_was_matched_once_is_taken() -> None:
    links = [link("serial:SYN1"), link("serial:SYN2"), link("mac:02000000000a"), link("")]
    assert had_links(links, {"SYN1", "SYN3"}) == {"SYN1": "asset 12 had its serial and RT shows it no longer"}


def create(serial: str) -> Action:
    return make_action(kind="create", system="rt", object=serial, label="", before={}, after={}, reason="")


def result(action: Action, made: str) -> ActionResult:
    return ActionResult(action=action.id, run="20261121T010101-aaaa", state="verified", object=made)


def test_a_serial_that_an_asset_was_created_for_is_taken_and_one_whose_create_came_to_nothing_is_not() -> None:
    done, lost = create("SYN1"), create("SYN2")
    changed = make_action(kind="update", system="rt", object="SYN3", label="", before={}, after={}, reason="")
    history = [[(done, result(done, "12"))], [(lost, result(lost, ""))], [(changed, result(changed, "13"))]]
    assert had_creates(history) == {
        "SYN1": "asset 12 was created for it by run 20261121T010101-aaaa and RT shows it no longer"
    }


def test_a_serial_that_another_catalog_has_is_taken() -> None:
    assert elsewhere({"syn1": [3, 4], "N/A": [5]}) == {"SYN1": "asset 3, 4 in another catalog has its serial"}


def test_only_usable_serials_are_looked_up() -> None:
    assert serial_keys(["syn 1", "", "N/A", "SYN1"]) == {"SYN1"}


# -- fixed values -----------------------------------------------------------------------------------------------


def test_fixed_values_that_rt_would_not_take_are_all_named() -> None:
    fixed = {"Status": "new", "CF.{Type}": "Toaster", "CF.{AUE}": "soon"}
    with pytest.raises(ConfigurationError) as caught:
        check_fixed(fixed, fields().arriving)
    assert "CF.{Type}" in caught.value.sentence
    assert "CF.{AUE}" in caught.value.sentence
    assert "Status" not in caught.value.sentence


def test_fixed_values_that_rt_takes_pass() -> None:
    check_fixed({"Status": "new", "CF.{Type}": "chromebook"}, fields().arriving)
