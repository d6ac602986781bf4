"""The options of the jobs of batteries: what they then ask of RT, and what they refuse."""

from typing import Any

import pytest

from syncd.host.config import Document, decode
from syncd.host.errors import ConfigurationError
from syncd.jobs.batteries.options import BatteryCsvOptions, BatteryGamOptions

TO_RT = {"CF.{Health}": "percent", "CF.{Reported}": "report_time"}


def options(**given: Any) -> BatteryCsvOptions:  # noqa: ANN401
    tree = {"catalogs": ["Chromebooks"], "to_rt": TO_RT, **given}
    return decode(Document(path="test.toml", tree=tree), BatteryCsvOptions)


def refusal(**given: Any) -> str:  # noqa: ANN401
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    return caught.value.sentence


def test_rt_is_asked_for_the_mapped_fields_and_the_serial_number() -> None:
    need = options(to_rt={**TO_RT, "CF.{Cycles}": "cycles"}).need()
    assert (need.catalogs, need.create) == (("Chromebooks",), False)
    assert need.read == ("Name", "CF.{Serial Number}")
    assert need.write == ("CF.{Health}", "CF.{Reported}", "CF.{Cycles}")
    assert need.kinds["CF.{Reported}"] == ("datetime", "date", "text")
    assert need.kinds["CF.{Health}"] == ("text",)
    assert options(serial_field="Name").need().read == ("Name", "Name")


def test_rt_has_to_have_every_text_that_may_be_written() -> None:
    mapped = {**TO_RT, "CF.{Status}": "status", "CF.{Category}": "category"}
    texts = options(
        to_rt=mapped, categories={"Old": 0, "Fresh": 50.5}, status_names={"BATTERY_REPLACE_NOW": "Away"}
    ).need().texts  # fmt: skip
    assert texts == {
        "CF.{Health}": None,
        "CF.{Reported}": None,
        "CF.{Status}": ("Normal", "Replace soon", "Away"),
        "CF.{Category}": ("Old", "Fresh"),
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"to_rt": {"Name": "percent", "CF.{R}": "report_time"}}, "to_rt names the unknown field 'Name'"),
        ({"to_rt": {**TO_RT, "CF.{X}": "cycle"}}, "to_rt names the unknown fact 'cycle'; did you mean 'cycles'?"),
        ({"to_rt": {**TO_RT, "CF.{X}": "percent"}}, "to_rt names percent twice"),
        ({"to_rt": {"CF.{H}": "percent"}}, "to_rt maps no field to report_time"),
        ({"to_rt": {"CF.{R}": "report_time"}}, "to_rt maps none of percent, status, category, cycles"),
        ({"to_rt": {**TO_RT, "CF.{Serial Number}": "level"}}, "to_rt names CF.{Serial Number}, by which assets are"),
        ({"serial_field": "Serial"}, "serial_field names the unknown field 'Serial'"),
        ({"status_names": {"BATTERY_REPLACE_SON": "x"}}, "did you mean 'BATTERY_REPLACE_SOON'?"),
        ({"categories": {"Good": 80, "Fair": 80, "Poor": 0}}, "categories has two that begin at 80"),
        ({"recent_days": 36_501}, "recent_days"),
        ({"refresh_days": 10**10}, "refresh_days"),
        ({"categories": {"Good": 80}}, "categories has none that begins at 0"),
        ({"categories": {"": 0}}, "categories has one without a name"),
        ({"categories": {"Good": -1}}, ">= 0"),
        ({"noise_percent": 101}, "<= 100"),
        ({"recent_days": 0}, ">= 1"),
        ({"refresh_days": 0}, ">= 1"),
        ({"catalogs": []}, "length >= 1"),
        ({"to_rt": {}}, "length >= 1"),
    ],
)
def test_what_would_do_nothing_or_harm_is_refused(given: dict[str, Any], words: str) -> None:
    assert words in refusal(**given)


def test_all_mistakes_are_named_at_once() -> None:
    sentence = refusal(to_rt={"CF.{H}": "percent"}, categories={"Good": 80}, status_names={"GOOD": "x"})
    for words in ("maps no field to report_time", "begins at 0", "unknown word 'GOOD'"):
        assert words in sentence


def test_gam_is_found_in_the_path_and_ended_after_half_an_hour_unless_told_otherwise() -> None:
    given = decode(Document(path="test.toml", tree={"catalogs": ["C"], "to_rt": TO_RT}), BatteryGamOptions)
    assert (given.program, given.config_dir, given.arguments, given.timeout_minutes) == ("gam", "", (), 30.0)
