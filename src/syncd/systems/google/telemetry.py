"""Read what Chromebooks report of their batteries: the Chrome Management Telemetry API (telemetry.devices.list).

Devices report every three hours while they are online, if the policy ReportDevicePowerStatus is on. A device that has
no battery, one whose policy is off and one that has nothing recent look alike (Chrome Management API, TelemetryDevice).
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import force_setattr

from syncd.host.clock import Clock, SystemClock
from syncd.host.http import HttpClient
from syncd.host.messages import MessageId
from syncd.systems.google.errors import SYSTEM
from syncd.systems.google.pages import Kind, Listing, Progress

__all__ = ["BatteryInfo", "BatterySample", "BatteryStatusReport", "TelemetryDevice", "TelemetryDevices"]

_log = logging.getLogger(__name__)

PAGE_SIZE = 1000
"""The most that telemetry.devices.list gives at a time (discovery document)."""

AHEAD = timedelta(days=1)
"""How far a device's clock may be ahead; later reports would hide all that come after them, and are not taken."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""As ``since``: all reports that Google still has."""

_READ_MASK = "batteryInfo,batteryStatusReport,deviceId,orgUnitId,serialNumber"
_FIELDS = (
    "batteryInfo(designCapacity,serialNumber),"
    "batteryStatusReport(batteryHealth,cycleCount,fullChargeCapacity,reportTime,"
    "sample(chargeRate,remainingCapacity,reportTime),serialNumber),"
    "deviceId,orgUnitId,serialNumber"
)
_DIRECTORY_HOST, _TELEMETRY_HOST = "admin.googleapis.com", "chromemanagement.googleapis.com"
_OLDEST = datetime.min.replace(tzinfo=UTC)


class BatteryInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a battery was made for. ``design_capacity``: mAh as text, "" where it is not told."""

    serial_number: str = ""
    design_capacity: str = ""


class BatterySample(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The charge at one moment: ``charge_rate`` in percent, ``remaining_capacity`` in mAh as text."""

    report_time: datetime | None = None
    charge_rate: int | None = None
    remaining_capacity: str = ""


class BatteryStatusReport(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a battery is now. ``full_charge_capacity``: mAh as text; ``battery_health`` is Google's word."""

    report_time: datetime | None = None
    serial_number: str = ""
    battery_health: str = ""
    cycle_count: int | None = None
    full_charge_capacity: str = ""
    sample: tuple[BatterySample, ...] = ()


class TelemetryDevice(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A device and its batteries; ``device_id`` is that of the Directory API. Empty: nothing was reported."""

    device_id: str
    serial_number: str = ""
    org_unit_id: str = ""
    battery_info: tuple[BatteryInfo, ...] = ()
    battery_status_report: tuple[BatteryStatusReport, ...] = ()


Reports: TypeAlias = tuple[BatteryStatusReport, ...]
Devices: TypeAlias = list[TelemetryDevice]


class TelemetryDevices:
    """What the devices of one customer report. ``client`` asks the API's own host (``root``)."""

    def __init__(self, client: HttpClient, customer: str, *, clock: Clock | None = None) -> None:
        self.client = client
        self._clock = clock or SystemClock()
        path = f"v1/customers/{quote(customer, safe='')}/telemetry/devices"
        kind = Kind("telemetry device", path, "devices", TelemetryDevice, attrgetter("device_id"), "pageSize")
        self._listing = Listing(client, self._clock, kind, PAGE_SIZE)

    def list(self, *, since: datetime | None = None, progress: Progress | None = None) -> Devices:
        """Return all devices, each once, with the newest report of each of their batteries that says anything.

        ``since`` (aware): only reports from then on, ``EVER`` for all; None: those that Google calls recent. Devices
        without any come too. Raises Unavailable (``google.incomplete``) rather than give a part: the API has no count
        to compare with, so a list that ends early at the end of a page is not noticed.
        """
        asked = {"readMask": _READ_MASK, **({"filter": _since(since)} if since is not None else {})}
        reduce = _Newest(self._clock.now() + AHEAD, progress)
        found = self._listing.read(asked, _FIELDS, reduce)
        reduce.tell()
        return [*found.values()]

    def seen(self) -> bool:
        """Tell whether there is a device to read, by one small request."""
        return self._listing.first({"readMask": "deviceId"}, "deviceId") is not None


class _Newest:
    """Keeps of each page only what counts: a device may have reported eight times a day, for months."""

    def __init__(self, latest: datetime, progress: Progress | None) -> None:
        self._latest = latest
        self._progress = progress
        self._texts: dict[str, str] = {}
        self._ahead = 0

    def __call__(self, devices: Devices, so_far: int) -> None:
        for device in devices:
            self._share(device, "org_unit_id")
            for info in device.battery_info:
                self._share(info, "design_capacity")
            if device.battery_status_report:
                force_setattr(device, "battery_status_report", self._newest(device.battery_status_report))
        if self._progress is not None:
            self._progress("Telemetry of devices", so_far, None)

    def _newest(self, reports: Reports) -> Reports:
        past = tuple(each for each in reports if each.report_time is None or each.report_time <= self._latest)
        self._ahead += len(reports) - len(past)
        # One that says nothing must not hide what an older one says.
        kept = tuple(filter(_says_something, past)) or past
        last: dict[str, datetime] = {}
        for each in kept:
            last[each.serial_number] = max(_time(each), last.get(each.serial_number, _OLDEST))
        # Reports of the same moment are all kept: which of them counts is not for the adapter to say.
        newest = tuple(each for each in kept if _time(each) == last[each.serial_number])
        for each in newest:
            self._share(each, "battery_health")
            self._share(each, "full_charge_capacity")
            force_setattr(each, "sample", _first(each.sample))
        return newest

    def _share(self, record: msgspec.Struct, name: str) -> None:
        """Keep one copy of a text that many devices have."""
        text = getattr(record, name)
        force_setattr(record, name, self._texts.setdefault(text, text))

    def tell(self) -> None:
        """Say how many reports were not taken."""
        if self._ahead:
            _log.warning(
                "%d battery reports have times that are still to come, and were passed over: the clocks of these "
                "devices are wrong, or the one of this machine.",
                self._ahead,
                extra={"message_id": MessageId.BATTERY_SKIPPED, "syncd": {"SYSTEM": SYSTEM}},
            )


def root(api_root: str) -> str:
    """Return the root URL of the Chrome Management API, for that of the Directory API.

    Google has a host for each of its APIs; whatever else stands for Google has one for all.
    """
    if urlsplit(api_root).hostname == _DIRECTORY_HOST:
        return api_root.replace(_DIRECTORY_HOST, _TELEMETRY_HOST, 1)
    return api_root


def _says_something(report: BatteryStatusReport) -> bool:
    told = report.battery_health not in ("", "BATTERY_HEALTH_UNSPECIFIED")
    return told or report.full_charge_capacity != "" or report.cycle_count is not None


def _time(report: BatteryStatusReport) -> datetime:
    return report.report_time or _OLDEST


def _first(samples: Sequence[BatterySample]) -> tuple[BatterySample, ...]:
    """Return the newest sample; the reference says that they are sorted, the newest first."""
    return (samples[0],) if samples else ()


def _since(since: datetime) -> str:
    """Return the filter for a time; the reference writes both of these forms."""
    if since <= EVER:
        return "reports_timestamp>=0"
    return f'reports_timestamp>="{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
