"""The device search language (Directory API, "List query operators"), as far as it makes sense offline.

Values match whole or in part, without regard to case; terms are joined by AND. Whether Google matches ``user`` and the
like at word boundaries only is not documented; here any part matches.
"""

import re
from collections.abc import Callable
from typing import Any

from syncd.sandbox.google.errors import ApiError, invalid

Device = dict[str, Any]
Test = Callable[[Device], bool]

_TERM = re.compile(r'\s*([a-z_]+):(?:"([^"]*)"|(\S+))')
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHORTEST_ID = 3
_STATUS = {
    "provisioned": ("ACTIVE",),
    "disabled": ("DISABLED",),
    "deprovisioned": ("DEPROVISIONED",),
    "managed": ("ACTIVE", "DISABLED"),
}
_TEXT = {
    "asset_id": "annotatedAssetId",
    "user": "annotatedUser",
    "location": "annotatedLocation",
    "note": "notes",
    "public_model_name": "model",
    "meid": "meid",
    "chrome_version": "osVersion",
}
_DATES = {
    "register": "firstEnrollmentTime",
    "sync": "lastSync",
    "aue": "autoUpdateThrough",
}
_NOT_HERE = ("last_user_activity", "update_status", "compliance", "policy_status", "sku", "license_sku")


def parse(query: str) -> list[Test]:
    """Return one test for each term; raises ApiError 400 for a query that is none, 501 for what is not emulated."""
    tests: list[Test] = []
    place = 0
    while query[place:].strip():
        found = _TERM.match(query, place)
        if found is None:
            raise invalid(query)
        quoted, plain = found.group(2), found.group(3)
        tests.append(_term(found.group(1), plain if quoted is None else quoted, query))
        place = found.end()
    return tests


def _term(operator: str, value: str, query: str) -> Test:
    if operator in _TEXT:
        return _contains(_TEXT[operator], value)
    if operator in _DATES:
        return _within(_DATES[operator], value, query)
    if operator == "id" and len(value) >= _SHORTEST_ID:
        return _contains("serialNumber", value)
    if operator == "status" and value.lower() in _STATUS:
        wanted = _STATUS[value.lower()]
        return lambda device: device.get("status") in wanted
    if operator == "ethernet_mac" and re.fullmatch("[0-9A-Fa-f]{12}", value):
        return lambda device: str(device.get("ethernetMacAddress", "")).lower() == value.lower()
    if operator in _NOT_HERE:
        raise ApiError(501, "notImplemented", f"The sandbox does not know the operator {operator}")
    raise invalid(query)


def _contains(name: str, value: str) -> Test:
    wanted = value.casefold()
    return lambda device: wanted in str(device.get(name, "")).casefold()


def _within(name: str, value: str, query: str) -> Test:
    first, dots, last = value.partition("..")
    days = [day for day in (first, last) if day]
    if not days or not all(_DAY.fullmatch(day) for day in days):
        raise invalid(query)
    start, end = first or "0000-00-00", (last or "9999-99-99") if dots else first
    return lambda device: name in device and start <= str(device[name])[:10] <= end
