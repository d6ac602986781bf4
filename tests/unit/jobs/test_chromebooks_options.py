"""The options of the Chromebook job: what it then asks of both systems, and what it refuses."""

from typing import Any

import pytest

from syncd.host.config import Document, decode
from syncd.host.errors import ConfigurationError
from syncd.jobs.settings import load
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.systems.google.records import FIELDS


def options(**given: Any) -> ChromebooksOptions:  # noqa: ANN401
    return decode(Document(path="test.toml", tree={"catalogs": ["Chromebooks"], **given}), ChromebooksOptions)


def refusal(**given: Any) -> str:  # noqa: ANN401
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    return caught.value.sentence


def test_by_default_rt_owns_the_asset_id_and_the_user_and_is_only_read() -> None:
    need = options().need()
    assert options().device_rules.keys() == {"annotatedAssetId", "annotatedUser"}
    assert (need.catalogs, need.write, need.create) == (("Chromebooks",), (), False)
    assert set(need.read) == {"Name", "Status", "Owner.EmailAddress", "CF.{Serial Number}", "CF.{MAC Address}"}


def test_by_default_a_returned_device_loses_its_user_and_no_device_its_asset_id() -> None:
    rules = options().device_rules
    assert (rules["annotatedUser"].clear, rules["annotatedAssetId"].clear) == (True, False)


def test_mapped_asset_fields_are_needed_for_writing() -> None:
    need = options(to_rt={"CF.{OS Version}": "osVersion"}).need()
    assert need.write == ("CF.{OS Version}",)


def test_creating_needs_the_right_to_create_and_every_field_that_a_new_asset_gets() -> None:
    need = options(missing_assets="create", to_google={"annotatedLocation": "CF.{Location}"}).need()
    assert need.create
    assert {"CF.{Serial Number}", "CF.{MAC Address}", "Status", "CF.{Location}"} <= set(need.write)


def test_only_fields_that_are_used_are_asked_of_google() -> None:
    narrow = options(match=["serial"], to_google={"annotatedUser": False})
    assert narrow.wire_fields() == {"serialNumber", "status", "annotatedAssetId"}
    assert "macAddress" in options().wire_fields()
    assert "macAddress" not in narrow.need().read


def test_a_mapped_field_is_asked_for_by_its_wire_name() -> None:
    wide = options(to_rt={"CF.{Last User}": "lastUser", "CF.{Model}": "model"}).wire_fields()
    assert {"recentUsers", "model"} <= wide <= FIELDS


def test_a_create_asks_for_the_asset_id_that_becomes_the_name() -> None:
    given: dict[str, Any] = {"to_google": {"annotatedAssetId": False}}
    assert "annotatedAssetId" not in options(**given).wire_fields()
    assert "annotatedAssetId" in options(**given, missing_assets="create").wire_fields()


