"""From the options of a system to a client of it."""

from pathlib import Path
from typing import Protocol

from syncd.host.circuit import Circuit, CircuitMemory
from syncd.host.clock import Clock
from syncd.host.http import Authenticator, Classify, HttpClient, HttpPolicy
from syncd.host.ratelimit import GcraLimiter


class Reach(Protocol):
    """The options that every system has. Times in seconds, ``rate`` in requests a second; "" for no file, no proxy."""

    @property
    def rate(self) -> float:
        """Over all jobs of this machine."""

    @property
    def concurrency(self) -> int:
        """Requests under way at the same time."""

    @property
    def attempts(self) -> int:
        """Of one request."""

    @property
    def budget_seconds(self) -> float:
        """What one run may lose to failures."""

    @property
    def connect_timeout(self) -> float:
        """The wait for a connection."""

    @property
    def read_timeout(self) -> float:
        """The wait for an answer, and again for its body."""

    @property
    def ca_file(self) -> str:
        """PEM file of authorities to trust."""

    @property
    def proxy(self) -> str:
        """URL of an HTTP proxy."""


def policy_of(options: Reach) -> HttpPolicy:
    """Return the HTTP policy that the options ask for."""
    return HttpPolicy(
        connect_timeout=options.connect_timeout,
        read_timeout=options.read_timeout,
        attempts=options.attempts,
        budget_seconds=options.budget_seconds,
        pool=options.concurrency,
    )


def open_client(
    system: str,
    root: str,
    options: Reach,
    *,
    classify: Classify,
    authenticator: Authenticator,
    state_dir: Path | None,
    circuit_memory: CircuitMemory | None,
    clock: Clock,
    part: str = "",
) -> tuple[HttpClient, GcraLimiter]:
    """Return a client of a system and the limiter that it waits for; the caller closes both.

    ``state_dir`` holds the rate limit that the jobs of this machine share; None limits this process alone. ``part``: of
    a system with several APIs, the one that has a quota and a circuit of its own.
    """
    name = f"{system}-{part}" if part else system
    limiter = GcraLimiter(state_dir / f"{name}.rate" if state_dir else None, options.rate, options.concurrency, clock)
    client = HttpClient(
        system,
        root,
        policy=policy_of(options),
        classify=classify,
        authenticator=authenticator,
        limiter=limiter,
        circuit=Circuit(name, circuit_memory, clock),
        clock=clock,
        ca_file=options.ca_file or None,
        proxy=options.proxy or None,
    )
    return client, limiter
