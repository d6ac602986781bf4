"""A clock for tests: a sleep takes no real time, and moves the clock."""

import heapq
import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
REAL_PATIENCE = 30.0  # seconds until a test that can never go on fails


class VirtualClock:
    """Time that moves only by ``sleep`` and ``advance``.

    With ``parties`` threads, time moves when all of them sleep, to the earliest wake; a thread that is done says so
    with ``leave``. ``sleeps`` has every wait asked for, in order. ``jump`` sets the wall clock alone, as NTP does.
    """

    def __init__(self, start: datetime = START, *, parties: int = 1) -> None:
        self.sleeps: list[float] = []
        self._start = start
        self._elapsed = 0.0
        self._jumped = 0.0
        self._parties = parties
        self._wakes: list[float] = []
        self._moved = threading.Condition()

    def now(self) -> datetime:
        """Return the wall time, aware and in UTC."""
        with self._moved:
            return self._start + timedelta(seconds=self._elapsed + self._jumped)

    def monotonic(self) -> float:
        """Return the virtual seconds since the clock was made."""
        with self._moved:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        with self._moved:
            self.sleeps.append(seconds)
            if seconds <= 0:
                return
            wake = self._elapsed + seconds
            heapq.heappush(self._wakes, wake)
            self._move_if_all_sleep()
            if not self._moved.wait_for(lambda: self._elapsed >= wake, timeout=REAL_PATIENCE):
                raise AssertionError("a virtual sleep never ended: another thread neither sleeps nor leaves")

    def advance(self, seconds: float) -> None:
        """Let time pass from outside; wakes who is due."""
        with self._moved:
            self._move_to(self._elapsed + seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back with a negative number; monotonic time stays."""
        with self._moved:
            self._jumped += seconds

    def leave(self) -> None:
        """Stop counting the calling thread among those that time waits for."""
        with self._moved:
            self._parties -= 1
            self._move_if_all_sleep()

    def _move_if_all_sleep(self) -> None:
        if self._wakes and len(self._wakes) >= self._parties:
            self._move_to(self._wakes[0])

    def _move_to(self, elapsed: float) -> None:
        self._elapsed = max(self._elapsed, elapsed)
        while self._wakes and self._wakes[0] <= self._elapsed:
            heapq.heappop(self._wakes)
        self._moved.notify_all()
