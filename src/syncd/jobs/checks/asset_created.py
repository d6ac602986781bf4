"""What new assets need of RT, catalog by catalog."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.jobs.tagging.naming import JOB
from syncd.jobs.tagging.options import AssetCreatedOptions


def probes(
    options: AssetCreatedOptions, chromebooks: ChromebooksOptions | None, systems: Mapping[str, Any]
) -> Iterator[Probe]:
    """Yield the probes of new assets; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        job = chromebooks if options.chromebooks else None
        for catalog in options.catalogs:
            yield from systems["rt"].for_job(f"{JOB} {catalog}", options.need(catalog, job))
