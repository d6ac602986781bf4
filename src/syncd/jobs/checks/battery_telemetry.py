"""What the job battery-telemetry needs of RT and of Google."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.batteries.options import BatteryTelemetryOptions
from syncd.jobs.battery_telemetry import NAME
from syncd.systems.google.options import TELEMETRY_READ


def probes(options: BatteryTelemetryOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
    if "google" in systems:
        yield from systems["google"].for_telemetry(NAME, TELEMETRY_READ)
