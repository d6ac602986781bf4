"""What of a source could not be used, told once a run."""

import logging

from syncd.host.messages import MessageId
from syncd.host.problems import Problems
from syncd.jobs.batteries.reports import Batteries

_log = logging.getLogger(__name__)


def tell_skipped(source: str, batteries: Batteries, problems: Problems | None = None) -> None:
    """Log how many reports were passed over, and why; the first problem of the rows is told in full."""
    told = [
        (batteries.ahead, "have a time that is still to come"),
        (batteries.undated, "have no time"),
        (batteries.nameless, "have neither a serial number nor a device id"),
    ]
    parts = [f"{number} {what}" for number, what in told if number]
    if problems is not None and problems.count:
        parts.append(f"{problems.count} cells or rows are of no use, the first: {next(iter(problems))}")
    if parts:
        _log.warning(
            "%s: of its battery reports %s",
            source,
            "; ".join(parts),
            extra={"message_id": MessageId.BATTERY_SKIPPED, "syncd": {"SYSTEM": source}},
        )
