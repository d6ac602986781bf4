"""A rate limit that all jobs of a machine share: the generic cell rate algorithm (ATM Forum TM 4.0) in one small file.

The file holds one number, the theoretical arrival time of the next request, on the kernel's monotonic clock, which
is the same for every process and does not jump. A reboot or a damaged file cannot stall a run: a time further ahead
than any queue could be is ignored.
"""

import contextlib
import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import ConfigurationError

_CELL = struct.Struct("<d")
_LONGEST_QUEUE_SECONDS = 60.0


class Limiter(Protocol):
    """Asked before every request."""

    def acquire(self) -> None:
        """Return when the request may be sent; sleeps until then."""


class Unlimited:
    """A limiter that never waits."""

    def acquire(self) -> None:
        """Return at once."""


class GcraLimiter:
    """At most ``burst + rate_per_second * t`` requests in any t seconds, over all holders of the same file.

    Without ``path`` the limit holds in this process only. Usable from many threads. A caller that comes late keeps
    its place, so the whole rate can be reached. The directory of ``path`` is made (0700) when it is missing.
    """

    def __init__(self, path: Path | None, rate_per_second: float, burst: int = 1, clock: Clock | None = None) -> None:
        if rate_per_second <= 0 or burst < 1:
            raise ConfigurationError(
                f"A rate limit of {rate_per_second} a second with bursts of {burst} lets nothing through; "
                "set a rate above 0 and a burst of at least 1.",
                code="ratelimit.invalid",
            )
        self._clock: Clock = clock or SystemClock()
        self._interval = 1.0 / rate_per_second
        self._tolerance = (burst - 1) * self._interval
        self._horizon = self._tolerance + max(_LONGEST_QUEUE_SECONDS, 64 * self._interval)
        self._lock = threading.Lock()
        self._arrival = 0.0
        self._file = None if path is None else _open(path)

    def acquire(self) -> None:
        """Take the next place in the queue and sleep until its turn."""
        wait = self._reserve()
        if wait > 0:
            self._clock.sleep(wait)

    def close(self) -> None:
        """Let go of the file; a later acquire is an error."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = -1

    def _reserve(self) -> float:
        with self._lock, self._exclusive():
            now = self._clock.monotonic()
            arrival = self._load()
            if arrival > now + self._horizon:
                arrival = now
            self._store(max(arrival, now) + self._interval)
            return max(arrival, now) - self._tolerance - now

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _load(self) -> float:
        if self._file is None:
            return self._arrival
        stored = os.pread(self._file, _CELL.size, 0)
        arrival = float(_CELL.unpack(stored)[0]) if len(stored) == _CELL.size else 0.0
        return arrival if arrival == arrival else 0.0  # noqa: PLR0124 - not a number in a damaged file

    def _store(self, arrival: float) -> None:
        if self._file is None:
            self._arrival = arrival
        else:
            os.pwrite(self._file, _CELL.pack(arrival), 0)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise ConfigurationError(
            f"The rate limit file {path} cannot be opened ({problem.strerror}); "
            "the state directory must be writable by the user that runs syncd.",
            code="ratelimit.file",
            object=str(path),
        ) from problem
