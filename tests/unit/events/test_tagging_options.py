"""Which sequence an asset is of, what its tags look like, and which configurations make no sense."""

import re
from pathlib import Path
from typing import Any

import pytest

from syncd.host.config import read_document
from syncd.host.errors import ConfigurationError
from syncd.jobs.settings import Settings, check, load
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.jobs.tagging.options import AssetCreatedOptions, SequenceOptions, choose

TYPE = "CF.{Type}"


def sequence(**more: Any) -> SequenceOptions:  # noqa: ANN401 - as the struct has them
    return SequenceOptions(**{"catalog": "Chromebooks", "prefix": "W12-"} | more)


def test_a_tag_has_its_digits_and_grows_beyond_them() -> None:
    assert [sequence().tag(number) for number in (0, 7, 99_999, 100_000)] == [
        "W12-00000",
        "W12-00007",
        "W12-99999",
        "W12-100000",
    ]
    assert sequence(prefix="CB", width=3).tag(7) == "CB007"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("W12-00007", 7),
        ("w12-00007", 7),
        (" W12-00007 ", 7),
        ("W12-100000", 100_000),
        ("W12-0007", None),
        ("W12-00007b", None),
        ("XW12-00007", None),
        ("W12-\u0660\u0660\u0660\u0660\u0667", None),
        ("", None),
    ],
)
def test_a_name_is_a_tag_where_it_has_the_shape_of_one(name: str, number: int | None) -> None:
    assert sequence().number(name) == number
    assert AssetCreatedOptions(sequences=(sequence(),)).tagged(name) is (number is not None)


def test_a_name_with_the_tag_of_any_sequence_is_one() -> None:
    options = AssetCreatedOptions(sequences=(sequence(), sequence(catalog="Labs", prefix="LAB.", width=2)))
    assert options.tagged("LAB.01")
    assert not options.tagged("LABx01")


def test_sequences_are_those_that_name_the_catalog_else_its_number() -> None:
    named, numbered = sequence(), sequence(catalog="2", prefix="X-")
    options = AssetCreatedOptions(sequences=(named, numbered))
    assert options.of_catalog("Chromebooks", 2) == [named]
    assert options.of_catalog("Renamed", 2) == [numbered]
    assert options.of_catalog("Labs", 3) == []


IPADS = sequence(prefix="IP-", when={TYPE: "iPad"})
LAPTOPS = sequence(prefix="LT-", when={TYPE: ("Laptop", "Chromebook")})
OTHERS = sequence(prefix="X-")


@pytest.mark.parametrize(
    ("value", "sequences", "chosen", "is_open"),
    [
        ("ipad", (IPADS, LAPTOPS), IPADS, False),
        ("CHROMEBOOK ", (IPADS, LAPTOPS), LAPTOPS, False),
        (("Case", "Laptop"), (IPADS, LAPTOPS), LAPTOPS, False),
        ("Switch", (IPADS, LAPTOPS), None, False),
        ("Switch", (IPADS, OTHERS), OTHERS, False),
        (None, (IPADS, LAPTOPS), None, True),
        (None, (IPADS, OTHERS), OTHERS, True),
        (None, (OTHERS, IPADS), OTHERS, False),
    ],
)
def test_the_first_sequence_that_fits_is_taken_and_an_empty_field_may_change_that(
    value: str | tuple[str, ...] | None,
    sequences: tuple[SequenceOptions, ...],
    chosen: SequenceOptions | None,
    is_open: bool,  # noqa: FBT001
) -> None:
    assert choose(sequences, {TYPE: value}) == (chosen, is_open)


def test_what_is_asked_of_rt_is_what_the_options_name() -> None:
    mine = sequence(when={TYPE: "iPad"}, fields={"Status": "in-use", "CF.{Location}": "Store"})
    options = AssetCreatedOptions(sequences=(mine, sequence(prefix="X-"), sequence(catalog="Loaners", prefix="L-")))
    need = options.need("Chromebooks")
    assert need.catalogs == ("Chromebooks",)
    assert need.read == ("Name", "Status", TYPE)
    assert need.write == ("Name", "Status", "CF.{Location}")
    job = ChromebooksOptions(catalogs=("Chromebooks",), serial_field="CF.{Serial}")
    assert options.need("Chromebooks", job).read == ("Name", "Status", TYPE, "CF.{Serial}")
    assert options.need("Loaners", job).read == ("Name", "Status")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"prefix": "W12"}, "ends with a digit"),
        ({"prefix": " W-"}, "white space"),
        ({"prefix": "W\n-"}, "cannot be printed"),
        ({"when": {"Type": "iPad"}}, "when names the unknown field 'Type'"),
        ({"when": {TYPE: " "}}, "when.CF.{Type} has no value"),
        ({"fields": {"Owner": "root"}}, "fields names the unknown field 'Owner'"),
        ({"fields": {"CF.{Location}": ""}}, "fields.CF.{Location} is empty"),
    ],
)
def test_a_sequence_that_makes_no_sense_is_refused(more: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        sequence(**more)


@pytest.mark.parametrize("other", [{"prefix": "w12-"}, {"width": 6}])
def test_sequences_with_tags_that_look_alike_are_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="they share their numbers"):
        AssetCreatedOptions(sequences=(sequence(), sequence(catalog="Labs", **other)))


def test_sequences_may_share_a_prefix() -> None:
    options = AssetCreatedOptions(sequences=(sequence(), sequence(catalog="Labs")))
    assert len(options.sequences) == 2


# -- the configuration file

EVENTS = """
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
when = { "CF.{Type}" = "Chromebook" }
"""
RT = '[rt]\nurl = "https://rt.example.org"\n'


def settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "config.toml").write_text(text)
    return load(read_document(str(tmp_path / "config.toml"), {}))


def test_a_file_with_sequences_is_read(tmp_path: Path) -> None:
    found = settings(tmp_path, RT + EVENTS)
    assert check(found) == []
    assert found.events.asset_created is not None
    assert found.events.asset_created.sequences[0].width == 5


def test_events_need_rt_and_chromebooks_where_they_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"asset-created needs \[rt\]"):
        check(settings(tmp_path, EVENTS))
    with pytest.raises(ConfigurationError, match=r"asset-created needs \[jobs.chromebooks\]"):
        check(settings(tmp_path, RT + "[events.asset-created]\nchromebooks = true\n" + EVENTS))
