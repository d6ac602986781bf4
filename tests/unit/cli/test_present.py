"""What a person reads."""

import pytest

from syncd.cli.present import show_listings
from syncd.reconcile.model import Listing


def test_headings_keep_the_names_of_systems(capsys: pytest.CaptureFixture[str]) -> None:
    states = {"only_google": "Only in Google: 1", "only_rt": "Only in RT: 1", "conflict": "In conflict: 1"}
    listings = [Listing(state=state, system="rt", object="1", label="CB-1", why="test") for state in states]
    show_listings(listings, everything=False)
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.endswith(": 1")] == list(states.values())
