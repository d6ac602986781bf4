"""A streamed fleet: it answers as one that is held, whatever its size, and keeps what was written."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from syncd.sandbox.site import Sandbox
from syncd.sandbox.streamed.numbering import PATTERN, Numbering
from unit.sandbox.runs import run

SIZE = 2 * PATTERN + 345
SCOPE = "https://www.googleapis.com/auth/admin.directory.device.chromeos"
DEVICES = "admin/directory/v1/customer/my_customer/devices/chromeos"
WHOLE = "Name,Status,Catalog,Owner,HeldBy,LastUpdated,CustomFields"
IN_CATALOG = {"field": "Catalog", "operator": "IN", "value": [2]}


class Asking:
    """A client of a sandbox, signed in on both sides."""

    def __init__(self, site: Sandbox) -> None:
        self.site = site
        self._rt = {"Authorization": f"token {site.rt.token()}"}
        self._google = {"Authorization": f"Bearer {site.google.account.issue('admin@example.org', frozenset({SCOPE}))}"}

    def google(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401
        return self._sent(method, f"{DEVICES}{path}", self._google, **more)

    def rt(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401
        return self._sent(method, f"rt/REST/2.0/{path}", self._rt, **more)

    def assets(self, *criteria: Mapping[str, object], **params: str) -> Any:  # noqa: ANN401
        params = {"per_page": "100", "fields": "Name,LastUpdated", **params}
        return self.rt("POST", "assets", json=[IN_CATALOG, *criteria], params=params)

    def _sent(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Any:  # noqa: ANN401
        reply = requests.request(method, f"{self.site.url}/{path}", headers=headers, timeout=10, **more)
        assert reply.ok, reply.text
        return reply.json()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "site", devices=SIZE, streamed=True) as site:
        yield site


@pytest.fixture
def ask(site: Sandbox) -> Asking:
    return Asking(site)


def names(answer: dict[str, Any]) -> list[str]:
    return [item["Name"] for item in answer["items"]]


@pytest.mark.parametrize("size", [1, 2, 999, 1000, 1001, 4096])
def test_every_device_has_one_place_and_one_id(size: int) -> None:
    numbering = Numbering(size)
    ids = [numbering.device_id(numbering.at(place)) for place in range(size)]
    assert len(set(ids)) == size
    assert ids == sorted(ids)
    assert {numbering.number_of(device_id) for device_id in ids} == {*range(1, size + 1)}
    assert numbering.number_of("00000000-0000-4000-8000-ffffffffffff") is None


def test_a_run_finds_both_sides_in_sync_and_asks_for_pages_only(site: Sandbox) -> None:
    done = run(site)
    assert done.summary.result == "in_sync"
    assert done.plan.report.sources == {"google": SIZE, "rt": SIZE}
    assert site.server.requests("chromeosdevices.list") == -(-SIZE // 300)
    assert not site.server.failures


def test_a_change_is_found_written_and_kept(site: Sandbox, ask: Asking) -> None:
    run(site)
    number = next(n for n in range(PATTERN + 1, SIZE) if _status(site, n) == "ACTIVE")
    ask.rt("PUT", f"asset/{number}", json={"Name": "RENAMED-1"})
    assert [action.after for action in run(site, write=True).plan.actions] == [{"annotatedAssetId": "RENAMED-1"}]
    assert run(site).summary.result == "in_sync"


def _status(site: Sandbox, number: int) -> str:
    return str(site.fleet.devices[(number - 1) % PATTERN]["status"])


def test_an_asset_reads_the_same_whether_it_is_held_or_not(ask: Asking) -> None:
    one = {"field": "id", "operator": "IN", "value": [PATTERN + 7]}
    more = {"fields": WHOLE, "fields[Owner]": "id,Name,EmailAddress"}
    before = ask.assets(one, **more)["items"]
    ask.rt("GET", f"asset/{PATTERN + 7}")
    assert ask.assets(one, **more)["items"] == before
    assert before[0]["Owner"]["Name"] != ""


def test_a_device_reads_the_same_whether_it_is_held_or_not(ask: Asking) -> None:
    params = {"fields": "chromeosdevices(deviceId,serialNumber,annotatedUser,recentUsers)", "maxResults": "3"}
    before = ask.google("GET", "", params=params)["chromeosdevices"]
    ask.google("PATCH", f"/{before[1]['deviceId']}", json={"notes": "seen"})
    assert ask.google("GET", "", params=params)["chromeosdevices"] == before


def test_what_changed_last_comes_first_and_all_are_counted(ask: Asking) -> None:
    ask.rt("PUT", "asset/5", json={"Name": "RENAMED-5"})
    newest = ask.assets(orderby="LastUpdated", order="DESC")
    assert (names(newest)[0], newest["total"], len(newest["items"])) == ("RENAMED-5", SIZE, 100)
    after = ask.assets({"field": "id", "operator": ">", "value": SIZE - 2})
    assert (names(after), after["total"]) == ([f"EX-{SIZE - 1:07d}", f"EX-{SIZE:07d}"], 2)


def test_an_asset_that_is_deleted_is_gone_and_a_new_one_is_numbered_after_all(ask: Asking) -> None:
    ask.rt("PUT", "asset/2", json={"Status": "deleted"})
    assert ask.rt("POST", "asset", json={"Catalog": "Chromebooks", "Name": "NEW"})["id"] == str(SIZE + 1)
    found = ask.assets({"field": "id", "operator": ">", "value": 0})
    assert (names(found)[:2], found["total"]) == (["EX-0000001", "EX-0000003"], SIZE)
    assert names(ask.assets({"field": "id", "operator": ">", "value": SIZE})) == ["NEW"]


def test_what_was_written_is_there_when_it_is_started_again(tmp_path: Path) -> None:
    for name, expected in (("FIRST", "EX-0000009"), ("SECOND", "FIRST")):
        with Sandbox(tmp_path / "site", devices=SIZE, streamed=True) as site:
            ask = Asking(site)
            assert ask.rt("GET", "asset/9")["Name"] == expected
            ask.rt("PUT", "asset/9", json={"Name": name})


def test_assets_are_found_by_their_numbers_and_those_that_are_not_there_are_not(ask: Asking) -> None:
    assert names(ask.assets({"field": "id", "value": 7})) == ["EX-0000007"]
    some = ask.assets({"field": "id", "operator": "IN", "value": [9, SIZE + 1, "8", "no number"]})
    assert (names(some), some["total"]) == (["EX-0000008", "EX-0000009"], 2)


@pytest.mark.parametrize(
    ("criteria", "params"),
    [
        ([IN_CATALOG, {"field": "CF.{Serial Number}", "value": "SYN0000007"}], {}),
        ([IN_CATALOG, {"field": "Name", "value": "EX-0000007"}], {}),
        ([IN_CATALOG, {"field": "id", "operator": "<", "value": 7}], {}),
        ([{"field": "id", "operator": ">", "value": 7}, {"field": "id", "operator": ">", "value": 9}], {}),
        ([{"field": "Catalog", "operator": "IN", "value": [2, 3]}], {}),
        ([IN_CATALOG], {"orderby": "Name"}),
        ([IN_CATALOG], {"orderby": "LastUpdated"}),
        ([IN_CATALOG, {"field": "id", "operator": ">", "value": 7}], {"orderby": "LastUpdated", "order": "DESC"}),
        ([], {}),
    ],
)
def test_a_search_for_some_assets_is_refused_and_not_wrong(
    site: Sandbox, ask: Asking, criteria: list[dict[str, object]], params: dict[str, str]
) -> None:
    with pytest.raises(AssertionError, match="no search like this"):
        ask.rt("POST", "assets", json=criteria, params=params)
    assert not site.server.failures


@pytest.mark.parametrize("query", ["status:provisioned", "id:SYN0000001"])
def test_a_list_of_some_devices_is_refused_and_not_wrong(site: Sandbox, ask: Asking, query: str) -> None:
    with pytest.raises(AssertionError, match="no lists of a part"):
        ask.google("GET", "", params={"query": query})
    assert not site.server.failures


def test_no_asset_is_made_while_another_call_is_answered(
    site: Sandbox, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def held_up() -> str:
        writing.set()
        go_on.wait(10)
        return "2026-11-20 08:00:00"

    monkeypatch.setattr(site.rt.world, "now", held_up)
    writer = threading.Thread(target=ask.rt, args=("PUT", "asset/5"), kwargs={"json": {"Name": "RENAMED-5"}})
    reader = threading.Thread(target=ask.rt, args=("GET", "asset/9"))
    writer.start()
    assert writing.wait(10)
    reader.start()
    reader.join(0.3)
    made_meanwhile = 9 in site.rt.world.assets
    go_on.set()
    writer.join(10)
    reader.join(10)
    assert (made_meanwhile, 9 in site.rt.world.assets) == (False, True)


def test_what_is_written_while_a_device_is_made_is_not_lost(
    site: Sandbox, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = ask.google("GET", "", params={"maxResults": "1"})["chromeosdevices"][0]["deviceId"]
    writer = threading.Thread(target=ask.google, args=("PATCH", f"/{device}"), kwargs={"json": {"notes": "kept"}})
    renumbered = Numbering.renumbered

    def slowly(numbering: Numbering, text: bytes, number: int) -> bytes:
        if writer.ident is None:
            writer.start()
            writer.join(0.5)
        return renumbered(numbering, text, number)

    monkeypatch.setattr(Numbering, "renumbered", slowly)
    ask.google("GET", f"/{device}")
    writer.join(10)
    assert site.google.device(device)["notes"] == "kept"
