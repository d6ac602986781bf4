"""Sequence files of RequestTrackerUtils are taken over whole, or each bad one is named."""

import re
from pathlib import Path

import pytest

from syncd.host.errors import DataError
from syncd.jobs.tagging.importing import Counter, counters


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_each_file_of_a_folder_says_what_is_next(tmp_path: Path) -> None:
    put(tmp_path, asset_tag_sequence="1234\n", asset_tag_sequence_test="7", asset_tag_sequence_lab="0", notes="9")
    found = {counter.file.name: (counter.prefix, counter.number) for counter in counters([tmp_path], "W12-", ["Lab-"])}
    assert found == {
        "asset_tag_sequence.txt": ("W12-", 1234),
        "asset_tag_sequence_lab.txt": ("Lab-", 0),
        "asset_tag_sequence_test.txt": ("TEST", 7),
    }


def test_one_file_can_be_named(tmp_path: Path) -> None:
    file = put(tmp_path, asset_tag_sequence="00042") / "asset_tag_sequence.txt"
    assert counters([file], "WHS-", []) == [Counter(file, "WHS-", 42)]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "is empty: its number was lost"),
        ("  \n", "is empty"),
        ("12a", "holds no number"),
        ("-1", "holds no number"),
        ("1.5", "holds no number"),
        ("9" * 30, "holds no number"),
        ("9" * 3000, "holds no number"),
        ("\0\0", "holds no number"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_imported(tmp_path: Path, text: str, wrong: str) -> None:
    put(tmp_path, asset_tag_sequence=text, asset_tag_sequence_lab="5")
    with pytest.raises(DataError, match=re.escape(wrong)) as caught:
        counters([tmp_path], "W12-", [])
    assert "asset_tag_sequence.txt" in str(caught.value)
    assert caught.value.code == "tags.bad_file"


def test_all_bad_files_are_named_at_once(tmp_path: Path) -> None:
    put(tmp_path, asset_tag_sequence="x", asset_tag_sequence_lab="")
    with pytest.raises(DataError) as caught:
        counters([tmp_path, tmp_path / "missing.txt"], "W12-", [])
    assert all(name in str(caught.value) for name in ("sequence.txt", "sequence_lab.txt", "missing.txt is not called"))


def test_a_file_that_is_not_there_and_a_folder_without_any_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        counters([tmp_path / "asset_tag_sequence.txt"], "W12-", [])
    with pytest.raises(DataError, match="there is no file"):
        counters([tmp_path], "W12-", [])


def test_two_files_of_one_sequence_are_refused(tmp_path: Path) -> None:
    put(tmp_path, asset_tag_sequence="1", asset_tag_sequence_w12="2")
    with pytest.raises(DataError, match="two files are of W12-"):
        counters([tmp_path], "W12-", ["W12-"])
