"""How batteries are spoken of where no job runs: by exports, and by those who look at one device."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from syncd.jobs.batteries.options import CATEGORIES, STATUSES, BatteryOptions
from syncd.jobs.batteries.reports import REPLACE_NOW, REPLACE_SOON

if TYPE_CHECKING:
    from syncd.jobs.settings import JobsOptions

COLLECTORS = ("battery-gam", "battery-csv", "battery-telemetry")
"""The jobs that keep the history."""

_REPLACE = frozenset((REPLACE_SOON, REPLACE_NOW))


class Words(NamedTuple):
    """How batteries are spoken of.

    ``categories``: name to lowest percentage, of which one is 0. ``statuses``: Google's word to the school's.
    ``replace_below``: percent.
    """

    categories: Mapping[str, float]
    statuses: Mapping[str, str]
    replace_below: float

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """The categories, the best first."""
        return sorted(self.categories.items(), key=lambda pair: -pair[1])

    def category(self, percent: float | None) -> str:
        """Return the category of a percentage; empty where there is none."""
        if percent is None:
            return ""
        return next(name for name, lowest in self.ranked if percent >= lowest)

    def to_replace(self, percent: float | None, health: str) -> bool:
        """Tell whether a battery is to be replaced soon, by its percentage or by Google's word."""
        return health in _REPLACE or (percent is not None and percent < self.replace_below)


def words_of(jobs: "JobsOptions", replace_below: float) -> Words:
    """Return the words that the first job of batteries has which is configured, else the usual ones."""
    for options in _configured(jobs).values():
        return Words(options.categories, options.words, replace_below)
    return Words(CATEGORIES, STATUSES, replace_below)


def no_report(of_what: str, jobs: "JobsOptions") -> str:
    """Return the sentence for history that is not there, with what to do about it."""
    *some, last = COLLECTORS
    remedy = next((f"syncd run {name}" for name in _configured(jobs)), "configure one of them")
    return f"no report {of_what} was kept so far; the jobs {', '.join(some)} and {last} collect them: {remedy}."


def _configured(jobs: "JobsOptions") -> dict[str, BatteryOptions]:
    found = {name: jobs.of(name) for name in COLLECTORS}
    return {name: options for name, options in found.items() if isinstance(options, BatteryOptions)}
