"""What a backslash is in a file of GAM's."""

import csv
import io
from pathlib import Path

import pytest

from syncd.systems.gam import escapes
from syncd.systems.gam.escapes import backslash_escapes

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gam"


def written(value: str, escape: str | None) -> bytes:
    """Return a row as GAM's writer makes it."""
    text = io.StringIO()
    csv.writer(text, escapechar=escape, lineterminator="\n").writerow(["d1", value])
    return text.getvalue().encode()


@pytest.mark.parametrize("value", [r'{"a": "x\"y"}', r"one\ntwo", "\\", r"a\\\b", r"a\,b"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 2**20])
def test_single_backslashes_are_none_that_escape(value: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escapes, "_AT_ONCE", size)
    assert backslash_escapes(io.BytesIO(written(value, "\\")))
    assert not backslash_escapes(io.BytesIO(written(value, None)))


def test_a_file_without_any_is_as_gam_writes_it() -> None:
    for file in sorted(FIXTURES.glob("*.csv")):
        with file.open("rb") as opened:
            assert backslash_escapes(opened), file.name
    assert backslash_escapes(io.BytesIO(b""))
