import random

import pytest

from syncd.host.backoff import ceiling, full_jitter


def test_the_ceiling_doubles_up_to_its_cap_however_often_it_is_tried() -> None:
    assert [ceiling(attempt, 2.0, 30.0) for attempt in (1, 2, 3, 4, 5, 6)] == [2, 4, 8, 16, 30, 30]
    assert ceiling(1_000_000, 2.0, 30.0) == 30


def test_waits_fill_the_whole_range_below_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", random.Random(1).uniform)  # noqa: S311
    waits = [full_jitter(3, 1.0, 60.0) for _ in range(1000)]
    assert all(0 <= wait <= 4 for wait in waits)
    assert min(waits) < 0.1
    assert max(waits) > 3.9
