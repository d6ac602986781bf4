"""A client that answers searches from lists, with RT's envelope; enough to count requests and to make faults."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from syncd.host.http import Reply, Request
from syncd.systems.rt.assets import stamp
from syncd.systems.rt.schema import Catalog, CustomField, Need, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
FIELDS = (
    CustomField(2, "Serial Number", "Freeform", 1),
    CustomField(18, "Recent Users", "Freeform", 0),
    CustomField(6, "Type", "Select", 1, values=("Chromebook", "iPad")),
    CustomField(14, "Cycles", "Freeform", 1, pattern=r"(?#Digits)^[\d.]*$"),
    CustomField(15, "Last Sync", "DateTime", 1),
    CustomField(16, "AUE", "Date", 1),
    CustomField(17, "IP", "IPAddress", 1),
    CustomField(19, "Tags", "Select", 0, values=("Loaner", "Spare")),
)


def schema(**changes: Any) -> Schema:  # noqa: ANN401
    names = {f"CF.{{{cf.name}}}": cf for cf in FIELDS}
    plain: dict[str, Any] = {
        "need": Need(catalogs=("Chromebooks",), read=tuple(names)),
        "version": "5.0.3",
        "catalogs": (Catalog(2, "Chromebooks"),),
        "custom_fields": FIELDS,
        "fields": names,
        "me": 27,
        "people_feed": True,
    }
    return Schema(**{**plain, **changes})


class FakeRt:
    """Assets and transactions in memory. ``now`` is the server's clock; ``spoil`` may change a page."""

    def __init__(self, assets: int = 0) -> None:
        self.user = "27"
        self.now = NOW
        self.counted = True
        self.assets: dict[int, dict[str, Any]] = {}
        self.transactions: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.spoil: Callable[[dict[str, Any]], None] = lambda _: None
        self.body: Callable[[bytes], bytes] = lambda body: body
        for number in range(1, assets + 1):
            self.put(number, f"S{number}", kind="Create", at=NOW - timedelta(days=1))

    def put(
        self, number: int, serial: str, *, kind: str = "CustomField", field: str = "", at: datetime | None = None
    ) -> None:
        self.assets[number] = {
            "id": str(number),
            "Name": f"N{number}",
            "Status": "in-use",
            "Catalog": {"type": "catalog", "id": "2"},
            "Owner": {"type": "user", "id": 6, "Name": "Nobody", "EmailAddress": ""},
            "HeldBy": [{"type": "user", "id": 41, "Name": "s1001", "EmailAddress": "s1001@example.org"}],
            "LastUpdated": stamp(at or self.now),
            "CustomFields": [{"id": "2", "values": [serial]}, {"id": "18", "values": [None]}],
        }
        self.tell(number, kind, field)

    def delete(self, number: int, *, silent: bool = False) -> None:
        del self.assets[number]
        if not silent:
            self.tell(number, "Status", "Status")

    def tell(self, number: int, kind: str, field: str = "", object_type: str = "RT::Asset") -> None:
        last = self.transactions[-1]["id"] if self.transactions else 0
        row = {"id": last + 1, "ObjectType": object_type, "ObjectId": str(number), "Type": kind, "Field": field}
        self.transactions.append(row)

    def renew(self) -> bool:
        return False

    def send(self, request: Request) -> Reply:
        self.requests.append(request)
        tables = {"assets": [*self.assets.values()], "users": self.users, "transactions": self.transactions}
        rows = tables[request.path.rpartition("/")[2]]
        for wanted in msgspec.json.decode(request.body or b"[]"):
            rows = [row for row in rows if _matches(row, wanted)]
        order = [pair for pair in request.params if pair[0] in ("orderby", "order")]
        for (_, column), (_, way) in reversed(list(zip(order[::2], order[1::2], strict=True))):
            rows = sorted(rows, key=lambda row: _comparable(row[column]), reverse=way == "DESC")
        params = dict(request.params)
        size, page = int(params["per_page"]), int(params.get("page", 1))
        items = rows[size * (page - 1) : size * page]
        total = len(rows) if self.counted and request.path.endswith("assets") else None
        envelope = {"items": items, "count": len(items), "per_page": size, "page": page, "total": total}
        self.spoil(envelope)
        date = format_datetime(self.now, usegmt=True)
        headers = {"content-type": "application/json", "date": date}
        return Reply(200, headers, self.body(msgspec.json.encode(envelope)), 5)


def _matches(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    value = row[wanted["field"]]
    found = int(value["id"]) if isinstance(value, dict) else _comparable(value)
    match wanted["operator"]:
        case "IN":
            return bool(found in [_comparable(one) for one in wanted["value"]])
        case "<":
            return bool(found < int(wanted["value"]))
        case ">":
            return bool(found > int(wanted["value"]))
        case "!=":
            return bool(found != wanted["value"])
        case ">=":
            return bool(str(found).replace("T", " ").removesuffix("Z") >= wanted["value"])
    raise AssertionError(wanted)


def _comparable(value: Any) -> Any:  # noqa: ANN401
    return int(value) if str(value).isdigit() else value
