"""The stand-in for Google: the Admin SDK Directory API, Chrome Management telemetry, tokens and batches."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import msgspec

from syncd.sandbox import people as synthetic
from syncd.sandbox.fleet import Fleet
from syncd.sandbox.google import masks
from syncd.sandbox.google.account import Bearer, ServiceAccount
from syncd.sandbox.google.batch import answer_batch
from syncd.sandbox.google.changes import DEVICE_FIELDS, Writer
from syncd.sandbox.google.devices import Reader
from syncd.sandbox.google.directory import Directory
from syncd.sandbox.google.errors import HEADERS, ApiError, bad_payload, forbidden, lost, too_few_scopes
from syncd.sandbox.google.members import MEMBER_FIELDS, Members
from syncd.sandbox.google.telemetry import TELEMETRY_FIELDS, Telemetry
from syncd.sandbox.google.tenant import (
    ADMIN,
    CUSTOMER,
    DEVICES,
    MEMBERS,
    ORG_UNITS,
    TELEMETRY,
    USERS,
    Record,
    Settings,
    Tenant,
    etag,
)
from syncd.sandbox.google.users import USER_FIELDS, People
from syncd.sandbox.server import Answer, Call, Observer
from syncd.sandbox.store import Documents

Serve = Callable[[Call, dict[str, str]], Record | None]

_COMMON = frozenset(
    [
        "$.xgafv",
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
    ],
)
"""Parameters that every method has, by the discovery document."""
_LISTED = {
    "chromeosdevices": DEVICE_FIELDS,
    "users": USER_FIELDS,
    "members": MEMBER_FIELDS,
    "devices": TELEMETRY_FIELDS,
}
"""Fields that a mask may name, by the list that they are in."""
_CUSTOMER = "/admin/directory/v1/customer/{customerId}"
_CHROMEOS = f"{_CUSTOMER}/devices/chromeos"
_MEMBERS = "/admin/directory/v1/groups/{groupKey}/members"
_LIST = "orgUnitPath includeChildOrgunits"
_USERS = (
    "customer customFieldMask domain event maxResults orderBy pageToken projection query showDeleted sortOrder viewType"
)


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    http: str
    path: re.Pattern[str]
    scopes: frozenset[str]
    parameters: frozenset[str]
    serve: Serve


class GoogleApp:
    """One customer's Google. Mount it at ``""``: its paths are ``/admin/...``, ``/v1/...``, ``/token`` and ``/batch``.

    ``observers`` see every API call with its answer, also those inside a batch. ``settings`` are switches for tests.
    The state lives in ``documents``; ``seed`` fills it once. ``reader`` makes what answers reads of devices.
    """

    def __init__(
        self,
        documents: Documents | None = None,
        settings: Settings | None = None,
        reader: Callable[[Tenant], Reader] = Reader,
    ) -> None:
        self.settings = settings or Settings()
        self.tenant = Tenant(documents or Documents(), self.settings)
        self.account = ServiceAccount(self.tenant)
        self.observers: list[Observer] = []
        self._methods = [
            *_methods(reader(self.tenant), Writer(self.tenant), Directory(self.tenant), People(self.tenant)),
            *_member_methods(Members(self.tenant)),
            _method("telemetry.devices.list", "GET", "/v1/customers/{customer}/telemetry/devices", TELEMETRY,
                    Telemetry(self.tenant).page, "filter pageSize pageToken readMask"),
        ]  # fmt: skip
        self._encode = msgspec.json.Encoder().encode

    @classmethod
    def from_tenant(
        cls, data: Mapping[str, Any], documents: Documents | None = None, settings: Settings | None = None
    ) -> Self:
        """Make a stand-in with this data, as ``Tenant.seed`` takes it.

        They are Google's JSON; without ``telemetryDevices`` what the devices report is made up. A state that was
        seeded before stays as it is. Without ``users`` there is one: the admin ``admin@example.org``.
        """
        app = cls(documents, settings)
        app.tenant.seed(data)
        return app

    @classmethod
    def from_fleet(
        cls,
        fleet: Fleet,
        documents: Documents | None = None,
        settings: Settings | None = None,
        people: synthetic.People | None = None,
    ) -> Self:
        """Make a stand-in with a synthetic fleet, and with people besides the admin."""
        data: dict[str, Any] = {"orgunits": fleet.org_units, "chromeosdevices": fleet.devices}
        if people is not None:
            data |= {"orgunits": [*fleet.org_units, *people.org_units], "users": [ADMIN, *people.google_users]}
            data |= people.google_groups(ADMIN["id"])
        return cls.from_tenant(data, documents, settings)

    def write_credentials(self, directory: Path, url: str) -> Path:
        """Write the service account's key file, as ``ServiceAccount`` does."""
        return self.account.write_credentials(directory, url)

    def device(self, device_id: str) -> Record:
        """Return a device as it is now; KeyError when there is none."""
        device = self.tenant.devices.get(device_id)
        if device is None:
            raise KeyError(device_id)
        return device

    def by_serial(self, serial: str) -> list[Record]:
        """Return the devices that have a serial number."""
        with self.tenant.documents.lock:
            return [device for device in self.tenant.devices.values() if device.get("serialNumber") == serial]

    def edit(self, device_id: str, **fields: str | None) -> Record:
        """Change a device behind everybody's back, any field; None clears."""
        with self.tenant.documents.write():
            return self.tenant.change(self.device(device_id), fields)

    def enrol(self, *devices: Record) -> None:
        """Add or replace whole devices."""
        self.tenant.devices.put_all((device["deviceId"], {"etag": etag(), **device}) for device in devices)

    def remove(self, device_id: str) -> None:
        """Let a device vanish."""
        self.tenant.devices.remove(device_id)

    def handle(self, call: Call) -> Answer:
        """Answer one call."""
        if (call.method, call.path) == ("POST", "/token"):
            return self.account.grant(call)
        if _is_batch(call):
            try:
                return answer_batch(call, self._dispatch)
            except ApiError as error:
                return error.answer("batch")
        return self._dispatch(call)

    def route(self, call: Call) -> str:
        """Return the name of the method that would answer (``chromeosdevices.list``, ``token``, ``batch``)."""
        if (call.method, call.path) == ("POST", "/token"):
            return "token"
        method, _ = self._find(call)
        return method.name if method is not None else "batch" if _is_batch(call) else "unknown"

    def _find(self, call: Call) -> tuple[_Method | None, dict[str, str]]:
        for method in self._methods:
            found = method.path.fullmatch(call.path) if method.http == call.method else None
            if found is not None:
                return method, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}

    def _dispatch(self, call: Call) -> Answer:
        method, names = self._find(call)
        if method is None:
            return lost()
        answer = self._answer(call, method, names)
        for observe in self.observers:
            observe(call, answer)
        return answer

    def _answer(self, call: Call, method: _Method, names: dict[str, str]) -> Answer:
        try:
            self._admit(self.account.bearer(call.headers.get("authorization", "")), method)
            _check_parameters(call, method)
            project = _projector(call)
            result = method.serve(call, names)
        except ApiError as error:
            return error.answer(method.name)
        if result is None:
            return Answer(204, {}, b"", method.name)
        return Answer(200, HEADERS, self._encode(project(result) if project else result), method.name)

    def _admit(self, bearer: Bearer, method: _Method) -> None:
        if bearer.scopes is None:
            return
        if not bearer.scopes & method.scopes:
            raise too_few_scopes()
        if not self.tenant.is_admin(bearer.subject):
            raise forbidden()


