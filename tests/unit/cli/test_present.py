"""What a person reads."""

import pytest

from syncd.cli.present import show_actions, show_listings
from syncd.reconcile.model import Listing, make_action
from unit.cli.terminal import on_a_terminal, width


def test_headings_keep_the_names_of_systems(capsys: pytest.CaptureFixture[str]) -> None:
    states = {"only_google": "Only in Google: 1", "only_rt": "Only in RT: 1", "conflict": "In conflict: 1"}
    listings = [Listing(state=state, system="rt", object="1", label="CB-1", why="test") for state in states]
    show_listings(listings, everything=False)
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.endswith(": 1")] == list(states.values())


ACTION = """
from syncd.cli.present import show_actions
from syncd.reconcile.model import make_action
action = make_action(
    kind="update", system="google", object="d-1", label="SYN0000001", reason="annotatedUser from rt Owner.EmailAddress",
    before={"annotatedUser": None}, after={"annotatedUser": "s0000001@example.org"},
)
show_actions([action], {}, everything=False)
"""


def test_on_a_narrow_terminal_every_cell_of_an_action_has_a_line_of_its_own() -> None:
    lines = on_a_terminal(ACTION, 40, NO_COLOR="1").splitlines()
    assert all(width(line) <= 40 for line in lines)
    assert [line.split() for line in lines[:6]] == [
        ["action", "update"],
        ["system", "google"],
        ["object", "SYN0000001"],
        ["field", "annotatedUser"],
        ["before", "-"],
        ["after", "s0000001@example.org"],
    ]


def test_on_a_usual_terminal_an_action_is_a_row_of_a_table() -> None:
    shown = on_a_terminal(ACTION, 120, NO_COLOR="1")
    (line,) = [line for line in shown.splitlines() if "SYN0000001" in line]
    assert line.split()[:6] == ["update", "google", "SYN0000001", "annotatedUser", "-", "s0000001@example.org"]


def test_an_action_without_fields_is_a_row_too(capsys: pytest.CaptureFixture[str]) -> None:
    action = make_action(kind="delete", system="rt", object="7", label="CB-7", before={}, after={}, reason="test")
    show_actions([action], {}, everything=False)
    assert capsys.readouterr().out.splitlines()[1] == "delete\trt\tCB-7\t-\t-\t-\ttest"
