"""Read both sides of a job side by side; where one fails, the other is not read to its end. And what was asked."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from syncd.host.errors import Unavailable
from syncd.host.http import HttpStats
from syncd.reconcile.ports import Progress, Traffic

L = TypeVar("L")
R = TypeVar("R")


def side_by_side(left: Callable[[Progress], L], right: Callable[[Progress], R], progress: Progress) -> tuple[L, R]:
    """Return what both read; ``left`` runs in a thread of its own. Raises what went wrong first.

    A reader calls the progress that it is given after each page; that is where it learns of the other's failure.
    """
    together = _Together(progress)
    with ThreadPoolExecutor(1, "observe") as pool:
        beside = pool.submit(together.reading, left)
        try:
            here = together.reading(right)
        except _OtherFailed:
            beside.result()
            raise
        return beside.result(), here


def traffic_of(stats: Mapping[str, HttpStats]) -> dict[str, Traffic]:
    """Return what was asked of each system so far."""
    return {
        system: Traffic(requests=asked.requests, retries=asked.retries, codes=dict(asked.by_code))
        for system, asked in stats.items()
    }


def traffic_since(before: Mapping[str, Traffic], now: Mapping[str, Traffic]) -> dict[str, Traffic]:
    """Return what was asked between two counts, over connections that are older than a run."""
    return {
        system: Traffic(
            requests=asked.requests - before[system].requests,
            retries=asked.retries - before[system].retries,
            codes={code: n for code, old in asked.codes.items() if (n := old - before[system].codes.get(code, 0))},
        )
        for system, asked in now.items()
    }


class _OtherFailed(Unavailable):
    """The other side has failed, and its error is the one to tell."""


class _Together:
    """What two readers know of each other."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._failed = threading.Event()

    def reading(self, read: Callable[[Progress], L]) -> L:
        try:
            return read(self._told)
        except BaseException:
            self._failed.set()
            raise

    def _told(self, what: str, done: int, total: int | None) -> None:
        if self._failed.is_set():
            raise _OtherFailed("the other system could not be read", code="observe.abandoned")
        self._progress(what, done, total)
