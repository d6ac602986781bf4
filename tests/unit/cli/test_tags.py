"""``syncd tags``: sequences are shown, set, and taken over."""

from pathlib import Path

import pytest

from syncd.state.store import open_store
from unit.cli.commands import Cli, with_store

SEQUENCES = """
[rt]
url = "https://rt.example.org"
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
[[events.asset-created.sequences]]
catalog = "Labs"
prefix = "LAB-"
width = 3
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return with_store(tmp_path, SEQUENCES)


def test_sequences_are_shown_before_they_gave_a_tag_and_no_store_is_made(cli: Cli, tmp_path: Path) -> None:
    rows = cli.ended(0, "tags", "show").rows
    assert rows == [
        ["prefix", "next", "given", "passed over", "last", "to asset", "for"],
        ["LAB-", "LAB-001", "0", "0", "-", "-", "Labs"],
        ["W12-", "W12-00001", "0", "0", "-", "-", "Chromebooks"],
    ]
    assert not (tmp_path / "state").exists()


def test_where_each_stands_and_who_has_what_is_shown(cli: Cli, tmp_path: Path) -> None:
    with open_store(tmp_path / "state") as store:
        store.tags.reserve("W12-", "17")
        store.tags.reserve("W12-", "18")
        store.tags.pass_over("W12-", "18", {2, 3})
        store.tags.reserve("W12-", "18")
        store.tags.reserve("OLD-", "19")
    shown = {each["prefix"]: each for each in cli.ended(0, "tags", "show", "--json").json["sequences"]}
    assert (shown["W12-"]["next"], shown["W12-"]["given"], shown["W12-"]["passed"]) == ("W12-00005", 2, 1)
    assert (shown["W12-"]["last"], shown["W12-"]["last_asset"]) == ("W12-00004", "18")
    assert shown["OLD-"]["catalogs"] == []
    given = cli.ended(0, "tags", "show", "--given", "--json").json["given"]
    assert {each["tag"]: each["asset"] for each in given} == {"W12-00001": "17", "W12-00004": "18", "OLD-00001": "19"}
    assert "W12-00004\t18" in cli.ended(0, "tags", "show", "--given").out


def test_the_next_tag_is_shown_and_not_given(cli: Cli) -> None:
    for _ in range(2):
        assert cli.ended(0, "tags", "next", "LAB-").out == "LAB-001\n"
    assert cli.ended(0, "tags", "next", "NEW-", "--json").json == {"prefix": "NEW-", "next": "NEW-00001", "number": 1}


def test_a_sequence_is_set_and_goes_back_only_when_that_is_said(cli: Cli) -> None:
    assert cli.ended(0, "tags", "set", "LAB-", "50").out == "The next tag is LAB-050.\n"
    refused = cli.ended(65, "tags", "set", "LAB-", "7").err
    assert "the sequence LAB- stands at 50 already" in refused
    assert cli.ended(0, "tags", "next", "LAB-").out == "LAB-050\n"
    lowered = cli.ended(0, "tags", "set", "LAB-", "7", "--lower", "--json").json
    assert lowered == {"prefix": "LAB-", "before": 50, "next": "LAB-007"}


@pytest.mark.parametrize("arguments", [(" ", "7"), ("LAB-", "seven"), ("LAB-",)])
def test_what_is_no_sequence_or_no_number_is_a_usage_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    cli.ended(64, "tags", "set", *arguments)


def test_the_sequences_of_others_are_taken_over_and_higher_ones_here_stay(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "original"
    folder.mkdir()
    (folder / "asset_tag_sequence.txt").write_text("1234")
    (folder / "asset_tag_sequence_lab.txt").write_text("9\n")
    cli.ended(0, "tags", "set", "LAB-", "50")
    dry = cli.ended(0, "tags", "import", str(folder), "--dry-run", "--json").json
    assert dry["imported"] is False
    assert cli.ended(0, "tags", "next", "W12-").out == "W12-00001\n"
    told = cli.ended(0, "tags", "import", str(folder)).out
    assert "asset_tag_sequence.txt: W12-01234 is next." in told
    assert "asset_tag_sequence_lab.txt: LAB-050 is next." in told
    assert cli.ended(0, "tags", "next", "W12-").out == "W12-01234\n"
    cli.ended(0, "tags", "import", str(folder / "asset_tag_sequence.txt"), "--prefix", "LAB-")
    assert cli.ended(0, "tags", "next", "LAB-").out == "LAB-1234\n"


def test_a_bad_file_imports_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "asset_tag_sequence.txt").write_text("")
    (tmp_path / "asset_tag_sequence_lab.txt").write_text("9")
    assert "its number was lost" in cli.ended(65, "tags", "import", str(tmp_path)).err
    assert cli.ended(0, "tags", "next", "LAB-").out == "LAB-001\n"
