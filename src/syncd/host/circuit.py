"""A circuit breaker for each outside system; its state survives from one timer run to the next.

Closed: calls pass. After ``threshold`` failures in a row it opens: calls are refused without a request for
``cooldown`` seconds. Then calls pass again on trial: one success closes it, one failure opens it for twice as long.
"""

import logging
import threading
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import Unavailable

_log = logging.getLogger(__name__)


class CircuitState(msgspec.Struct, frozen=True):
    """What is remembered of one system.

    ``failures`` in a row; ``open_until`` in seconds since the epoch (0: never opened); ``cooldown`` is the length
    in seconds of the last opening (0: none).
    """

    failures: int = 0
    open_until: float = 0.0
    cooldown: float = 0.0


class CircuitMemory(Protocol):
    """Keeps circuit states between runs."""

    def load(self, system: str) -> CircuitState | None:
        """Return what was saved for a system, or None."""

    def save(self, system: str, state: CircuitState) -> None:
        """Keep the state of a system; called on failures and on recovery only."""


class ForgetfulMemory:
    """A memory for tests and one-off commands: every run starts with a closed circuit."""

    def load(self, system: str) -> CircuitState | None:  # noqa: ARG002
        """Remember nothing."""
        return None

    def save(self, system: str, state: CircuitState) -> None:
        """Keep nothing."""


class Circuit:
    """The breaker of one system, usable from many threads.

    ``threshold`` failures in a row open it for ``cooldown`` seconds, doubled at each failed trial up to
    ``longest_cooldown``.
    """

    def __init__(
        self,
        system: str,
        memory: CircuitMemory | None = None,
        clock: Clock | None = None,
        *,
        threshold: int = 5,
        cooldown: float = 60.0,
        longest_cooldown: float = 900.0,
    ) -> None:
        self._system = system
        self._memory: CircuitMemory = memory or ForgetfulMemory()
        self._clock: Clock = clock or SystemClock()
        self._threshold = threshold
        self._cooldown = cooldown
        self._longest = longest_cooldown
        self._lock = threading.Lock()
        self._state: CircuitState | None = None

    def before(self) -> None:
        """Raise Unavailable (code ``<system>.circuit_open``) while the circuit is open."""
        state = self._current()
        if state.open_until == 0:
            return
        # A remembered time beyond any cooldown comes from a clock that was wrong: it is not obeyed.
        wait = state.open_until - self._now()
        if 0 < wait <= self._longest:
            again = datetime.fromtimestamp(state.open_until, UTC)
            raise Unavailable(
                f"{self._system} is left alone until {again:%Y-%m-%d %H:%M:%S} UTC after {state.failures} failed calls "
                "in a row, and is tried again then; the errors before this one say what failed.",
                code=f"{self._system}.circuit_open",
                system=self._system,
            )

    def success(self) -> None:
        """Note that the system answered: the circuit closes and forgets its failures."""
        before = self._current()
        if before.failures:
            with self._lock:
                self._keep(CircuitState())
            if before.open_until:
                extra = {"message_id": "CIRCUIT_CLOSED", "syncd": {"SYSTEM": self._system}}
                _log.info("%s answers again, after %d failed calls", self._system, before.failures, extra=extra)

    def failure(self) -> None:
        """Note a call that failed because the system is out (given up, 5xx, no connection)."""
        self._current()
        with self._lock:
            state = self._state or CircuitState()
            failures = state.failures + 1
            if failures < self._threshold or state.open_until > self._now():
                # Calls that were under way when it opened do not make the wait longer.
                self._keep(msgspec.structs.replace(state, failures=failures))
                return
            cooldown = min(state.cooldown * 2 or self._cooldown, self._longest)
            opened = CircuitState(failures=failures, open_until=self._now() + cooldown, cooldown=cooldown)
            self._keep(opened)
        self._tell_opening(opened)

    def _tell_opening(self, state: CircuitState) -> None:
        _log.warning(
            "%s is left alone until %s UTC, after %d failed calls in a row",
            self._system,
            f"{datetime.fromtimestamp(state.open_until, UTC):%Y-%m-%d %H:%M:%S}",
            state.failures,
            extra={"message_id": "CIRCUIT_OPENED", "syncd": {"SYSTEM": self._system}},
        )

    def _current(self) -> CircuitState:
        if self._state is None:
            with self._lock:
                if self._state is None:
                    self._state = self._memory.load(self._system) or CircuitState()
        return self._state

    def _keep(self, state: CircuitState) -> None:
        self._state = state
        self._memory.save(self._system, state)

    def _now(self) -> float:
        return self._clock.now().timestamp()
