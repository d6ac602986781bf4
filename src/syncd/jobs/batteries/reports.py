"""The health of batteries, whatever source told it: one report for each device, the newest of all that were read.

Google's telemetry, GAM's output and files of it speak in the words of one API (Chrome Management API, TelemetryDevice),
so their records have the same attributes. Systems do not know each other: what they have in common is written here, as
protocols, and so is what follows from it. GAM cuts times to whole seconds; they are cut here for all sources.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from syncd.reconcile.keys import serial_key

LARGEST = 100_000
"""mAh, and cycles: more is no battery of a Chromebook, so it is unknown. Theirs have 3,000 to 10,000 mAh."""

AHEAD = timedelta(days=1)
"""How far a device's clock may be ahead; a later report would hide all that come after it."""

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""There was no Chromebook before: such a time is a zero, or of a clock that was not set, and RT shows none for 1970."""

REMOVED_AFTER = timedelta(days=1)
"""A device reports of all its batteries at once: one that it was silent about for longer than this was taken out."""

NORMAL, REPLACE_SOON, REPLACE_NOW = "BATTERY_HEALTH_NORMAL", "BATTERY_REPLACE_SOON", "BATTERY_REPLACE_NOW"
_MEANS = {NORMAL: 100.0, REPLACE_SOON: 80.0, REPLACE_NOW: 75.0}
_UNKNOWN = float("inf")
_FULL = 100

Number = int | str | None
"""As a source has it: text on the wire, None or "" where nothing was told."""


class Info(Protocol):
    """What a battery was made for: ``design_capacity`` in mAh."""

    @property
    def serial_number(self) -> str: ...  # noqa: D102
    @property
    def design_capacity(self) -> Number: ...  # noqa: D102


class Sample(Protocol):
    """The charge at one moment: ``charge_rate`` in percent, ``remaining_capacity`` in mAh."""

    @property
    def charge_rate(self) -> Number: ...  # noqa: D102
    @property
    def remaining_capacity(self) -> Number: ...  # noqa: D102


class Report(Protocol):
    """What a battery was at one moment: ``report_time`` is aware, ``full_charge_capacity`` in mAh."""

    @property
    def report_time(self) -> datetime | None: ...  # noqa: D102
    @property
    def serial_number(self) -> str: ...  # noqa: D102
    @property
    def battery_health(self) -> str: ...  # noqa: D102
    @property
    def cycle_count(self) -> Number: ...  # noqa: D102
    @property
    def full_charge_capacity(self) -> Number: ...  # noqa: D102
    @property
    def sample(self) -> Sequence[Sample]: ...  # noqa: D102


class Reading(Protocol):
    """What a source has of one device, or a part of it; several may be of one device."""

    @property
    def device_id(self) -> str: ...  # noqa: D102
    @property
    def serial_number(self) -> str: ...  # noqa: D102
    @property
    def org_unit_id(self) -> str: ...  # noqa: D102
    @property
    def battery_info(self) -> Sequence[Info]: ...  # noqa: D102
    @property
    def battery_status_report(self) -> Sequence[Report]: ...  # noqa: D102


class Battery(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One battery by its newest report. None: not known. The store keeps it as an array: fields are added at the end.

    ``time`` in UTC; ``health`` is Google's word, "" where it is unspecified; capacities in mAh; ``level`` is the charge
    in percent.
    """

    serial: str
    time: datetime
    health: str = ""
    full_charge: int | None = None
    design: int | None = None
    cycles: int | None = None
    level: int | None = None

    @property
    def percent(self) -> float | None:
        """What is left of the design capacity, one decimal; new batteries have more than 100.

        None where a capacity is not known. One of 0 is what a battery says that was not measured.
        """
        if not self.full_charge or not self.design:
            return None
        return round(self.full_charge / self.design * 100, 1)


