"""The users of RT through the adapter, against a real Request Tracker 5 and the stand-in: preflight and reading."""

import logging
from datetime import timedelta

import msgspec
import pytest

from contract.adapter import soon_settled
from contract.rt_trackers import Connect
from contract.users_adapter import GRADE, ID, NEED, PLAIN, SCHOOL, YEAR, People, people
from services.rest2 import Rest2
from syncd.host.errors import ConfigurationError, DataError, NotPermitted
from syncd.systems.rt.assets import key_of
from syncd.systems.rt.snapshot import decode_meta
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.schema import UserNeed
from syncd.systems.rt.users.snapshot import UserSnapshot
from unit.rt.memory_store import MemoryStore

__all__ = ["people", "soon_settled"]


def by_name(snapshot: UserSnapshot) -> dict[str, User]:
    return {user.name: user for user in snapshot.users}


def alike(snapshot: UserSnapshot, other: UserSnapshot) -> bool:
    return list(snapshot.users) == list(other.users)


class TestPreflight:
    def test_finds_the_schema_in_few_requests(self, connect: Connect) -> None:
        tracker = connect()
        schema = tracker.user_preflight(NEED)
        assert tracker.client.stats.requests <= 6
        assert schema.version.startswith("5.")
        assert (schema.me, schema.privileged) == (27, 4)
        assert schema.custom_field(SCHOOL).values == ("Elementary", "Middle School", "High School")
        assert [schema.custom_field(field).type for field in (ID, GRADE, YEAR)] == ["Freeform"] * 3

    def test_takes_a_custom_field_by_id(self, connect: Connect, people: People) -> None:
        field = f"CF.{{{people.schema.custom_field(ID).id}}}"
        assert connect().user_preflight(UserNeed(read=(field,))).custom_field(field).name == "Student ID"

    def test_reports_all_problems_at_once(self, connect: Connect) -> None:
        need = UserNeed(read=("CF.{Student Id Number}", "CF.{Grade}"), write=("Nmae", "LastUpdated"))
        need = msgspec.structs.replace(need, kinds={"CF.{Grade}": ("date",)})
        with pytest.raises(ConfigurationError) as caught:
            connect().user_preflight(need)
        for part in ("Student Id Number", '"Student ID"', '"Nmae"', '"Name"', '"LastUpdated"', "Freeform", "users"):
            assert part in str(caught.value)

    def test_a_custom_field_is_written_under_one_name(self, connect: Connect, people: People) -> None:
        number = people.schema.custom_field(GRADE).id
        with pytest.raises(ConfigurationError, match=rf"are one custom field, number {number};"):
            connect().user_preflight(UserNeed(write=(GRADE, f"CF.{{{number}}}")))

    def test_a_field_of_assets_is_none_of_users(self, connect: Connect) -> None:
        with pytest.raises(ConfigurationError, match="not applied to users"):
            connect().user_preflight(UserNeed(read=("CF.{Serial Number}",)))

    def test_who_may_not_administer_users_is_told_the_rights(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted) as caught:
            connect("rt-readonly").user_preflight(NEED)
        assert "AdminUsers" in str(caught.value)
        assert "SeeGroup" in str(caught.value)
        assert caught.value.exit_status == 77

    def test_hidden_custom_fields_are_a_missing_right(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted, match="SeeCustomField"):
            connect("rt-blind").user_preflight(NEED)

    def test_the_api_users_time_zone_must_be_the_configured_one(self, connect: Connect) -> None:
        with pytest.raises(ConfigurationError, match="America/Los_Angeles"):
            connect("rt-west").user_preflight(NEED)


