"""How long to wait before something that failed is tried again.

Full jitter: a random time up to a ceiling that doubles with each attempt, so that those who failed together do not come
back together.
"""

import random


def ceiling(attempt: int, base: float, cap: float) -> float:
    """Return the longest wait (s) after an attempt, counted from 1; never more than ``cap``."""
    # Beyond this, the power is no number any more.
    return min(cap, base * 2.0 ** min(attempt - 1, 60))


def full_jitter(attempt: int, base: float, cap: float) -> float:
    """Return a wait (s) after an attempt, counted from 1."""
    return random.uniform(0, ceiling(attempt, base, cap))  # noqa: S311 - spreads load, guards nothing
