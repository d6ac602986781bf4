from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import IntegrationError, NotPermitted, Unavailable
from syncd.systems.rt.reader import AssetReader
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import CustomField, Need
from syncd.systems.rt.snapshot import AssetSnapshot
from unit.rt.fake_rt import FakeRt, schema
from unit.rt.memory_store import MemoryStore

if TYPE_CHECKING:
    from syncd.host.http import HttpClient

SCHEMA = schema()


class Reading:
    """A reader, its store and its RT."""

    def __init__(self, assets: int, *more: str) -> None:
        self.rt = FakeRt(assets)
        self.need(*more)
        self.store = MemoryStore()
        rest = Rest(cast("HttpClient", self.rt), self.rt, SystemClock())
        self.reader = AssetReader(rest, self.store, "https://rt.example.org", 7.0)

    def need(self, *more: str) -> None:
        self.schema = schema(need=Need(catalogs=("Chromebooks",), read=(*SCHEMA.need.read, *more)))

    def read(self, *, full: bool = False) -> AssetSnapshot:
        self.rt.requests.clear()
        return self.reader.read(self.schema, full=full)

    def later(self, **time: float) -> None:
        self.rt.now += timedelta(**time)

    @property
    def requests(self) -> int:
        return len(self.rt.requests)

    def serials(self, snapshot: AssetSnapshot) -> dict[int, str]:
        return {asset.id: cast("Any", asset).cf2 for asset in snapshot.assets}

    def truth(self) -> dict[int, str]:
        return {number: row["CustomFields"][0]["values"][0] for number, row in self.rt.assets.items()}


@pytest.mark.parametrize(("assets", "requests"), [(0, 2), (1, 2), (100, 2), (101, 3), (250, 4)])
def test_a_cold_read_takes_one_request_for_a_hundred_assets_and_one_more(assets: int, requests: int) -> None:
    reading = Reading(assets)
    assert reading.serials(reading.read()) == reading.truth()
    assert reading.requests == requests


@pytest.mark.parametrize("assets", [0, 99, 100, 101, 350])
def test_nothing_new_takes_two_requests(assets: int) -> None:
    reading = Reading(assets)
    reading.read()
    reading.later(hours=1)
    again = reading.read()
    assert (again.how, again.re_read, reading.requests) == ("warm", 0, 2)
    assert reading.serials(again) == reading.truth()


