"""Reports and assets in the frame of a comparison: who is whom, which report counts, and why others do not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from syncd.jobs.batteries.crossing import Crossing
from syncd.jobs.batteries.moments import Moment, spelled
from syncd.jobs.batteries.options import REPORT_TIME, BatteryOptions
from syncd.jobs.batteries.reports import BatteryReport
from syncd.jobs.sides.rt_assets import AssetFields, asset_side
from syncd.reconcile.keys import serial_key, serial_keys
from syncd.reconcile.mapping import Flow
from syncd.reconcile.match import Match, match
from syncd.reconcile.model import Listing
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Unknown
from syncd.systems.rt.assets import Asset

NO_BATTERY, POLICY_OFF, NOT_RECENT, NOT_IN_SOURCE = "no_battery", "policy_off", "not_recent", "not_in_source"
OLDER, UNKNOWN, CONFLICT, REJECTED = "older", "unknown", "conflict", "rejected"
_SERIAL = "serial"
_ONLY_RT = "only_rt"

Pair = tuple[BatteryReport, Asset, str]


@dataclass(frozen=True)
class Compared:
    """Some pairs that were sorted out. ``pairs`` are those that are compared.

    ``aside`` has a line for each asset that is left alone although its device is known, ``stale`` for each that is
    compared with a report of long ago.
    """

    pairs: Sequence[Pair]
    aside: Sequence[Listing]
    stale: Sequence[Listing]


@dataclass(frozen=True)
class Frame:
    """A comparison that has all but its pairs' values: who is whom, and what decides about them."""

    found: Match[BatteryReport, Asset]
    flow: Flow[BatteryReport, Asset]
    sorting: "_Sorting"

    def compared(self, pairs: Iterable[Pair]) -> Compared:
        """Sort out which of some pairs are compared; their assets have all fields that are mapped."""
        kept: list[Pair] = []
        aside: list[Listing] = []
        for pair in pairs:
            listing = self.sorting.aside(pair[0], pair[1])
            if listing is None:
                kept.append(pair)
            else:
                aside.append(listing)
        return Compared(kept, aside, [*self.sorting.stale(kept)])

    def listings(self) -> list[Listing]:
        """Return a line for every record without a partner."""
        return [_not_in_source(item, self.found.left.noun) for item in self.found.listings()]


def frame(
    system: str,
    options: BatteryOptions,
    reports: Sequence[BatteryReport],
    assets: Sequence[Asset],
    fields: AssetFields,
    now: datetime,
) -> Frame:
    """Match reports of a source and assets; of these the name and the serial number are enough."""
    left = report_side(system, reports)
    right = asset_side(assets, fields, options.serial_field, (), (_SERIAL,))
    crossing = Crossing(options, fields, now)
    return Frame(
        found=match(left, right),
        flow=Flow(source=left, target=right, fields=crossing.fields(), settle=crossing.settle),
        sorting=_Sorting(options, crossing, _units_with_batteries(reports), now - timedelta(days=options.recent_days)),
    )


def report_side(system: str, reports: Sequence[BatteryReport]) -> Side[BatteryReport]:
    """Return the reports of a source as a side."""
    rule = KeyRule[BatteryReport](_SERIAL, lambda report: report.serial, serial_key, serial_keys)
    return Side(
        system=system,
        noun="device",
        records=reports,
        ident=lambda report: report.device_id or report.serial,
        label=lambda report: report.serial or report.device_id,
        keys=(rule,),
    )


def _units_with_batteries(reports: Iterable[BatteryReport]) -> set[str]:
    """Return the org units of which some device has told of a battery; those that are not known are one."""
    return {report.org_unit for report in reports if report.has_battery}


@dataclass(frozen=True)
class _Sorting:
    """Says why an asset is left alone. ``recent``: reports of before are not recent."""

    options: BatteryOptions
    crossing: Crossing
    units: set[str]
    recent: datetime

    def aside(self, report: BatteryReport, asset: Asset) -> Listing | None:
        """Return the line of an asset that is not compared, None for one that is."""
        if not self.crossing.knows(report):
            state, why = self._without_data(report)
            return _listing(asset, state, why)
        return self._by_time(report, asset)

    def stale(self, pairs: Iterable[Pair]) -> Iterator[Listing]:
        """Yield a line for each asset that is compared with a report of long ago."""
        for report, asset, _ in pairs:
            if report.time is not None and report.time < self.recent:
                yield _listing(asset, NOT_RECENT, f"its device has reported nothing since {spelled(report.time)}")

    def _without_data(self, report: BatteryReport) -> tuple[str, str]:
        if report.batteries:
            return UNKNOWN, "the report of its device has no capacity, no health and no cycle count"
        if report.has_battery:
            return NOT_RECENT, "its device has a battery, and has sent no report of it"
        if report.org_unit in self.units:
            return NO_BATTERY, "its device tells of no battery, and others of its org unit do"
        where = f"no device of its org unit {report.org_unit} does" if report.org_unit else "no device does"
        return POLICY_OFF, f"its device tells of no battery, and {where}: is the policy ReportDevicePowerStatus on?"

    def _by_time(self, report: BatteryReport, asset: Asset) -> Listing | None:
        theirs, field = self.crossing.moment(asset), self.options.fields[REPORT_TIME]
        if isinstance(theirs, Unknown):
            return _listing(asset, UNKNOWN, f"left alone because its {field} {theirs.reason}")
        if isinstance(theirs, Moment) and report.time is not None and theirs.is_after(report.time):
            told = f"the report is of {spelled(report.time)}, and {field} says {spelled(theirs.time)}"
            return _listing(asset, OLDER, told)
        return None


def _listing(asset: Asset, state: str, why: str) -> Listing:
    return Listing(state=state, system="rt", object=str(asset.id), label=asset.name or str(asset.id), why=why)


def _not_in_source(item: Listing, noun: str) -> Listing:
    """Name an asset without a partner by what it means here."""
    if item.state != _ONLY_RT:
        return item
    return msgspec.structs.replace(item, state=NOT_IN_SOURCE, why=f"no {noun} of the source has its serial")
