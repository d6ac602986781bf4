"""A client that answers searches for users from a dictionary, with RT's envelope and its surprises."""

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from syncd.host.errors import NotFound
from syncd.host.http import Reply, Request
from syncd.systems.rt.assets import stamp
from syncd.systems.rt.schema import CustomField
from syncd.systems.rt.users.schema import UserNeed, UserSchema
from unit.rt.fake_rt import NOW, FakeRt

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = 4
FIELDS = (
    CustomField(22, "Student ID", "Freeform", 1),
    CustomField(23, "Grade", "Freeform", 1),
    CustomField(25, "School", "Select", 1, values=("Elementary", "High School")),
    CustomField(26, "Clubs", "Freeform", 0),
)


def schema(**changes: Any) -> UserSchema:  # noqa: ANN401
    names = {f"CF.{{{cf.name}}}": cf for cf in FIELDS}
    plain: dict[str, Any] = {
        "need": UserNeed(read=("LastUpdated",), write=("Name", "City", "Disabled", *names)),
        "version": "5.0.3",
        "custom_fields": FIELDS,
        "fields": names,
        "me": 27,
        "privileged": GROUP,
    }
    return UserSchema(**{**plain, **changes})


class FakeUsers(FakeRt):
    """Users 2, 4, 6 and so on. ``spoil`` may change a page; ``before`` is told of each request before its answer.

    ``telling``: whether users that are read alone show whether they are disabled.
    """

    def __init__(self, users: int = 0) -> None:
        super().__init__()
        self.people: dict[int, dict[str, Any]] = {}
        self.disabled: set[int] = set()
        self.privileged: set[int] = set()
        self.before: Callable[[Request], object] = lambda _: None
        self.drop_criteria = False
        self.telling = True
        for number in range(2, 2 * users + 2, 2):
            self.make(number, at=NOW - timedelta(days=1))

    def make(self, number: int, name: str = "", *, at: datetime | None = None) -> None:
        self.change(number, at=at, kind="Create", Name=name or f"s{number}")

    def change(
        self, number: int, *, at: datetime | None = None, kind: str = "Set", field: str = "", **columns: str
    ) -> None:
        user = self.people.setdefault(number, {"id": number, "Name": "", "City": None, "CustomFields": []})
        user |= {"LastUpdated": stamp(at or self.now), **columns}
        user["_url"] = f"http://rt/REST/2.0/user/{user['Name']}"
        self.tell(number, kind, field, object_type="RT::User")

    def set_disabled(self, number: int, *, disabled: bool = True, silent: bool = False) -> None:
        (self.disabled.add if disabled else self.disabled.discard)(number)
        if not silent:
            self.change(number, kind="Disabled" if disabled else "Enabled")

    def paths(self) -> list[str]:
        return [request.path.removeprefix("REST/2.0/") for request in self.requests]

    def send(self, request: Request) -> Reply:
        self.before(request)
        path = request.path.removeprefix("REST/2.0/")
        if path == "transactions":
            return super().send(request)
        self.requests.append(request)
        kind, _, number = path.partition("/")
        body = {"users": self._list, "user": self._one, "group": self._group}[kind](request, number)
        headers = {"content-type": "application/json", "date": format_datetime(self.now, usegmt=True)}
        return Reply(200, headers, msgspec.json.encode(body), 5)

    def _one(self, _: Request, number: str) -> dict[str, Any]:
        user = self.people.get(int(number))
        if user is None:
            raise NotFound("no such user", code="rt.not_found")
        if not self.telling:
            return user
        return user | {
            "Disabled": 1 if user["id"] in self.disabled else "0",
            "Privileged": int(user["id"] in self.privileged),
        }

    def _group(self, _: Request, number: str) -> dict[str, Any]:
        assert number == str(GROUP)
        names = [self.people[user]["_url"].rpartition("/")[2] for user in sorted(self.privileged)]
        return {"Members": [{"type": "user", "id": name} for name in names]}

    def _list(self, request: Request, _: str) -> dict[str, Any]:
        params = dict(request.params)
        everybody = "find_disabled_rows" in params
        found = [user for user in self.people.values() if everybody or user["id"] not in self.disabled]
        for wanted in [] if self.drop_criteria else msgspec.json.decode(request.body or b"[]"):
            if wanted["operator"] == "IN":
                names = {name.lower() for name in wanted["value"]}
                found = [user for user in found if user["Name"].lower() in names]
        order = [pair for pair in request.params if pair[0] in ("orderby", "order")]
        for (_, column), (_, way) in reversed(list(zip(order[::2], order[1::2], strict=True))):
            found.sort(key=lambda user: user[column], reverse=way == "DESC")
        size, page = int(params["per_page"]), int(params.get("page", 1))
        items: list[Any] = [None if "\n" in user["Name"] else user for user in found[size * (page - 1) : size * page]]
        envelope = {"items": items, "count": len(items), "per_page": size, "page": page, "total": len(found)}
        self.spoil(envelope)
        return envelope
