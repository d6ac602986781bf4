"""Any order of edits, runs, faults and kills: what must hold after each run holds."""

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from model.machine import SEEN, TwoSides

PROFILE = settings(
    max_examples=60,
    stateful_step_count=15,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
LEAST, MOST = 2, 8
"""Rounds of examples: what Hypothesis makes of a seed depends on the modules that other tests have loaded."""

MUST_BE_SEEN = {
    *("run applied", "run in_sync", "run planned", "run partial", "run interrupted", "run killed", "run guard.refused"),
    *("update verified", "update unproven", "update not_started", "clear verified", "create verified", "move verified"),
    "value brought back",
}


def test_whatever_happens_each_run_does_what_it_says() -> None:
    SEEN.clear()
    for number in range(1, MOST + 1):
        run_state_machine_as_test(seed(number)(TwoSides), settings=PROFILE)
        if number >= LEAST and not MUST_BE_SEEN - SEEN.keys():
            return
    assert sorted(MUST_BE_SEEN - SEEN.keys()) == [], "these never happened, so that nothing is known of them"
