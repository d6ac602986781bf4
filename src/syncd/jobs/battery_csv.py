"""Batteries by file: the health of every Chromebook's battery in RT, as imported files told it.

Sources: what ``syncd import battery`` has kept, the newest report of each device, and the assets of some RT catalogs.
They are matched by serial number. Actions: one PUT for a changed asset.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from syncd.host.http import HttpStats
from syncd.jobs.batteries.job import BatteryJob, damaged
from syncd.jobs.batteries.options import BatteryCsvOptions
from syncd.jobs.batteries.reports import BatteryReport
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.reconcile.ports import Progress
from syncd.state.batteries import Batteries

NAME = "battery-csv"
SYSTEMS = ("rt",)
_TOLD = 1000
"""Reports after which the progress is told."""


@contextmanager
def open_job(options: BatteryCsvOptions, context: RunContext) -> Iterator[BatteryJob]:
    """Connect to RT; no request is made yet."""
    with ExitStack() as stack:
        yield BatteryJob(NAME, options, context, CsvSource(context.store.batteries), rt_of(stack, context, NAME))


class CsvSource:
    """The reports that were imported."""

    system = "csv"
    stats: Mapping[str, HttpStats] = {}

    def __init__(self, batteries: Batteries) -> None:
        self._batteries = batteries

    def read(self, progress: Progress) -> Sequence[BatteryReport]:
        """Return the newest report of each device."""
        decode, found = msgspec.json.Decoder(BatteryReport).decode, []
        try:
            for _, data in self._batteries.imported():
                found.append(decode(data))
                if not len(found) % _TOLD:
                    progress("imported batteries", len(found), None)
        except msgspec.DecodeError as problem:
            raise damaged(problem) from problem
        progress("imported batteries", len(found), None)
        return found
