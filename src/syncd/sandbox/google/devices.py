"""``chromeosdevices``: reading. Lists come in pages that stay stable while devices change."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.google import queries
from syncd.sandbox.google.errors import ApiError, forbidden, invalid, not_found, unavailable
from syncd.sandbox.google.tenant import Record, Tenant, etag
from syncd.sandbox.server import Call

_KEPT_SEQUENCES = 64
_BASIC = (
    "kind",
    "etag",
    "deviceId",
    "serialNumber",
    "status",
    "lastSync",
    "supportEndDate",
    "annotatedUser",
    "annotatedLocation",
    "annotatedAssetId",
    "notes",
    "orgUnitPath",
    "orgUnitId",
)
_ORDERS = ("annotatedLocation", "annotatedUser", "lastSync", "notes", "serialNumber", "status")


@dataclass(frozen=True, slots=True)
class _Sequence:
    """One list that is being read: the devices that it had at its first page, in order."""

    token: str
    about: tuple[str, ...]
    ids: tuple[str, ...]
    started: float


class Reader:
    """Answers list, get and count."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._lock = threading.Lock()
        self._sequences: OrderedDict[str, _Sequence] = OrderedDict()

    def page(self, call: Call, names: dict[str, str]) -> Record:
        """Return one page: ``{kind, etag, chromeosdevices, nextPageToken}``; empty parts are left out."""
        check_customer(self._tenant, names["customerId"])
        limit = self._limit(call)
        basic = check_projection(call)
        sequence, start = self._place(call)
        page = [device for key in sequence.ids[start : start + limit] if (device := self._tenant.devices.get(key))]
        answer: Record = {"kind": "admin#directory#chromeosdevices", "etag": etag()}
        if page:
            answer["chromeosdevices"] = [shown(device, basic=basic) for device in page]
        if start + limit < len(sequence.ids):
            answer["nextPageToken"] = f"{sequence.token}.{start + limit:x}"
        return answer

    def get(self, call: Call, names: dict[str, str]) -> Record:
        """Return one device."""
        check_customer(self._tenant, names["customerId"])
        return shown(find(self._tenant, names["deviceId"]), basic=check_projection(call))

    def count(self, call: Call, names: dict[str, str]) -> Record:
        """Return ``{"count": "123"}``."""
        check_customer(self._tenant, names["customerId"])
        return {"count": str(len(self._select(call, call.first("filter", "") or "")))}

    def _limit(self, call: Call) -> int:
        settings = self._tenant.settings
        text = call.first("maxResults")
        if text is None:
            return min(settings.page_default, settings.page_limit)
        number = int(text) if text.isdecimal() else 0
        if number > settings.page_limit and settings.clamp:
            return settings.page_limit
        if not 1 <= number <= settings.page_limit:
            message = f"Invalid value '{text}'. Values must be within the range: [1, {settings.page_limit}]"
            raise ApiError(400, "invalidParameter", message, location="maxResults")
        return number

    def _place(self, call: Call) -> tuple[_Sequence, int]:
        about = tuple(call.first(name) or "" for name in ("query", "orgUnitPath", "includeChildOrgunits", "orderBy"))
        token = call.first("pageToken")
        if token is None:
            return self._begin(call, about), 0
        if not token:
            raise unavailable()
        name, _, start = token.partition(".")
        with self._lock:
            sequence = self._sequences.get(name)
        if sequence is None or sequence.about != about or not _is_hex(start):
            raise invalid(token)
        if self._tenant.settings.clock() - sequence.started > self._tenant.settings.sequence_seconds:
            raise unavailable()
        return sequence, int(start, 16)

    def _begin(self, call: Call, about: tuple[str, ...]) -> _Sequence:
        devices = self._select(call, about[0])
        devices.sort(key=lambda device: str(device["deviceId"]))
        if about[3]:
            if about[3] not in _ORDERS:
                raise invalid(about[3])
            backwards = call.first("sortOrder") == "DESCENDING"
            devices.sort(key=lambda device: str(device.get(about[3], "")), reverse=backwards)
        ids = tuple(device["deviceId"] for device in devices)
        sequence = _Sequence(secrets.token_urlsafe(12), about, ids, self._tenant.settings.clock())
        with self._lock:
            self._sequences[sequence.token] = sequence
            if len(self._sequences) > _KEPT_SEQUENCES:
                self._sequences.popitem(last=False)
        return sequence

    def _select(self, call: Call, query: str) -> list[Record]:
        devices = self._within(call)
        for test in queries.parse(query):
            devices = [device for device in devices if test(device)]
        return devices

    def _within(self, call: Call) -> list[Record]:
        path, children = call.first("orgUnitPath"), call.first("includeChildOrgunits") == "true"
        with self._tenant.documents.lock:
            devices = list(self._tenant.devices.values())
        if path is None:
            if children:
                raise invalid("includeChildOrgunits needs orgUnitPath")
            return devices
        unit = self._tenant.unit(path)
        if unit is None:
            raise invalid("INVALID_OU_ID")
        root = unit["orgUnitPath"].lower()
        below = root.rstrip("/") + "/" if children else None
        return [device for device in devices if _in_unit(str(device.get("orgUnitPath", "")).lower(), root, below)]


def _in_unit(path: str, root: str, below: str | None) -> bool:
    return path == root or (below is not None and path.startswith(below))


def _is_hex(text: str) -> bool:
    return bool(text) and all(letter in "0123456789abcdef" for letter in text)


def find(tenant: Tenant, device_id: str) -> Record:
    """Return a device, or raise Google's 404."""
    device = tenant.devices.get(device_id)
    if device is None:
        raise not_found("deviceId")
    return device


def shown(device: Record, *, basic: bool) -> Record:
    """Return a device as the projection shows it.

    The discovery document says of BASIC only "deviceId, serialNumber, status, and user"; the list here is a choice.
    No projection at all shows everything: GAM relies on that.
    """
    return {name: device[name] for name in _BASIC if name in device} if basic else device


def check_projection(call: Call) -> bool:
    """Tell whether BASIC is asked for; the values are upper case."""
    projection = call.first("projection")
    if projection not in (None, "BASIC", "FULL"):
        message = f"Invalid value '{projection}'. Allowed values: [BASIC, FULL]"
        raise ApiError(400, "invalidParameter", message, location="projection")
    return projection == "BASIC"


def check_customer(tenant: Tenant, customer: str) -> None:
    """Refuse other customers than the sandbox's."""
    if customer not in ("my_customer", tenant.customer):
        raise forbidden()


def page_of(records: list[Any], call: Call, limit: int) -> tuple[list[Any], str]:
    """Cut a page out of a short list by offset; return it and the next token (empty at the end)."""
    text = call.first("pageToken") or "p0"
    if text[:1] != "p" or not text[1:].isdecimal():
        raise invalid(text)
    start = int(text[1:])
    return records[start : start + limit], f"p{start + limit}" if start + limit < len(records) else ""
