"""The Google side's state: one customer with org units, devices and users."""

import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.sandbox.store import Documents

Record = dict[str, Any]

SCOPE = "https://www.googleapis.com/auth/"
DEVICES = f"{SCOPE}admin.directory.device.chromeos"
ORG_UNITS = f"{SCOPE}admin.directory.orgunit"
USERS = f"{SCOPE}admin.directory.user"
MEMBERS = f"{SCOPE}admin.directory.group.member"
TELEMETRY = f"{SCOPE}chrome.management.telemetry"
CUSTOMER = f"{SCOPE}admin.directory.customer"
_WRITABLE = (DEVICES, ORG_UNITS, USERS, MEMBERS, CUSTOMER)
_DELEGATED = frozenset(base + end for base in _WRITABLE for end in ("", ".readonly")) | {f"{TELEMETRY}.readonly"}

ADMIN: Record = {
    "kind": "admin#directory#user",
    "id": "100000000000000000001",
    "etag": '"syn/admin"',
    "primaryEmail": "admin@example.org",
    "name": {"givenName": "Ada", "familyName": "Admin", "fullName": "Ada Admin"},
    "isAdmin": True,
    "orgUnitPath": "/",
}
"""Who is there where no users are given."""


@dataclass
class Settings:
    """Switches; they may be turned while the sandbox runs, and are not kept.

    ``page_limit``: the largest maxResults of devices, ``users_limit`` that of users; more is refused, or cut down with
    ``clamp``. ``token_seconds``: the life of an access token. ``sequence_seconds``: how long a sequence of pages of
    devices may take. ``if_match``: honour If-Match. ``recent_seconds``: how old a telemetry report may be for a request
    that names no time, which Google's reference leaves open. ``scopes``: what was delegated to the service account.
    ``clock``: seconds since 1970.
    """

    page_limit: int = 300
    users_limit: int = 500
    clamp: bool = False
    token_seconds: int = 3600
    sequence_seconds: float = 3600.0
    if_match: bool = False
    recent_seconds: float = math.inf
    scopes: frozenset[str] = _DELEGATED
    clock: Callable[[], float] = field(default=time.time)


class Tenant:
    """One customer. Records are Google's JSON; they are replaced at a write, never changed in place."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        self.documents = documents
        self.settings = settings
        self.devices = documents.collection("google.devices")
        self.units = documents.collection("google.orgunits")
        self.users = documents.collection("google.users")
        self.groups = documents.collection("google.groups")
        self.members = documents.collection("google.members")
        self.telemetry = documents.collection("google.telemetry")
        self._about = documents.collection("google.customer")

    @property
    def customer(self) -> str:
        """The customer id."""
        return str((self._about.get("customer") or {}).get("id", "C0synth01"))

    @property
    def domain(self) -> str:
        """The customer's primary domain."""
        return str((self._about.get("customer") or {}).get("domain", "example.org"))

    def is_admin(self, address: str) -> bool:
        """Tell whether someone may administer the customer."""
        user = self.users.get(address.lower())
        return user is not None and bool(user.get("isAdmin"))

    def seed(self, data: Mapping[str, Any]) -> None:
        """Take over seed data; a state is not mixed.

        It has ``customer``, ``orgunits``, ``chromeosdevices``, ``users``, ``groups``, ``members`` and
        ``telemetryDevices``. A member is ``{group, id, role, type}`` with the ids of both, and ``email`` for one of
        another domain.
        """
        if len(self._about):
            return
        users = data.get("users") or [ADMIN]
        units = list(data.get("orgunits", ()))
        ids = {unit["orgUnitPath"]: unit["orgUnitId"] for unit in units}
        with self.documents.write():
            self._about.put("customer", {"id": data.get("customer", "C0synth01"), "domain": "example.org"})
            self.users.put_all((user["primaryEmail"].lower(), user) for user in users)
            self.groups.put_all((group["id"], group) for group in data.get("groups", ()))
            self.members.put_all((f"{one['group']}/{one['id']}", one) for one in data.get("members", ()))
            self.units.put_all((unit["orgUnitPath"].lower(), _complete(unit, ids)) for unit in units)
            self.devices.put_all((device["deviceId"], device) for device in data.get("chromeosdevices", ()))
            self.telemetry.put_all((device["deviceId"], device) for device in data.get("telemetryDevices", ()))

    def unit(self, name: str) -> Record | None:
        """Find an org unit by path (any case, leading slash or not), by ``id:...`` or by the id without its prefix."""
        found = self.units.get("/" + name.lower().strip("/"))
        if found is not None:
            return found
        wanted = "id:" + name.removeprefix("id:")
        return next((unit for unit in list(self.units.values()) if unit["orgUnitId"] == wanted), None)

    def user(self, key: str) -> Record | None:
        """Find a user by id or by any of its addresses."""
        wanted = key.lower()
        found = self.users.get(wanted)
        if found is not None:
            return found
        return next((user for user in list(self.users.values()) if wanted in _names(user, "primaryEmail")), None)

    def group(self, key: str) -> Record | None:
        """Find a group by id or by any of its addresses."""
        wanted = key.lower()
        return next((group for group in list(self.groups.values()) if wanted in _names(group, "email")), None)

    def change(self, device: Record, changes: Mapping[str, str | None]) -> Record:
        """Write fields of a device; None and ``""`` clear. Returns the new record, with a new etag."""
        kept = {name: value for name, value in device.items() if name not in changes}
        written = {name: value for name, value in changes.items() if value}
        record = kept | written | {"etag": etag()}
        self.devices.put(record["deviceId"], record)
        return record


def etag() -> str:
    """Return a new etag, in quotes as Google writes it."""
    return f'"syn/{secrets.token_urlsafe(15)}"'


def _names(record: Record, address: str) -> set[str]:
    aliases = (*record.get("aliases", ()), *record.get("nonEditableAliases", ()))
    return {str(name).lower() for name in (record["id"], record[address], *aliases)}


def _complete(unit: Record, ids: Mapping[str, str]) -> Record:
    path = unit["orgUnitPath"]
    parent = path.rpartition("/")[0] or "/"
    whole = {"kind": "admin#directory#orgUnit", "etag": etag(), "name": path.rpartition("/")[2] or "Example District"}
    if path != "/":
        whole |= {"parentOrgUnitPath": parent, "parentOrgUnitId": ids[parent]}
    return whole | {name: value for name, value in unit.items() if value is not None}
