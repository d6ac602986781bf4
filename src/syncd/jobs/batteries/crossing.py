"""What a report of batteries makes of the fields of an asset: the values, what is noise, and what rides along.

The percentage, the status, the category and the cycle count are reasons to write. The time of the report, capacities
and the level are written when one of these is, when RT lacks them, or when what RT has is old.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec.structs import replace

from syncd.jobs.batteries.moments import Moment, moment_of, spelled
from syncd.jobs.batteries.options import (
    CATEGORY,
    CYCLES,
    DESIGN,
    FULL_CHARGE,
    LEVEL,
    PERCENT,
    REASONS,
    REPORT_TIME,
    STATUS,
    BatteryOptions,
)
from syncd.jobs.batteries.reports import Battery, BatteryReport
from syncd.jobs.sides.rt_assets import AssetFields
from syncd.reconcile.mapping import Field, Judged
from syncd.reconcile.values import Known, Unknown, Value
from syncd.systems.rt.assets import Asset

_WAITS = "nothing else of the asset changes"


class Crossing:
    """How reports cross to assets, for one reading of RT. ``now``: times of RT may not be later than that."""

    def __init__(self, options: BatteryOptions, assets: AssetFields, now: datetime) -> None:
        self._options = options
        self._assets = assets
        self._now = now
        self._names = options.fields
        self._facts = [*options.to_rt.values()]
        self._bounds = sorted(((low, name) for name, low in options.categories.items()), reverse=True)
        self._read_time = assets.reader(self._names[REPORT_TIME])
        self._told = self._tellers(options.words)

    def fields(self) -> tuple[Field[BatteryReport, Asset], ...]:
        """Return the mapping of the fields of an asset."""
        return tuple(self._field(field, fact) for field, fact in self._options.to_rt.items())

    def knows(self, report: BatteryReport) -> bool:
        """Tell whether a report says anything that is a reason to write, whatever is mapped."""
        return any(self._told[fact](report) is not None for fact in REASONS)

    def moment(self, asset: Asset) -> Moment | Unknown | None:
        """Return when what RT has was reported."""
        text = self._read_time(asset)
        return text if isinstance(text, Unknown) else moment_of(text, self._now)

    def settle(self, report: BatteryReport, asset: Asset, judged: Sequence[Judged]) -> Sequence[Judged]:
        """Let the category follow the percentage that RT has after the run, and what rides along wait for a reason.

        Nothing is written without its time: a report that is older could go over it.
        """
        by_fact = dict(zip(self._facts, judged, strict=True))
        if (time := by_fact[REPORT_TIME]).verdict == "unknown":
            return [_waiting(item, f"RT would not take the time of the report ({time.field})") for item in judged]
        if CATEGORY in by_fact:
            by_fact[CATEGORY] = self._category(report, by_fact[CATEGORY], by_fact.get(PERCENT))
        found = [*by_fact.items()]
        if any(_is_reason(fact, item) for fact, item in found) or self._is_due(report, asset):
            return [item for _, item in found]
        return [_waiting(item, _WAITS) if fact not in REASONS else item for fact, item in found]

    # -- values

    def _field(self, name: str, fact: str) -> Field[BatteryReport, Asset]:
        told = self._told[fact]

        @lru_cache(maxsize=4096)
        def cross(text: str) -> Value:
            return self._assets.arriving(name, text)

        def wanted(report: BatteryReport) -> Value:
            text = told(report)
            return None if text is None else cross(text)

        same = {PERCENT: self._same_percent, CYCLES: self._same_cycles}.get(fact, operator.eq)
        return Field(name=name, source_name=fact, read_source=wanted, read_target=self._assets.reader(name), same=same)

    def _tellers(self, words: Mapping[str, str]) -> Mapping[str, Callable[[BatteryReport], str | None]]:
        """Return functions that tell each fact of a device, by the battery that counts; None: it is not known."""

        def by(tell: Callable[[Battery], str | None]) -> Callable[[BatteryReport], str | None]:
            return lambda report: tell(report.batteries[0]) if report.batteries else None

        return {
            PERCENT: by(lambda battery: None if (percent := battery.percent) is None else f"{percent:.1f}"),
            STATUS: by(lambda battery: words.get(battery.health)),
            CATEGORY: by(lambda battery: None if (percent := battery.percent) is None else self._category_of(percent)),
            CYCLES: by(_cycles),
            REPORT_TIME: lambda report: None if (time := report.time) is None else spelled(time),
            FULL_CHARGE: by(lambda battery: _count(battery.full_charge or None)),
            DESIGN: by(lambda battery: _count(battery.design or None)),
            LEVEL: by(lambda battery: _count(battery.level)),
        }

    def _category_of(self, percent: float) -> str:
        # Somebody may have written less than nothing into RT.
        return next(name for low, name in self._bounds if max(percent, 0.0) >= low)

    # -- noise

    def _same_percent(self, wanted: Known, present: Known) -> bool:
        ours, theirs = number(wanted), number(present)
        if ours is None or theirs is None:
            return False
        # Percentages have one decimal, and their difference has more.
        moved = round(abs(ours - theirs), 6)
        return moved < self._options.noise_percent or not moved

    def _same_cycles(self, wanted: Known, present: Known) -> bool:
        ours, theirs = number(wanted), number(present)
        if ours is None or theirs is None:
            return False
        return abs(ours - theirs) < max(1.0, self._options.noise_percent / 100 * theirs)

    def _category(self, report: BatteryReport, item: Judged, percent: Judged | None) -> Judged:
        """Judge a category by the percentage that RT will have; without that field, by how near the range is."""
        told = report.batteries[0].percent if report.batteries else None
        if told is None or item.verdict not in ("same", "change"):
            return item
        if percent is None:
            kept = item.present if self._is_near(told, item.present) else None
            text = str(kept) if kept else self._category_of(told)
        else:
            present = number(percent.present)
            stays = percent.verdict != "change" and present is not None
            text = self._category_of(present if stays and present is not None else told)
        wanted = self._assets.arriving(self._names[CATEGORY], text)
        return replace(item, wanted=wanted, verdict="same" if wanted == item.present else "change")

    def _is_near(self, percent: float, category: Value) -> bool:
        """Tell whether a percentage is no more than noise outside of the range of a category."""
        high = float("inf")
        for low, name in self._bounds:
            if name == category:
                return low - self._options.noise_percent < percent < high + self._options.noise_percent
            high = low
        return False

    # -- what rides along

    def _is_due(self, report: BatteryReport, asset: Asset) -> bool:
        told, theirs = report.time, self.moment(asset)
        refresh = timedelta(days=self._options.refresh_days)
        return told is not None and isinstance(theirs, Moment) and theirs.before(told) >= refresh


def _is_reason(fact: str, item: Judged) -> bool:
    return item.verdict == "change" and (fact in REASONS or item.present is None)


def _waiting(item: Judged, why: str) -> Judged:
    if item.verdict != "change":
        return item
    return replace(item, verdict="kept", why=f"{item.field} kept because {why}")


def _cycles(battery: Battery) -> str | None:
    """Return the cycle count; 0 of a battery that measured no capacity was not measured either."""
    return None if battery.cycles == 0 and not battery.full_charge else _count(battery.cycles)


def _count(value: int | None) -> str | None:
    return None if value is None else str(value)


def number(value: Value) -> float | None:
    """Return a number as people and programs write it ("96.1", "96,1 %"); None for what is none."""
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix("%").rstrip().replace(",", ".")
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None
