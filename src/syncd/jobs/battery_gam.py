"""Batteries by GAM: the health of every Chromebook's battery in RT, as ``gam print crostelemetry`` tells it.

Sources: the output of GAM, which runs with its own configuration and rights, and the assets of some RT catalogs. They
are matched by serial number. Actions: one PUT for a changed asset.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from syncd.host.errors import IntegrationError
from syncd.host.http import HttpStats
from syncd.host.problems import Problems
from syncd.jobs.batteries.job import BatteryJob
from syncd.jobs.batteries.options import BatteryGamOptions
from syncd.jobs.batteries.reports import Batteries, BatteryReport
from syncd.jobs.batteries.skipped import tell_skipped
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.reconcile.ports import Progress
from syncd.systems.gam.batteries import NAME as OUTPUT
from syncd.systems.gam.batteries import printed
from syncd.systems.gam.command import SYSTEM, Gam
from syncd.systems.gam.folder import config_folder

NAME = "battery-gam"
SYSTEMS = ("rt",)


@contextmanager
def open_job(options: BatteryGamOptions, context: RunContext) -> Iterator[BatteryJob]:
    """Connect to RT; no request is made yet, and GAM is not started."""
    with ExitStack() as stack:
        yield BatteryJob(NAME, options, context, GamSource(options, context), rt_of(stack, context, NAME))


class GamSource:
    """GAM, run once for each reading."""

    system = SYSTEM
    stats: Mapping[str, HttpStats] = {}

    def __init__(self, options: BatteryGamOptions, context: RunContext) -> None:
        self._options = options
        self._clock = context.clock
        self._find = context.credentials.find

    def read(self, progress: Progress) -> Sequence[BatteryReport]:
        """Run GAM to its end, or until nobody waits any more."""
        now, problems, options = self._clock.now(), Problems(), self._options
        batteries = Batteries(now)
        with config_folder(options.config_dir, self._find, os.environ) as folder:
            gam = Gam(
                options.program,
                folder,
                environ=os.environ,
                timeout=options.timeout_minutes * 60,
                stopped=_Unwanted(progress),
            )
            with printed(gam, problems, now=now, arguments=options.arguments) as rows:
                batteries.add(rows)
        tell_skipped(OUTPUT, batteries, problems)
        return [*batteries.reports()]


class _Unwanted:
    """Tells whether to end GAM. It prints nothing for minutes, so this is also what shows that it is at work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()

    def __call__(self) -> bool:
        try:
            self._progress("seconds of GAM", int(time.monotonic() - self._began), None)
        except IntegrationError:
            return True
        return False
