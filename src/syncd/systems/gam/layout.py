"""Which columns a file has: those of ``gam print crostelemetry`` in its three forms, or those of a device export.

GAM's columns follow the command, in any order, and there are only those that some device has a value for. The names of
Google's device export are not documented; those that are taken here are the words of the Admin console's pages.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import msgspec

ABSENT = -1
"""Where a column is that a file does not have: a row gets an empty cell at its end."""

_BATTERY = re.compile(r"(batteryinfo|batterystatusreport)(?:\.(\d+))?\.(\w+|sample(?:\.0)?\.\w+)")
_INFO = {"serialnumber": "serial", "designcapacity": "design"}
_REPORT = {
    "reporttime": "time",
    "serialnumber": "serial",
    "batteryhealth": "health",
    "cyclecount": "cycles",
    "fullchargecapacity": "full",
    "sample.chargerate": "charge",
    "sample.0.chargerate": "charge",
    "sample.remainingcapacity": "remains",
    "sample.0.remainingcapacity": "remains",
}
_SCALARS = frozenset(("customer", "deviceid", "name", "orgunitid", "orgunitpath", "serialnumber"))
"""What GAM prints of devices that report nothing (CROS_TELEMETRY_SCALAR_FIELDS of gam7 7.49)."""

_PLAIN: Mapping[str, tuple[str, str]] = {
    "batteryserialnumber": ("report", "serial"),
    "batteryhealth": ("report", "health"),
    "batteryhealthstatus": ("report", "health"),
    "batterystatus": ("report", "health"),
    "batterycyclecount": ("report", "cycles"),
    "cyclecount": ("report", "cycles"),
    "batteryfullchargecapacity": ("report", "full"),
    "fullchargecapacity": ("report", "full"),
    "currentfullchargecapacity": ("report", "full"),
    "batterycharge": ("report", "charge"),
    "batterylevel": ("report", "charge"),
    "batterydesigncapacity": ("info", "design"),
    "designcapacity": ("info", "design"),
    "designedcapacity": ("info", "design"),
}
_DEVICE_ID = ("deviceid", "directoryapiid")
_SERIAL = ("serialnumber", "serial", "deviceserialnumber")
_ORG_UNIT = ("orgunitid", "orgunitpath", "organizationalunit", "orgunit")
_TIMES = ("batteryreporttime", "reporttime", "laststatusreport", "lastsync", "lastsynced", "mostrecentsync")
_ASIDE = re.compile(r"[\W_]+")
_UNIT = re.compile(r"\((?:mah|%|cycles)\)")


class InfoColumns(msgspec.Struct):
    """Where the columns of one item of ``batteryInfo`` are."""

    serial: int = ABSENT
    design: int = ABSENT


class ReportColumns(msgspec.Struct):
    """Where the columns of one item of ``batteryStatusReport`` are."""

    time: int = ABSENT
    serial: int = ABSENT
    health: int = ABSENT
    cycles: int = ABSENT
    full: int = ABSENT
    charge: int = ABSENT
    remains: int = ABSENT

    @property
    def picker(self) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """What takes these cells out of a row, in the order of the fields."""
        return itemgetter(self.time, self.serial, self.health, self.cycles, self.full, self.charge, self.remains)


class Layout(msgspec.Struct):
    """Where everything is. ``json`` is where GAM's JSON is, with ``formatjson``; ``gam`` tells its escapes apart."""

    header: list[str]
    device_id: int = ABSENT
    serial: int = ABSENT
    org_unit: int = ABSENT
    json: int = ABSENT
    infos: dict[str, InfoColumns] = {}
    reports: dict[str, ReportColumns] = {}
    gam: bool = True

    @property
    def has_device(self) -> bool:
        """Whether there is a column that a device can be known by."""
        return self.device_id != ABSENT or self.serial != ABSENT or self.json != ABSENT

    @property
    def missing(self) -> str:
        """What a file of batteries has, and this one has not; "" if it has all."""
        if not self.has_device:
            return "a serial number or device id"
        if not (self.reports or self.infos) and self.json == ABSENT:
            bare = self.gam and all(name.casefold() in _SCALARS for name in self.header)
            return "" if bare else "the health or the capacity of a battery"
        if self.reports and all(report.time == ABSENT for report in self.reports.values()):
            return "the time of a report"
        return ""


def layout_of(header: Sequence[str]) -> Layout:
    """Find the columns of a file. The first of two that are alike counts."""
    layout = Layout([*header])
    for at, name in enumerate(header):
        _place(layout, at, name.strip().casefold())
    if not layout.infos and not layout.reports and layout.json == ABSENT:
        _place_plain(layout)
    return layout


def _place(layout: Layout, at: int, name: str) -> None:
    if name == "json":
        layout.json = at
    elif name == "deviceid":
        layout.device_id = at
    elif name == "serialnumber":
        layout.serial = at
    elif name == "orgunitid" or (name == "orgunitpath" and layout.org_unit == ABSENT):
        layout.org_unit = at
    elif (found := _BATTERY.fullmatch(name)) is not None:
        array, number, field = found.groups()
        if array == "batteryinfo" and field in _INFO:
            setattr(layout.infos.setdefault(number or "", InfoColumns()), _INFO[field], at)
        elif array == "batterystatusreport" and field in _REPORT:
            setattr(layout.reports.setdefault(number or "", ReportColumns()), _REPORT[field], at)


def _place_plain(layout: Layout) -> None:
    """Find the columns of a file that is not GAM's, whose names are words."""
    names = {plain(name): at for at, name in reversed([*enumerate(layout.header)])}
    layout.device_id = next((names[name] for name in _DEVICE_ID if name in names), layout.device_id)
    layout.serial = next((names[name] for name in _SERIAL if name in names), layout.serial)
    layout.org_unit = next((names[name] for name in _ORG_UNIT if name in names), layout.org_unit)
    for name, (array, field) in _PLAIN.items():
        if name not in names:
            continue
        layout.gam = False
        if array == "info":
            setattr(layout.infos.setdefault("", InfoColumns()), field, names[name])
        else:
            setattr(layout.reports.setdefault("", ReportColumns()), field, names[name])
    if layout.reports:
        layout.reports[""].time = next((names[name] for name in _TIMES if name in names), ABSENT)


def plain(name: str) -> str:
    """Return a column's name as names are compared: letters and digits only, in any case, without a unit."""
    return _ASIDE.sub("", _UNIT.sub("", name.casefold()))