def _is_batch(call: Call) -> bool:
    return call.method == "POST" and (call.path == "/batch" or call.path.startswith("/batch/"))


def _methods(reader: Reader, writer: Writer, directory: Directory, people: People) -> list[_Method]:
    # Colon methods and literal paths come before {deviceId}, which would take them.
    return [
        _method("chromeosdevices.list", "GET", _CHROMEOS, DEVICES, reader.page, f"{_LIST} maxResults orderBy pageToken"
                " projection query sortOrder"),
        _method("chromeos.countChromeOsDevices", "GET", f"{_CHROMEOS}:countChromeOsDevices", DEVICES, reader.count,
                f"{_LIST} filter"),
        _method("chromeos.batchChangeStatus", "POST", f"{_CHROMEOS}:batchChangeStatus", DEVICES, writer.change_status),
        _method("chromeosdevices.moveDevicesToOu", "POST", f"{_CHROMEOS}/moveDevicesToOu", DEVICES, writer.move,
                "orgUnitPath"),
        _method("chromeosdevices.get", "GET", f"{_CHROMEOS}/{{deviceId}}", DEVICES, reader.get, "projection"),
        _method("chromeosdevices.patch", "PATCH", f"{_CHROMEOS}/{{deviceId}}", DEVICES, writer.patch, "projection"),
        _method("chromeosdevices.update", "PUT", f"{_CHROMEOS}/{{deviceId}}", DEVICES, writer.patch, "projection"),
        _method("orgunits.list", "GET", f"{_CUSTOMER}/orgunits", ORG_UNITS, directory.units, "orgUnitPath type"),
        _method("orgunits.get", "GET", f"{_CUSTOMER}/orgunits/{{+orgUnitPath}}", ORG_UNITS, directory.unit),
        _method("customers.get", "GET", "/admin/directory/v1/customers/{customerKey}", CUSTOMER, directory.customer),
        _method("users.list", "GET", "/admin/directory/v1/users", USERS, people.page, _USERS),
        _method("users.get", "GET", "/admin/directory/v1/users/{userKey}", USERS, people.get,
                "customFieldMask projection viewType"),
    ]  # fmt: skip