def test_mac_fields_are_read_only_to_match_by_them() -> None:
    assert options(match=["serial"]).key_fields == ("CF.{Serial Number}",)
    assert options(mac_fields=["CF.{A}", "CF.{B}"]).key_fields == ("CF.{Serial Number}", "CF.{A}", "CF.{B}")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"to_google": {"annotateduser": "Name"}}, "did you mean 'annotatedUser'?"),
        ({"to_google": {"annotatedUsr": False}}, "did you mean 'annotatedUser'?"),
        ({"to_google": {"serialNumber": "Name"}}, "to_google names the unknown field 'serialNumber'"),
        ({"to_google": {"notes": "Owner.EmailAdress"}}, "did you mean 'Owner.EmailAddress'?"),
        ({"to_google": {"notes": "Location"}}, "a custom field is written CF.{Name}"),
        ({"to_google": {"notes": True}}, "to_google.notes = true names no source"),
        ({"to_google": {"notes": {"from": "Name", "tolerance_hours": 2}}}, "notes has tolerance_hours"),
        ({"to_google": {"orgUnitPath": {"from": "CF.{OU}", "clear": True}}}, "orgUnitPath cannot be cleared"),
        ({"to_rt": {"Name": "model"}}, "a custom field is written CF.{Name}"),
        ({"to_rt": {"CF.{Model": "model"}}, "'CF.{Model'"),
        ({"to_rt": {"CF.{Model}": "modell"}}, "did you mean 'model'?"),
        ({"to_rt": {"CF.{M}": {"from": "model", "tolerance_hours": 2}}}, "CF.{M} has tolerance_hours, and model"),
        ({"to_google": {"notes": "CF.{N}"}, "to_rt": {"CF.{N}": "notes"}}, "notes and CF.{N} would own each other"),
        ({"serial_field": "Serial"}, "serial_field names the unknown field 'Serial'"),
        ({"serial_field": "Name", "missing_assets": "create"}, "serial_field names the unknown field 'Name'"),
        ({"mac_fields": ["MAC"]}, "mac_fields names the unknown field 'MAC'"),
        ({"mac_fields": []}, "mac_fields names no field"),
        ({"match": ["serial", "serial"]}, "match names a key twice"),
        ({"match": []}, "match in test.toml"),
        ({"match": ["imei"]}, "match[0] in test.toml must be one of"),
        ({"catalogs": []}, "catalogs in test.toml"),
        ({"statuses": ["active"]}, "statuses[0] in test.toml"),
        ({"new_assets": {"Name": "x"}}, "new_assets names the unknown field 'Name'"),
        ({"new_assets": {"CF.{Serial Number}": "x"}}, "which gets the serial of the device"),
        ({"include_child_org_units": False}, "include_child_org_units = false needs org_units"),
        ({"missing_assets": "make"}, "missing_assets in test.toml must be one of"),
        ({"querry": "x"}, "did you mean query?"),
    ],
)
def test_what_names_no_field_or_would_do_nothing_is_refused(given: dict[str, Any], told: str) -> None:
    assert told in refusal(**given)


def test_all_mistakes_of_a_job_are_told_at_once() -> None:
    told = refusal(to_google={"notez": "Name"}, to_rt={"CF.{M}": "modell"}, mac_fields=[])
    assert all(part in told for part in ("'notez'", "'modell'", "mac_fields"))


def test_a_serial_may_be_the_name_of_an_asset_as_long_as_none_is_made() -> None:
    assert options(serial_field="Name").key_fields[0] == "Name"


def test_children_may_be_left_out_below_named_units() -> None:
    assert not options(include_child_org_units=False, org_units=["/Students"]).include_child_org_units


def test_a_tolerance_is_for_times() -> None:
    rule = options(to_rt={"CF.{Last Sync}": {"from": "lastSync", "tolerance_hours": 24}}).asset_rules["CF.{Last Sync}"]
    assert rule.tolerance_hours == 24


def test_a_mistake_is_told_with_the_table_that_it_is_in() -> None:
    tree = {"jobs": {"chromebooks": {"catalogs": ["A"], "to_rt": {"CF.{M}": "modell"}}}}
    with pytest.raises(ConfigurationError, match=r"jobs\.chromebooks in test\.toml is wrong: to_rt"):
        load(Document(path="test.toml", tree=tree))


def test_a_custom_field_must_be_of_a_kind_that_holds_what_goes_into_it() -> None:
    kinds = options(to_rt={"CF.{Model}": "model", "CF.{Last Sync}": "lastSync"}).need().kinds
    assert kinds["CF.{Model}"] == kinds["CF.{MAC Address}"] == kinds["CF.{Serial Number}"] == ("text", "multi")
    assert "datetime" in kinds["CF.{Last Sync}"]
    assert options(missing_assets="create").need().kinds["CF.{Serial Number}"] == ("text",)


def test_a_custom_field_of_two_uses_must_suit_both() -> None:
    need = options(mac_fields=["CF.{Last Sync}"], to_rt={"CF.{Last Sync}": "lastSync"}).need()
    assert need.kinds["CF.{Last Sync}"] == ("text", "multi")
