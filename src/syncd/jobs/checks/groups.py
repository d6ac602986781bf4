"""What the job groups needs of Google and, where a source is there, of RT."""

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.host.checks.engine import Probe
from syncd.jobs.groups import NAME, scope
from syncd.jobs.membership.options import GroupsOptions


def probes(options: GroupsOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "google" in systems:
        yield from systems["google"].for_members(NAME, scope(options), [*options.groups])
    if "rt" in systems:
        yield from systems["rt"].for_groups(NAME, options.rt_groups)
