"""What exports of students need of RT."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.exporting.options import StudentExportOptions

NAME = "export students"


def probes(options: StudentExportOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the export; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
        if need := options.user_need():
            yield from systems["rt"].for_users(NAME, need)
