"""The users of RT through the adapter: against a real Request Tracker 5, and against the stand-in."""

import logging
import time
from datetime import timedelta

import msgspec
import pytest

from contract.rt_trackers import Connect
from services.rest2 import Rest2
from syncd.host.errors import ConfigurationError, DataError, NotFound, NotPermitted, WriteRefused
from syncd.systems.rt import work
from syncd.systems.rt.assets import key_of
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Value
from syncd.systems.rt.snapshot import decode_meta
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.schema import UserNeed, UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot
from unit.rt.memory_store import MemoryStore

ID, GRADE, YEAR, SCHOOL = "CF.{Student ID}", "CF.{Grade}", "CF.{Graduation Year}", "CF.{School}"
PLAIN = ("Name", "EmailAddress", "RealName", "Organization", "NickName", "City", "WorkPhone", "Disabled", "Privileged")
NEED = UserNeed(read=("LastUpdated",), write=(*PLAIN, ID, GRADE, YEAR, SCHOOL), create=True)


@pytest.fixture(autouse=True)
def _soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SETTLE", timedelta(seconds=1))


class Numbered(msgspec.Struct):
    id: int


class People:
    """The users of an RT through one connection, with the requests that the last read took."""

    def __init__(self, tracker: RequestTracker) -> None:
        self.tracker = tracker
        self.schema: UserSchema = tracker.user_preflight(NEED)
        self.writer = tracker.user_writer(self.schema)
        self.requests = 0

    def read(self, *, full: bool = False) -> UserSnapshot:
        before = self.tracker.client.stats.requests
        snapshot = self.tracker.user_reader.read(self.schema, full=full)
        self.requests = self.tracker.client.stats.requests - before
        return snapshot

    def settled(self) -> UserSnapshot:
        """Read until nothing is to be read again."""
        time.sleep(2.2)
        self.read()
        return self.read()

    def make(self, name: str, **fields: Value) -> int:
        return self.writer.create_user({"Name": name, **fields})

    def put(self, user: int, **body: object) -> None:
        self.tracker.rest.write("PUT", f"user/{user}", body, "update", "user")

    def values(self, user: int, *fields: str) -> tuple[Value, ...]:
        found = self.writer.read_users([user])[user]
        return tuple(getter(self.schema, field)(found) for field in fields)


@pytest.fixture
def people(connect: Connect) -> People:
    return People(connect())


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
