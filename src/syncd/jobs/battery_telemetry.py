"""Batteries by telemetry: the health of every Chromebook's battery in RT, as Google's telemetry tells it.

Sources: the Chrome Management Telemetry API, and the assets of some RT catalogs. They are matched by serial number.
Actions: one PUT for a changed asset.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from syncd.host.clock import Clock
from syncd.host.http import HttpStats
from syncd.jobs.batteries.job import BatteryJob
from syncd.jobs.batteries.options import BatteryTelemetryOptions
from syncd.jobs.batteries.reports import Batteries, BatteryReport
from syncd.jobs.batteries.skipped import tell_skipped
from syncd.jobs.connecting import google_of, rt_of
from syncd.jobs.context import RunContext
from syncd.reconcile.ports import Progress
from syncd.systems.google.options import TELEMETRY_READ
from syncd.systems.google.telemetry import EVER, TelemetryDevice, TelemetryDevices

NAME = "battery-telemetry"
SYSTEMS = ("google", "rt")


@contextmanager
def open_job(options: BatteryTelemetryOptions, context: RunContext) -> Iterator[BatteryJob]:
    """Connect to Google and RT; no request is made yet."""
    with ExitStack() as stack:
        telemetry = google_of(stack, context, NAME, [TELEMETRY_READ]).telemetry
        source = TelemetrySource(telemetry, options.recent_days, context.clock)
        yield BatteryJob(NAME, options, context, source, rt_of(stack, context, NAME))


class TelemetrySource:
    """What devices have reported to Google in so many days."""

    system = "telemetry"

    def __init__(self, telemetry: TelemetryDevices, days: int, clock: Clock) -> None:
        self._telemetry = telemetry
        self._days = days
        self._clock = clock

    @property
    def stats(self) -> Mapping[str, HttpStats]:
        """What was asked of Google."""
        return {"google": self._telemetry.client.stats}

    def read(self, progress: Progress) -> Sequence[BatteryReport]:
        """Return the newest report of each device."""
        now = self._clock.now()
        batteries = Batteries(now)
        since = now - min(timedelta(days=self._days), now - EVER)
        batteries.add(_taken(self._telemetry.list(since=since, progress=progress)))
        tell_skipped(self.system, batteries)
        return [*batteries.reports()]


def _taken(devices: list[TelemetryDevice]) -> Iterator[TelemetryDevice]:
    """Yield all devices and let go of each: what is made of a large fleet takes the place of what it was made of."""
    while devices:
        yield devices.pop()
