"""``customers.telemetry.devices`` of the Chrome Management API: what Chromebooks report of their batteries.

A tenant that was not given such records has those that are made up from its devices: the same device reports the same
each time, with two reports a day apart, the newer one at its last sync. What Google's reference does not say is a
choice here: pages of more than 1,000 are cut down (https://google.aip.dev/158), and clauses of a filter are joined by
AND alone.
"""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from syncd.sandbox.google.devices import check_customer
from syncd.sandbox.google.errors import ApiError
from syncd.sandbox.google.sequences import Sequences
from syncd.sandbox.google.tenant import Record, Tenant
from syncd.sandbox.server import Call

_PAGE, _LARGEST_PAGE = 100, 1000
_PATHS = """
name orgUnitId deviceId serialNumber cpuInfo cpuStatusReport memoryInfo memoryStatusReport networkInfo
networkDiagnosticsReport networkStatusReport osUpdateStatus graphicsInfo graphicsStatusReport batteryInfo
batteryStatusReport storageInfo storageStatusReport thunderboltInfo audioStatusReport bootPerformanceReport
heartbeatStatusReport networkBandwidthReport peripheralsReport kioskAppStatusReport appReport runtimeCountersReport
"""
READ_MASK = frozenset(_PATHS.split())
TELEMETRY_FIELDS = READ_MASK | {"customer"}
_REPORTS = "batteryStatusReport"
_CLAUSE = re.compile(r'\s*(\w+)\s*(>=|<=|=|>|<)\s*(?:"([^"]*)"|([^\s"]+))\s*(?:AND\s+|$)')
_TEXTS = ("deviceId", "serialNumber", "orgUnitId")
_DAY = timedelta(days=1)
_UNTOLD = "2026-11-18T12:00:00.000Z"
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)

Span = tuple[datetime, datetime]
Wanted = tuple[dict[str, str], Span]


class Telemetry:
    """Answers list."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._sequences = Sequences(tenant.settings, ("filter", "readMask"))

    def page(self, call: Call, names: dict[str, str]) -> Record:
        """Return one page: ``{devices, nextPageToken}``; empty parts are left out."""
        check_customer(self._tenant, names["customer"])
        mask, limit = _mask(call), _limit(call)
        wanted, span = _filter(call.first("filter") or "", self._recent())
        keys, token = self._sequences.page(call, limit, lambda: [*self._selected(wanted)])
        devices = [_shown(device, mask, span) for device in map(self._device, keys) if device is not None]
        return ({"devices": devices} if devices else {}) | ({"nextPageToken": token} if token else {})

    def _recent(self) -> Span:
        seconds = self._tenant.settings.recent_seconds
        if math.isinf(seconds):
            return _ALWAYS, _LATEST
        return datetime.fromtimestamp(self._tenant.settings.clock() - seconds, UTC), _LATEST

    def _selected(self, wanted: dict[str, str]) -> Iterator[str]:
        given = self._tenant.telemetry
        with self._tenant.documents.lock:
            devices = list((given if len(given) else self._tenant.devices).values())
        for device in sorted(devices, key=lambda device: str(device["deviceId"])):
            if device.get("status") != "DEPROVISIONED" and all(_plain(device, name) == wanted[name] for name in wanted):
                yield device["deviceId"]

    def _device(self, key: str) -> Record | None:
        given = self._tenant.telemetry.get(key)
        if given is not None:
            return given
        device = self._tenant.devices.get(key)
        return made_up(device, self._tenant.customer) if device is not None else None


def made_up(device: Record, customer: str) -> Record:
    """Return what a Chromebook reports. Of forty, one has no battery, one no report, one design capacity 0, one two."""
    key = device["deviceId"]
    random = Random(f"battery of {key}")  # noqa: S311 - the same each time is what is wanted
    record: Record = {
        "name": f"customers/{customer}/telemetry/devices/{key}",
        "customer": f"customers/{customer}",
        "deviceId": key,
        **{name: value for name in ("serialNumber", "orgUnitId") if (value := _plain(device, name))},
    }
    kind = random.randrange(40)
    if kind == 0:
        return record
    last = datetime.fromisoformat(device.get("lastSync") or _UNTOLD)
    serials = [f"SYNB{random.randrange(16**6):06X}" for _ in range(2 if kind == 1 else 1)]
    designs = [0 if kind == 2 else random.randrange(3800, 5200, 10) for _ in serials]  # noqa: PLR2004 - one of forty
    batteries = [*zip(serials, designs, strict=True)]
    record["batteryInfo"] = [_info(serial, design) for serial, design in batteries]
    if kind != 3:  # noqa: PLR2004 - one of forty
        record[_REPORTS] = [report for serial, design in batteries for report in _reports(serial, design, last, random)]
    return record


def _info(serial: str, design: int) -> Record:
    return {
        "serialNumber": serial,
        "manufacturer": "SYNTH-SMP",
        "designCapacity": str(design),
        "designMinVoltage": 11250,
        "technology": "Li-poly",
    }


def _reports(serial: str, design: int, last: datetime, random: Random) -> Iterator[Record]:
    """Yield the older report first: the API's reference does not say that they are sorted."""
    share, cycles = random.uniform(0.6, 1.03), random.randrange(900)
    full = round((design or 4080) * share)
    for before in (1, 0):
        yield {
            "reportTime": _timestamp(last - before * _DAY),
            "serialNumber": serial,
            "batteryHealth": _health(share) if design else "BATTERY_HEALTH_UNSPECIFIED",
            "cycleCount": cycles - before if cycles else 0,
            "fullChargeCapacity": str(full + before),
            "sample": [_sample(last - before * _DAY, full, random.randrange(5, 101))],
        }