class TestReading:
    def test_all_users_come_with_their_values_and_flags(self, people: People) -> None:
        people.make("r-off", Disabled="1", **{GRADE: "7"})
        people.make("r-staff", Privileged="1", Organization="Office")
        snapshot = people.read()
        found = by_name(snapshot)
        assert (snapshot.how, len(snapshot.users)) == ("cold", len(found))
        assert {"RT_System", "Nobody", "root", "s1001", "s1002"} <= found.keys()
        assert {name for name, user in found.items() if user.disabled} == {"r-off"}
        assert {name for name, user in found.items() if user.privileged} >= {"root", "rt-sync", "r-staff"}
        assert not any(found[name].privileged for name in ("s1001", "Nobody", "RT_System", "r-off"))
        read = {field: getter(people.schema, field) for field in (*PLAIN, ID, GRADE, YEAR, SCHOOL)}
        assert {field: get(found["s1001"]) for field, get in read.items()} == {
            "Name": "s1001",
            "EmailAddress": "s1001@students.example.test",
            "RealName": "Ada Student",
            "Organization": None,
            "NickName": None,
            "City": None,
            "WorkPhone": None,
            "Disabled": "0",
            "Privileged": "0",
            ID: "100001",
            GRADE: "7",
            YEAR: "2031",
            SCHOOL: None,
        }
        assert read["Organization"](found["r-staff"]) == "Office"

    def test_nothing_new_takes_three_requests(self, people: People) -> None:
        cold = people.read()
        people.settled()
        warm = people.read()
        assert (warm.how, warm.re_read, people.requests) == ("warm", 0, 3)
        assert alike(warm, cold)

    def test_only_what_changed_is_read_again(self, people: People) -> None:
        users = [people.make(f"r1-{number}", **{GRADE: "1"}) for number in range(6)]
        people.read()
        people.settled()
        people.put(users[0], RealName="New", CustomFields={"Grade": "2"})
        people.put(users[1], Disabled=1)
        people.put(users[2], Name="r1-renamed")
        people.put(users[3], Privileged=1)
        new = people.make("r1-new", Disabled="1")
        warm = people.read()
        assert (warm.how, warm.re_read, people.requests) == ("warm", 5, 6)
        found = {user.id: user for user in warm.users}
        assert getter(people.schema, GRADE)(found[users[0]]) == "2"
        assert (found[users[1]].disabled, found[users[2]].name, found[users[3]].privileged) == (
            True,
            "r1-renamed",
            True,
        )
        assert (found[new].name, found[new].disabled) == ("r1-new", True)
        assert alike(people.read(full=True), warm)
        for user in (users[1], new):
            people.put(user, Disabled=0)
        people.put(users[3], Privileged=0)
        back = {user.id: user for user in people.read().users}
        assert not any(back[user].disabled or back[user].privileged for user in (*users, new))

    def test_few_changes_are_read_one_by_one(self, people: People) -> None:
        user = people.make("r2")
        people.read()
        people.settled()
        people.put(user, Disabled=1)
        warm = people.read()
        assert (warm.how, warm.re_read, people.requests) == ("warm", 1, 4)
        assert by_name(warm)["r2"].disabled
        people.put(user, Disabled=0)

    def test_a_user_read_in_the_second_of_its_change_is_read_once_more(self, connect: Connect) -> None:
        store = MemoryStore()
        people = People(connect(store=store))
        people.read()
        user = people.make("r3")
        people.read()
        meta = decode_meta(store.meta(people.tracker.user_reader.scope(people.schema)))
        assert meta is not None
        assert user in meta.unsettled
        assert people.settled().re_read == 0
        assert people.requests == 3

    def test_names_of_digits_and_with_a_slash_are_read_by_number(self, people: People) -> None:
        names = ("5550001", "r4/a", "r4 b", " r4 ", "Élise r4", "'r4\\%_", "r4: x", "rt.test-r4")
        made = {people.make(name, Privileged="1"): name for name in names}
        found = people.writer.read_users(made)
        assert {number: user.name for number, user in found.items()} == made
        assert all(user.privileged and not user.disabled for user in found.values())
        cold = {user.id: user for user in people.read().users}
        assert all(cold[number] == user for number, user in found.items())
        for number in made:
            people.put(number, Privileged=0)
        warm = {user.id: user for user in people.read().users}
        assert not any(warm[number].privileged for number in made)

    def test_whom_a_reference_may_mean_is_asked_for_alone(self, people: People) -> None:
        people.make("rt.test-r5", Privileged="1")
        people.make("r5")
        found = by_name(people.read())
        assert (found["rt.test-r5"].privileged, found["r5"].privileged) == (True, False)

    def test_many_new_users_are_read_as_all_are(self, people: People) -> None:
        people.read()
        people.settled()
        for number in range(105):
            people.make(f"r6-{number:03d}", **{GRADE: str(number)})
        warm = people.read()
        assert (warm.how, warm.misses) == ("cold", 0)
        assert people.requests <= len(warm.users) // 100 + 1 + 10
        found = by_name(warm)
        assert [getter(people.schema, GRADE)(found[f"r6-{number:03d}"]) for number in (0, 104)] == ["0", "104"]
        assert alike(people.read(full=True), warm)

    def test_those_disabled_when_they_were_made_are_found(self, people: People) -> None:
        off = {
            people.make(f"r7-{number:03d}", Disabled="1" if number % 29 == 5 else "0"): number for number in range(130)
        }
        told = people.make("r7-told")
        people.put(told, Disabled=1)
        cold = people.read()
        mine = {user.id: user.disabled for user in cold.users}
        assert {number for user, number in off.items() if mine[user]} == {5, 34, 63, 92, 121}
        assert mine[told]
        assert people.requests <= 2 * (len(cold.users) // 100 + 1) + 11
        people.settled()
        assert (people.read().re_read, people.requests) == (0, 3)

    def test_a_disable_without_any_sign_is_noticed_by_the_count(self, connect: Connect) -> None:
        store = MemoryStore()
        people = People(connect(store=store))
        user = people.make("r8")
        people.read()
        people.settled()
        people.put(user, Disabled=1)
        reader = people.tracker.user_reader
        scope = reader.scope(people.schema)
        people.settled()
        row = store.kept[scope][key_of(user)]
        store.kept[scope][key_of(user)] = row.replace(b',"disabled":true', b"")
        meta = decode_meta(store.meta(scope))
        assert meta is not None
        store.metas[scope] = msgspec.json.encode(msgspec.structs.replace(meta, disabled=meta.disabled - 1))
        found = people.read()
        assert (found.how, found.re_read) == ("listed", 1)
        assert by_name(found)["r8"].disabled
        assert (people.read().how, people.requests) == ("warm", 3)
        people.put(user, Disabled=0)

    def test_a_full_read_reports_and_corrects_what_was_missed(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = MemoryStore()
        people = People(connect(store=store))
        truth = people.settled()
        scope = people.tracker.user_reader.scope(people.schema)
        meta = decode_meta(store.meta(scope))
        assert meta is not None
        later = msgspec.structs.replace(meta, began=meta.began + timedelta(minutes=2), unsettled=[])
        store.metas[scope] = msgspec.json.encode(later)
        users = by_name(truth)
        row = store.kept[scope][key_of(users["s1001"].id)]
        store.kept[scope][key_of(users["s1001"].id)] = row.replace(b"Ada", b"Eve")
        del store.kept[scope][key_of(users["s1002"].id)]
        with caplog.at_level(logging.ERROR):
            full = people.read(full=True)
        assert (full.misses, full.how) == (2, "cold")
        assert alike(full, truth)
        assert "Ada" not in caplog.text

    def test_a_user_with_a_line_break_in_its_name_is_a_clear_error(self, rt: Rest2, people: People) -> None:
        rt.send("POST", "/user", json={"Name": "r9\nx"})
        made = rt.search(
            "/transactions", {"field": "Type", "value": "Create"}, fields="ObjectId", orderby="id", order="DESC"
        )
        with pytest.raises(DataError, match="line break"):
            people.read()
        people.put(int(made["items"][0]["ObjectId"]), Name="r9")
        assert "r9" in by_name(people.read())
