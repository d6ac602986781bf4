"""What is printed: safe in any terminal, whole in a pipe, readable on 40 columns."""

import json
import re
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.cli.output import print_json, print_table, reader_may_leave, say
from syncd.host.printable import safe
from unit.cli.terminal import on_a_terminal, width

CONTROLS = {*range(32), *range(127, 160)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Room 1", "Room 1"),
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\tb\nc\rd", r"a\tb\nc\x0dd"),
        ("\x7f", r"\x7f"),
        ("user\u202egro.elpmaxe@", r"user\u202egro.elpmaxe@"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("\u061c\u200e\u200f", r"\u061c\u200e\u200f"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\ufeff", r"\ufeff"),
        ("\udcff", r"\udcff"),
        ("Zoë Ольга 佐藤 محمد", "Zoë Ольга 佐藤 محمد"),
        ("👩🏽‍🏫", "👩🏽‍🏫"),
    ],
)
def test_text_is_shown_without_what_could_drive_a_terminal(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text())
def test_whatever_the_text_one_line_without_controls_is_shown(text: str) -> None:
    shown = safe(text)
    assert len(shown.splitlines()) <= 1
    assert not CONTROLS & set(map(ord, shown))
    assert shown.encode() or not text


def test_a_line_is_made_safe(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31mb")
    assert capsys.readouterr().out == "a\\x1b[31mb\n"


@pytest.mark.parametrize("text", ["\x9b31m", "\u202e", "\x1b[0m", "line\nline", "\x7f", "佐藤 👩🏽‍🏫", 'say "hi" \\'])
def test_json_is_safe_and_means_the_same(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": text, text: 1})
    out = capsys.readouterr().out
    assert json.loads(out) == {"text": text, text: 1}
    assert not (CONTROLS - {10}) & set(map(ord, out))


def test_json_takes_records(capsys: pytest.CaptureFixture[str]) -> None:
    class Point(msgspec.Struct):
        x: int

    print_json([Point(1)])
    assert capsys.readouterr().out == '[\n  {\n    "x": 1\n  }\n]\n'


def test_in_a_pipe_a_table_is_columns_between_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "place"], [["EX\t1", "Room\n1"], ["EX-2", ""]])
    assert capsys.readouterr().out == "name\tplace\nEX\\t1\tRoom\\n1\nEX-2\t\n"


def test_a_table_without_rows_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name"], [])
    assert capsys.readouterr().out == ""


ROWS = [
    ["EX-0000012", "annotatedLocation", "Building 12, second floor"],
    ["Ноутбук 佐藤", "x\x1b[31my", "[bold]z[/bold]"],
]


TABLE = f"from syncd.cli.output import print_table; print_table(['object', 'field', 'before'], {ROWS!r})"


def test_a_terminal_of_40_columns_gets_a_table_that_fits_and_lacks_nothing() -> None:
    shown = on_a_terminal(TABLE, 40, NO_COLOR="1")
    assert "\x1b" not in shown
    assert "\t" not in shown
    assert all(width(line) <= 40 for line in shown.splitlines())
    columns = [re.split(r" {2,}", line.strip()) for line in shown.splitlines()]
    assert ["EX-0000012", "annotatedL", "Building"] in [line[:3] for line in columns]
    squeezed = "".join("".join(line) for line in columns)
    assert all(part in squeezed for part in ("Ноутбук", "佐藤", "second", "floor", r"x\x1b[31my"))


def test_on_a_wide_terminal_every_record_is_a_line_with_its_cells_as_they_are() -> None:
    shown = on_a_terminal(TABLE, 120)
    (line,) = [line for line in shown.splitlines() if "EX-0000012" in line]
    assert "Building 12, second floor" in line
    assert "[bold]z[/bold]" in shown, "names are text, not markup"
    assert r"x\x1b[31my" in shown


def test_colours_can_be_switched_off() -> None:
    assert "\x1b[" in on_a_terminal(TABLE, 120)
    assert "\x1b[" not in on_a_terminal(TABLE, 120, NO_COLOR="1")


def test_a_reader_that_leaves_does_not_change_what_comes_after() -> None:
    program = """
import os, sys
from syncd.cli.output import reader_may_leave, say
with reader_may_leave():
    for _ in range(100_000):
        say("x" * 100)
os._exit(7)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait(30) == 7


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="other"), reader_may_leave():
        raise ValueError("other")
