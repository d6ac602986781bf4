"""What student checks need of RT."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.checking.options import StudentCheckOptions
from syncd.jobs.student_check import NAME


def probes(options: StudentCheckOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of student checks; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
        yield from systems["rt"].for_users(NAME, options.user_need())
        yield from systems["rt"].for_queue(NAME, options.repair_queue)
