"""What GAM prints of batteries, one record for each row; the names are those of Google's API (TelemetryDevice)."""

from datetime import datetime

import msgspec


class BatteryInfo(msgspec.Struct, frozen=True, gc=False):
    """What a battery was made for; ``design_capacity`` in mAh."""

    serial_number: str = ""
    design_capacity: int | None = None


class BatterySample(msgspec.Struct, frozen=True, gc=False):
    """The charge at one moment: ``charge_rate`` in percent, ``remaining_capacity`` in mAh."""

    charge_rate: int | None = None
    remaining_capacity: int | None = None


class BatteryStatusReport(msgspec.Struct, frozen=True, gc=False):
    """What a battery was at ``report_time`` (aware); ``battery_health`` is Google's word, "" where it has none."""

    report_time: datetime | None
    serial_number: str = ""
    battery_health: str = ""
    cycle_count: int | None = None
    full_charge_capacity: int | None = None
    sample: tuple[BatterySample, ...] = ()


class DeviceRow(msgspec.Struct, frozen=True, gc=False):
    """One row of a file: a device, or with one item per row a part of what there is of it.

    ``org_unit_id``: the id of its organisational unit or, where the file has that, its path.
    """

    device_id: str = ""
    serial_number: str = ""
    battery_info: tuple[BatteryInfo, ...] = ()
    battery_status_report: tuple[BatteryStatusReport, ...] = ()
    org_unit_id: str = ""
