"""Read and write ChromeOS devices over the Directory API (methods chromeosdevices.* and orgunits.list).

A list is whole or an error: a page that is no page, repeats a token or repeats a device ends it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from syncd import __version__
from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.host.http import HttpClient, Reply, Request
from syncd.systems.google import orgunits
from syncd.systems.google.errors import INCOMPLETE, INVALID, SYSTEM
from syncd.systems.google.records import WRITABLE, Device, Interner, mask

__all__ = ["ChromeDevices", "Device", "Progress"]

Progress = Callable[[str, int, int | None], None]
"""Called with (what, done, total) after each page; total is None."""
Devices: TypeAlias = list[Device]
Names: TypeAlias = list[str]

_MOVE_BATCH = 50
_TOKEN_WAITS = (1.0, 3.0)
_MOST_EMPTY_PAGES = 100
_MOST_GONE, _MOST_GONE_SHARE = 5, 0.01
_PAGE_SIZES = (200, 100)
_RANGE = re.compile(r"\[\s*1\s*,\s*(\d+)\s*\]")
_HEADERS = {"User-Agent": f"syncd/{__version__} (gzip)"}
_ident = attrgetter("device_id")
"""Google compresses only for agents that say gzip in their name, too."""


class _Page(msgspec.Struct, rename={"next_page_token": "nextPageToken"}):
    chromeosdevices: list[Device] = []
    next_page_token: str = ""
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Count(msgspec.Struct):
    count: str = "0"


class _OrgUnit(msgspec.Struct, rename={"org_unit_path": "orgUnitPath"}):
    org_unit_path: str


class _OrgUnits(msgspec.Struct, rename={"organization_units": "organizationUnits"}):
    organization_units: list[_OrgUnit] = []


class _TokenRefused(Exception):
    """A page token was refused for good; the list may be started again."""


class ChromeDevices:
    """The devices of one customer. ``page_size`` is lowered to what Google allows."""

    def __init__(self, client: HttpClient, customer: str, page_size: int, *, clock: Clock | None = None) -> None:
        self._client = client
        self._root = f"admin/directory/v1/customer/{quote(customer, safe='')}"
        self._page_size = page_size
        self._clock: Clock = clock or SystemClock()
        self._pages = msgspec.json.Decoder(_Page)
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
            more = self._sequence(wanted, filters, len(found), progress)
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
                    headers=_HEADERS,
                    body=msgspec.json.encode({"deviceIds": [*batch]}),
                )
            )

    def org_units(self) -> Names:
        """Return the paths of all org units, the root ``/`` first."""
        reply = self._client.send(
            Request(
                "GET",
                f"{self._root}/orgunits",
                "list org units",
                params=(
                    ("fields", "organizationUnits(orgUnitPath)"),
                    ("prettyPrint", "false"),
                    ("type", "allIncludingParent"),
                ),
                headers=_HEADERS,
            )
        )
        try:
            units = self._org_units.decode(reply.body).organization_units
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise _incomplete(f"The list of org units is none ({_shape(reply)})") from problem
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
            headers=_HEADERS,
            body=body,
        )
        reply = self._client.send(request)
        try:
            device = self._device.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise _incomplete(f"The answer to {operation} is no device ({_shape(reply)})", device_id) from problem
        if device.device_id != device_id:
            raise _incomplete(f"The answer to {operation} is about device {device.device_id}", device_id)
        return device

    def _count(self, filters: Mapping[str, str]) -> int:
        """Ask how many devices a list should have (chromeosdevices.countChromeOsDevices)."""
        params = {"filter" if name == "query" else name: value for name, value in filters.items()}
        request = Request(
            "GET",
            f"{self._root}/devices/chromeos:countChromeOsDevices",
            "count devices",
            params=(*params.items(), ("prettyPrint", "false")),
            headers=_HEADERS,
        )
        reply = self._client.send(request)
        try:
            return int(msgspec.json.decode(reply.body, type=_Count).count)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
            raise _incomplete(f"The number of devices is none ({_shape(reply)})") from problem

    def _sequence(
        self, wanted: str, filters: Mapping[str, str], done: int, progress: Progress | None
    ) -> dict[str, Device]:
        """Read one page sequence; a refused page token starts it again, once."""
        try:
            return self._collect(wanted, filters, done, progress)
        except _TokenRefused:
            pass
        try:
            return self._collect(wanted, filters, done, progress)
        except _TokenRefused as refused:
            raise _incomplete(f"Google refused a page token in two readings ({refused})") from refused

    def _collect(
        self, wanted: str, filters: Mapping[str, str], done: int, progress: Progress | None
    ) -> dict[str, Device]:
        found: dict[str, Device] = {}
        interner = Interner(wanted.split(","))
        for devices in self._read_pages(wanted, filters):
            before = len(found)
            interner.share(devices)
            found.update(zip(map(_ident, devices), devices, strict=True))
            if len(found) != before + len(devices):
                raise _incomplete("The device list holds a device twice; it changed while it was read")
            if progress is not None:
                progress("Google devices", done + len(found), None)
        return found

    def _read_pages(self, wanted: str, filters: Mapping[str, str]) -> Iterator[Devices]:
        tokens: set[str] = set()
        token, empty = "", 0
        while True:
            page = self._page(wanted, filters, token)
            empty = 0 if page.chromeosdevices else empty + 1
            yield page.chromeosdevices
            token = page.next_page_token
            if not token:
                return
            if token in tokens or empty > _MOST_EMPTY_PAGES:
                raise _incomplete("The device list does not end: Google repeats a page")
            tokens.add(token)

    def _page(self, wanted: str, filters: Mapping[str, str], token: str) -> _Page:
        reply = self._page_reply(wanted, filters, token)
        try:
            page = self._pages.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise _incomplete(f"A page of the device list is none ({_shape(reply)}: {problem})") from problem
        if page.error is not msgspec.UNSET:
            raise _incomplete("A page of the device list holds an error in place of devices")
        return page

    def _page_reply(self, wanted: str, filters: Mapping[str, str], token: str) -> Reply:
        """Ask for a page. Google at times refuses a good page token for a moment (400 invalid): it is asked again."""
        waits = iter(_TOKEN_WAITS)
        while True:
            try:
                return self._client.send(self._page_request(wanted, filters, token))
            except ConfigurationError as refused:
                if not token and self._smaller_pages(refused):
                    continue
                if not token or refused.code != INVALID:
                    raise
                wait = next(waits, None)
                if wait is None:
                    raise _TokenRefused(refused.sentence) from refused
            self._clock.sleep(wait)

    def _page_request(self, wanted: str, filters: Mapping[str, str], token: str) -> Request:
        params = {
            "fields": f"nextPageToken,chromeosdevices({wanted})",
            "maxResults": str(self._page_size),
            "prettyPrint": "false",
            "projection": "FULL",
            **filters,
        }
        if token:
            params["pageToken"] = token
        return Request(
            "GET", f"{self._root}/devices/chromeos", "list devices", params=tuple(params.items()), headers=_HEADERS
        )

    def _smaller_pages(self, refused: ConfigurationError) -> bool:
        """Take the page size that a refusal names, or the next of those known to work."""
        if refused.code != "google.invalid_parameter":
            return False
        named = _RANGE.search(refused.sentence)
        bounds = (int(named[1]),) if named else _PAGE_SIZES
        smaller = next((bound for bound in bounds if 0 < bound < self._page_size), None)
        self._page_size = smaller or self._page_size
        return smaller is not None


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


def _check_whole(listed: int, counted: int) -> None:
    """Raise Unavailable when a list is shorter than devices that came or went meanwhile can explain."""
    if counted - listed > max(_MOST_GONE, counted * _MOST_GONE_SHARE):
        raise _incomplete(f"The device list ended early: {listed} of {counted} devices")


def _incomplete(sentence: str, device_id: str = "") -> Unavailable:
    remedy = "its present state is not known" if device_id else "nothing was taken from it; try again"
    return Unavailable(
        f"{sentence}: {remedy}.",
        code=INCOMPLETE,
        system=SYSTEM,
        operation="update device" if device_id else "list devices",
        object=device_id,
    )


def _shape(reply: Reply) -> str:
    return f"{reply.headers.get('content-type', 'no type')}, {len(reply.body)} bytes"
