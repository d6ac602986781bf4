"""Reports as rows of the history that the store keeps of each battery."""

from collections.abc import Iterable, Iterator

from syncd.jobs.batteries.reports import REMOVED_AFTER, Battery, BatteryReport
from syncd.state.battery_history import HistoryRow, OtherBattery


def rows_of(reports: Iterable[BatteryReport], source: str) -> Iterator[HistoryRow]:
    """Yield the row of each device that has reported; those that say nothing of a battery's health have none."""
    for report in reports:
        row = row_of(report, source)
        if row is not None:
            yield row


def row_of(report: BatteryReport, source: str) -> HistoryRow | None:
    """Return the row of one device.

    A battery that was taken out is none of its device any more: that sources forget it at different times is no change.
    """
    time, battery = report.time, report.worst
    if time is None or battery is None:
        return None
    others = [_other(each) for each in report.batteries[1:] if time - each.time <= REMOVED_AFTER]
    return HistoryRow(
        device=report.serial or report.device_id,
        time=time,
        source=source,
        percent=battery.percent,
        health=battery.health,
        full_charge=battery.full_charge,
        design=battery.design,
        cycles=battery.cycles,
        level=battery.level,
        battery=battery.serial,
        others=tuple(others),
    )


def _other(battery: Battery) -> OtherBattery:
    return OtherBattery(
        battery=battery.serial,
        time=battery.time,
        percent=battery.percent,
        health=battery.health,
        full_charge=battery.full_charge,
        design=battery.design,
        cycles=battery.cycles,
        level=battery.level,
    )
