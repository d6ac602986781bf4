"""What the job chromebooks needs of RT and of Google."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.chromebooks import NAME
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.systems.google.options import DEVICES_READ, DEVICES_WRITE


def probes(options: ChromebooksOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
    if "google" in systems:
        yield from systems["google"].for_job(
            NAME,
            DEVICES_WRITE if options.device_rules else DEVICES_READ,
            org_units=options.org_units,
            include_children=options.include_child_org_units,
            query=options.query,
        )
