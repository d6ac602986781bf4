"""What the job rt-users needs of RT and, where a source is there, of Google."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from syncd.host.checks.engine import Finding, Probe, failed, ok
from syncd.jobs.people.options import FileSource, GoogleSource, RtUsersOptions
from syncd.jobs.rt_users import NAME, need
from syncd.systems.google.options import USERS_READ


def probes(options: RtUsersOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_users(NAME, need(options))
    if "google" in systems:
        for query, org_units in _asked(options).items():
            yield from systems["google"].for_users(NAME, USERS_READ, org_units=org_units, query=query)
    for name, source in options.sources.items():
        if isinstance(source, FileSource):
            yield Probe(NAME, f"source {name}", partial(_file, Path(source.path)))


def _asked(options: RtUsersOptions) -> dict[str, tuple[str, ...]]:
    """Return the org units that Google is asked for, by query; none where one source has the whole tenant."""
    by_query: dict[str, list[tuple[str, ...]]] = {}
    for source in options.sources.values():
        if isinstance(source, GoogleSource):
            by_query.setdefault(source.query, []).append(source.org_units)
    return {query: tuple(chain(*units)) if all(units) else () for query, units in by_query.items()}


def _file(path: Path) -> Finding:
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where it may not look
        return failed(f"{path} is not there", "correct the path of the source, or have it exported", "configuration")
    return ok(f"{path} is there")
