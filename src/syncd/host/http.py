"""One HTTP policy for all systems: timeouts, retries, rate, circuit, budget, and honest errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from syncd.host.errors import IntegrationError


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``path`` is relative to the client's base URL; ``operation`` and ``object`` are for people.

    ``idempotent`` says that a repeat has no second effect, so that a lost answer may be retried.
    """

    method: str
    path: str
    operation: str
    object: str = ""
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers (names in lower case), the whole body, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int


class Authenticator(Protocol):
    """Puts credentials on a request and renews them when they are refused."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a request in; may fetch a token first (one thread at a time)."""

    def renew(self) -> bool:
        """Drop what was refused with 401; true when another try makes sense."""


Classify = Callable[[Request, Reply], IntegrationError | None]
"""An adapter's reading of a reply: None for success, else the error (``retryable`` decides on a repeat)."""
