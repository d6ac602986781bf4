from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.host.journal import Journal, encode, field_name
from unit.host.fake_journald import FakeJournald, decode


@pytest.fixture
def journal(journald: FakeJournald) -> Iterator[Journal]:
    line = Journal(journald.path)
    yield line
    line.close()


def test_a_value_without_a_newline_is_one_line_and_one_with_it_has_its_length() -> None:
    assert encode({"MESSAGE": "a=b", "X": "1\n2"}) == b"MESSAGE=a=b\nX\n\x03\0\0\0\0\0\0\x001\n2\n"


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_what_is_encoded_comes_back(fields: dict[str, str]) -> None:
    assert decode(encode(fields)) == fields


def test_text_that_is_no_utf8_is_escaped_and_not_lost() -> None:
    assert decode(encode({"MESSAGE": "a\udcffb"})) == {"MESSAGE": "a\\udcffb"}


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("SYNCD_JOB", "SYNCD_JOB"),
        ("syncd_count-in sync", "SYNCD_COUNT_IN_SYNC"),
        ("_TRUSTED", "TRUSTED"),
        ("1A", "A"),
        ("é", ""),
        ("A" * 80, "A" * 64),
        ("A=B\nC", "A_B_C"),
    ],
)
def test_field_names_are_made_valid(name: str, valid: str) -> None:
    assert field_name(name) == valid


def test_a_field_without_a_valid_name_is_left_out() -> None:
    assert encode({"é": "x", "ü": "x\ny", "A": "b"}) == b"A=b\n"


def test_a_small_record_is_one_datagram(journal: Journal, journald: FakeJournald) -> None:
    journal.send({"MESSAGE": "hello", "SYNCD_X": "1\n2"})
    assert journald.receive() == {"MESSAGE": "hello", "SYNCD_X": "1\n2"}
    assert not journald.by_file


def test_a_big_record_is_passed_as_a_sealed_file(journal: Journal, journald: FakeJournald) -> None:
    journal.send({"MESSAGE": "x" * 400_000, "A": "b"})
    assert journald.receive() == {"MESSAGE": "x" * 400_000, "A": "b"}
    assert journald.by_file


def test_without_journald_sending_fails(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        journal.send({"MESSAGE": "x"})
    journal.close()


def test_a_journald_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    first = FakeJournald(path)
    journal = Journal(first.path)
    journal.send({"A": "1"})
    first.close()
    path.unlink()
    second = FakeJournald(path)
    journal.send({"A": "2"})
    assert second.receive() == {"A": "2"}
    journal.close()
    second.close()
