"""Which raw texts identify a device, and how they are spelled."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.reconcile.keys import Rejected, mac_key, mac_keys, serial_key, serial_keys


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("5CD1234567", "5CD1234567"),
        ("  5cd 123\t4567\u00a0", "5CD1234567"),
        ("0007", "0007"),
        ("a-b-1", "A-B-1"),
        ("NXEF-00A", "NXEF-00A"),
    ],
)
def test_a_serial_is_in_capitals_without_white_space(raw: str, key: str) -> None:
    assert serial_key(raw) == key


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "is blank"),
        (" \t", "is blank"),
        ("ABC", "is shorter than 4 characters"),
        ("A B C", "is shorter than 4 characters"),
        ("n/a", "is a placeholder"),
        ("None", "is a placeholder"),
        ("To be filled by O.E.M.", "is a placeholder"),
        ("to be  filled by o.e.m.", "is a placeholder"),
        ("Default string", "is a placeholder"),
        ("System Serial Number", "is a placeholder"),
        ("Not Specified", "is a placeholder"),
        ("0123456789", "is a placeholder"),
        ("00000000", "is one character repeated"),
        ("XXXXXX", "is one character repeated"),
        ("xxXX", "is one character repeated"),
        ("-_-.", "has no letter or digit"),
    ],
)
def test_a_serial_that_identifies_nothing_is_rejected_with_a_reason(raw: str, reason: str) -> None:
    assert serial_key(raw) == Rejected(reason)


@pytest.mark.parametrize(
    "raw", ["00:1A:2b:3c:4D:5e", "001a2b3c4d5e", "00-1a-2b-3c-4d-5e", "001A.2B3C.4D5E", " 00 1a2b3c4d5e "]
)
def test_a_mac_address_has_one_spelling(raw: str) -> None:
    assert mac_key(raw) == "001a2b3c4d5e"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "is blank"),
        (":::::", "is blank"),
        ("00:1a:2b:3c:4d", "is not 12 hexadecimal digits"),
        ("00:1a:2b:3c:4d:5g", "is not 12 hexadecimal digits"),
        ("001a2b3c4d5e6f", "is not 12 hexadecimal digits"),
        ("\u0660" * 12, "is not 12 hexadecimal digits"),
        ("00:00:00:00:00:00", "is a placeholder"),
        ("ff:ff:ff:ff:ff:ff", "is a placeholder"),
        ("02:00:00:00:00:00", "is a placeholder"),
        ("01:00:5e:00:00:01", "is a multicast address"),
    ],
)
def test_a_mac_address_that_identifies_nothing_is_rejected_with_a_reason(raw: str, reason: str) -> None:
    assert mac_key(raw) == Rejected(reason)


@given(st.text(max_size=30))
def test_a_normalised_key_is_its_own_normal_form(raw: str) -> None:
    for normalise in (serial_key, mac_key):
        key = normalise(raw)
        assert isinstance(key, Rejected) or normalise(key) == key


@given(st.text(max_size=3))
def test_no_text_under_four_characters_is_a_serial(raw: str) -> None:
    key = serial_key(raw)
    assert isinstance(key, Rejected) or len(key) >= 4  # capitals may be longer: one letter becomes "FFI"


Together = Callable[[Sequence[str]], Sequence[str] | None]
SERIALS = ["5CD1", "5cd2x", "0007", "\u00df123"]
MACS = ["001a2b3c4d5e", "00:1A:2b:3c:4D:5f", "00-1a-2b-3c-4d-60", "001A.2B3C.4D61"]
ODD = st.text(st.sampled_from("01afXZ:-. \n\u0660\u00df"), max_size=14) | st.sampled_from(["1234", "020000000000"])


@pytest.mark.parametrize(
    ("together", "alone", "usual"), [(serial_keys, serial_key, SERIALS), (mac_keys, mac_key, MACS)]
)
@given(st.data())
def test_many_keys_are_what_each_of_them_is(
    together: Together, alone: Callable[[str], str | Rejected], usual: list[str], data: st.DataObject
) -> None:
    assert together(usual) == [alone(raw) for raw in usual]
    raws = data.draw(st.lists(ODD | st.sampled_from(usual), min_size=1, max_size=4))
    keys = together(raws)
    assert keys is None or [*keys] == [alone(raw) for raw in raws]
