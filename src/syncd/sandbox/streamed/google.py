"""Google with a streamed fleet: lists of all devices are made page by page, what is written is kept as ever."""

import re
from functools import lru_cache
from typing import Any

import msgspec

from syncd.sandbox.google import GoogleApp, masks
from syncd.sandbox.google.devices import Reader, check_customer, check_projection, shown
from syncd.sandbox.google.errors import ApiError, invalid
from syncd.sandbox.google.sequences import limit_of, page_of
from syncd.sandbox.google.tenant import Record, Tenant
from syncd.sandbox.server import Answer, Call
from syncd.sandbox.store import Documents
from syncd.sandbox.streamed.numbering import Numbering

_DEVICE = re.compile(r"/admin/directory/v1/customer/[^/]+/devices/chromeos/([^/:]+)")
_NARROWED = ("query", "filter", "orgUnitPath", "orderBy")


class StreamedGoogle(GoogleApp):
    """A stand-in with so many devices; one is held from the moment that somebody asks for it alone, or writes it.

    Lists of a part of the devices are refused (501).
    """

    def __init__(self, numbering: Numbering, documents: Documents | None = None) -> None:
        super().__init__(documents, reader=lambda tenant: StreamedReader(tenant, numbering))
        self.tenant.seed({"orgunits": numbering.pattern.org_units})
        self._numbering = numbering

    def handle(self, call: Call) -> Answer:
        """Answer one call, once the devices that it is about are held."""
        found = _DEVICE.fullmatch(call.path)
        if found and found[1] != "moveDevicesToOu":
            self._hold(found[1])
        elif found or call.path.endswith(":batchChangeStatus"):
            for device_id in _named(call.body):
                self._hold(device_id)
        return super().handle(call)

    def device(self, device_id: str) -> Record:
        """Return a device as it is now; KeyError when there is none."""
        self._hold(device_id)
        return super().device(device_id)

    def _hold(self, device_id: str) -> None:
        number = self._numbering.number_of(device_id)
        if number is None:
            return
        # One step: what somebody else writes in between must not be put back to what was made.
        with self.tenant.documents.lock:
            if device_id not in self.tenant.devices:
                original = self._numbering.pattern.devices[self._numbering.original(number)]
                text = self._numbering.renumbered(msgspec.json.encode(original), number)
                self.tenant.devices.put(device_id, msgspec.json.decode(text))


class StreamedReader(Reader):
    """Answers list, get and count. A page token is the place of the first device of its page."""

    def __init__(self, tenant: Tenant, numbering: Numbering) -> None:
        super().__init__(tenant)
        self._numbering = numbering
        self._originals = lru_cache(maxsize=16)(self._rendered)

    def page(self, call: Call, names: dict[str, str]) -> Record:
        """Return one page, whose devices are JSON already, as the mask of the call wants them."""
        check_customer(self._tenant, names["customerId"])
        _check_whole(call)
        limit = limit_of(call, self._tenant.settings.page_limit, self._tenant.settings)
        start = _place(call.first("pageToken"))
        end = min(start + limit, self._numbering.size)
        wanted = (call.first("fields"), check_projection(call))
        devices = b",".join(self._device(place, *wanted) for place in range(start, end))
        token = f"{end:x}" if end < self._numbering.size else ""
        page = msgspec.Raw(b"[" + devices + b"]") if devices else None
        return page_of("chromeosdevices", "chromeosdevices", page, token)

    def count(self, call: Call, names: dict[str, str]) -> Record:
        """Return ``{"count": "123"}``."""
        check_customer(self._tenant, names["customerId"])
        _check_whole(call)
        return {"count": str(self._numbering.size)}

    def _device(self, place: int, mask: str | None, basic: bool) -> bytes:  # noqa: FBT001 - the key of a cache
        number = self._numbering.at(place)
        held = self._tenant.devices.get(self._numbering.device_id(number)) if len(self._tenant.devices) else None
        if held is not None:
            return msgspec.json.encode(_masked(shown(held, basic=basic), mask))
        original = self._originals(mask, basic)[self._numbering.original(number)]
        return self._numbering.renumbered(original, number)

    def _rendered(self, mask: str | None, basic: bool) -> list[bytes]:  # noqa: FBT001
        """Return the pattern's devices as a mask shows them."""
        devices = (shown(device, basic=basic) for device in self._numbering.pattern.devices)
        return [msgspec.json.encode(_masked(device, mask)) for device in devices]


def _masked(device: Record, mask: str | None) -> Any:  # noqa: ANN401
    if mask is None:
        return device
    page = masks.projector(mask)({"chromeosdevices": [device]})
    return page.get("chromeosdevices", [{}])[0]


def _check_whole(call: Call) -> None:
    if any(call.first(name) for name in _NARROWED):
        raise ApiError(501, "notImplemented", "A streamed fleet has no lists of a part of its devices")


def _place(token: str | None) -> int:
    try:
        return int(token or "0", 16)
    except ValueError:
        raise invalid(token or "") from None


def _named(body: bytes) -> list[str]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any]).get("deviceIds") or []
    except msgspec.MsgspecError:
        return []
