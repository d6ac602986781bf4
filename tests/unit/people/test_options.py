"""Options of the job: what is wrong is said at once, with the option's name."""

from typing import Any

import pytest

from syncd.host.config import Document, decode
from syncd.host.errors import ConfigurationError
from syncd.jobs.people.options import RtUsersOptions

TWO = {"a": {"type": "imported"}, "b": {"type": "google", "role": "staff"}}


def options(**given: Any) -> RtUsersOptions:  # noqa: ANN401
    return decode(Document(path="test.toml", tree=given), RtUsersOptions)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sources": TWO}, "precedence has to name each source once: a, b"),
        ({"sources": TWO, "precedence": ["a", "a"]}, "precedence has to name each source once: a, b"),
        ({"precedence": ["x"]}, "precedence names what is no source; there is students"),
        ({"field_precedence": {"email": ["x"]}}, "field_precedence.email names the unknown source 'x'"),
        ({"sources": {"rt": {"type": "imported"}}}, "sources.rt has the name of a system"),
        ({"fields": {"Name": "{nme}"}}, "fields.Name: '{nme}' names the unknown field 'nme'"),
        ({"fields": {"Name": False}}, "fields.Name is switched off"),
        ({"fields": {"Name": {"template": "{id}", "clear": True}}}, "fields.Name cannot be cleared"),
        ({"fields": {"Disabled": "{id}"}}, "fields.Disabled cannot be mapped"),
        ({"fields": {"City": True}}, "fields.City = true names no template"),
        ({"fields": {"CF.{Student ID}": "{email}"}}, 'has to be "{id}"'),
        ({"fields": {"CF.{Student ID}": False}}, 'has to be "{id}"'),
        ({"match": ["email"]}, "match begins with id"),
        ({"protected": [""]}, "protected[0]"),
        ({"match": ["id", "id"]}, "match begins with id"),
        (
            {"sources": {"g": {"type": "google", "role": "staff", "include_child_org_units": False}}},
            "include_child_org_units = false needs org_units",
        ),
    ],
)
def test_what_names_nothing_or_would_do_nothing_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    assert told in caught.value.sentence


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        options(precedence=["x"], fields={"Name": False, "City": "{town}"})
    assert caught.value.sentence.count(";") >= 2


def test_the_defaults_map_names_and_the_id() -> None:
    assert {name: rule.template for name, rule in options().rules.items()} == {
        "Name": "{user_name}",
        "EmailAddress": "{email}",
        "RealName": "{given_name?} {family_name?}",
        "CF.{Student ID}": "{id}",
    }
    assert options(id_field="CF.{No}").rules["CF.{No}"].template == "{id}"


def test_google_is_needed_where_a_source_is_of_it() -> None:
    assert options().systems == ()
    assert options(sources=TWO, precedence=["a", "b"]).systems == ("google",)
