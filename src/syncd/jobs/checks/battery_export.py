"""What exports of batteries need of RT."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.exporting.fleet_options import BatteryExportOptions

NAME = "export battery"


def probes(options: BatteryExportOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the export; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
