"""Org units and the customer: reading only."""

from syncd.sandbox.google.devices import check_customer
from syncd.sandbox.google.errors import ApiError, not_found
from syncd.sandbox.google.sequences import page_of
from syncd.sandbox.google.tenant import Record, Tenant, etag
from syncd.sandbox.server import Call


class Directory:
    """Answers ``orgunits`` and ``customers``."""

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
        return page_of("orgUnits", "organizationUnits", found)

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


def _listed(unit: Record, start: Record, kind: str) -> bool:
    if unit is start:
        return kind == "allIncludingParent"
    if kind == "children":
        return bool(unit.get("parentOrgUnitId") == start["orgUnitId"])
    return str(unit["orgUnitPath"]).startswith(str(start["orgUnitPath"]).rstrip("/") + "/")
