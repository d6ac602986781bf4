"""Org units, users and the customer: reading only."""

from syncd.sandbox.google.devices import check_customer, page_of
from syncd.sandbox.google.errors import ApiError, forbidden, not_found
from syncd.sandbox.google.tenant import Record, Tenant, etag
from syncd.sandbox.server import Call

_USERS_LIMIT = 500


class Directory:
    """Answers ``orgunits``, ``users`` and ``customers``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def units(self, call: Call, names: dict[str, str]) -> Record:
        """List units below one (the root, unless it is named); not paged."""
        check_customer(self._tenant, names["customerId"])
        start = self._tenant.unit(call.first("orgUnitPath") or "")
        if start is None:
            raise not_found("Org unit not found")
        kind = call.first("type") or "children"
        if kind not in ("all", "children", "allIncludingParent"):
            raise ApiError(400, "invalidParameter", f"Invalid value '{kind}'", location="type")
        found = [unit for unit in list(self._tenant.units.values()) if _listed(unit, start, kind)]
        answer: Record = {"kind": "admin#directory#orgUnits", "etag": etag()}
        return answer | ({"organizationUnits": found} if found else {})

    def unit(self, _: Call, names: dict[str, str]) -> Record:
        """Return one unit, by path or by ``id:...``."""
        check_customer(self._tenant, names["customerId"])
        unit = self._tenant.unit(names["orgUnitPath"])
        if unit is None:
            raise not_found("Org unit not found")
        return unit

    def customer(self, _: Call, names: dict[str, str]) -> Record:
        """Return the customer."""
        check_customer(self._tenant, names["customerKey"])
        return {
            "kind": "admin#directory#customer",
            "etag": etag(),
            "id": self._tenant.customer,
            "customerDomain": self._tenant.domain,
            "language": "en",
        }

    def users(self, call: Call, _: dict[str, str]) -> Record:
        """List users in pages, by address; ``query`` is not emulated."""
        if call.first("customer") is None and call.first("domain") is None:
            raise ApiError(400, "badRequest", "Bad Request")
        if call.first("customer") is not None:
            check_customer(self._tenant, call.first("customer") or "")
        elif call.first("domain") != self._tenant.domain:
            raise forbidden()
        if call.first("query"):
            raise ApiError(501, "notImplemented", "The sandbox does not search users")
        limit = int(call.first("maxResults") or 100)
        if not 1 <= limit <= _USERS_LIMIT:
            message = f"Invalid value '{limit}'. Values must be within the range: [1, {_USERS_LIMIT}]"
            raise ApiError(400, "invalidParameter", message, location="maxResults")
        page, token = page_of(sorted(self._tenant.users.values(), key=lambda u: str(u["primaryEmail"])), call, limit)
        answer: Record = {"kind": "admin#directory#users", "etag": etag()}
        return answer | ({"users": page} if page else {}) | ({"nextPageToken": token} if token else {})

    def user(self, _: Call, names: dict[str, str]) -> Record:
        """Return one user, by address or id."""
        key = names["userKey"].lower()
        found = self._tenant.users.get(key)
        found = found or next((user for user in list(self._tenant.users.values()) if user["id"] == key), None)
        if found is None:
            raise not_found("userKey")
        return found


def _listed(unit: Record, start: Record, kind: str) -> bool:
    if unit is start:
        return kind == "allIncludingParent"
    if kind == "children":
        return bool(unit.get("parentOrgUnitId") == start["orgUnitId"])
    return str(unit["orgUnitPath"]).startswith(str(start["orgUnitPath"]).rstrip("/") + "/")
