import json
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.systems.rt import forms
from syncd.systems.rt.assets import (
    Asset,
    Person,
    WireAsset,
    decode_rows,
    encode_asset,
    getter,
    job_class,
    people_of,
)
from syncd.systems.rt.schema import Need, Value, custom_name
from unit.rt.fake_rt import FIELDS, schema

if TYPE_CHECKING:
    import re

SCHEMA = schema()
BY_ID = {cf.id: cf for cf in FIELDS}


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("Name", "x" * 300, "x" * 255),
        ("Name", "é" * 300, "é" * 127),
        ("Name", None, None),
        ("CF.{Type}", "CHROMEBOOK", "Chromebook"),
        ("CF.{Type}", "Toaster", "Toaster"),
        ("CF.{Tags}", ("spare", "LOANER", "Loaner"), ("Loaner", "Spare")),
        ("CF.{Tags}", (), None),
        ("CF.{Recent Users}", "one", ("one",)),
        ("CF.{Last Sync}", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
        ("CF.{Last Sync}", "2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ("CF.{Last Sync}", "2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("CF.{AUE}", "2029-06-30T00:00:00Z", "2029-06-30"),
        ("CF.{IP}", "010.001.002.003", "10.1.2.3"),
        ("CF.{IP}", "2001:DB8:0::1", "2001:db8::1"),
        ("CF.{Serial Number}", " as it is ", " as it is "),
        ("CF.{Serial Number}", "", None),
    ],
)
def test_values_read_back_as_rt_stores_them(field: str, value: Value, stored: Value) -> None:
    assert SCHEMA.reads_back(field, value) == stored


@pytest.mark.parametrize("field", ["Name", *(f"CF.{{{cf.name}}}" for cf in FIELDS)])
@given(value=st.none() | st.text(max_size=300) | st.lists(st.text(max_size=20)).map(tuple))
def test_what_reads_back_reads_back_the_same(field: str, value: Value) -> None:
    once = SCHEMA.reads_back(field, value)
    assert SCHEMA.reads_back(field, once) == once
    assert once != ""
    assert once != ()


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("Name", "12345", True),
        ("Name", "12345a", False),
        ("Status", None, True),
        ("CF.{Type}", "Toaster", True),
        ("CF.{Type}", "ipad", False),
        ("CF.{Tags}", ("Spare", "Toaster"), True),
        ("CF.{Cycles}", "12.5", False),
        ("CF.{Cycles}", "twelve", True),
        ("CF.{Last Sync}", "yesterday", True),
        ("CF.{AUE}", "June 2029", True),
        ("CF.{IP}", "10.0.0", True),
        ("CF.{Serial Number}", "anything", False),
        ("CF.{Type}", None, False),
    ],
)
def test_refusals_are_foretold(field: str, value: Value, *, refused: bool) -> None:
    assert (SCHEMA.refusal(field, value) is not None) == refused


@pytest.mark.parametrize(
    "pattern", [r"\h+", r"\p{Lu}", r"[[:digit:]]", r"(?^i:x)", r"(?1)", r"x\K", r"(", r"[a--b]", r"(?|a|b)", ""]
)
def test_a_pattern_that_python_may_read_otherwise_is_left_to_rt(pattern: str) -> None:
    assert forms.compile_pattern(pattern) is None


@pytest.mark.parametrize(("pattern", "text"), [(r"(?#Digits)^[\d.]*$", "1.5"), (r"^\w{3}\Z", "abc"), (r"(?i)^x", "X")])
def test_a_common_pattern_is_known(pattern: str, text: str) -> None:
    compiled = cast("re.Pattern[str]", forms.compile_pattern(pattern))
    assert compiled.search(text)


def test_a_name_of_a_custom_field_may_hold_anything() -> None:
    assert custom_name("CF.{Google ID (unique)}") == "Google ID (unique)"
    assert custom_name("CF.Serial") is None
    assert Need(catalogs=("A",), read=("HeldBy.Name",)).people
    assert not Need(catalogs=("A",), read=("HeldBy",)).people


def wire(**fields: object) -> WireAsset:
    plain = {"id": "7", "Name": "N", "Status": "new", "Catalog": {"type": "catalog", "id": "2"}, "CustomFields": []}
    return msgspec.convert({**plain, **fields}, WireAsset, strict=False)


def decoded(asset: WireAsset) -> Asset:
    return next(decode_rows([encode_asset(asset, BY_ID)], job_class(FIELDS)))


def test_an_empty_value_that_is_stored_reads_as_none() -> None:
    found = decoded(wire(CustomFields=[{"id": "2", "values": [None]}, {"id": "18", "values": [None, None]}]))
    assert found.cf2 is None  # type: ignore[attr-defined]
    assert found.cf18 is None  # type: ignore[attr-defined]


def test_a_time_that_is_not_set_reads_as_none() -> None:
    assert decoded(wire(CustomFields=[{"id": "15", "values": [forms.NOT_SET]}])).cf15 is None  # type: ignore[attr-defined]
    kept = decoded(wire(CustomFields=[{"id": "2", "values": [forms.NOT_SET]}]))
    assert kept.cf2 == forms.NOT_SET  # type: ignore[attr-defined]


def test_the_row_does_not_depend_on_the_order_rt_sends() -> None:
    fields = [{"id": "18", "values": ["b", "a"]}, {"id": "2", "values": ["S"]}]
    turned = [{"id": "2", "values": ["S"]}, {"id": "18", "values": ["a", "b"]}]
    row = encode_asset(wire(CustomFields=fields), BY_ID)
    assert row == encode_asset(wire(CustomFields=turned), BY_ID)
    assert json.loads(row)["cf18"] == ["a", "b"]


@pytest.mark.parametrize("owner", ["", [], {"type": "user", "id": 6, "Name": "Nobody", "EmailAddress": ""}])
def test_an_asset_without_owner_belongs_to_nobody(owner: object) -> None:
    asset = wire(Owner=owner)
    assert decoded(asset).owner == 0
    assert list(people_of(asset)) == []


def test_groups_among_the_holders_are_told_apart() -> None:
    user = {"type": "user", "id": 41, "Name": "s1001", "EmailAddress": "s1001@example.org"}
    found = decoded(wire(HeldBy=[{"type": "group", "id": 90, "Name": "Class 7"}, user]))
    assert (found.holders, found.groups) == ((41,), (90,))


def test_fields_of_people_come_from_people() -> None:
    people = {41: Person(41, "s1001", "s1001@example.org"), 43: Person(43, "s1002", "")}
    asset = Asset(1, owner=41, holders=(41, 43))
    assert getter(SCHEMA, "Owner.EmailAddress", people)(asset) == "s1001@example.org"
    assert getter(SCHEMA, "HeldBy.EmailAddress", people)(asset) == ("s1001@example.org",)
    assert getter(SCHEMA, "HeldBy", people)(asset) == ("41", "43")
    assert getter(SCHEMA, "Owner.Name", people)(Asset(2)) is None
