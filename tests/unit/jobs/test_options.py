"""The rules of who owns a field, as they are written in the configuration."""

import pytest

from syncd.jobs.options import FieldNames, FieldRule, Rules, merge_rules, ownership_circles, rule_problems

DEFAULTS = {"assetId": FieldRule(source="Name"), "user": FieldRule(source="Owner", clear=True)}
TARGETS = FieldNames(("assetId", "user", "location"))
SOURCES = FieldNames(("Name", "Owner"), lambda name: name.startswith("CF."), "a custom field is written CF.{Name}")


def problems(rules: Rules) -> list[str]:
    return list(rule_problems("to_google", rules, targets=TARGETS, sources=SOURCES))


def test_without_rules_the_defaults_are_in_force() -> None:
    assert merge_rules(DEFAULTS, {}) == DEFAULTS


def test_a_name_is_short_for_a_rule_that_keeps_values() -> None:
    merged = merge_rules(DEFAULTS, {"location": "CF.{Location}"})
    assert merged["location"] == FieldRule(source="CF.{Location}", clear=False)
    assert merged["user"] == DEFAULTS["user"]


def test_a_rule_takes_the_place_of_the_default_as_a_whole() -> None:
    assert merge_rules(DEFAULTS, {"user": "HeldBy"})["user"] == FieldRule(source="HeldBy", clear=False)


def test_false_switches_a_default_off() -> None:
    assert merge_rules(DEFAULTS, {"user": False}).keys() == {"assetId"}


def test_true_is_refused_and_changes_nothing() -> None:
    (problem,) = problems({"user": True})
    assert problem.startswith("to_google.user = true names no source")
    assert merge_rules(DEFAULTS, {"user": True}) == DEFAULTS


@pytest.mark.parametrize("rule", ["Name", False, FieldRule(source="Name")])
def test_a_misspelt_field_is_named_with_the_nearest_one_even_to_switch_it_off(rule: str | bool | FieldRule) -> None:  # noqa: FBT001
    assert problems({"usr": rule}) == ["to_google names the unknown field 'usr'; did you mean 'user'?"]


def test_a_misspelt_source_is_named_with_the_nearest_one() -> None:
    assert problems({"user": "Ownr"}) == ["to_google.user names the unknown source 'Ownr'; did you mean 'Owner'?"]


def test_a_name_near_to_none_is_answered_with_all_there_are_and_how_others_are_written() -> None:
    (told,) = problems({"user": "Location"})
    assert told.endswith("source 'Location'; known here: Name, Owner; a custom field is written CF.{Name}")


def test_a_name_that_only_the_system_can_judge_is_let_through() -> None:
    assert problems({"user": "CF.{Anything}"}) == []


def test_all_problems_are_told_at_once() -> None:
    assert len(problems({"usr": "Name", "location": "Nme", "user": True})) == 3


def test_two_fields_that_would_own_each_other_are_a_circle() -> None:
    left = {"location": FieldRule(source="CF.{L}"), "assetId": FieldRule(source="Name")}
    right = {"CF.{L}": FieldRule(source="location")}
    assert list(ownership_circles(left, right)) == ["location and CF.{L} would own each other; drop one of their rules"]


def test_a_longer_circle_is_found_too_and_told_once() -> None:
    left = {"a": FieldRule(source="X"), "b": FieldRule(source="Y")}
    right = {"X": FieldRule(source="b"), "Y": FieldRule(source="a")}
    (told,) = ownership_circles(left, right)
    assert told.startswith("a and X and b and Y")


def test_a_chain_is_no_circle() -> None:
    left = {"a": FieldRule(source="X"), "c": FieldRule(source="X")}
    right = {"X": FieldRule(source="b"), "Y": FieldRule(source="a")}
    assert list(ownership_circles(left, right)) == []


def test_the_same_name_on_both_sides_is_two_fields() -> None:
    assert list(ownership_circles({"Name": FieldRule(source="Name")}, {})) == []
