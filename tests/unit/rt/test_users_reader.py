"""Reading all users, at what price, and what becomes of answers that are not whole."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import DataError, IntegrationError, NotPermitted, Unavailable
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.users.reader import UserReader
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.snapshot import UserSnapshot
from unit.rt.fake_users import FakeUsers, schema
from unit.rt.memory_store import MemoryStore

if TYPE_CHECKING:
    from syncd.host.http import HttpClient

SCHEMA = schema()


class Reading:
    """Reads from a fake RT into a store, and counts."""

    def __init__(self, rt: FakeUsers) -> None:
        self.rt = rt
        self.store = MemoryStore()
        self.reader = UserReader(
            Rest(cast("HttpClient", rt), rt, SystemClock()), self.store, "https://rt.example.org", 7
        )

    def at(self, request: int, act: Callable[[], object]) -> None:
        """Let something happen just before the answer to a request of the next read, counted from 1."""
        acts = {request: act}
        self.rt.before = lambda _: acts.pop(len(self.rt.requests) + 1, int)()

    def __call__(self, *, full: bool = False) -> UserSnapshot:
        self.rt.requests.clear()
        return self.reader.read(SCHEMA, full=full)

    @property
    def requests(self) -> int:
        return len(self.rt.requests)


def settled(users: int) -> Reading:
    reading = Reading(FakeUsers(users))
    reading()
    reading.rt.now += timedelta(minutes=10)
    return reading


def flagged(snapshot: UserSnapshot) -> tuple[set[int], set[int]]:
    users = list(snapshot.users)
    return {user.id for user in users if user.disabled}, {user.id for user in users if user.privileged}


def by_id(snapshot: UserSnapshot) -> dict[int, User]:
    return {user.id: user for user in snapshot.users}


class TestPrice:
    def test_five_thousand_enabled_users_cost_their_pages_and_four_more(self) -> None:
        reading = Reading(FakeUsers(5_001))
        cold = reading()
        assert (cold.how, len(cold.users)) == ("cold", 5_001)
        assert reading.requests == 51 + 4
        assert reading.rt.paths() == ["transactions", "group/4", *["users"] * 53]

    def test_disabled_ones_that_the_transactions_tell_of_cost_three_more(self) -> None:
        reading = Reading(FakeUsers(5_001))
        off = set(range(20, 10_000, 250))
        for number in off:
            reading.rt.set_disabled(number)
        assert flagged(reading())[0] == off
        assert reading.requests == 51 + 4 + 3

    def test_those_disabled_from_the_start_never_cost_more_than_a_second_listing(self) -> None:
        reading = Reading(FakeUsers(5_001))
        reading.rt.disabled = off = set(range(20, 10_000, 50))
        assert flagged(reading())[0] == off
        assert reading.requests <= 51 + 4 + 1 + 49

    def test_nothing_new_takes_three_requests(self) -> None:
        reading = settled(1_234)
        warm = reading()
        assert (warm.how, warm.re_read, reading.requests, len(warm.users)) == ("warm", 0, 3, 1_234)

    def test_a_change_of_one_takes_one_more(self) -> None:
        reading = settled(300)
        reading.rt.change(20, City="Elsewhere")
        reading.rt.privileged.add(20)
        warm = reading()
        assert (warm.how, warm.re_read, reading.requests) == ("warm", 1, 4)
        assert getter(SCHEMA, "City")(by_id(warm)[20]) == "Elsewhere"
        assert flagged(warm) == (set(), {20})

    def test_changes_of_many_take_two_requests_a_hundred_and_the_group(self) -> None:
        reading = settled(3_000)
        for number in range(20, 120, 2):
            reading.rt.set_disabled(number)
        warm = reading()
        assert (warm.how, warm.re_read, reading.requests) == ("warm", 50, 3 + 2 + 1)
        assert flagged(warm)[0] == set(range(20, 120, 2))

    def test_changes_of_two_pages_are_read_by_name(self) -> None:
        reading = settled(3_000)
        for number in range(20, 320, 2):
            reading.rt.change(number, City="New", Name=f"new{number}")
        warm = reading()
        assert (warm.how, warm.re_read) == ("warm", 150)
        assert {user.name for user in warm.users if user.name.startswith("new")} == {
            f"new{n}" for n in range(20, 320, 2)
        }
        # The feed, the latest page and one beyond, four times two for old and new names, the group, the count.
        assert reading.requests <= 3 + 10 + 8 + 1

    def test_changes_of_most_are_read_as_all_are(self) -> None:
        reading = settled(900)
        for number in range(2, 1_400, 2):
            reading.rt.change(number, City="New")
        warm = reading()
        assert (warm.how, warm.re_read, warm.misses) == ("cold", 900, 0)
        assert reading.requests <= 9 + 6


class TestProof:
    def test_a_user_made_while_all_are_read_is_in(self) -> None:
        reading = Reading(FakeUsers(250))
        reading.rt.disabled = {6}
        reading.at(6, lambda: reading.rt.make(9_000))
        snapshot = reading()
        assert len(snapshot.users) == 251
        assert flagged(snapshot)[0] == {6}

    def test_a_user_disabled_while_they_are_counted_is_counted_anew(self) -> None:
        reading = Reading(FakeUsers(250))
        reading.rt.disabled = {6, 300}
        reading.at(9, lambda: reading.rt.set_disabled(8, silent=True))
        assert flagged(reading())[0] == {6, 8, 300}

    def test_without_end_of_changes_the_read_gives_up(self) -> None:
        reading = Reading(FakeUsers(250))
        number = iter(range(9_000, 20_000, 2))
        reading.rt.before = lambda _: reading.rt.make(next(number)) if len(reading.rt.requests) > 4 else None
        with pytest.raises(Unavailable, match="incomplete"):
            reading()
        assert not reading.store.kept

    def test_a_silent_disable_is_noticed_by_the_count(self) -> None:
        reading = settled(800)
        reading.rt.set_disabled(700, silent=True)
        warm = reading()
        assert (warm.how, flagged(warm)[0], warm.re_read) == ("listed", {700}, 1)
        assert (reading().how, reading.requests) == ("warm", 3)

    def test_a_silent_enable_is_noticed_too(self) -> None:
        reading = Reading(FakeUsers(800))
        reading.rt.disabled = {20, 700, 702}
        reading()
        reading.rt.now += timedelta(minutes=10)
        reading.rt.set_disabled(702, disabled=False, silent=True)
        assert flagged(reading())[0] == {20, 700}

    def test_a_restored_rt_is_compared_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        reading = settled(300)
        reading.rt.make(9_000)
        reading.rt.change(20, City="Later")
        reading()
        reading.rt.now += timedelta(minutes=10)
        del reading.rt.people[9_000]
        reading.rt.transactions = reading.rt.transactions[:-2]
        reading.rt.people[20] |= {"City": None, "LastUpdated": "2026-02-28T12:00:00Z"}
        with caplog.at_level(logging.WARNING):
            restored = reading()
        assert (restored.how, len(restored.users)) == ("listed", 300)
        assert getter(SCHEMA, "City")(by_id(restored)[20]) is None
        assert "restored" in caplog.text
        assert "users were shredded" in caplog.text

    def test_a_full_read_reports_what_no_sign_told_of(self, caplog: pytest.LogCaptureFixture) -> None:
        reading = settled(300)
        reading.rt.people[20]["City"] = "Silent"
        reading.rt.people[22]["Name"] = "silent"
        full = reading(full=True)
        assert (full.how, full.misses) == ("cold", 2)
        assert "RT user 20 has changed" in caplog.text
        assert "Silent" not in caplog.text

    def test_a_user_that_is_gone_is_dropped(self) -> None:
        reading = settled(300)
        del reading.rt.people[20]
        warm = reading()
        assert (warm.how, len(warm.users)) == ("listed", 299)
        assert 20 not in by_id(warm)


class TestRefusal:
    @pytest.mark.parametrize(
        ("spoil", "code", "kind"),
        [
            (lambda page: page.update(total=None), "rt.incomplete", Unavailable),
            (lambda page: page["items"].reverse(), "rt.incomplete", Unavailable),
            (lambda page: page["items"].pop(), "rt.incomplete", Unavailable),
            (lambda page: page.update(items=page["items"][:1] * len(page["items"])), "rt.incomplete", Unavailable),
            (lambda page: page["items"].__setitem__(1, None), "rt.user_name", DataError),
        ],
    )
    def test_a_page_that_cannot_be_whole_ends_the_read(
        self, spoil: Callable[[dict[str, Any]], None], code: str, kind: type[IntegrationError]
    ) -> None:
        reading = Reading(FakeUsers(250))
        reading.rt.spoil = lambda page: (
            spoil(page) if page["per_page"] == 100 and len(page["items"]) > 1 and "Name" in page["items"][0] else None
        )
        with pytest.raises(kind) as caught:
            reading()
        assert caught.value.code == code
        assert not reading.store.kept

    def test_a_shrinking_total_ends_the_read(self) -> None:
        reading = Reading(FakeUsers(250))
        reading.at(4, lambda: reading.rt.people.pop(2))
        with pytest.raises(Unavailable, match="came or went"):
            reading()

    def test_a_dropped_criterion_is_noticed(self) -> None:
        reading = settled(300)
        for number in range(20, 30, 2):
            reading.rt.change(number, City="New")
        reading.rt.before = lambda request: setattr(
            reading.rt, "drop_criteria", b'"IN"' in (request.body or b"") and "users" in request.path
        )
        with pytest.raises(Unavailable, match="ignored a criterion"):
            reading()

    def test_hidden_custom_fields_end_the_read(self) -> None:
        reading = Reading(FakeUsers(3))
        reading.rt.people[4]["CustomFields"] = ""
        with pytest.raises(NotPermitted, match="SeeCustomField"):
            reading()

    def test_a_user_alone_without_flags_is_a_lost_right(self) -> None:
        reading = settled(300)
        reading.rt.change(20, City="New")
        reading.rt.telling = False
        with pytest.raises(NotPermitted, match="AdminUsers"):
            reading()

    def test_a_snapshot_that_cannot_be_decoded_is_read_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        reading = settled(3)
        rows = reading.store.kept[reading.reader.scope(SCHEMA)]
        rows[min(rows)] = b"{"
        reading.rt.change(2, City="New")
        assert reading().how == "cold"
        assert "cannot be decoded" in caplog.text

    def test_names_of_a_snapshot_that_cannot_be_decoded_are_not_known(self) -> None:
        reading = settled(3)
        assert reading.reader.names(SCHEMA, [2, 4, 99]) == {2: "s2", 4: "s4"}
        rows = reading.store.kept[reading.reader.scope(SCHEMA)]
        rows[min(rows)] = b"{"
        assert reading.reader.names(SCHEMA, [2, 4]) == {}


class TestFlags:
    def test_a_reference_that_may_mean_two_users_is_asked_for(self) -> None:
        reading = Reading(FakeUsers(5))
        reading.rt.make(100, "org-s4")
        reading.rt.people[100]["_url"] = "http://rt/REST/2.0/user/s4"
        reading.rt.privileged = {100, 6}
        assert flagged(reading())[1] == {100, 6}

    def test_who_is_known_by_number_only_is_read_alone(self) -> None:
        reading = settled(300)
        for number in range(20, 30, 2):
            reading.rt.change(number, City="New")
        reading.rt.people[20]["_url"] = "http://rt/REST/2.0/user/other"
        reading.rt.set_disabled(22)
        warm = reading()
        assert (warm.re_read, flagged(warm)[0]) == (5, {22})
        assert "user/20" in reading.rt.paths()

    def test_a_multiple_value_and_empty_values_are_kept_as_they_read(self) -> None:
        reading = Reading(FakeUsers(2))
        reading.rt.people[2]["CustomFields"] = [
            {"id": "22", "values": [None]},
            {"id": "26", "values": ["b", "a", "b"]},
            {"id": "23", "values": ["7"]},
        ]
        user = by_id(reading())[2]
        fields = ("CF.{Student ID}", "CF.{Grade}", "CF.{Clubs}", "City", "Disabled")
        assert [getter(SCHEMA, field)(user) for field in fields] == [None, "7", ("a", "b"), None, "0"]
