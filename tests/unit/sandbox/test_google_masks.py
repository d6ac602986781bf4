"""Partial responses of the Google stand-in: what a mask keeps, and which are none."""

from typing import Any

import pytest

from syncd.sandbox.google import masks

DEVICE = {"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 2}, {"y": 3}]}


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        ("a", {"a": 1}),
        ("a,b/c", {"a": 1, "b": {"c": 2}}),
        ("b(c,d)", {"b": {"c": 2, "d": 3}}),
        ("b/c,b/d", {"b": {"c": 2, "d": 3}}),
        ("b/c,b", {"b": {"c": 2, "d": 3}}),
        ("l(x),nothing", {"l": [{"x": 1}, {}]}),
        ("l/y", {"l": [{"y": 2}, {"y": 3}]}),
        ("*", DEVICE),
        ("*/c", {"a": 1, "b": {"c": 2}, "l": [{}, {}]}),
        (" a , b ( c ) ", {"a": 1, "b": {"c": 2}}),
        ("", {}),
    ],
)
def test_a_mask_keeps_what_it_names(mask: str, kept: dict[str, Any]) -> None:
    assert masks.projector(mask)(DEVICE) == kept


@pytest.mark.parametrize("mask", ["a,", ",a", "a(", "a(b", "a)", "a//b", "a b", "a;b", "()"])
def test_a_mask_that_is_none_is_refused(mask: str) -> None:
    with pytest.raises(ValueError, match="Invalid field selection"):
        masks.parse(mask)
