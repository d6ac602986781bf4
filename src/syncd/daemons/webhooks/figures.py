"""What the listener counts: for /metrics, and for the log once a minute."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from syncd.host.errors import IntegrationError
from syncd.host.metrics import Metric, Samples

TELL_SECONDS = 60.0
"""How often refusals are logged: an attacker is not to fill the journal."""

ANSWERS = Metric(
    "syncd_webhooks_answers_total", "counter", "Answers of the listener by path and status.", ("path", "status")
)
KEPT = Metric(
    "syncd_webhooks_events_total",
    "counter",
    "Events that were taken, and those that were known already.",
    ("kind", "duplicate"),
)
TURNED_AWAY = Metric(
    "syncd_webhooks_connections_refused_total",
    "counter",
    "Connections that were ended before a request was read: too many, too slow, headers too long, no HTTP.",
    ("reason",),
)
CONNECTIONS = Metric("syncd_webhooks_connections", "gauge", "Connections that are open.", ())
COMMITS = Metric("syncd_webhooks_commits_total", "counter", "Transactions that events were written in.", ())
SECONDS = Metric("syncd_webhooks_commit_seconds_total", "counter", "Time that these transactions took.", ())
EVENTS = Metric("syncd_events", "gauge", "Events in the inbox by kind and state.", ("kind", "state"))
OLDEST = Metric("syncd_events_oldest_waiting_seconds", "gauge", "Age of the oldest event that waits; 0 for none.", ())
METRICS = (ANSWERS, KEPT, TURNED_AWAY, CONNECTIONS, COMMITS, SECONDS, EVENTS, OLDEST)

log = logging.getLogger(__name__)


class Figures:
    """Counts what happens; for one event loop."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, ...]] = Counter()
        self._kept: Counter[tuple[str, ...]] = Counter()
        self._turned_away: Counter[tuple[str, ...]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._trouble: IntegrationError | None = None
        self._told = time.monotonic()

    def answered(self, path: str, status: int, code: str = "") -> None:
        """Count an answer; ``code`` is that of a refusal."""
        self._answers[path, str(status)] += 1
        if code and code != "webhook.unavailable":
            self._refusals[code] += 1

    def kept(self, kind: str, *, duplicate: bool) -> None:
        """Count an event."""
        self._kept[kind, str(duplicate).lower()] += 1

    def turned_away(self, reason: str) -> None:
        """Count a connection that was ended."""
        self._turned_away[reason,] += 1
        self._refusals[f"connection.{reason}"] += 1

    def trouble(self, error: IntegrationError) -> None:
        """Note why an event could not be kept."""
        if self._trouble is None:
            extra = {"message_id": "INBOX_FULL", "syncd": {"ERROR": error.code}}
            log.error("no event can be kept: %s", error.sentence, extra=extra)
        self._trouble = error

    def tell(self, *, now: bool = False) -> None:
        """Log what was refused since the last time, unless that was just now."""
        if not now and time.monotonic() - self._told < TELL_SECONDS:
            return
        self._told = time.monotonic()
        if self._refusals:
            told = ", ".join(f"{number} {code}" for code, number in sorted(self._refusals.items()))
            extra = {"message_id": "WEBHOOKS_REFUSED"}
            log.warning("%d requests were refused: %s", self._refusals.total(), told, extra=extra)
        self._refusals.clear()
        self._trouble = None

    def samples(
        self,
        counts: Mapping[tuple[str, str], int],
        oldest: datetime | None,
        now: datetime,
        *,
        connections: int,
        commits: int,
        seconds: float,
    ) -> dict[Metric, Samples]:
        """Return all metrics, with what the inbox has and the server says."""
        return {
            ANSWERS: self._answers,
            KEPT: self._kept,
            TURNED_AWAY: self._turned_away,
            CONNECTIONS: {(): connections},
            COMMITS: {(): commits},
            SECONDS: {(): seconds},
            EVENTS: {(kind, state): number for (kind, state), number in counts.items()},
            OLDEST: {(): max((now - oldest).total_seconds(), 0.0) if oldest else 0.0},
        }