class BatteryReport(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is known of one device; kept as an array, too.

    ``serial`` in capitals without white space. ``batteries``: those with a report, the worst of those that are in the
    device first. ``has_battery``: one is described, with a report or without. ``org_unit`` is the device's, "" where
    the source does not tell it; it is an id or a path.
    """

    serial: str
    device_id: str
    batteries: tuple[Battery, ...] = ()
    has_battery: bool = False
    org_unit: str = ""

    @property
    def worst(self) -> Battery | None:
        """The battery that counts; None where there is no report."""
        return self.batteries[0] if self.batteries else None

    @property
    def time(self) -> datetime | None:
        """When the device reported last; None where there is no report."""
        if len(self.batteries) == 1:
            return self.batteries[0].time
        return max([battery.time for battery in self.batteries], default=None)


_Design = tuple[str, datetime, int]


class _Device(msgspec.Struct, gc=False):
    """What was read of one device so far. ``name``: its id, and when it had it; ``unit``: so too its org unit.

    ``designs``: battery, time, mAh.
    """

    serial: str
    name: tuple[datetime, str]
    unit: tuple[datetime, str]
    last: datetime
    has_battery: bool
    batteries: tuple[Battery, ...]
    designs: tuple[_Design, ...]


class Batteries:
    """Takes readings in any order, from any number of sources, and keeps what is newest.

    ``now`` (aware) is the time that reports may not be later than, but for a day. ``undated`` and ``ahead`` count the
    reports that were passed over because they have no time that can be, or one that is still to come; ``nameless`` the
    readings without a serial number or id to know the device by.
    """

    def __init__(self, now: datetime) -> None:
        self.undated = self.ahead = self.nameless = 0
        self._latest = now + AHEAD
        # Of most devices there is one reading, of one battery; its report is all there is to keep.
        self._devices: dict[str, BatteryReport | _Device] = {}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take readings; all of them count, or none: a source that fails in the middle has to be read anew."""
        for reading in readings:
            serial = known_serial(reading.serial_number)
            key = serial or reading.device_id.strip()
            if not key:
                self.nameless += 1
                continue
            found = self._read(serial, reading)
            known = self._devices.get(key)
            self._devices[key] = found if known is None else _merged(_apart(known), _apart(found))

    def reports(self) -> Iterator[BatteryReport]:
        """Yield the report of each device, in the order of their serial numbers, and forget it."""
        for key in sorted(self._devices):
            found = self._devices.pop(key)
            yield found if isinstance(found, BatteryReport) else _report(found)

    def _read(self, serial: str, reading: Reading) -> BatteryReport | _Device:
        told = [battery for report in reading.battery_status_report if (battery := self._battery(report)) is not None]
        batteries = tuple(told) if len(told) <= 1 else _newest(told)
        infos = reading.battery_info
        if len(batteries) == len(infos) == 1 and (alike := _designed_alike(batteries[0], infos[0])) is not None:
            return BatteryReport(serial, reading.device_id, (alike,), True, reading.org_unit_id)  # noqa: FBT003
        last = max([battery.time for battery in batteries], default=_NEVER)
        designs: tuple[_Design, ...] = ()
        for info in infos:
            if (design := whole(info.design_capacity)) is not None:
                designs += ((info.serial_number.strip(), last, design),)
        name, unit = _since(last, reading.device_id), _since(last, reading.org_unit_id)
        return _Device(serial, name, unit, last, bool(infos or batteries), batteries, designs)

    def _battery(self, report: Report) -> Battery | None:
        time = report.report_time
        if time is None or time < EARLIEST:
            self.undated += 1
            return None
        if time > self._latest:
            self.ahead += 1
            return None
        if time.tzinfo is not UTC or time.microsecond:
            time = time.astimezone(UTC).replace(microsecond=0)
        health = report.battery_health if report.battery_health in _MEANS else ""
        full, cycles = whole(report.full_charge_capacity), whole(report.cycle_count)
        if not health and full is None and cycles is None:
            return None
        return Battery(report.serial_number.strip(), time, health, full, None, cycles, _level(report))


def newest(readings: Iterable[Reading], now: datetime) -> dict[str, BatteryReport]:
    """Return the report of each device, by its serial number, else by its id."""
    batteries = Batteries(now)
    batteries.add(readings)
    return {report.serial or report.device_id: report for report in batteries.reports()}


def known_serial(raw: str) -> str:
    """Return a serial number as serial numbers are compared; "" for one that identifies nothing."""
    key = serial_key(raw)
    return key if isinstance(key, str) else ""


def whole(value: Number) -> int | None:
    """Return a count or a capacity; None for what is none, is negative, or is more than a battery can have."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() else None
    return value if value is not None and 0 <= value <= LARGEST else None


_NEVER = datetime.min.replace(tzinfo=UTC)
_UNTOLD = (_NEVER, "")


def _since(time: datetime, text: str) -> tuple[datetime, str]:
    """Return a text with its time; one that is blank is older than any other."""
    return (time, text) if text else _UNTOLD


def _level(report: Report) -> int | None:
    """Return the charge in percent: as it was told, else what remains of the full charge."""
    if not report.sample:
        return None
    sample = report.sample[0]
    told = whole(sample.charge_rate)
    if told is not None:
        return told if told <= _FULL else None
    remains, full = whole(sample.remaining_capacity), whole(report.full_charge_capacity)
    return min(_FULL, round(remains / full * 100)) if remains is not None and full else None


def _weight(battery: Battery) -> tuple[float, int, int, str, int]:
    """Order reports of one battery at one moment: the one that says worse is the last."""
    unknown = -1
    return (
        -(_UNKNOWN if battery.full_charge is None else battery.full_charge),
        unknown if battery.cycles is None else battery.cycles,
        -int(_MEANS.get(battery.health, LARGEST)),
        battery.health,
        unknown if battery.level is None else battery.level,
    )


def _newest(batteries: Sequence[Battery]) -> tuple[Battery, ...]:
    """Return each battery once, by the report that counts."""
    if len(batteries) == 1:
        return (batteries[0],)
    found: dict[str, Battery] = {}
    for battery in batteries:
        known = found.get(battery.serial)
        if known is None or known.time < battery.time:
            found[battery.serial] = battery
        elif known.time == battery.time:
            found[battery.serial] = max(known, battery, key=_weight)
    return tuple(found.values())


def _apart(found: BatteryReport | _Device) -> _Device:
    """Take a report of one reading apart again, to put it together with another."""
    if isinstance(found, _Device):
        return found
    (battery,) = found.batteries
    last, design = battery.time, battery.design
    designs = () if design is None else ((battery.serial, last, design),)
    name, unit = _since(last, found.device_id), _since(last, found.org_unit)
    return _Device(found.serial, name, unit, last, found.has_battery, (_designed(battery, None),), designs)


def _merged(one: _Device, other: _Device) -> _Device:
    """Put together what two readings have of a device; the order makes no difference."""
    designs: dict[str, _Design] = {}
    for design in sorted((*one.designs, *other.designs)):
        designs[design[0]] = design
    return _Device(
        one.serial or other.serial,
        max(one.name, other.name),
        max(one.unit, other.unit),
        max(one.last, other.last),
        one.has_battery or other.has_battery,
        _newest((*one.batteries, *other.batteries)),
        tuple(designs.values()),
    )


def _report(device: _Device) -> BatteryReport:
    if len(device.designs) == len(device.batteries) == 1:
        batteries = _only(device.batteries[0], device.designs[0])
    else:
        designs = {serial: design for serial, _, design in device.designs}
        batteries = tuple([_designed(battery, designs.get(battery.serial)) for battery in device.batteries])
    if len(batteries) > 1:
        batteries = tuple(sorted(batteries, key=lambda each: _rank(each, device.last)))
    return BatteryReport(device.serial, device.name[1], batteries, device.has_battery, device.unit[1])


def _rank(battery: Battery, last: datetime) -> tuple[bool, float, str]:
    """Order the batteries of a device: those that are in it before others, the worst first."""
    return (last - battery.time > REMOVED_AFTER, share(battery), battery.serial)


def _only(battery: Battery, design: _Design) -> tuple[Battery, ...]:
    """Return a device's only battery with its design capacity; one of the two may lack the serial number."""
    serial, _, capacity = design
    same = serial == battery.serial or not serial or not battery.serial
    return (_designed(battery, capacity),) if same else (battery,)


def _designed_alike(battery: Battery, info: Info) -> Battery | None:
    """Return a battery with the design capacity that is told of the very same one; None where that is not known."""
    design = whole(info.design_capacity)
    return _designed(battery, design) if design is not None and info.serial_number.strip() == battery.serial else None


def _designed(battery: Battery, design: int | None) -> Battery:
    if design == battery.design:
        return battery
    told = battery.health, battery.full_charge, design, battery.cycles, battery.level
    return Battery(battery.serial, battery.time, *told)


def share(battery: Battery) -> float:
    """Return what batteries are compared by: the percentage, else the most that Google's word stands for."""
    percent = battery.percent
    return _MEANS.get(battery.health, _UNKNOWN) if percent is None else percent
