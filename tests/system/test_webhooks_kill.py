"""Listener and worker killed again and again under load; `make soak` does the same with 20,000 events."""

from pathlib import Path

from soak.webhooks import soak


def test_nothing_that_was_acknowledged_is_lost_or_done_twice(tmp_path: Path) -> None:
    tally = soak(tmp_path, events=100, kills=10, patience=120)
    assert tally.wrong == []
    assert tally.assets == sum(tally.states.values()) == 100
    assert tally.kills.total() >= 10
    assert tally.states["done"] > 0
