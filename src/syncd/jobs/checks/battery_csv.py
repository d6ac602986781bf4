"""What the job battery-csv needs of RT."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.batteries.options import BatteryCsvOptions
from syncd.jobs.battery_csv import NAME


def probes(options: BatteryCsvOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
