"""Fills a real RT over REST with a fleet (users, assets, choices that a Select lacks) and with people.

Catalogs and custom fields are those of the golden database; REST cannot apply a custom field to a catalog.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import requests

from services.rt5 import Rt5
from syncd.sandbox.fleet import Asset, CfValue, Fleet, User
from syncd.sandbox.people import People

T = TypeVar("T")
R = TypeVar("R")
THREADS = 4


def restore_fleet(rt5: Rt5, fleet: Fleet) -> None:
    """Put RT into the state right after a fleet was seeded. A thousand assets take a minute, once on a machine."""
    _restore(rt5, f"fleet-{len(fleet.devices)}", fleet, lambda: seed_fleet(rt5.url, rt5.token, fleet))


def restore_people(rt5: Rt5, people: People) -> None:
    """Put RT into the state right after people were seeded. A thousand students take a minute, once on a machine."""
    _restore(rt5, f"people-{len(people.students)}", people, lambda: seed_people(rt5.url, rt5.token, people))


def _restore(rt5: Rt5, name: str, content: object, seed: Callable[[], object]) -> None:
    recipe = hashlib.sha256(repr(content).encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    kept = f"{name}-{recipe}"
    if not rt5.restore(kept):
        rt5.reset()
        seed()
        rt5.keep(kept)


def seed_fleet(url: str, token: str, fleet: Fleet) -> dict[str, str]:
    """Create a fleet's users and assets; return asset ids by serial (of a serial used twice, the last asset's)."""
    api = _Api(url, token)
    _offer_choices(api, fleet)
    _each(fleet.users, api.create_user)
    numbers = _each(fleet.assets, api.create_asset)
    return {asset.serial: number for asset, number in zip(fleet.assets, numbers, strict=True) if asset.serial}


def seed_people(url: str, token: str, people: People) -> None:
    """Create the users of people, with their custom fields; who is disabled is so from the start."""
    _each(people.rt_users, _Api(url, token).create_user)


def possible_name(name: str) -> str:
    """Return an asset name as RT can have it: not all digits, 255 characters at most."""
    return f"A{name}" if name.isdigit() else name[:255]


def _each(items: Iterable[T], work: Callable[[T], R]) -> list[R]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def _offer_choices(api: "_Api", fleet: Fleet) -> None:
    criteria = [{"field": "LookupType", "value": "RT::Catalog-RT::Asset"}]
    listed = api.send("POST", "/customfields?fields=Name,Type&per_page=100", criteria)["items"]
    selects = {item["Name"]: item["id"] for item in listed if item["Type"] == "Select"}
    for field in fleet.custom_fields:
        number = selects.get(field.name)
        if number is None:
            continue
        present = {text.lower() for text in api.send("GET", f"/customfield/{number}")["Values"]}
        for text in sorted(_used(fleet, field.name, field.values)):
            if text.lower() not in present:
                api.send("POST", f"/customfield/{number}/value", {"Name": text})


def _used(fleet: Fleet, name: str, offered: tuple[str, ...]) -> set[str]:
    found = set(offered)
    for asset in fleet.assets:
        value = asset.custom_fields.get(name, ())
        found |= {value} if isinstance(value, str) else set(value)
    return found


class _Api:
    """REST2 with one connection a thread."""

    def __init__(self, url: str, token: str) -> None:
        self._root = f"{url}/REST/2.0"
        self._token = token
        self._local = threading.local()

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.headers["Authorization"] = f"token {self._token}"
        answer = session.request(method, f"{self._root}{path}", json=body, timeout=300)
        if answer.status_code not in {200, 201}:
            raise AssertionError(f"{method} {path} {body}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def create_user(self, user: User) -> None:
        body: dict[str, object] = {"Name": user.login, "RealName": user.real_name, "EmailAddress": user.email}
        body |= {"Disabled": int(user.disabled), "Privileged": int(user.privileged), "CustomFields": user.custom_fields}
        self.send("POST", "/user", {key: value for key, value in body.items() if value})

    def create_asset(self, asset: Asset) -> str:
        body = {
            "Name": possible_name(asset.name),
            "Catalog": asset.catalog,
            "Owner": asset.owner,
            "HeldBy": list(asset.held_by),
            "Description": asset.description,
            "CustomFields": {name: _sent(value) for name, value in asset.custom_fields.items()},
        }
        # RT makes no asset that is recycled or stolen already: it has to become so.
        first = asset.status if asset.status in {"new", "allocated", "in-use"} else "in-use"
        number = str(self.send("POST", "/asset", body | {"Status": first})["id"])
        if asset.status != first:
            self.send("PUT", f"/asset/{number}", {"Status": asset.status})
        return number


def _sent(value: CfValue) -> str | list[str]:
    """Return a value as RT takes it: its own spelling of a time would become midnight."""
    if isinstance(value, tuple):
        return list(value)
    return value[:-1].replace("T", " ") if len(value) == len("2026-11-18T14:05:01Z") and value[10:11] == "T" else value