def _member_methods(members: Members) -> list[_Method]:
    one = f"{_MEMBERS}/{{memberKey}}"
    return [
        _method("members.list", "GET", _MEMBERS, MEMBERS, members.page, "includeDerivedMembership maxResults pageToken"
                " roles"),
        _method("members.get", "GET", one, MEMBERS, members.get),
        _method("members.insert", "POST", _MEMBERS, MEMBERS, members.insert),
        _method("members.delete", "DELETE", one, MEMBERS, members.delete),
    ]  # fmt: skip


def _method(name: str, http: str, path: str, scope: str, serve: Serve, parameters: str = "") -> _Method:
    """Make a method; ``{name}`` in its path is without slashes, ``{+name}`` may have some. Reads have a scope more."""
    pattern = re.sub(r"\\\{(\\\+)?(\w+)\\\}", lambda m: f"(?P<{m[2]}>{'.*' if m[1] else '[^/]+'})", re.escape(path))
    scopes = frozenset((scope, f"{scope}.readonly") if http == "GET" else (scope,))
    return _Method(name, http, re.compile(pattern), scopes, frozenset(parameters.split()) | _COMMON, serve)


def _check_parameters(call: Call, method: _Method) -> None:
    for name, _ in call.query:
        if name not in method.parameters:
            text = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
            raise bad_payload(f"{text} Field '{name}' could not be found in request message.")


def _projector(call: Call) -> masks.Project | None:
    mask = call.first("fields")
    if mask is None:
        return None
    try:
        _check_names(masks.parse(mask) if mask else {})
        return masks.projector(mask)
    except ValueError as error:
        raise ApiError(400, "invalidParameter", str(error), location="fields") from None


def _check_names(tree: masks.Tree) -> None:
    for array, known in _LISTED.items():
        below: Iterable[str] = tree.get(array) or ()
        for name in below:
            if name not in known and name != "*":
                raise ValueError(f"Invalid field selection {name}")
