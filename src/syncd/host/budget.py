"""How much time one client may lose to failures in a run."""

import threading


class Budget:
    """Seconds that may still be lost to failures. Intervals of several threads that overlap count once."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._covered_until = 0.0
        self._lock = threading.Lock()

    def spend(self, since: float, now: float, wait: float) -> bool:
        """Book a failed attempt (since, now) and the wait after it; false when they do not fit."""
        with self._lock:
            cost = now + wait - max(since, self._covered_until)
            if cost > self._left:
                return False
            if cost > 0:
                self._left -= cost
                self._covered_until = now + wait
            return True
