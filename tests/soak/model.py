"""Examples of the model test that nobody has tried before, for as long as there is time."""

import time
from collections import Counter

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from model.machine import SEEN, TwoSides

PROFILE = settings(
    max_examples=20,
    stateful_step_count=30,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[*HealthCheck],
)


def explore(*, minutes: float, first_seed: int) -> Counter[str]:
    """Try examples of one seed after the other; return what was seen. Raises what a failing one raises."""
    end = time.monotonic() + minutes * 60
    number = first_seed
    while time.monotonic() < end:
        print(f"model: seed {number}", flush=True)
        run_state_machine_as_test(seed(number)(TwoSides), settings=PROFILE)
        number += 1
    return SEEN
