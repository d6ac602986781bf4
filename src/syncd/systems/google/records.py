"""ChromeOS devices as records, and which of their fields syncd reads and writes."""

from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from typing import cast

import msgspec
from msgspec.structs import force_setattr

from syncd.host.errors import ConfigurationError


class RecentUser(msgspec.Struct, frozen=True, gc=False):
    """Somebody who used a device. ``email`` is given for ``USER_TYPE_MANAGED`` only."""

    email: str = ""


class Device(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A ChromeOS device (Directory API, ChromeOsDevice). "" stands for what Google has no value for or was not asked.

    ``device_id`` is the key. MAC addresses are 12 hex digits in either case; ``last_sync`` is RFC 3339;
    ``auto_update_through`` has no declared format; ``recent_users`` has the newest first.
    """

    device_id: str
    serial_number: str = ""
    status: str = ""
    annotated_user: str = ""
    annotated_asset_id: str = ""
    annotated_location: str = ""
    notes: str = ""
    org_unit_path: str = ""
    model: str = ""
    os_version: str = ""
    mac_address: str = ""
    ethernet_mac_address: str = ""
    last_sync: str = ""
    auto_update_through: str = ""
    recent_users: tuple[RecentUser, ...] = ()

    @property
    def last_user(self) -> str:
        """Return the address of the newest managed user, or ""."""
        for user in self.recent_users:
            if user.email:
                return user.email
        return ""


FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(Device))
"""Wire names that can be asked for."""

_EMPTY = {field.name: field.default for field in msgspec.structs.fields(Device) if not field.required}
_Unread = type("_Unread", (), {"__slots__": (), **_EMPTY, "last_user": Device.last_user})


@lru_cache(maxsize=32)
def part_class(wanted: str) -> type[Device]:
    """Return a class for the devices of a list with this mask, in which all other fields are empty.

    It is a Device to the type checker only; of a large fleet records with room for all fields take twice the memory.
    """
    names = frozenset(wanted.split(","))
    if names == FIELDS:
        return Device
    read = [field for field in msgspec.structs.fields(Device) if field.encode_name in names]
    fields = [(field.name, field.type) if field.required else (field.name, field.type, field.default) for field in read]
    made = msgspec.defstruct(
        "PartDevice", fields, bases=(_Unread, msgspec.Struct), frozen=True, gc=False, rename="camel"
    )
    return cast("type[Device]", made)


STATUSES = (
    "ACTIVE",
    "DELINQUENT",
    "DEPROVISIONED",
    "DISABLED",
    "INACTIVE",
    "PRE_PROVISIONED",
    "RETURN_ARRIVED",
    "RETURN_REQUESTED",
    "SHIPPED",
    "UNKNOWN",
)
"""What ``status`` can be (Directory API, ChromeOsDevice)."""

WRITABLE = {"annotatedUser": 100, "annotatedAssetId": None, "annotatedLocation": 200, "notes": 500}
"""Wire names that ``patch`` writes, each with Google's longest text in characters (None: not stated).

``orgUnitPath`` is writable too, but a patch of it can be refused ("Inconsistent Orgunit id and path"): move devices.
"""

_FEW_VALUES = {
    "status": "status",
    "orgUnitPath": "org_unit_path",
    "model": "model",
    "osVersion": "os_version",
    "autoUpdateThrough": "auto_update_through",
    "annotatedLocation": "annotated_location",
}


def mask(fields: Iterable[str]) -> str:
    """Return the part of a ``fields`` mask for one device, the id always included; unknown names are refused."""
    wanted = {"deviceId", *fields}
    unknown = sorted(wanted - FIELDS)
    if unknown:
        raise ConfigurationError(
            f"syncd reads no field {', '.join(unknown)} of Google devices; it reads {', '.join(sorted(FIELDS))}.",
            code="google.field",
            system="google",
        )
    return ",".join(sorted(wanted))


def refused(field: str, value: str) -> str | None:
    """Return why Google would refuse a value, or None; lengths are those of the API's reference."""
    if field not in WRITABLE:
        return f"{field} cannot be written"
    longest = WRITABLE[field]
    if longest is not None and len(value) > longest:
        return f"{len(value)} characters are more than the {longest} that Google takes in {field}"
    return None


class Interner:
    """Keeps one copy of texts that many devices share; a fleet has few models and org units. ``fields``: wire names."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._names = [_FEW_VALUES[field] for field in fields if field in _FEW_VALUES]
        self._kept: dict[str, str] = {}

    def share(self, devices: Sequence[Device]) -> None:
        """Replace the devices' texts of few values by the kept copies."""
        for name in self._names:
            values = [*map(attrgetter(name), devices)]
            kept = map(self._kept.setdefault, values, values)
            # No loop of Python's own: half a million texts pass here.
            deque(map(force_setattr, devices, repeat(name), kept), maxlen=0)
