"""Every flag that a help text promises is used by some test."""

from functools import cache
from pathlib import Path

import click
import pytest

from syncd.cli import cli
from unit.cli.test_front_door import COMMANDS

TESTS = Path(__file__).parents[2]
FOLDERS = ("unit/cli", "system", "nix")
FLAGS = [("", option.opts[0]) for option in cli.params if isinstance(option, click.Option)] + [
    (name, option.opts[0])
    for name, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option)
]


@cache
def texts() -> list[str]:
    paths = [path for folder in FOLDERS for path in (TESTS / folder).rglob("test_*.py") if path != Path(__file__)]
    return [path.read_text() for path in paths]


@pytest.mark.parametrize(("verb", "flag"), FLAGS)
def test_every_flag_is_in_a_test_of_its_verb(verb: str, flag: str) -> None:
    word = f'"{verb.rsplit(" ", maxsplit=1)[-1]}"' if verb else ""
    assert any(f'"{flag}"' in text and (word in text or verb == "units") for text in texts())
