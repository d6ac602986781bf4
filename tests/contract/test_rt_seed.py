"""A fleet looks the same in the stand-in, which is given it, and in a real RT, which is told it over REST."""

from typing import Any

import requests

from services.rt5 import Rt5
from services.seed import possible_name, seed_fleet
from syncd.sandbox.fleet import make_fleet
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
    fleet = make_fleet(50)
    serials = seed_fleet(rt5.url, rt5.token, fleet)
    app = RtApp.from_fleet(fleet)
    with Server({"/rt": app}) as server:
        sandbox = listed(f"{server.url}/rt", app.token())
    assert len(sandbox) == len(fleet.assets)
    assert listed(rt5.url, rt5.token) == sandbox
    assert set(serials) == {asset.serial for asset in fleet.assets if asset.serial}
