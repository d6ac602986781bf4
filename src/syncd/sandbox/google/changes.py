"""``chromeosdevices``: writing. Every write is of one device and gives it a new etag."""

import msgspec

from syncd.sandbox.google.devices import check_customer, check_projection, find, shown
from syncd.sandbox.google.errors import ApiError, bad_payload, invalid, not_found
from syncd.sandbox.google.tenant import Record, Tenant
from syncd.sandbox.server import Call

_BATCH = 50
# Characters, as the discovery document says in prose.
_LIMITS = {"annotatedUser": 100, "annotatedLocation": 200, "notes": 500}
_WRITABLE = ("annotatedUser", "annotatedAssetId", "annotatedLocation", "notes", "orgUnitPath", "orgUnitId")
_ACTION = "CHANGE_CHROME_OS_DEVICE_STATUS_ACTION_"
# action: (statuses it may start from, status after)
_MOVES = {
    "DEPROVISION": (("ACTIVE", "DISABLED"), "DEPROVISIONED"),
    "DISABLE": (("ACTIVE",), "DISABLED"),
    "REENABLE": (("DISABLED",), "ACTIVE"),
}
_READ_ONLY = frozenset(
    [
        "activeTimeRanges",
        "autoUpdateExpiration",
        "autoUpdateThrough",
        "backlightInfo",
        "bluetoothAdapterInfo",
        "bootMode",
        "chromeOsType",
        "cpuInfo",
        "cpuStatusReports",
        "deprovisionReason",
        "deviceFiles",
        "deviceId",
        "deviceLicenseType",
        "diskSpaceUsage",
        "diskVolumeReports",
        "dockMacAddress",
        "etag",
        "ethernetMacAddress",
        "ethernetMacAddress0",
        "extendedSupportEligible",
        "extendedSupportEnabled",
        "extendedSupportStart",
        "fanInfo",
        "firmwareVersion",
        "firstEnrollmentTime",
        "kind",
        "lastDeprovisionTimestamp",
        "lastEnrollmentTime",
        "lastKnownNetwork",
        "lastSync",
        "macAddress",
        "manufactureDate",
        "meid",
        "model",
        "orderNumber",
        "osUpdateStatus",
        "osVersion",
        "osVersionCompliance",
        "platformVersion",
        "recentUsers",
        "screenshotFiles",
        "serialNumber",
        "status",
        "supportEndDate",
        "systemRamFreeReports",
        "systemRamTotal",
        "tpmVersionInfo",
        "willAutoRenew",
    ],
)
DEVICE_FIELDS = _READ_ONLY | frozenset(_WRITABLE)
"""The properties of ``ChromeOsDevice`` in the discovery document."""


class Writer:
    """Answers patch, update, moveDevicesToOu and batchChangeStatus."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def patch(self, call: Call, names: dict[str, str]) -> Record:
        """Change what the body names; ``""`` and null clear. PUT does the same: GAM sends partial bodies with it.

        Fields that only Google writes are ignored without a word, as Google's API rules have it (AIP-203, "output
        only"): the answer shows that nothing changed. Unknown fields are refused.
        """
        check_customer(self._tenant, names["customerId"])
        basic = check_projection(call)
        body = payload(call)
        with self._tenant.documents.write():
            device = find(self._tenant, names["deviceId"])
            self._check_etag(call, device)
            changes = _texts(body)
            if "orgUnitPath" in changes or "orgUnitId" in changes:
                changes = {**changes, **self._home(changes)}
            return shown(self._tenant.change(device, changes), basic=basic)

    def _check_etag(self, call: Call, device: Record) -> None:
        wanted = call.headers.get("if-match", "*")
        if self._tenant.settings.if_match and wanted not in ("*", device.get("etag")):
            raise ApiError(412, "conditionNotMet", "Precondition Failed", location="If-Match", location_type="header")

    def _home(self, changes: dict[str, str | None]) -> dict[str, str | None]:
        path, number = changes.get("orgUnitPath"), changes.get("orgUnitId")
        unit = self._tenant.unit(path or f"id:{number}")
        if unit is None:
            raise invalid("INVALID_OU_ID")
        own = str(unit["orgUnitId"]).removeprefix("id:")
        if number and number.removeprefix("id:") != own:
            raise invalid(f"Inconsistent Orgunit id and path in request - {number}, {path}")
        return {"orgUnitPath": unit["orgUnitPath"], "orgUnitId": own}

    def move(self, call: Call, names: dict[str, str]) -> None:
        """Move up to 50 devices; nothing moves when one of them does not exist."""
        check_customer(self._tenant, names["customerId"])
        unit = self._tenant.unit(call.first("orgUnitPath") or "")
        if unit is None or call.first("orgUnitPath") is None:
            raise invalid("INVALID_OU_ID")
        home = {"orgUnitPath": unit["orgUnitPath"], "orgUnitId": unit["orgUnitId"].removeprefix("id:")}
        with self._tenant.documents.write():
            for device in [find(self._tenant, key) for key in _device_ids(payload(call))]:
                self._tenant.change(device, home)

    def change_status(self, call: Call, names: dict[str, str]) -> Record:
        """Disable, enable or deprovision up to 50 devices; the answer is 200 with one result a device."""
        check_customer(self._tenant, names["customerId"])
        body = payload(call)
        action = str(body.get("changeChromeOsDeviceStatusAction", "")).removeprefix(_ACTION)
        if action not in _MOVES:
            raise bad_payload("Request contains an invalid argument.")
        reason = str(body.get("deprovisionReason", ""))
        if action == "DEPROVISION" and not reason.startswith("DEPROVISION_REASON_"):
            raise bad_payload("Request contains an invalid argument.")
        with self._tenant.documents.write():
            results = [self._status(key, action, reason) for key in _device_ids(body)]
        return {"changeChromeOsDeviceStatusResults": results}

    def _status(self, device_id: str, action: str, reason: str) -> Record:
        device = self._tenant.devices.get(device_id)
        if device is None:
            return {"deviceId": device_id, "error": {"code": 5, "message": not_found("deviceId").message}}
        allowed, after = _MOVES[action]
        if device["status"] not in allowed:
            message = f"Device in status {device['status']} cannot take {action}"
            return {"deviceId": device_id, "error": {"code": 9, "message": message}}
        changes: dict[str, str | None] = {"status": after}
        if action == "DEPROVISION":
            changes["deprovisionReason"] = reason
        self._tenant.change(device, changes)
        return {"deviceId": device_id, "response": {}}


def payload(call: Call) -> Record:
    """Return the body as a JSON object, or raise Google's 400."""
    try:
        return msgspec.json.decode(call.body, type=dict[str, object])
    except msgspec.MsgspecError:
        raise ApiError(400, "parseError", "Parse Error") from None


def _texts(body: Record) -> dict[str, str | None]:
    for name, value in body.items():
        if name not in DEVICE_FIELDS:
            raise bad_payload(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        if name in _WRITABLE and not isinstance(value, str | None):
            raise bad_payload(f"Invalid value at '{name}' (TYPE_STRING), {value}")
        if len(str(value)) > _LIMITS.get(name, len(str(value))):
            raise invalid(name)
    return {name: body[name] for name in _WRITABLE if name in body}


def _device_ids(body: Record) -> list[str]:
    keys = body.get("deviceIds")
    if not isinstance(keys, list) or not keys:
        raise ApiError(400, "required", "Required: deviceIds")
    if len(keys) > _BATCH:
        raise invalid(f"deviceIds: at most {_BATCH}")
    return [str(key) for key in keys]
