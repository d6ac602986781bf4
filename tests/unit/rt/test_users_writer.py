"""Writing users: what is sent, and what each answer means."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import IntegrationError, NotPermitted, Unavailable, WriteRefused
from syncd.host.http import Reply, Request
from syncd.systems.rt.errors import classify
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.users.writer import UserWriter
from unit.rt.fake_users import FakeUsers, schema

if TYPE_CHECKING:
    from syncd.host.http import HttpClient
    from syncd.systems.rt.schema import Value

CREATED = {"id": "s1", "type": "user", "_url": "http://rt/REST/2.0/user/s1"}


class Writing(FakeUsers):
    """Also takes writes: ``answer`` says what becomes of them, and may itself make a user."""

    def __init__(self, answer: Callable[[Request], object], users: int = 0) -> None:
        super().__init__(users)
        self.answer = answer
        self.location = "/REST/2.0/user/80"

    def send(self, request: Request) -> Reply:
        if not request.object:
            return super().send(request)
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, IntegrationError):
            raise answer
        if isinstance(answer, Reply):
            error = classify(request, answer)
            raise error or AssertionError(answer)
        headers = {"location": self.location} if request.method == "POST" and self.location else {}
        return Reply(200, headers, msgspec.json.encode(answer), 1)

    def made(self, number: int, name: str, answer: object = CREATED) -> object:
        self.make(number, name)
        return answer

    def written(self) -> list[tuple[str, str, Any]]:
        return [
            (request.method, request.path.removeprefix("REST/2.0/"), msgspec.json.decode(request.body or b"null"))
            for request in self.requests
            if request.object
        ]


def no_names(_: Collection[int]) -> Mapping[int, str]:
    return {}


def writer(rt: Writing, names: Callable[[Collection[int]], Mapping[int, str]] = no_names) -> UserWriter:
    return UserWriter(Rest(cast("HttpClient", rt), rt, SystemClock()), schema(), names)


def refusal(status: int, message: str) -> Callable[[Request], Reply]:
    reply = Reply(status, {"content-type": "application/json"}, msgspec.json.encode({"message": message}), 1)
    return lambda _: reply


def lost(code: str) -> Unavailable:
    return Unavailable("The answer was lost.", code=code)


class TestUpdate:
    def test_all_fields_are_one_request_to_the_number(self) -> None:
        rt = Writing(lambda _: [])
        changes: dict[str, Value] = {
            "Name": "12345",
            "EmailAddress": None,
            "City": "X",
            "Disabled": "1",
            "Privileged": "0",
            "CF.{Grade}": None,
            "CF.{School}": "HIGH SCHOOL",
            "CF.{Clubs}": None,
            "CF.{Student ID}": "0",
        }
        assert not writer(rt).update_user(41, changes).proven
        body = {"Name": "12345", "EmailAddress": "", "City": "X", "Disabled": 1, "Privileged": 0}
        custom: dict[str, object] = {"23": None, "25": "High School", "26": [], "22": "0"}
        assert rt.written() == [("PUT", "user/41", {**body, "CustomFields": custom})]
        assert rt.requests[0].idempotent

    @pytest.mark.parametrize(
        ("sentence", "told"),
        [
            ("User s1001: Email address in use", "Email address in use"),
            ("User s1001: Name in use", "Name in use"),
            ("User s1001: Name could not be set to 12345.", "Name could not be set to 12345"),
            ("User s1001: Invalid syntax for email address", "Invalid syntax"),
            ("User s1001: empty name", "empty name"),
            ("User RT_System: Can not modify system users", "system users"),
            ("User s1001: Permission Denied", "; grant the API user AdminUsers."),
            ("Permission Denied", "; grant the API user ModifyCustomField."),
            ("Invalid value for custom field", "Invalid value"),
            ("Could not add a new value to custom field 'X': Input must match [Digits]", "must match"),
            (
                "Could not add a new value to custom field 'X': Permission Denied",
                "; grant the API user ModifyCustomField.",
            ),
        ],
    )
    def test_a_sentence_of_refusal_is_an_error_that_quotes_it_without_the_name(self, sentence: str, told: str) -> None:
        rt = Writing(lambda _: ["User s1001: RealName changed from 'a' to 'b'", sentence])
        with pytest.raises(WriteRefused) as caught:
            writer(rt).update_user(41, {"RealName": "b", "City": "x", "CF.{Grade}": None})
        assert told in str(caught.value)
        assert "s1001" not in str(caught.value)
        assert (caught.value.object, caught.value.code) == ("user 41", "rt.refused")

    @pytest.mark.parametrize(
        ("sentences", "proven"),
        [
            (["User s: RealName changed from 'Name in use' to 'x: Permission Denied'"], True),
            (["User disabled"], True),
            (["User enabled"], True),
            (["That user is now privileged"], True),
            (["Grade 9 changed to 10"], True),
            (["That is already the current value"], False),
            (["That user is already unprivileged"], False),
            (["Benutzer gesperrt"], False),
            ([None], False),
        ],
    )
    def test_only_a_sentence_of_success_proves(self, sentences: list[str | None], *, proven: bool) -> None:
        assert writer(Writing(lambda _: sentences)).update_user(41, {"City": "x"}).proven == proven

    def test_a_failure_inside_rt_leaves_it_open_what_was_written(self) -> None:
        assert not writer(Writing(lambda _: lost("rt.server_error"))).update_user(41, {"City": "x"}).proven
        with pytest.raises(Unavailable):
            writer(Writing(lambda _: lost("rt.gave_up"))).update_user(41, {"City": "x"})

    @pytest.mark.parametrize("changes", [{"Disabled": "1"}, {"Privileged": "0"}])
    @pytest.mark.parametrize("user", [1, 27])
    def test_nobody_locks_out_rt_or_the_api_user(self, user: int, changes: "dict[str, Value]") -> None:
        rt = Writing(lambda _: [])
        with pytest.raises(WriteRefused) as caught:
            writer(rt).update_user(user, changes)
        assert caught.value.code == "rt.own"
        assert rt.requests == []


class TestCreate:
    def test_the_number_comes_from_the_location(self) -> None:
        rt = Writing(lambda _: CREATED)
        fields: dict[str, Value] = {
            "Name": "a/b",
            "RealName": "",
            "EmailAddress": None,
            "Disabled": "1",
            "Privileged": "0",
            "CF.{Grade}": "7",
            "CF.{Clubs}": ("b", "a"),
            "CF.{School}": None,
        }
        assert writer(rt).create_user(fields) == 80
        body = {"Name": "a/b", "Disabled": 1, "Privileged": 0, "CustomFields": {"23": "7", "26": ["a", "b"]}}
        assert rt.written() == [("POST", "user", body)]
        assert not rt.requests[0].idempotent

    def test_without_a_location_the_name_leads_to_the_number(self) -> None:
        rt = Writing(lambda _: rt.made(90, "x" * 200))
        rt.location = ""
        assert writer(rt).create_user({"Name": "x" * 300}) == 90

    @pytest.mark.parametrize("code", ["rt.server_error", "rt.answer_lost", "rt.not_json"])
    def test_after_a_lost_answer_it_is_looked_whether_the_user_was_made(self, code: str) -> None:
        rt = Writing(lambda _: rt.made(90, "s1", lost(code)))
        rt.disabled = {90}
        assert writer(rt).create_user({"Name": "s1"}) == 90
        assert len(rt.requests) == 2
        with pytest.raises(Unavailable) as caught:
            writer(Writing(lambda _: lost(code))).create_user({"Name": "s1"})
        assert caught.value.code == code

    def test_after_any_other_failure_nothing_is_looked_for(self) -> None:
        rt = Writing(lambda _: lost("rt.gave_up"))
        with pytest.raises(Unavailable):
            writer(rt).create_user({"Name": "s1"})
        assert len(rt.requests) == 1

    @pytest.mark.parametrize(
        ("name", "message", "told"),
        [
            ("s1", "Name in use", "Name in use."),
            ("s1", "Email address in use", "Email address in use."),
            ("s1", "Could not create user", "Could not create user."),
            ("41", "Name in use", "another user has the number 41)."),
        ],
    )
    def test_a_refusal_quotes_rt(self, name: str, message: str, told: str) -> None:
        with pytest.raises(WriteRefused) as caught:
            writer(Writing(refusal(400, message))).create_user({"Name": name})
        assert str(caught.value).endswith(told)
        assert "s1" not in str(caught.value)

    def test_a_name_is_needed(self) -> None:
        rt = Writing(lambda _: CREATED)
        for fields in ({"EmailAddress": "a@example.org"}, {"Name": ""}, {"Name": None}):
            with pytest.raises(WriteRefused, match="Name cannot be empty"):
                writer(rt).create_user(cast("dict[str, Value]", fields))
        assert rt.requests == []


class TestReadBack:
    def test_a_hundred_take_two_requests_and_the_group(self) -> None:
        rt = Writing(lambda _: [], users=150)
        rt.disabled, rt.privileged = {6}, {8}
        names = {number: str(user["Name"]) for number, user in rt.people.items()}
        found = writer(rt, lambda ids: {number: names[number] for number in ids}).read_users([*range(2, 202, 2)])
        assert len(rt.requests) == 3
        assert len(found) == 100
        assert [number for number, user in found.items() if user.disabled] == [6]
        assert [number for number, user in found.items() if user.privileged] == [8]

    def test_few_are_read_alone(self) -> None:
        rt = Writing(lambda _: [], users=5)
        rt.privileged = {4}
        found = writer(rt).read_users([2, 4, 999])
        assert {number: user.privileged for number, user in found.items()} == {2: False, 4: True}
        assert rt.paths() == ["user/2", "user/4", "user/999"]

    def test_whom_this_writer_made_or_renamed_is_found_by_name(self) -> None:
        rt = Writing(
            lambda request: rt.made(80, "new") if request.method == "POST" else _renamed(rt, 2, "other"),
            users=5,
        )
        mine = writer(rt, lambda ids: {number: f"s{number}" for number in ids if number < 80})
        assert mine.create_user({"Name": "new"}) == 80
        mine.update_user(2, {"Name": "other"})
        rt.requests.clear()
        found = mine.read_users([2, 4, 6, 80])
        assert {number: user.name for number, user in found.items()} == {2: "other", 4: "s4", 6: "s6", 80: "new"}
        assert len(rt.requests) == 3

    def test_who_is_not_found_by_name_is_read_alone(self) -> None:
        rt = Writing(lambda _: [], users=5)
        found = writer(
            rt, lambda ids: {number: f"old{number}" if number == 4 else f"s{number}" for number in ids}
        ).read_users([2, 4, 6, 8])
        assert sorted(found) == [2, 4, 6, 8]
        assert rt.paths() == ["group/4", "users", "users", "user/4"]

    def test_a_lost_right_is_no_empty_user(self) -> None:
        rt = Writing(lambda _: [], users=1)
        rt.people[2]["CustomFields"] = ""
        with pytest.raises(NotPermitted):
            writer(rt).read_users([2])


def _renamed(rt: Writing, number: int, name: str) -> list[str]:
    before = rt.people[number]["Name"]
    rt.change(number, Name=name)
    return [f"User {name}: Name changed from '{before}' to '{name}'"]
