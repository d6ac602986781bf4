"""The users of RT through the adapter, against a real Request Tracker 5 and the stand-in: writing, and reading back."""

import msgspec
import pytest

from contract.rt_trackers import Connect
from contract.users_adapter import GRADE, ID, SCHOOL, YEAR, People, people
from syncd.host.errors import NotFound, WriteRefused
from syncd.systems.rt.schema import Value
from syncd.systems.rt.users.records import getter
from syncd.systems.rt.users.schema import UserNeed

__all__ = ["people"]


class Numbered(msgspec.Struct):
    id: int


class TestWriting:
    def test_one_request_writes_all_fields_as_they_read_back(self, people: People) -> None:
        user = people.make("w1")
        before = people.tracker.client.stats.requests
        changes: dict[str, Value] = {
            "Name": "W1/new",
            "EmailAddress": "W1@school.example.test",
            "RealName": " Zoë 'W' 漢 ",
            "Organization": "é" * 300,
            "NickName": "n" * 40,
            "City": "c" * 120,
            "WorkPhone": "+1 555 0100",
            "Disabled": "1",
            "Privileged": "1",
            ID: "0012",
            GRADE: "K",
            YEAR: "2039",
            SCHOOL: "HIGH school",
        }
        answer = people.writer.update_user(user, changes)
        assert people.tracker.client.stats.requests == before + 1
        assert answer.proven
        assert people.values(user, *changes) == tuple(
            people.schema.reads_back(field, value) for field, value in changes.items()
        )
        assert people.values(user, "Organization", "NickName", SCHOOL) == ("é" * 100, "n" * 16, "High School")
        cleared: dict[str, Value] = {
            "EmailAddress": None,
            "RealName": None,
            "Organization": None,
            ID: None,
            SCHOOL: None,
        }
        people.writer.update_user(user, {**cleared, "Disabled": "0", "Privileged": "0"})
        assert people.values(user, *cleared, "Disabled", "Privileged") == (None,) * 5 + ("0", "0")

    def test_a_new_user_has_all_it_was_given(self, people: People) -> None:
        fields: dict[str, Value] = {
            "Name": "5550100",
            "EmailAddress": "w2@school.example.test",
            "RealName": "W Two",
            "Organization": "O",
            "Disabled": "1",
            "Privileged": "1",
            ID: "200200",
            GRADE: "12",
            SCHOOL: "middle school",
            YEAR: None,
        }
        before = people.tracker.client.stats.requests
        user = people.writer.create_user(fields)
        assert people.tracker.client.stats.requests == before + 1
        assert people.values(user, *fields) == tuple(
            people.schema.reads_back(field, value) for field, value in fields.items()
        )

    def test_a_value_that_a_new_user_cannot_have_is_proven_missing_by_reading_back(self, connect: Connect) -> None:
        blind = connect().user_preflight(UserNeed(write=("Name", SCHOOL)))
        fields = {key: msgspec.structs.replace(cf, values=None) for key, cf in blind.fields.items()}
        writer = connect().user_writer(msgspec.structs.replace(blind, fields=fields))
        user = writer.create_user({"Name": "w3", SCHOOL: "Hogwarts"})
        assert getter(blind, SCHOOL)(writer.read_users([user])[user]) is None

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"Name": "S1001"}, "Name in use"),
            ({"Name": "w4", "EmailAddress": "S1001@students.example.test"}, "Email address in use"),
            ({"Name": "w4", "EmailAddress": "no address"}, "Invalid syntax for email address"),
            ({"Name": "27"}, "another user has the number 27"),
            ({"Name": "w4", SCHOOL: "Hogwarts"}, "does not take this value"),
            ({"Name": "two\nlines"}, "line break"),
            ({"EmailAddress": "w4@school.example.test"}, "Name cannot be empty"),
        ],
    )
    def test_a_user_that_cannot_be_is_refused_with_rts_sentence(
        self, people: People, fields: dict[str, Value], sentence: str
    ) -> None:
        with pytest.raises(WriteRefused) as caught:
            people.writer.create_user(fields)
        assert sentence in str(caught.value)
        assert "S1001" not in str(caught.value)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"Name": "S1002"}, "Name in use"),
            ({"EmailAddress": "s1002@students.example.test", "RealName": "kept"}, "Email address in use"),
            ({"EmailAddress": "no address"}, "Invalid syntax for email address"),
            ({"Disabled": "yes"}, "Disabled is 1 or 0"),
            ({"Name": None}, "Name cannot be empty"),
            ({"LastUpdated": "2026-01-01"}, "cannot be written"),
        ],
    )
    def test_a_change_that_cannot_be_is_refused_with_rts_sentence(
        self, people: People, changes: dict[str, Value], sentence: str
    ) -> None:
        user = people.tracker.rest.get("user/s1001", Numbered, "get user").id
        with pytest.raises(WriteRefused) as caught:
            people.writer.update_user(user, changes)
        assert sentence in str(caught.value)
        assert "s1001" not in str(caught.value)

    def test_the_same_again_is_no_refusal_and_proves_nothing(self, people: People) -> None:
        user = people.make("w5")
        same: dict[str, Value] = {"Disabled": "1", "Privileged": "1"}
        assert people.writer.update_user(user, same).proven
        answer = people.writer.update_user(user, same)
        assert not answer.proven
        assert set(answer.sentences) == {"That is already the current value", "That user is already privileged"}

    def test_neither_rt_nor_the_api_user_is_locked_out(self, people: People) -> None:
        locks: tuple[dict[str, Value], ...] = ({"Disabled": "1"}, {"Privileged": "0"})
        for user in (1, people.schema.me):
            for change in locks:
                with pytest.raises(WriteRefused, match="API user"):
                    people.writer.update_user(user, change)

    def test_who_may_not_write_is_told_so(self, connect: Connect, people: People) -> None:
        user = people.make("w6")
        with pytest.raises(WriteRefused, match="Permission Denied"):
            connect("rt-readonly").user_writer(people.schema).update_user(user, {"RealName": "x"})
        with pytest.raises(WriteRefused, match="Permission Denied"):
            connect("rt-readonly").user_writer(people.schema).create_user({"Name": "w6-never"})

    def test_a_user_that_is_not_there(self, people: People) -> None:
        with pytest.raises(NotFound):
            people.writer.update_user(999_999, {"RealName": "x"})
        assert people.writer.read_users([999_999]) == {}

    def test_a_hundred_users_are_read_back_in_three_requests(self, people: People) -> None:
        users = [people.make(f"w7-{number}") for number in range(100)]
        people.writer.update_user(users[0], {"Name": "w7-renamed", "Disabled": "1"})
        before = people.tracker.client.stats.requests
        found = people.writer.read_users(users)
        assert people.tracker.client.stats.requests - before <= 5
        assert sorted(found) == users
        assert (found[users[0]].name, found[users[0]].disabled, found[users[1]].disabled) == ("w7-renamed", True, False)

    def test_users_of_the_snapshot_are_found_by_their_names(self, connect: Connect) -> None:
        tracker = connect()
        people = People(tracker)
        users = [people.make(f"w8-{number}") for number in range(5)]
        people.read()
        before = tracker.client.stats.requests
        assert sorted(tracker.user_writer(people.schema).read_users(users)) == users
        assert tracker.client.stats.requests == before + 3
