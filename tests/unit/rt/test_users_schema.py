"""Values of users: how they read back, and which RT would not take."""

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.systems.rt.users.records import User, getter, job_class
from syncd.systems.rt.users.schema import COLUMNS, UserNeed
from unit.rt.fake_users import FIELDS, schema

if TYPE_CHECKING:
    from syncd.systems.rt.schema import Value

SCHEMA = schema()


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("Name", "x" * 300, "x" * 200),
        ("Name", "é" * 300, "é" * 100),
        ("RealName", "a" + "漢" * 300, "a" + "漢" * 39),
        ("NickName", " Padded and long name", " Padded and long"),
        ("EmailAddress", " Kept@As.It.Is ", " Kept@As.It.Is "),
        ("EmailAddress", "", None),
        ("Disabled", "1", "1"),
        ("Disabled", "0", "0"),
        ("CF.{School}", "HIGH school", "High School"),
        ("CF.{Clubs}", "chess", ("chess",)),
        ("CF.{Grade}", None, None),
    ],
)
def test_values_read_back_as_rt_stores_them(field: str, value: "Value", stored: "Value") -> None:
    assert SCHEMA.reads_back(field, value) == stored


@pytest.mark.parametrize("field", [*COLUMNS, *(f"CF.{{{cf.name}}}" for cf in FIELDS)])
@given(value=st.none() | st.text(max_size=300))
def test_what_reads_back_reads_back_the_same(field: str, value: "Value") -> None:
    once = SCHEMA.reads_back(field, value)
    assert SCHEMA.reads_back(field, once) == once
    assert once != ""


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("Name", None, True),
        ("Name", "12345", False),
        ("Name", "a/b", False),
        ("Name", "two\nlines", True),
        ("RealName", "two\nlines", False),
        ("RealName", None, False),
        ("Disabled", None, True),
        ("Disabled", "true", True),
        ("Privileged", "1", False),
        ("CF.{School}", "Hogwarts", True),
        ("CF.{School}", None, False),
    ],
)
def test_values_that_rt_would_not_take_are_refused(field: str, value: "Value", *, refused: bool) -> None:
    assert (SCHEMA.refusal(field, value) is not None) == refused


def test_a_job_has_the_attributes_that_it_asked_for() -> None:
    need = UserNeed(read=("City", "Name"), write=("CF.{Grade}",))
    kind = job_class(schema(need=need, fields={"CF.{Grade}": FIELDS[1]}))
    assert set(kind.__struct_fields__) == {*User.__struct_fields__, "city", "cf23"}
    user = msgspec.json.decode(b'{"id":2,"name":"s","privileged":true,"home_phone":"1","cf23":"7"}', type=kind)
    read = [
        getter(schema(need=need), field)(user) for field in ("Name", "City", "Privileged", "Disabled", "CF.{Grade}")
    ]
    assert read == ["s", None, "1", "0", "7"]


def test_another_definition_of_a_custom_field_makes_another_snapshot() -> None:
    other = schema(custom_fields=(*FIELDS[:-1], msgspec.structs.replace(FIELDS[-1], max_values=1)))
    assert schema().signature == SCHEMA.signature != other.signature