@pytest.mark.parametrize("changed", [1, 50, 99, 100, 101, 150, 200, 300, 450])
@pytest.mark.parametrize("kind", ["CustomField", "SetWatcher"])
def test_changes_cost_one_request_for_each_hundred(changed: int, kind: str) -> None:
    reading = Reading(500)
    reading.read()
    reading.later(hours=1)
    for number in range(1, changed + 1):
        reading.rt.put(number * 7 % 500 + 1, f"new {number}", kind=kind)
    reading.later(minutes=5)
    warm = reading.read()
    assert warm.how == "warm"
    assert reading.serials(warm) == reading.truth()
    assert reading.requests <= 3 + -(-changed // 100)
    assert reading.read().re_read == 0
    assert reading.requests <= 3 + -(-changed // 100)


# Feed, changes before its first page, latest assets, three pages of assets, and one for the asset that is gone.
@pytest.mark.parametrize(("more", "requests"), [((), 7), (("HeldBy.Name",), 8)])
def test_renames_cost_pages_of_the_feed_only_where_names_of_people_matter(more: tuple[str, ...], requests: int) -> None:
    reading = Reading(500, *more)
    reading.read()
    reading.later(hours=1)
    reading.rt.delete(400)
    reading.rt.tell(41, "Set", "Name", "RT::User")
    for number in range(1, 251):
        reading.rt.put(number, "new", kind="Set", field="Name")
    for row in reading.rt.assets.values():
        row["HeldBy"][0]["Name"] = "s2002"
    reading.later(minutes=5)
    warm = reading.read()
    assert (warm.how, reading.requests) == ("warm", requests)
    assert reading.serials(warm) == reading.truth()
    assert reading.read().people[41].name == "s2002"


def test_a_job_that_needs_names_catches_up_with_those_that_another_did_not_look_for() -> None:
    reading = Reading(300)
    reading.read()
    reading.later(hours=1)
    reading.rt.tell(41, "Set", "Name", "RT::User")
    for _ in range(120):
        reading.rt.put(200, "new", kind="Set", field="Name")
    reading.rt.users = [{"id": "41", "Name": "s2002", "EmailAddress": ""}]
    reading.later(minutes=5)
    assert reading.read().people[41].name == "s1001"
    reading.need("HeldBy.Name")
    assert (reading.read().people[41].name, reading.requests) == ("s2002", 4)
    assert (reading.read().people[41].name, reading.requests) == ("s2002", 2)


def test_what_was_just_written_in_bulk_is_not_read_twice() -> None:
    reading = Reading(500)
    reading.read()
    reading.later(hours=1)
    for number in range(1, 301):
        reading.rt.put(number, "new")
    reading.later(seconds=10)
    assert reading.read().re_read == 300
    reading.later(seconds=10)
    assert (reading.read().re_read, reading.requests) == (0, 2)
    reading.rt.put(400, "one more")
    reading.later(seconds=10)
    warm = reading.read()
    assert warm.re_read == 1
    assert reading.serials(warm) == reading.truth()


def test_a_deleted_asset_is_learnt_from_the_feed() -> None:
    reading = Reading(200)
    reading.read()
    reading.later(hours=1)
    reading.rt.delete(7)
    warm = reading.read()
    assert (warm.how, reading.requests) == ("warm", 3)
    assert reading.serials(warm) == reading.truth()


def test_an_asset_that_vanished_without_a_word_is_found_by_the_count() -> None:
    reading = Reading(200)
    reading.read()
    reading.later(hours=1)
    reading.rt.delete(7, silent=True)
    warm = reading.read()
    assert (warm.how, warm.re_read) == ("listed", 0)
    assert reading.serials(warm) == reading.truth()


def test_a_transaction_that_was_committed_late_is_not_lost() -> None:
    reading = Reading(10)
    reading.read()
    reading.later(hours=1)
    reading.rt.tell(41, "Set", "EmailAddress", "RT::User")
    late = reading.rt.transactions.pop()
    reading.rt.transactions.append({**late, "id": late["id"] + 5, "ObjectId": "99"})
    reading.read()
    reading.rt.transactions.insert(-1, late)
    for row in reading.rt.assets.values():
        row["HeldBy"][0]["EmailAddress"] = "new@example.org"
    assert reading.read().people[41].email == "new@example.org"
    assert reading.read().re_read == 0


def test_a_server_clock_that_was_set_back_makes_everything_be_listed() -> None:
    reading = Reading(150)
    reading.read()
    reading.later(hours=-2)
    reading.rt.put(3, "while the clock was wrong")
    warm = reading.read()
    assert warm.how == "listed"
    assert reading.serials(warm) == reading.truth()


def test_without_counts_ids_are_listed() -> None:
    reading = Reading(250)
    reading.rt.counted = False
    assert reading.read().how == "cold"
    reading.later(hours=1)
    reading.rt.put(3, "changed")
    reading.rt.delete(4)
    reading.later(seconds=10)
    warm = reading.read()
    assert (warm.how, warm.re_read) == ("listed", 1)
    assert reading.serials(warm) == reading.truth()


def test_the_same_second_is_read_again_later_and_only_once() -> None:
    reading = Reading(10)
    reading.read()
    reading.later(hours=1)
    reading.rt.put(3, "first")
    reading.read()
    row = reading.rt.assets[3]
    row["CustomFields"][0]["values"] = ["second, within the same second"]
    reading.later(seconds=10)
    again = reading.read()
    assert reading.serials(again) == reading.truth()
    assert (again.re_read, reading.requests) == (1, 3)
    assert (reading.read().re_read, reading.requests) == (0, 2)


def test_a_renamed_person_costs_one_asset() -> None:
    reading = Reading(10)
    reading.read()
    reading.later(hours=1)
    for row in reading.rt.assets.values():
        row["HeldBy"][0]["EmailAddress"] = "new@example.org"
    reading.rt.tell(41, "Set", "EmailAddress", "RT::User")
    warm = reading.read()
    assert warm.people[41].email == "new@example.org"
    assert warm.re_read == 1


def test_a_week_later_everything_is_read_and_compared(caplog: pytest.LogCaptureFixture) -> None:
    reading = Reading(10)
    reading.read()
    reading.rt.assets[3]["CustomFields"][0]["values"] = ["written past RT"]
    reading.later(days=8)
    full = reading.read()
    assert (full.how, full.misses) == ("cold", 1)
    assert reading.serials(full) == reading.truth()
    assert [record.__dict__["syncd"]["OBJECT"] for record in caplog.records] == ["3"]


def test_a_full_read_does_not_call_announced_changes_misses() -> None:
    reading = Reading(10)
    reading.read()
    reading.later(hours=1)
    reading.rt.put(3, "changed")
    reading.rt.put(11, "created", kind="Create")
    reading.rt.delete(4)
    assert reading.read(full=True).misses == 0


def _short(page: dict[str, Any]) -> None:
    del page["items"][-1:]


def _short_and_honest(page: dict[str, Any]) -> None:
    del page["items"][-1:]
    page["count"] = len(page["items"])


def _elsewhere(page: dict[str, Any]) -> None:
    page["items"] = [{**item, "Catalog": {"type": "catalog", "id": "3"}} for item in page["items"]]


def _repeated(page: dict[str, Any]) -> None:
    page["items"] = page["items"][:1] * len(page["items"])


@pytest.mark.parametrize("spoil", [_short, _short_and_honest, _elsewhere, _repeated])
@pytest.mark.parametrize("warm", [False, True])
def test_a_page_that_is_not_whole_leaves_the_snapshot_alone(
    spoil: Callable[[dict[str, Any]], None], *, warm: bool
) -> None:
    reading = Reading(120)
    if warm:
        reading.read()
        reading.later(hours=1)
        for number in range(1, 5):
            reading.rt.put(number, "changed")
    commits = reading.store.commits
    reading.rt.spoil = lambda page: spoil(page) if page["total"] is not None else None
    with pytest.raises(Unavailable) as caught:
        reading.read()
    assert caught.value.code == "rt.incomplete"
    assert reading.store.commits == commits


@pytest.mark.parametrize("body", [b"", b"<html>maintenance</html>", b'{"items": [', b'{"count": 0}', b"[]"])
def test_an_answer_that_is_no_page_is_incomplete(body: bytes) -> None:
    reading = Reading(1)
    reading.rt.body = lambda _: body
    with pytest.raises(Unavailable) as caught:
        reading.read()
    assert caught.value.code == "rt.incomplete"


def test_hidden_custom_fields_do_not_pass_for_empty_ones() -> None:
    reading = Reading(3)
    reading.rt.assets[2]["CustomFields"] = ""
    with pytest.raises(NotPermitted, match="SeeCustomField"):
        reading.read()


def test_assets_hidden_one_by_one_are_noticed() -> None:
    reading = Reading(250)
    reading.rt.counted = False

    def hide(page: dict[str, Any]) -> None:
        if len(page["items"]) == 100:
            _short_and_honest(page)

    reading.rt.spoil = hide
    with pytest.raises(IntegrationError, match="only some assets"):
        reading.read()


def test_a_snapshot_that_cannot_be_decoded_is_read_anew() -> None:
    reading = Reading(3)
    reading.read()
    scope = reading.reader.scope(SCHEMA)
    reading.store.kept[scope]["0000000002"] = b'{"id":"two"}'
    assert reading.read(full=True).how == "cold"
    reading.store.metas[scope] = b"{}"
    assert reading.read().how == "cold"
    reading.store.metas[f"{scope}:people"] = b"[{}]"
    assert reading.read().how == "cold"
    assert reading.read().how == "warm"


def test_a_snapshot_whose_assets_cannot_be_decoded_is_dropped() -> None:
    reading = Reading(3)
    reading.read()
    reading.later(hours=1)
    reading.store.kept[reading.reader.scope(SCHEMA)]["0000000002"] = b'{"id":"two"}'
    snapshot = reading.read()
    with pytest.raises(Unavailable) as caught:
        list(snapshot.assets)
    assert caught.value.code == "rt.snapshot"
    again = reading.read()
    assert again.how == "cold"
    assert reading.serials(again) == reading.truth()


def test_a_part_of_each_asset_has_what_its_fields_need_and_no_more() -> None:
    snapshot = Reading(250).read()
    parts = list(snapshot.assets.select(("Name", "CF.{Serial Number}", "HeldBy.EmailAddress")))
    assert [part.id for part in parts] == list(range(1, 251))
    assert type(parts[0]).__struct_fields__ == ("id", "name", "holders", "groups", "cf2")
    assert (parts[6].name, parts[6].holders, cast("Any", parts[6]).cf2) == ("N7", (41,), "S7")


@pytest.mark.parametrize("full", [False, True])
def test_an_rt_that_was_restored_from_an_older_copy_is_read_as_it_is(*, full: bool) -> None:
    reading = Reading(120)
    reading.read()
    copy = dict(reading.rt.assets), list(reading.rt.transactions)
    reading.later(hours=1)
    for number in range(1, 61):
        reading.rt.put(number, f"NEW{number}")
    reading.later(hours=1)
    reading.read()
    reading.later(hours=1)
    reading.rt.assets, reading.rt.transactions = copy
    restored = reading.read(full=full)
    assert reading.serials(restored) == reading.truth()
    assert restored.misses == 0
    reading.later(hours=1)
    reading.rt.put(7, "AGAIN")
    after = reading.read()
    assert (after.how, reading.serials(after)) == ("warm", reading.truth())


def test_a_picture_among_the_custom_fields_is_passed_over() -> None:
    fields = (*SCHEMA.custom_fields, CustomField(30, "Photo", "Image", 1))
    reading = Reading(1)
    picture = {"id": "30", "values": [{"content_type": "image/png", "filename": "a.png", "_url": "x"}]}
    reading.rt.assets[1]["CustomFields"].append(picture)
    assert reading.serials(reading.reader.read(schema(custom_fields=fields))) == {1: "S1"}
