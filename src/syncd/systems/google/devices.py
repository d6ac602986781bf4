"""Read and write ChromeOS devices over the Directory API (methods chromeosdevices.* and orgunits.list).

A list is whole or an error: a page that is no page, repeats a token or repeats a device ends it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import ConfigurationError
from syncd.host.http import HttpClient, Request
from syncd.systems.google import orgunits
from syncd.systems.google.errors import SYSTEM
from syncd.systems.google.pages import HEADERS, Kind, Listing, Progress, incomplete, shape
from syncd.systems.google.records import WRITABLE, Device, Interner, mask, part_class

__all__ = ["ChromeDevices", "Device", "Progress"]

Devices: TypeAlias = list[Device]
Names: TypeAlias = list[str]

_MOVE_BATCH = 50
_MOST_GONE, _MOST_GONE_SHARE = 5, 0.01
_LIST, _COUNT, _ORG_UNITS = "list devices", "count devices", "list org units"


class _Count(msgspec.Struct):
    count: str = "0"


class _OrgUnit(msgspec.Struct, rename={"org_unit_path": "orgUnitPath"}):
    org_unit_path: str


class _OrgUnits(msgspec.Struct, rename={"organization_units": "organizationUnits"}):
    organization_units: list[_OrgUnit] = []


class ChromeDevices:
    """The devices of one customer. ``page_size`` is lowered to what Google allows."""

    def __init__(self, client: HttpClient, customer: str, page_size: int, *, clock: Clock | None = None) -> None:
        self._client = client
        self._root = f"admin/directory/v1/customer/{quote(customer, safe='')}"
        kind = Kind("device", f"{self._root}/devices/chromeos", "chromeosdevices", Device, attrgetter("device_id"))
        self._listing = Listing(client, clock or SystemClock(), kind, page_size)
        self._device = msgspec.json.Decoder(Device)
        self._org_units = msgspec.json.Decoder(_OrgUnits)

    def list(
        self,
        *,
        fields: Iterable[str],
        org_units: Sequence[str] = (),
        include_children: bool = True,
        query: str = "",
        progress: Progress | None = None,
        counted: bool = False,
    ) -> Devices:
        """Return all devices, or those of some org units, each device once.

        ``fields`` are wire names (``records.FIELDS``). ``counted`` asks Google how many there are, one request for
        each org unit, since a list that ends early looks like one that is whole. Raises Unavailable
        (``google.incomplete``) rather than give a part, ConfigurationError for an org unit or query that Google
        rejects.
        """
        wanted = mask(fields)
        sequences = _sequences(org_units, query, include_children=include_children)
        found: dict[str, Device] = {}
        for filters in sequences:
            taken = _taker(wanted, len(found), progress)
            more = self._listing.read({"projection": "FULL", **filters}, wanted, taken, part_class(wanted))
            found = found | more if found else more
        if counted:
            _check_whole(len(found), sum(map(self._count, sequences)))
        return [*found.values()]

    def get(self, device_id: str, *, fields: Iterable[str]) -> Device:
        """Return one device with these fields (wire names); raises NotFound for one that is not there."""
        return self._about(device_id, "GET", "read device", fields)

    def count(self, *, org_units: Sequence[str] = (), include_children: bool = True, query: str = "") -> int:
        """Return how many devices ``list`` would give; one request for each org unit. Raises as ``list`` does."""
        return sum(map(self._count, _sequences(org_units, query, include_children=include_children)))

    def patch(self, device_id: str, changes: Mapping[str, str]) -> Device:
        """Write fields (wire names of ``records.WRITABLE``) of a device; "" clears.

        Returns what Google says it has afterwards, in those fields alone: the caller compares. Raises WriteRefused,
        NotFound, or Unavailable; with the code ``google.incomplete`` when the answer does not prove anything.
        """
        refused = sorted(changes.keys() - WRITABLE.keys())
        if refused or not changes:
            raise ConfigurationError(
                f"{', '.join(refused) or 'Nothing'} cannot be written to a Google device; {', '.join(WRITABLE)} can.",
                code="google.field",
                system=SYSTEM,
            )
        return self._about(device_id, "PATCH", "update device", changes, msgspec.json.encode(dict(changes)))

    def move(self, org_unit_path: str, device_ids: Sequence[str]) -> None:
        """Move devices to an org unit, 50 a request. The answer is empty: only a read proves it."""
        target = orgunits.spelled(org_unit_path)
        for start in range(0, len(device_ids), _MOVE_BATCH):
            batch = device_ids[start : start + _MOVE_BATCH]
            self._client.send(
                Request(
                    "POST",
                    f"{self._root}/devices/chromeos/moveDevicesToOu",
                    "move devices to org unit",
                    target,
                    params=(("orgUnitPath", target), ("prettyPrint", "false")),
                    headers=HEADERS,
                    body=msgspec.json.encode({"deviceIds": [*batch]}),
                )
            )

    def org_units(self) -> Names:
        """Return the paths of all org units, the root ``/`` first."""
        reply = self._client.send(
            Request(
                "GET",
                f"{self._root}/orgunits",
                _ORG_UNITS,
                params=(
                    ("fields", "organizationUnits(orgUnitPath)"),
                    ("prettyPrint", "false"),
                    ("type", "allIncludingParent"),
                ),
                headers=HEADERS,
            )
        )
        try:
            units = self._org_units.decode(reply.body).organization_units
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise incomplete(f"The list of org units is none ({shape(reply)})", _ORG_UNITS) from problem
        return ["/", *(unit.org_unit_path for unit in units if unit.org_unit_path != "/")]

    def _about(
        self, device_id: str, method: str, operation: str, fields: Iterable[str], body: bytes | None = None
    ) -> Device:
        """Send a request about one device, whose answer is that device with these fields."""
        request = Request(
            method,
            f"{self._root}/devices/chromeos/{quote(device_id, safe='')}",
            operation,
            device_id,
            params=(("fields", mask(fields)), ("prettyPrint", "false"), ("projection", "FULL")),
            headers=HEADERS,
            body=body,
        )
        reply = self._client.send(request)
        answer = f"The answer to {operation} is"
        try:
            device = self._device.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise incomplete(f"{answer} no device ({shape(reply)})", operation, device_id) from problem
        if device.device_id != device_id:
            raise incomplete(f"{answer} about device {device.device_id}", operation, device_id)
        return device

    def _count(self, filters: Mapping[str, str]) -> int:
        """Ask how many devices a list should have (chromeosdevices.countChromeOsDevices)."""
        params = {"filter" if name == "query" else name: value for name, value in filters.items()}
        request = Request(
            "GET",
            f"{self._root}/devices/chromeos:countChromeOsDevices",
            _COUNT,
            params=(*params.items(), ("prettyPrint", "false")),
            headers=HEADERS,
        )
        reply = self._client.send(request)
        try:
            return int(msgspec.json.decode(reply.body, type=_Count).count)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
            raise incomplete(f"The number of devices is none ({shape(reply)})", _COUNT) from problem


def _sequences(org_units: Sequence[str], query: str, *, include_children: bool) -> Sequence[Mapping[str, str]]:
    """Return the filters of each list to read, so that no device is read twice."""
    places = orgunits.outermost(org_units, include_children=include_children)
    if include_children and "/" in places:
        places = []
    return [_filters(place, query, include_children=include_children) for place in places or [""]]


def _filters(org_unit: str, query: str, *, include_children: bool) -> dict[str, str]:
    filters = {"query": query} if query else {}
    if org_unit:
        filters |= {"orgUnitPath": org_unit, "includeChildOrgunits": "true" if include_children else "false"}
    return filters


def _taker(wanted: str, done: int, progress: Progress | None) -> Callable[[Devices, int], None]:
    """Return what is done with each page: texts that many devices share are kept once, progress is told."""
    interner = Interner(wanted.split(","))

    def take(devices: Devices, so_far: int) -> None:
        interner.share(devices)
        if progress is not None:
            progress("Google devices", done + so_far, None)

    return take


def _check_whole(listed: int, counted: int) -> None:
    """Raise Unavailable when a list is shorter than devices that came or went meanwhile can explain."""
    if counted - listed > max(_MOST_GONE, counted * _MOST_GONE_SHARE):
        raise incomplete(f"The device list ended early: {listed} of {counted} devices", _LIST)