def _sample(time: datetime, full: int, charge: int) -> Record:
    return {
        "reportTime": _timestamp(time),
        "voltage": "12345",
        "remainingCapacity": str(full * charge // 100),
        "status": "Discharging",
        "chargeRate": charge,
        "temperature": 31,
    }


def _health(share: float) -> str:
    """Return Google's word for a share of the design capacity, by the bounds in its reference."""
    if share > 0.8:  # noqa: PLR2004
        return "BATTERY_HEALTH_NORMAL"
    return "BATTERY_REPLACE_SOON" if share >= 0.75 else "BATTERY_REPLACE_NOW"  # noqa: PLR2004


def _timestamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _shown(device: Record, mask: frozenset[str], span: Span) -> Record:
    shown = {name: value for name, value in device.items() if name in mask}
    if _REPORTS in shown:
        kept = [report for report in shown.pop(_REPORTS) if span[0] <= _moment(report["reportTime"]) <= span[1]]
        shown |= {_REPORTS: kept} if kept else {}
    return shown


def _mask(call: Call) -> frozenset[str]:
    """Return the wire names that are asked for; paths are taken in snake case and in camel case."""
    paths = [_camel(path.strip()) for path in (call.first("readMask") or "").split(",")]
    unknown = [path for path in paths if path.partition(".")[0] not in READ_MASK]
    if unknown:
        raise _refused(f"Invalid value for read_mask: {unknown[0] or 'it is required'}")
    return frozenset(path.partition(".")[0] for path in paths)


def _limit(call: Call) -> int:
    text = call.first("pageSize") or "0"
    if not text.isdecimal():
        raise _refused(f"Invalid value for page_size: {text}")
    return min(int(text) or _PAGE, _LARGEST_PAGE)


def _filter(text: str, recent: Span) -> Wanted:
    """Return what devices must have, and the span that reports must be in."""
    wanted: dict[str, str] = {}
    since, until = recent
    place = 0
    while text[place:].strip():
        found = _CLAUSE.match(text, place)
        if found is None:
            raise _refused(f"Invalid filter: {text}")
        name, operator, quoted, plain = found.groups()
        name, value = _camel(name), plain if quoted is None else quoted
        if name == "reportsTimestamp" and operator in (">=", ">"):
            since = _bound(value, text)
        elif name == "reportsTimestamp" and operator in ("<=", "<"):
            until = _bound(value, text)
        elif name in _TEXTS and operator == "=":
            wanted[name] = value
        else:
            raise _refused(f"Invalid filter: {text}")
        place = found.end()
    return wanted, (since, until)


def _bound(value: str, text: str) -> datetime:
    """Read a time of a filter: milliseconds since 1970, or RFC 3339 in UTC."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC) if value.isdecimal() else _moment(value)
    except (ValueError, OverflowError):
        raise _refused(f"Invalid filter: {text}") from None


def _moment(text: str) -> datetime:
    if not text.endswith("Z"):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _plain(device: Record, name: str) -> Any:  # noqa: ANN401 - of Google's JSON
    """Return a field as this API has it: without the prefix that the Directory API gives the ids of org units."""
    value = device.get(name, "")
    return value.removeprefix("id:") if name == "orgUnitId" else value


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _refused(message: str) -> ApiError:
    return ApiError(400, "INVALID_ARGUMENT", message, bare=True)
