import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import syncd
from syncd.host.journal import Journal, MessageId, encode, field_name, message_id
from unit.host.fake_journald import FakeJournald, decode


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[FakeJournald]:
    fake = FakeJournald(tmp_path / "socket")
    yield fake
    fake.close()


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


# -- the catalogue


def test_every_kind_has_an_id_of_its_own_and_a_subject() -> None:
    assert len(MessageId) == len(MessageId.__members__)
    for kind in MessageId:
        assert re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", kind), kind.name
        assert kind.subject
        assert not kind.subject.endswith(".")


def test_ids_are_stable() -> None:
    # journalctl queries, alerts and catalog files of installed systems are built on these.
    assert str(MessageId.RUN_STARTED) == "956e6e82f7d1412b9831899b582d1d63"
    assert str(MessageId.CREDENTIALS_REFUSED) == "0de660cd859048a7a70705c07cea4717"


def test_a_kind_is_found_by_its_name_or_is_one_already() -> None:
    assert message_id("RUN_FAILED") is MessageId.RUN_FAILED
    assert message_id(MessageId.RUN_FAILED) is MessageId.RUN_FAILED
    assert message_id("") is None
    assert message_id("RUN_FAILD") is None


def named_kinds() -> Iterator[tuple[str, str]]:
    """Yield (place, name) for each kind that a source file names beside the key ``message_id``."""
    for path in sorted(Path(syncd.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    named = isinstance(key, ast.Constant) and key.value == "message_id"
                    if named and isinstance(value, ast.Constant):
                        yield f"{path.name}:{node.lineno}", str(value.value)


def test_every_kind_that_the_sources_name_is_in_the_catalogue() -> None:
    assert [(place, name) for place, name in named_kinds() if message_id(name) is None] == []
