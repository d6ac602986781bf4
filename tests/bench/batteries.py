"""What the jobs of batteries ask and take: a fleet in sync, whose devices report to Google's telemetry."""

from collections import Counter
from typing import NamedTuple

from bench.rig import Site, Used

JOB = "battery-telemetry"
_TABLE = """
[jobs.battery-telemetry]
catalogs = ["Chromebooks"]
recent_days = 36500

[jobs.battery-telemetry.status_names]
BATTERY_HEALTH_NORMAL = "Chromebook"
BATTERY_REPLACE_SOON = "Chromebook"
BATTERY_REPLACE_NOW = "Chromebook"

[jobs.battery-telemetry.to_rt]
"CF.{Type}" = "status"
"CF.{Last Sync}" = "report_time"
"""
"""Fields of a new sandbox that say already what this mapping makes of the reports: nothing has to be written first."""


class Measured(NamedTuple):
    """A run with nothing to do, right after one of the Chromebooks': what it took, and what it asked."""

    used: Used
    asked: Counter[str]


def measure(site: Site) -> Measured:
    """Return what a run takes whose assets another job has read."""
    environment = site.environment(f"batteries-{site.devices}", full=True, more=_TABLE)
    for job in ("chromebooks", JOB, "chromebooks"):
        used, _ = site.syncd(environment, "plan", job)
        assert used.status == 0, used.output
    used, asked = site.syncd(environment, "plan", JOB, "--detailed-exitcode")
    assert used.status == 0, used.output
    return Measured(used, asked)
