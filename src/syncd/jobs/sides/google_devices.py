"""ChromeOS devices of Google Admin as one side of a comparison."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, groupby
from operator import attrgetter, not_
from typing import Literal, Protocol

from syncd.host.errors import IntegrationError, Unavailable
from syncd.jobs.sides.trouble import doubtful
from syncd.reconcile.keys import Rejected, mac_key, mac_keys, serial_key, serial_keys
from syncd.reconcile.model import Action, Listing, Outcome
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known, known
from syncd.systems.google.records import WRITABLE, Device

SYSTEM = "google"
MOVE_BATCH = 50
"""Devices that one moveDevicesToOu takes (Directory API, chromeosdevices.moveDevicesToOu)."""

DEPROVISIONED = "DEPROVISIONED"

FieldType = Literal["text", "email", "mac", "time", "date", "org_unit"]


@dataclass(frozen=True, slots=True)
class DeviceField:
    """One field of a device: its name, how it is read, and the wire field it is in where that has another name."""

    name: str
    read: Callable[[Device], str]
    type: FieldType = "text"
    wire: str = ""

    @property
    def wire_name(self) -> str:
        """The wire field that a request has to name."""
        return self.wire or self.name

    @property
    def writable(self) -> bool:
        """Whether it can be written: by a PATCH, or, for the organisational unit, by a move."""
        return self.name in WRITABLE or self.type == "org_unit"

    @property
    def longest(self) -> int | None:
        """The characters that it can hold, None where Google names no limit."""
        return WRITABLE.get(self.name)


_FIELDS = (
    DeviceField("deviceId", attrgetter("device_id")),
    DeviceField("serialNumber", attrgetter("serial_number")),
    DeviceField("status", attrgetter("status")),
    DeviceField("model", attrgetter("model")),
    DeviceField("osVersion", attrgetter("os_version")),
    DeviceField("macAddress", attrgetter("mac_address"), "mac"),
    DeviceField("ethernetMacAddress", attrgetter("ethernet_mac_address"), "mac"),
    DeviceField("lastSync", attrgetter("last_sync"), "time"),
    DeviceField("autoUpdateThrough", attrgetter("auto_update_through"), "date"),
    DeviceField("lastUser", attrgetter("last_user"), "email", wire="recentUsers"),
    DeviceField("annotatedAssetId", attrgetter("annotated_asset_id")),
    DeviceField("annotatedUser", attrgetter("annotated_user"), "email"),
    DeviceField("annotatedLocation", attrgetter("annotated_location")),
    DeviceField("notes", attrgetter("notes")),
    DeviceField("orgUnitPath", attrgetter("org_unit_path"), "org_unit"),
)
DEVICE_FIELDS: Mapping[str, DeviceField] = {field.name: field for field in _FIELDS}


@dataclass(frozen=True, slots=True)
class SortedOut:
    """Devices that take part, those whose status keeps them out, and a line for each twin that is left out."""

    included: Sequence[Device]
    excluded: Sequence[Device]
    listings: Sequence[Listing]


def sort_out(devices: Sequence[Device], statuses: Collection[str]) -> SortedOut:
    """Choose devices by status; of one serial, a deprovisioned twin gives way to the device enrolled since."""
    wanted = frozenset(statuses)
    takes_part = [*map(wanted.__contains__, map(attrgetter("status"), devices))]
    chosen = [*compress(devices, takes_part)]
    gone = [device for device in chosen if device.status == DEPROVISIONED] if DEPROVISIONED in wanted else []
    excluded = [*compress(devices, map(not_, takes_part))]
    if not gone:
        return SortedOut(chosen, excluded, ())
    live = {serial_key(device.serial_number) for device in chosen if device.status != DEPROVISIONED}
    twins = {device.device_id: device for device in gone if _is_key(device, live)}
    return SortedOut(
        [device for device in chosen if device.device_id not in twins],
        excluded,
        [_superseded(device) for device in twins.values()],
    )


def _is_key(device: Device, live: Collection[str | Rejected]) -> bool:
    key = serial_key(device.serial_number)
    return isinstance(key, str) and key in live


def _superseded(device: Device) -> Listing:
    return Listing(
        state="superseded",
        system=SYSTEM,
        object=device.device_id,
        label=device.serial_number.strip(),
        why="it is deprovisioned, and a device with its serial is enrolled",
    )


def device_side(devices: Sequence[Device], match: Sequence[str]) -> Side[Device]:
    """Return devices as a side, with the match keys named (``serial``, ``mac``)."""
    rules = {
        "serial": KeyRule[Device](
            name="serial", read=attrgetter("serial_number"), normalise=serial_key, normalise_all=serial_keys
        ),
        "mac": KeyRule[Device](name="mac", read=attrgetter("mac_address"), normalise=mac_key, normalise_all=mac_keys),
    }
    return Side(
        system=SYSTEM,
        noun="device",
        records=devices,
        ident=attrgetter("device_id"),
        label=lambda device: device.serial_number.strip() or device.device_id,
        keys=tuple(rules[name] for name in match),
    )


class Devices(Protocol):
    """The part of the Google adapter that the writer uses."""

    def patch(self, device_id: str, changes: Mapping[str, str]) -> Device:
        """Change fields of one device and return it as it is now."""

    def move(self, org_unit_path: str, device_ids: Sequence[str]) -> None:
        """Move up to 50 devices to an organisational unit."""

    def list(self, *, fields: Collection[str]) -> Sequence[Device]:
        """List all devices with some fields."""


class DeviceWriter:
    """Writes devices: one PATCH for each changed one, moves in batches for each organisational unit."""

    system = SYSTEM

    def __init__(self, devices: Devices, concurrency: int) -> None:
        self._devices = devices
        self.concurrency = concurrency

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """Group moves by their target, 50 at most; everything else goes alone."""
        moves = sorted((action for action in actions if action.kind == "move"), key=_target_unit)
        yield from ((action,) for action in actions if action.kind != "move")
        for _, group in groupby(moves, key=_target_unit):
            together = tuple(group)
            yield from (together[at : at + MOVE_BATCH] for at in range(0, len(together), MOVE_BATCH))

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        """Make one request; a PATCH is proven by the device in its answer, a move only by a later read."""
        if batch[0].kind == "move":
            return self._move(batch)
        return [self._patch(action) for action in batch]

    def _patch(self, action: Action) -> Outcome:
        changes = {name: _wire(value) for name, value in action.after.items()}
        try:
            device = self._devices.patch(action.object, changes)
        except Unavailable as error:
            return doubtful(action, error)
        found = _values(device, action)
        proven = all(self.same(name, value, found[name]) for name, value in action.after.items())
        return Outcome(action=action.id, state="verified" if proven else "unproven", found=found)

    def _move(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        try:
            self._devices.move(_target_unit(batch[0]), [action.object for action in batch])
        except Unavailable as error:
            return [doubtful(action, error) for action in batch]
        return [Outcome(action=action.id, state="unproven") for action in batch]

    def read_back(
        self,
        actions: Sequence[Action],
        objects: Mapping[str, str],  # noqa: ARG002 - devices are never created
    ) -> Mapping[str, Mapping[str, Known]]:
        """Read the present values in one list of all devices, which costs pages and not devices."""
        masks = {DEVICE_FIELDS[name].wire_name for action in actions for name in action.after}
        now = {device.device_id: device for device in self._devices.list(fields=masks)}
        return {action.id: _values(now[action.object], action) for action in actions if action.object in now}

    def same(self, field: str, wanted: Known, found: Known) -> bool:
        """Compare in Google's spelling: organisational units ignore case."""
        return same_value(DEVICE_FIELDS[field].type, wanted, found)


def same_value(kind: FieldType, one: Known, other: Known) -> bool:
    """Compare two values of a type: addresses and units ignore case, MAC addresses their separators."""
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    if kind in {"email", "org_unit"}:
        return one.casefold() == other.casefold()
    if kind == "mac":
        key = mac_key(one)
        return isinstance(key, str) and key == mac_key(other)
    return False


def _values(device: Device, action: Action) -> dict[str, Known]:
    return {name: known(DEVICE_FIELDS[name].read(device)) for name in action.after}


def _wire(value: Known) -> str:
    if isinstance(value, tuple):
        raise IntegrationError(
            "a device field takes one text, not several", code="google.several_values", system=SYSTEM
        )
    return value or ""


def _target_unit(action: Action) -> str:
    return _wire(action.after["orgUnitPath"])
