"""``chromeosdevices``: reading. Lists come in pages that stay stable while devices change."""

from syncd.sandbox.google import queries
from syncd.sandbox.google.errors import forbidden, invalid, not_found
from syncd.sandbox.google.sequences import Sequences, limit_of, one_of, page_of
from syncd.sandbox.google.tenant import Record, Tenant
from syncd.sandbox.server import Call

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


class Reader:
    """Answers list, get and count."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._sequences = Sequences(tenant.settings, ("query", "orgUnitPath", "includeChildOrgunits", "orderBy"))

    def page(self, call: Call, names: dict[str, str]) -> Record:
        """Return one page: ``{kind, etag, chromeosdevices, nextPageToken}``; empty parts are left out."""
        check_customer(self._tenant, names["customerId"])
        limit = limit_of(call, self._tenant.settings.page_limit, self._tenant.settings)
        basic = check_projection(call)
        keys, token = self._sequences.page(call, limit, lambda: self._ordered(call))
        page = [device for key in keys if (device := self._tenant.devices.get(key))]
        return page_of("chromeosdevices", "chromeosdevices", [shown(device, basic=basic) for device in page], token)

    def get(self, call: Call, names: dict[str, str]) -> Record:
        """Return one device."""
        check_customer(self._tenant, names["customerId"])
        return shown(find(self._tenant, names["deviceId"]), basic=check_projection(call))

    def count(self, call: Call, names: dict[str, str]) -> Record:
        """Return ``{"count": "123"}``."""
        check_customer(self._tenant, names["customerId"])
        return {"count": str(len(self._select(call, call.first("filter", "") or "")))}

    def _ordered(self, call: Call) -> list[str]:
        devices = self._select(call, call.first("query") or "")
        devices.sort(key=lambda device: str(device["deviceId"]))
        order = call.first("orderBy") or ""
        if order:
            if order not in _ORDERS:
                raise invalid(order)
            backwards = call.first("sortOrder") == "DESCENDING"
            devices.sort(key=lambda device: str(device.get(order, "")), reverse=backwards)
        return [device["deviceId"] for device in devices]

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
    return one_of(call, "projection", ("BASIC", "FULL")) == "BASIC"


def check_customer(tenant: Tenant, customer: str) -> None:
    """Refuse other customers than the sandbox's."""
    if customer not in ("my_customer", tenant.customer):
        raise forbidden()
