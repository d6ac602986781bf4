"""Templates of user fields."""

from typing import Any

import pytest

from syncd.jobs.people.templates import template
from unit.people.fake_rt import person

ANN = person(7, given_name="Łucja  Ærø", family_name="O'Neil-Ñúñez", grade="K", graduation_year=2038, email="")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{user_name}", "s7"),
        ("{id}", "000007"),
        ("{graduation_year}", "2038"),
        ("{given_name} {family_name}", "Łucja Ærø O'Neil-Ñúñez"),
        ("{given_name:1:lower}{family_name:ascii:lower}", "ło'neil-nunez"),
        ("{given_name:ascii:3:upper}", "LUC"),
        ("{email|user_name}", "s7"),
        ("{email?}x", "x"),
        ("{email}x", None),
        ("{email?}", None),
        ("Lincoln High", "Lincoln High"),
        ("{school?} grade {grade}", "grade K"),
    ],
)
def test_a_template_is_filled_from_a_person(text: str, value: str | None) -> None:
    assert template(text).fill(ANN) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{first_name}", "unknown field 'first_name'"),
        ("{active}", "unknown field 'active'"),
        ("{id:title}", "unknown filter 'title'"),
        ("{id:0}", "unknown filter '0'"),
        ("{id", "a brace without its other half"),
        ("user_name", "would be written as it is; for the field of a person write {user_name}"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as caught:
        template(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("changes", [{"graduation_year": 0}, {"grade": ""}])
def test_what_the_source_does_not_have_is_empty(changes: dict[str, Any]) -> None:
    (name,) = changes
    assert template(f"{{{name}}}").fill(person(1, **changes)) is None
