"""Holding on to an event while it is worked on: its lease is prolonged, for as long as one event may take."""

import threading
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from syncd.host.clock import Clock
from syncd.host.errors import IntegrationError
from syncd.state.inbox.store import Inbox


class Terms(Protocol):
    """How long a lease is, and how long it may be prolonged."""

    @property
    def lease(self) -> timedelta:
        """How long a lease is."""

    @property
    def longest(self) -> timedelta:
        """How long one event may take; then another worker may take it."""


class Lease:
    """A context manager: its thread dies with the process, so that the lease of a killed worker runs out."""

    def __init__(self, inbox: Inbox, event_id: str, holder: str, terms: Terms, clock: Clock) -> None:
        self._inbox = inbox
        self._event_id = event_id
        self._holder = holder
        self._terms = terms
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._prolong, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _prolong(self) -> None:
        began = self._clock.monotonic()
        pause = self._terms.lease.total_seconds() / 3
        while not self._over.wait(pause):
            if self._clock.monotonic() - began > self._terms.longest.total_seconds():
                return
            try:
                if not self._inbox.extend(self._event_id, self._holder, self._clock.now() + self._terms.lease):
                    return
            except IntegrationError:
                continue  # two more times before the lease runs out
