"""Every operation of the adapter for Google."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import count

from faults.kinds import FINE, Expect, at_once
from faults.lab import Route, Systems
from faults.operation import Operation
from syncd.host.errors import ConfigurationError, NotFound, Unavailable, WriteRefused
from syncd.systems.google.errors import EXISTS

_number = count(1)
_DEVICES = "/devices/chromeos"
_A_DEVICE = rf"{_DEVICES}/[^/:?]+\?"
_USERS = r"/directory/v1/users\?"
_MEMBERS = r"/groups/[^/]+/members"

EMPTY_ANSWER: Mapping[str, Expect] = {
    "reset before the body": FINE,
    "reset during the body": FINE,
    "stall in the body": FINE,
    "body drips slowly": FINE,
    "body shorter than announced": FINE,
    "JSON cut": FINE,
    "no body": FINE,
    "HTML with 200": FINE,
}
"""A move answers with nothing, so that there is nothing of it to lose; what moved is read back."""

_TOKEN_REFUSED = at_once(Unavailable, "google.incomplete", tries=6, again=True)
TOKEN_AGAIN: Mapping[str, Expect] = {
    "400 invalid": _TOKEN_REFUSED,
    "404 notFound": _TOKEN_REFUSED,
    "409 duplicate": _TOKEN_REFUSED,
}
"""Google at times refuses a good page token: asked for thrice, then the list is begun anew, once."""

SMALLER_PAGES: Mapping[str, Expect] = {
    "400 invalidParameter": at_once(ConfigurationError, "google.invalid_parameter", tries=3, again=True)
}
"""Google may allow smaller pages only: 200 are tried, and 100."""

NO_SUCH_DEVICE: Mapping[str, Expect] = {"404 notFound": at_once(NotFound, "google.not_found")}
"""What was asked for by its id can be gone."""


def _patch(systems: Systems) -> object:
    return systems.google.devices.patch(systems.known.device, {"notes": f"note {next(_number)}"})


def _find(systems: Systems) -> object:
    members, known = systems.google.members, systems.known
    with suppress(WriteRefused):
        members.insert(known.group, known.member["primaryEmail"], "a member")
    return members.find(known.group, known.member["primaryEmail"], "a member")


def _insert(systems: Systems) -> object:
    """Add somebody who is no member; that somebody is one by now is what was wanted, as the job has it."""
    members, known = systems.google.members, systems.known
    with suppress(NotFound):
        members.delete(known.group, known.member["id"], "a member")
    try:
        return members.insert(known.group, known.member["primaryEmail"], "a member")
    except WriteRefused as error:
        if error.code != EXISTS:
            raise
        return None


def _delete(systems: Systems) -> None:
    """Take a member out; that it is none by now is what was wanted, as the job has it."""
    members, known = systems.google.members, systems.known
    with suppress(WriteRefused):
        members.insert(known.group, known.member["primaryEmail"], "a member")
    with suppress(NotFound):
        members.delete(known.group, known.member["id"], "a member")


OPERATIONS: Mapping[str, Operation] = {
    "list devices": Operation(
        "read",
        Route("GET", rf"{_DEVICES}\?"),
        lambda of: of.google.devices.list(fields=["serialNumber"]),
        SMALLER_PAGES,
    ),
    "list devices, a later page": Operation(
        "read",
        Route("GET", "pageToken="),
        lambda of: of.google_in_pages.devices.list(fields=["serialNumber"]),
        TOKEN_AGAIN,
    ),
    "count devices": Operation("read", Route("GET", ":countChromeOsDevices"), lambda of: of.google.devices.count()),
    "read device": Operation(
        "read",
        Route("GET", _A_DEVICE),
        lambda of: of.google.devices.get(of.known.device, fields=["notes"]),
        NO_SUCH_DEVICE,
    ),
    "update device": Operation("write", Route("PATCH", _A_DEVICE), _patch),
    "move devices to org unit": Operation(
        "write",
        Route("POST", "/moveDevicesToOu"),
        lambda of: of.google.devices.move("/Staff", [of.known.device]),
        EMPTY_ANSWER,
    ),
    "list org units": Operation("read", Route("GET", "/orgunits"), lambda of: of.google.devices.org_units()),
    "list users": Operation(
        "read", Route("GET", rf"{_USERS}(?!.*sortOrder)"), lambda of: of.google.users.list(), SMALLER_PAGES
    ),
    "list users, the last one": Operation(
        "read", Route("GET", rf"{_USERS}.*sortOrder"), lambda of: of.google.users.list()
    ),
    "look whether org units have users": Operation(
        "read", Route("GET", _USERS), lambda of: of.google.users.nobody_in(org_units=["/"])
    ),
    "list members": Operation(
        "read",
        Route("GET", rf"{_MEMBERS}\?"),
        lambda of: of.google.members.list(of.known.group),
        {
            **NO_SUCH_DEVICE,
            "400 invalidParameter": at_once(ConfigurationError, "google.invalid_parameter", tries=2, again=True),
        },
    ),
    "look whether a group has members": Operation(
        "read", Route("GET", rf"{_MEMBERS}\?"), lambda of: of.google.members.has_any(of.known.group), NO_SUCH_DEVICE
    ),
    "find member": Operation("read", Route("GET", rf"{_MEMBERS}/"), _find, {"404 notFound": FINE}),
    "insert member": Operation("write", Route("POST", rf"{_MEMBERS}\?"), _insert, {"409 duplicate": FINE}),
    "delete member": Operation(
        "write", Route("DELETE", rf"{_MEMBERS}/"), _delete, {**EMPTY_ANSWER, "404 notFound": FINE}
    ),
    "list telemetry devices": Operation(
        "read", Route("GET", "/telemetry/devices"), lambda of: of.google.telemetry.list(), SMALLER_PAGES
    ),
    "look for a telemetry device": Operation(
        "read", Route("GET", "/telemetry/devices"), lambda of: of.google.telemetry.seen()
    ),
}
