"""A fleet and people look the same in the stand-in, which is given them, and in a real RT, which is told them."""

from typing import Any

import requests

from services.rt5 import Rt5
from services.seed import possible_name, restore_people, seed_fleet
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.people import People, make_people
from syncd.sandbox.rt import RtApp
from syncd.sandbox.server import Server

ALL = [{"field": "id", "operator": ">", "value": 0}]


def listed(url: str, token: str) -> list[dict[str, Any]]:
    """Return the assets as both servers must show them; ids of users differ, names do not."""
    query = "per_page=100&orderby=id&fields=Name,Status,Description,Owner,HeldBy,CustomFields,Catalog"
    headers = {"Authorization": f"token {token}"}
    items = requests.post(f"{url}/REST/2.0/assets?{query}", json=ALL, headers=headers, timeout=60).json()["items"]
    return sorted((_plain(item) for item in items if not item["Name"].startswith("W12-")), key=str)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: item[key] for key in ("Status", "Description")},
        "Name": possible_name(item["Name"]),
        "Catalog": item["Catalog"]["id"],
        "Owner": item["Owner"]["id"],
        "HeldBy": sorted(user["id"] for user in item["HeldBy"]),
        "CustomFields": sorted((field["name"], sorted(field["values"])) for field in item["CustomFields"]),
    }


def test_a_fleet_is_the_same_on_both_servers(rt5: Rt5) -> None:
    rt5.reset()
    fleet = make_fleet(40)
    serials = seed_fleet(rt5.url, rt5.token, fleet)
    app = RtApp.from_fleet(fleet)
    with Server({"/rt": app}) as server:
        sandbox = listed(f"{server.url}/rt", app.token())
    assert len(sandbox) == len(fleet.assets)
    assert listed(rt5.url, rt5.token) == sandbox
    assert set(serials) == {asset.serial for asset in fleet.assets if asset.serial}


def all_users(url: str, token: str, people: People) -> list[dict[str, Any]]:
    """Return the people as both servers must show them; their numbers differ."""
    session = requests.Session()
    session.headers["Authorization"] = f"token {token}"
    query = "per_page=100&orderby=id&find_disabled_rows=1&fields=id,Name"
    criteria = [{"field": "Name", "operator": "!=", "value": ""}]
    page = session.post(f"{url}/REST/2.0/users?{query}", json=criteria, timeout=60).json()
    assert page["pages"] == 1
    wanted = {user.login for user in people.rt_users}
    shown = (session.get(f"{url}/REST/2.0/user/{item['id']}", timeout=60).json() for item in page["items"])
    found = [_plain_user(user) for user in shown if user["Name"] in wanted]
    session.close()
    return sorted(found, key=lambda user: str(user["Name"]))


def _plain_user(user: dict[str, Any]) -> dict[str, Any]:
    fields = {field["name"]: field["values"] for field in user["CustomFields"]}
    flags = {name: int(user[name]) for name in ("Disabled", "Privileged")}
    return {name: user.get(name) or "" for name in ("Name", "RealName", "EmailAddress")} | flags | {"fields": fields}


def test_people_are_the_same_on_both_servers_and_as_they_were_made(rt5: Rt5) -> None:
    people = make_people(40)
    restore_people(rt5, people)
    app = RtApp.from_fleet(make_fleet(1, drift=False), people=people)
    with Server({"/rt": app}) as server:
        sandbox = all_users(f"{server.url}/rt", app.token(), people)
    assert all_users(rt5.url, rt5.token, people) == sandbox
    made = {user.login: user for user in people.rt_users}
    assert [user["Name"] for user in sandbox] == sorted(made)
    for user in sandbox:
        wanted = made[user["Name"]]
        assert (user["RealName"], user["EmailAddress"]) == (wanted.real_name, wanted.email)
        assert (user["Disabled"], user["Privileged"]) == (wanted.disabled, wanted.privileged)
        assert {name: texts[0] for name, texts in user["fields"].items() if texts} == wanted.custom_fields
