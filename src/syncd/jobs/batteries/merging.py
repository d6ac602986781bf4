"""Put together what is kept of a device and what a file says of it; what is newer counts, whichever came first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from syncd.jobs.batteries.reports import Batteries, Battery, BatteryReport

_EVER = datetime(9000, 1, 1, tzinfo=UTC)
"""What is kept was not told too early when it was taken."""


class _Info(NamedTuple):
    serial_number: str
    design_capacity: int | None


class _Sample(NamedTuple):
    charge_rate: int | None
    remaining_capacity: int | None = None


class _Status(NamedTuple):
    report_time: datetime
    serial_number: str
    battery_health: str
    cycle_count: int | None
    full_charge_capacity: int | None
    sample: Sequence[_Sample]


class _Reading(NamedTuple):
    device_id: str
    serial_number: str
    org_unit_id: str
    battery_info: Sequence[_Info]
    battery_status_report: Sequence[_Status]


def merged(one: BatteryReport, other: BatteryReport) -> tuple[BatteryReport, BatteryReport | None]:
    """Return what two reports tell of a device, and the older of them; the order makes no difference.

    None is older where both are of one time, or one has none: each is a part of what is told of that time.
    """
    mine, theirs = one.time, other.time
    older = None
    if mine is not None and theirs is not None and mine != theirs:
        older, newer = (one, other) if mine < theirs else (other, one)
        if _replaces(newer, older):
            return newer, older
    both = Batteries(_EVER)
    both.add(map(_reading, (one, other)))
    return next(both.reports()), older


def _replaces(newer: BatteryReport, older: BatteryReport) -> bool:
    """Tell whether nothing of an older report is of interest; so it is for most devices, every day."""
    if len(newer.batteries) != 1 or len(older.batteries) != 1:
        return False
    (new,), (old,) = newer.batteries, older.batteries
    if new.serial != old.serial or new.design is None:
        return False
    return bool((newer.org_unit or not older.org_unit) and (newer.device_id or not older.device_id))


def _reading(report: BatteryReport) -> _Reading:
    infos = [_Info(each.serial, each.design) for each in report.batteries if each.design is not None]
    if report.has_battery and not infos:
        infos = [_Info("", None)]
    return _Reading(report.device_id, report.serial, report.org_unit, infos, [*map(_status, report.batteries)])


def _status(battery: Battery) -> _Status:
    sample = () if battery.level is None else (_Sample(battery.level),)
    told = battery.serial, battery.health, battery.cycles, battery.full_charge
    return _Status(battery.time, *told, sample)
