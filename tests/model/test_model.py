"""Any order of edits, runs, faults and kills: what must hold after each run holds."""

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from model.machine import SEEN, TwoSides

PROFILE = settings(
    max_examples=120,
    stateful_step_count=15,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SEED = 1
"""The same examples at each run, of which many get far; `make soak` looks for others."""

MUST_BE_SEEN = {
    *("run applied", "run in_sync", "run planned", "run partial", "run interrupted", "run killed", "run guard.refused"),
    *("update verified", "update unproven", "update not_started", "clear verified", "create verified", "move verified"),
    "value brought back",
}


def test_whatever_happens_each_run_does_what_it_says() -> None:
    SEEN.clear()
    run_state_machine_as_test(seed(SEED)(TwoSides), settings=PROFILE)
    assert not MUST_BE_SEEN - SEEN.keys(), "these never happened, so that nothing is known of them"
