"""The Request Tracker stand-in with a fleet in it, across a restart, and what it costs."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncd.sandbox.fleet import NOBODY, Fleet, make_fleet
from syncd.sandbox.rt import RtApp
from syncd.sandbox.server import Answer, Call
from syncd.sandbox.store import Documents

API = "/REST/2.0"


def send(app: RtApp, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Answer:
    headers = {"authorization": f"token {app.token()}", "content-type": "application/json"}
    data = b"" if body is None else msgspec.json.encode(body)
    return app.handle(Call(method, API + path, list((query or {}).items()), headers, data, "http://127.0.0.1:1/rt"))


def ask(app: RtApp, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    answer = send(app, method, path, body, query)
    assert answer.status in {200, 201}, answer
    return msgspec.json.decode(answer.body)


def _folded(texts: Iterable[str]) -> list[str]:
    return sorted(text.lower() for text in texts)  # choices read back as they are defined


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return make_fleet(60)


def test_a_fleet_is_there_with_ascending_ids(fleet: Fleet) -> None:
    app = RtApp.from_fleet(fleet)
    query = {
        "per_page": "100",
        "orderby": "id",
        "fields": "Name,Owner,HeldBy,CustomFields",
        "fields[Owner]": "EmailAddress",
    }
    items = ask(app, "POST", "/assets", [{"field": "id", "operator": ">", "value": 0}], query)["items"]
    assert [item["Name"] for item in items] == [asset.name for asset in fleet.assets]
    assert [int(item["id"]) for item in items] == list(range(1, len(items) + 1))
    emails = {user.login: user.email for user in fleet.users} | {NOBODY: ""}
    for item, asset in zip(items, fleet.assets, strict=True):
        values = {f["name"]: _folded(f["values"]) for f in item["CustomFields"] if f["values"]}
        wanted = {name: _folded([v] if isinstance(v, str) else v) for name, v in asset.custom_fields.items()}
        assert values == wanted
        assert (item["Owner"]["id"], item["Owner"]["EmailAddress"]) == (asset.owner, emails[asset.owner])
        assert tuple(user["id"] for user in item["HeldBy"]) == asset.held_by


def test_the_order_of_custom_fields_is_not_the_same_for_all_assets(fleet: Fleet) -> None:
    app = RtApp.from_fleet(fleet)
    orders = {tuple(f["id"] for f in ask(app, "GET", f"/asset/{n}")["CustomFields"]) for n in range(1, 9)}
    assert len(orders) > 1


def test_what_was_written_survives_a_restart(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite"
    documents = Documents(path)
    first = RtApp.from_fleet(fleet, documents)
    made = ask(first, "POST", "/asset", {"Catalog": 2, "Name": "kept", "CustomFields": {"Serial Number": "KEPT1"}})[
        "id"
    ]
    ask(first, "PUT", f"/asset/{made}", {"Owner": fleet.users[0].login, "Status": "in-use"})
    ask(first, "PUT", "/asset/1", {"Status": "stolen"})
    ask(first, "POST", "/user", {"Name": "kept-user", "EmailAddress": "kept@example.org"})
    before = ask(first, "GET", f"/asset/{made}")
    lines = ask(first, "GET", f"/asset/{made}/history", None, {"fields": "Type"})
    documents.close()

    again = Documents(path)
    second = RtApp.from_fleet(fleet, again)
    assert ask(second, "GET", f"/asset/{made}") == before
    assert ask(second, "GET", f"/asset/{made}/history", None, {"fields": "Type"}) == lines
    found = ask(second, "POST", "/assets", [{"field": "CF.{2}", "value": "kept1"}])
    assert [item["id"] for item in found["items"]] == [made]
    assert len(second.world.assets) == len(fleet.assets) + 1
    assert ask(second, "GET", "/user/kept-user")["EmailAddress"] == "kept@example.org"
    newer = ask(second, "POST", "/asset", {"Catalog": 2})["id"]
    assert int(newer) == int(made) + 1
    again.close()


def test_a_refused_create_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "sandbox.sqlite")
    app = RtApp(documents)
    refused = {"Catalog": 2, "HeldBy": ["nosuch"], "CustomFields": {"Serial Number": "left"}}
    assert send(app, "POST", "/asset", refused).status == 400
    assert len(documents.collection("rt.assets")) == 0
    documents.close()


def test_without_a_user_of_that_name_there_is_no_token() -> None:
    with pytest.raises(KeyError):
        RtApp().token("nobody-at-all")


def test_cost_does_not_grow_with_the_number_of_assets() -> None:
    def fastest(app: RtApp, path: str, body: object, query: dict[str, str]) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            ask(app, "POST", path, body, query)
            times.append(time.perf_counter() - start)
        return min(times)

    small, large = (RtApp.from_fleet(make_fleet(size, drift=False)) for size in (200, 4000))
    page = {"per_page": "100", "orderby": "id", "fields": "Name,CustomFields"}
    for path, body in (
        ("/assets", [{"field": "Catalog", "value": 2}, {"field": "id", "operator": ">", "value": 0}]),
        ("/assets", [{"field": "id", "operator": "IN", "value": list(range(1, 101))}]),
        ("/transactions", [{"field": "id", "operator": ">", "value": 10**9}]),
    ):
        assert fastest(large, path, body, page) < 4 * fastest(small, path, body, page) + 0.001
