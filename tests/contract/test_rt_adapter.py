"""The RT adapter against a real Request Tracker 5, and against the stand-in."""

import logging
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec
import pytest

from contract.rt_trackers import Connect
from services.rest2 import Rest2
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, NotFound, NotPermitted, WriteRefused
from syncd.systems.rt import lookup, work
from syncd.systems.rt.assets import getter, key_of
from syncd.systems.rt.client import RequestTracker, open_rt
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import Need, Schema, Value
from syncd.systems.rt.snapshot import AssetSnapshot, decode_meta
from unit.rt.memory_store import MemoryStore

SERIAL, MODEL, TYPE, OU = "CF.{Serial Number}", "CF.{Model}", "CF.{Type}", "CF.{OU}"
SYNC, AUE, IP = "CF.{Last Sync}", "CF.{AUE Date}", "CF.{LAN IP}"
USERS, TAGS, CYCLES, UNIQUE = (
    "CF.{Recent Users}",
    "CF.{Tags}",
    "CF.{Battery Cycle Count}",
    "CF.{Google ID (unique)}",
)
NEED = Need(
    catalogs=("Chromebooks",),
    read=("LastUpdated", "CF.{MAC Address}"),
    write=(
        *("Name", "Status", "Owner.EmailAddress", "Owner.Name", "HeldBy.EmailAddress", "HeldBy.Name"),
        *(SERIAL, MODEL, TYPE, OU, SYNC, AUE, IP, USERS, TAGS, CYCLES, UNIQUE),
    ),
    create=True,
)


@pytest.fixture(autouse=True)
def _soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SETTLE", timedelta(seconds=1))


@pytest.fixture
def tracker(connect: Connect) -> RequestTracker:
    return connect()


class Counted:
    """Runs reads and says how many requests each took."""

    def __init__(self, tracker: RequestTracker, schema: Schema) -> None:
        self.tracker, self.schema, self.requests = tracker, schema, 0

    def read(self, *, full: bool = False) -> AssetSnapshot:
        before = self.tracker.client.stats.requests
        snapshot = self.tracker.reader.read(self.schema, full=full)
        self.requests = self.tracker.client.stats.requests - before
        return snapshot


def make(tracker: RequestTracker, schema: Schema, serial: str, **fields: Value) -> int:
    values: Mapping[str, Value] = {"Name": f"T-{serial}", "Status": "in-use", SERIAL: serial, **fields}
    return tracker.writer(schema).create_asset(schema.catalogs[0].id, values, key=SERIAL)


def put(tracker: RequestTracker, path: str, **body: object) -> None:
    tracker.rest.write("PUT", path, body, "update", path)


def back(tracker: RequestTracker, schema: Schema, asset: int, field: str) -> Value:
    writer = tracker.writer(schema)
    found = writer.read_assets([asset])[asset]
    return getter(schema, field, writer.people)(found)


def wait_until_settled() -> None:
    """Wait until LastUpdated of what was just written is old enough for a read to be final."""
    time.sleep(2.2)


class TestPreflight:
    def test_finds_the_schema_in_few_requests(self, tracker: RequestTracker) -> None:
        need = Need(catalogs=("Chromebooks",), read=(SERIAL, MODEL, OU, SYNC, AUE, IP, USERS, CYCLES), write=(TYPE, OU))
        schema = tracker.preflight(need)
        assert tracker.client.stats.requests <= 6
        assert schema.version.startswith("5.")
        assert [catalog.name for catalog in schema.catalogs] == ["Chromebooks"]
        assert set(schema.custom_field(TYPE).values or ()) >= {"Chromebook", "iPad", "Laptop", "Switch"}
        assert schema.custom_field(OU).values is None
        assert schema.custom_field(SYNC).kind == "datetime"
        assert schema.custom_field(AUE).kind == "date"
        assert schema.custom_field(IP).kind == "address"
        assert schema.custom_field(USERS).kind == "multi"
        assert schema.custom_field(CYCLES).pattern == r"(?#Digits)^[\d.]*$"
        assert schema.people_feed
        assert schema.unproven == ("ModifyCustomField",)

    def test_takes_a_custom_field_and_a_catalog_by_id(self, tracker: RequestTracker) -> None:
        by_name = tracker.preflight(NEED)
        by_id = tracker.preflight(Need(catalogs=("2",), read=(f"CF.{{{by_name.custom_field(SERIAL).id}}}",)))
        assert by_id.catalogs == by_name.catalogs
        assert [cf.name for cf in by_id.wanted] == ["Serial Number"]

    def test_reports_all_problems_at_once(self, tracker: RequestTracker) -> None:
        need = Need(
            catalogs=("Chromebooks", "Chromebook"),
            read=("CF.{Serial Nmber}", "Nmae"),
            write=(IP,),
            kinds={IP: ("datetime",)},
        )
        with pytest.raises(ConfigurationError) as caught:
            tracker.preflight(need)
        sentence = str(caught.value)
        for part in ('"Chromebook"', "Serial Nmber", '"Serial Number"', '"Nmae"', '"Name"', "IPAddress"):
            assert part in sentence

    def test_a_custom_field_is_written_under_one_name(self, tracker: RequestTracker) -> None:
        number = tracker.preflight(NEED).custom_field(SERIAL).id
        with pytest.raises(ConfigurationError, match="are one custom field"):
            tracker.preflight(Need(catalogs=("Chromebooks",), write=(SERIAL, f"CF.{{{number}}}")))

    def test_a_field_of_another_catalog_is_not_applied(self, tracker: RequestTracker) -> None:
        with pytest.raises(ConfigurationError, match="not applied"):
            tracker.preflight(Need(catalogs=("Network Gear",), read=(OU,)))

    def test_an_empty_catalog_has_its_fields(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(Need(catalogs=("Network Gear",), write=(SERIAL, "Name"), create=True))
        assert schema.custom_field(SERIAL).type == "Freeform"
        assert 'ModifyAsset on the catalog "Network Gear"' in schema.unproven

    def test_missing_rights_to_write_are_known_before(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted) as caught:
            connect("rt-readonly").preflight(NEED)
        assert "CreateAsset" in str(caught.value)
        assert "ModifyAsset" in str(caught.value)

    def test_one_who_may_only_look_may_plan(self, connect: Connect) -> None:
        schema = connect("rt-readonly").preflight(Need(catalogs=("Chromebooks",), read=(SERIAL, "Owner.EmailAddress")))
        assert not schema.people_feed

    def test_hidden_custom_fields_are_a_missing_right(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted, match="SeeCustomField"):
            connect("rt-blind").preflight(Need(catalogs=("Chromebooks",), read=(SERIAL,)))

    def test_rights_on_one_catalog_are_enough(self, connect: Connect) -> None:
        tracker = connect("rt-catalog")
        schema = tracker.preflight(Need(catalogs=("Chromebooks",), read=(SERIAL,), write=(OU, "Name"), create=True))
        assert schema.custom_field(OU).type == "Freeform"

    def test_a_hidden_catalog_is_named(self, connect: Connect) -> None:
        with pytest.raises(ConfigurationError, match="Network Gear"):
            connect("rt-catalog").preflight(Need(catalogs=("Network Gear",), read=(SERIAL,)))

    def test_the_api_users_time_zone_must_be_the_configured_one(self, connect: Connect) -> None:
        with pytest.raises(ConfigurationError, match="America/Los_Angeles"):
            connect("rt-west").preflight(NEED)
        assert connect("rt-west", timezone="America/Los_Angeles").preflight(NEED).me

    def test_a_second_field_of_the_same_name_is_harmless_until_it_is_applied(self, tracker: RequestTracker) -> None:
        body = {"Name": "Model", "Type": "Freeform", "MaxValues": 1, "LookupType": "RT::Catalog-RT::Asset"}
        tracker.rest.write("POST", "customfield", body, "create", "custom field")
        assert tracker.preflight(NEED).custom_field(MODEL).id == 5


class TestSigningIn:
    def test_a_wrong_token_is_no_permission(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted, match="make a new token"):
            connect(secret="1-27-00000000000000000000000000000000").preflight(NEED)

    def test_a_password_signs_in_once(self, connect: Connect) -> None:
        tracker = connect("rt-sync", auth="password")
        assert tracker.preflight(NEED).me

    def test_a_wrong_password_is_no_permission(self, connect: Connect) -> None:
        with pytest.raises(NotPermitted, match="password of rt-sync"):
            connect("rt-sync", auth="password", secret="wrong").preflight(NEED)

    def test_an_expired_session_is_renewed(self, connect: Connect) -> None:
        tracker = connect("rt-sync", auth="password")
        tracker.preflight(NEED)
        authenticator = tracker.rest._signing_in
        authenticator._cookie = "RT_SID_rt.test.1=00000000000000000000000000000000"  # type: ignore[attr-defined]
        assert tracker.preflight(NEED).me


class TestReading:
    @pytest.fixture
    def counted(self, tracker: RequestTracker) -> Counted:
        return Counted(tracker, tracker.preflight(NEED))

    def test_nothing_new_takes_two_requests(self, counted: Counted) -> None:
        cold = counted.read()
        assert (cold.how, counted.requests) == ("cold", 2)
        whole = list(cold.assets)
        wait_until_settled()
        counted.read()
        warm = counted.read()
        assert (warm.how, warm.re_read, counted.requests) == ("warm", 0, 2)
        assert list(warm.assets) == whole
        assert warm.people == cold.people

    def test_only_what_changed_is_read_again(self, counted: Counted) -> None:
        tracker, schema = counted.tracker, counted.schema
        changed, gone, moved = (make(tracker, schema, f"R1-{number}") for number in range(3))
        wait_until_settled()
        before = {asset.id for asset in counted.read().assets}
        writer = tracker.writer(schema)
        writer.update_asset(changed, {OU: "/Here", "Owner.Name": "s1002", "HeldBy.Name": ("s1001",)})
        new = make(tracker, schema, "R1-new")
        put(tracker, f"asset/{gone}", Status="deleted")
        put(tracker, f"asset/{moved}", Catalog="3")
        after = counted.read()
        assert (after.how, counted.requests) == ("warm", 3)
        found = {asset.id: asset for asset in after.assets}
        assert found.keys() == before - {gone, moved} | {new}
        assert getter(schema, OU, after.people)(found[changed]) == "/Here"
        assert getter(schema, "Owner.Name", after.people)(found[changed]) == "s1002"
        assert getter(schema, "HeldBy.EmailAddress", after.people)(found[changed]) == ("s1001@students.example.test",)

    def test_an_asset_moved_in_is_found(self, counted: Counted) -> None:
        asset = make(counted.tracker, counted.schema, "R2")
        put(counted.tracker, f"asset/{asset}", Catalog="3")
        counted.read()
        put(counted.tracker, f"asset/{asset}", Catalog="2")
        assert asset in {found.id for found in counted.read().assets}

    def test_a_persons_new_address_is_learnt_from_the_feed(self, counted: Counted) -> None:
        tracker, schema = counted.tracker, counted.schema
        asset = make(tracker, schema, "R3", **{"Owner.Name": "s1002"})
        wait_until_settled()
        before = counted.read()
        put(tracker, "user/s1002", EmailAddress="changed@students.example.test")
        after = counted.read()
        put(tracker, "user/s1002", EmailAddress="s1002@students.example.test")
        owner = next(found.owner for found in after.assets if found.id == asset)
        assert before.people[owner].email == "s1002@students.example.test"
        assert after.people[owner].email == "changed@students.example.test"
        assert after.re_read == 1

    def test_a_persons_new_address_is_found_without_the_right_to_see_history(
        self, connect: Connect, tracker: RequestTracker
    ) -> None:
        schema = connect("rt-readonly").preflight(Need(catalogs=("Chromebooks",), read=(SERIAL, "Owner.EmailAddress")))
        asset = make(tracker, tracker.preflight(NEED), "R4", **{"Owner.Name": "s1001"})
        counted = Counted(connect("rt-readonly"), schema)
        counted.read()
        put(tracker, "user/s1001", EmailAddress="other@students.example.test")
        after = counted.read()
        put(tracker, "user/s1001", EmailAddress="s1001@students.example.test")
        owner = next(found.owner for found in after.assets if found.id == asset)
        assert after.people[owner].email == "other@students.example.test"

    def test_rights_on_one_catalog_are_read_by_listing(self, connect: Connect, counted: Counted) -> None:
        limited = connect("rt-catalog")
        schema = limited.preflight(Need(catalogs=("Chromebooks",), read=(SERIAL, OU)))
        reader = Counted(limited, schema)
        asset, gone = (make(counted.tracker, counted.schema, f"R5-{number}") for number in range(2))
        wait_until_settled()
        before = reader.read()
        counted.tracker.writer(counted.schema).update_asset(asset, {OU: "/Listed"})
        put(counted.tracker, f"asset/{gone}", Status="deleted")
        after = reader.read()
        assert after.how == "listed"
        assert after.re_read == 1
        assert len(after.assets) == len(before.assets) - 1
        found = next(found for found in after.assets if found.id == asset)
        assert getter(schema, OU, {})(found) == "/Listed"

    def test_an_asset_read_in_the_second_of_its_change_is_read_once_more(
        self, connect: Connect, tracker: RequestTracker
    ) -> None:
        store = MemoryStore()
        counted = Counted(connect(store=store), tracker.preflight(NEED))
        counted.read()
        asset = make(tracker, counted.schema, "R6")
        counted.read()
        scope = counted.tracker.reader.scope(counted.schema)
        meta = decode_meta(store.meta(scope))
        assert meta is not None
        assert asset in meta.unsettled
        wait_until_settled()
        assert (counted.read().re_read > 0, counted.requests) == (True, 3)
        assert (counted.read().re_read, counted.requests) == (0, 2)

    def test_a_full_read_reports_and_corrects_what_was_missed(
        self, connect: Connect, tracker: RequestTracker, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = MemoryStore()
        counted = Counted(connect(store=store), tracker.preflight(NEED))
        truth = list(counted.read().assets)
        scope = counted.tracker.reader.scope(counted.schema)
        meta = decode_meta(store.meta(scope))
        assert meta is not None
        store.metas[scope] = msgspec.json.encode(
            msgspec.structs.replace(meta, began=meta.began + timedelta(minutes=2), unsettled=[])
        )
        row = store.kept[scope][key_of(2)]
        store.kept[scope][key_of(2)] = row.replace(b"HP Chromebook", b"XX Chromebook")
        with caplog.at_level(logging.ERROR):
            full = counted.read(full=True)
        assert (full.how, full.misses) == ("cold", 1)
        assert list(full.assets) == truth
        assert [record.__dict__["message_id"] for record in caplog.records] == ["SNAPSHOT_MISS"]
        assert counted.read(full=True).misses == 0

    def test_two_jobs_share_one_snapshot(self, connect: Connect, tracker: RequestTracker) -> None:
        store = MemoryStore()
        one = Counted(connect(store=store), tracker.preflight(NEED))
        one.read()
        other = Counted(connect(store=store), tracker.preflight(Need(catalogs=("Chromebooks",), read=(MODEL,))))
        assert other.read().how == "warm"
        first = next(iter(other.read().assets))
        assert {field for field in type(first).__struct_fields__ if field.startswith("cf")} == {"cf5"}

    def test_a_new_definition_makes_everything_be_read(self, connect: Connect, tracker: RequestTracker) -> None:
        store = MemoryStore()
        counted = Counted(connect(store=store), tracker.preflight(NEED))
        counted.read()
        put(tracker, "customfield/13", Description="changed")
        counted.schema = tracker.preflight(NEED)
        assert counted.read().how == "cold"


LATEST = (("orderby", "id"), ("order", "DESC"), ("per_page", "1"))
CHANGES: list[tuple[str, Value]] = [
    ("Name", "N" * 300),
    ("Name", " padded "),
    ("Status", "stolen"),
    (MODEL, 'Ünï 🦊 "quoted"'),
    (MODEL, "0"),
    (TYPE, "ipad"),
    (TYPE, None),
    (SYNC, "2026-01-02T03:04:05Z"),
    (SYNC, "2026-07-02T03:04:05.678+02:00"),
    (AUE, "2029-06-30"),
    (AUE, "2029-06-30T00:00:00Z"),
    (IP, "010.001.002.003"),
    (IP, "2001:0DB8:0:0:0:0:0:1"),
    (USERS, ("b@example.org", "a@example.org", "b@example.org")),
    (TAGS, ("cart", "Loaner")),
    (TAGS, None),
    (CYCLES, "12.5"),
    ("Owner.EmailAddress", "S1001@students.example.test"),
    ("Owner.Name", None),
    ("HeldBy.Name", ("s1002", "s1001")),
    ("HeldBy.EmailAddress", None),
]


@pytest.fixture(scope="module")
def asset(rt: Rest2) -> Iterator[tuple[RequestTracker, Schema, int]]:
    options = RtOptions(url=rt.url, rate=1000.0)
    credentials = Credentials({"RT_TOKEN": rt.tokens["rt-sync"]}, keyring=False)
    tracker = open_rt(options, credentials, snapshots=MemoryStore())
    schema = tracker.preflight(NEED)
    people: dict[str, Value] = {"Owner.Name": "s1002", "HeldBy.Name": ("s1002",)}
    yield tracker, schema, make(tracker, schema, "W1", **{TYPE: "Chromebook", TAGS: ("Spare",), **people})
    tracker.close()


class TestWriting:
    @pytest.mark.parametrize(("field", "value"), CHANGES)
    def test_what_is_written_reads_back_as_foretold(
        self, asset: tuple[RequestTracker, Schema, int], field: str, value: Value
    ) -> None:
        tracker, schema, number = asset
        tracker.writer(schema).update_asset(number, {field: value})
        found, foretold = back(tracker, schema, number, field), schema.reads_back(field, value)
        assert _caseless(field, found) == _caseless(field, foretold)

    @pytest.mark.parametrize(("field", "value"), [change for change in CHANGES if change[1]])
    def test_the_stored_value_again_changes_nothing(
        self, asset: tuple[RequestTracker, Schema, int], field: str, value: Value
    ) -> None:
        tracker, schema, number = asset
        writer = tracker.writer(schema)
        writer.update_asset(number, {field: value})
        before = tracker.rest.get(f"asset/{number}/history", dict[str, object], "read history", LATEST)
        writer.update_asset(number, {field: schema.reads_back(field, value)})
        assert tracker.rest.get(f"asset/{number}/history", dict[str, object], "read history", LATEST) == before

    def test_zone_of_the_api_user_decides_how_times_are_sent(self, connect: Connect, tracker: RequestTracker) -> None:
        west = connect("rt-west", timezone="America/Los_Angeles")
        schema = west.preflight(NEED)
        asset = make(west, schema, "W2", **{SYNC: "2026-01-02T03:04:05Z"})
        assert back(tracker, tracker.preflight(NEED), asset, SYNC) == "2026-01-02T03:04:05Z"
        for moment in ("2026-07-02T03:04:05Z", "2026-03-08T10:30:00Z", "2026-11-01T14:00:24Z", "2026-11-01T17:00:00Z"):
            west.writer(schema).update_asset(asset, {SYNC: moment})
            assert back(tracker, tracker.preflight(NEED), asset, SYNC) == moment

    @pytest.mark.parametrize(("user", "zone"), [("rt-west", "America/Los_Angeles"), ("rt-sync", "UTC")])
    def test_a_time_that_is_cleared_reads_as_empty(self, connect: Connect, user: str, zone: str) -> None:
        tracker = connect(user, timezone=zone)
        schema = tracker.preflight(NEED)
        asset = make(tracker, schema, f"W1-{user}", **{SYNC: "2026-01-02T03:04:05Z", AUE: "2029-06-30"})
        for _ in range(2):
            tracker.writer(schema).update_asset(asset, {SYNC: None})
            assert back(tracker, schema, asset, SYNC) is None
        tracker.writer(schema).update_asset(asset, {AUE: None})
        assert back(tracker, schema, asset, AUE) is None

    def test_the_hour_that_rt_leaves_out_is_refused(self, connect: Connect) -> None:
        west = connect("rt-west", timezone="America/Los_Angeles")
        schema = west.preflight(NEED)
        with pytest.raises(WriteRefused, match="the hour that America/Los_Angeles has twice"):
            make(west, schema, "W21", **{SYNC: "2026-11-01T16:30:00Z"})

    def test_a_date_is_that_date_on_the_day_when_clocks_change(self, connect: Connect, tracker: RequestTracker) -> None:
        put(tracker, "user/rt-west", Timezone="Australia/Sydney")
        east = connect("rt-west", timezone="Australia/Sydney")
        schema = east.preflight(NEED)
        asset = make(east, schema, "W22", **{AUE: "2028-10-01"})
        assert back(tracker, tracker.preflight(NEED), asset, AUE) == "2028-10-01"
        put(tracker, "user/rt-west", Timezone="America/Los_Angeles")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({TYPE: "Toaster"}, "type Select"),
            ({CYCLES: "a dozen"}, "Digits"),
            ({IP: "300.1.1.1"}, "type IPAddress"),
            ({SYNC: "soon"}, "type DateTime"),
            ({AUE: "June 2029"}, "type Date"),
            ({"Name": "12345"}, "digits only"),
            ({"Status": "bogus"}, "isn't a valid status"),
            ({"Owner.Name": "nosuch"}, "no single user"),
            ({"HeldBy.EmailAddress": ("unknown@example.org",)}, "no single user"),
        ],
    )
    def test_a_refusal_has_its_reason(
        self, asset: tuple[RequestTracker, Schema, int], change: dict[str, Value], words: str
    ) -> None:
        tracker, schema, number = asset
        with pytest.raises(WriteRefused, match=words) as caught:
            tracker.writer(schema).update_asset(number, change)
        assert caught.value.object == f"asset {number}"

    def test_an_unknown_address_makes_no_user(self, asset: tuple[RequestTracker, Schema, int]) -> None:
        tracker, schema, number = asset
        with pytest.raises(WriteRefused):
            tracker.writer(schema).update_asset(number, {"HeldBy.EmailAddress": ("ghost@example.org",)})
        users = tracker.rest.search(
            "users",
            [{"field": "EmailAddress", "operator": "=", "value": "ghost@example.org"}],
            dict[str, object],
            fields={"fields": "Name"},
        )
        assert users.total == 0

    def test_a_missing_right_shows_at_the_first_write(
        self, connect: Connect, asset: tuple[RequestTracker, Schema, int]
    ) -> None:
        _, schema, number = asset
        with pytest.raises(WriteRefused, match="Permission Denied"):
            connect("rt-readonly").writer(schema).update_asset(number, {OU: "/Never"})
        with pytest.raises(WriteRefused, match="Permission Denied"):
            connect("rt-readonly").writer(schema).create_asset(2, {"Name": "never"})

    def test_a_value_in_use_elsewhere_is_refused(self, asset: tuple[RequestTracker, Schema, int]) -> None:
        tracker, schema, number = asset
        make(tracker, schema, "W3", **{UNIQUE: "only-one"})
        with pytest.raises(WriteRefused, match="not a unique value"):
            tracker.writer(schema).update_asset(number, {UNIQUE: "only-one"})

    def test_nothing_to_do_proves_nothing(self, asset: tuple[RequestTracker, Schema, int]) -> None:
        tracker, schema, number = asset
        writer = tracker.writer(schema)
        assert writer.update_asset(number, {OU: "/Proof"}).proven
        assert not writer.update_asset(number, {OU: "/Proof"}).proven

    def test_an_asset_that_is_not_there(self, asset: tuple[RequestTracker, Schema, int]) -> None:
        tracker, schema, _ = asset
        with pytest.raises(NotFound):
            tracker.writer(schema).update_asset(999_999, {OU: "/X"})

    def test_assets_are_found_by_a_hundred_values_at_once(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        one, two = make(tracker, schema, "W4"), make(tracker, schema, "W4")
        before = tracker.client.stats.requests
        values = [*(f"none-{number}" for number in range(99)), "W4"]
        assert tracker.writer(schema).find_assets(schema.custom_field(SERIAL).id, values) == {"W4": [one, two]}
        assert tracker.client.stats.requests == before + 1

    def test_people_of_many_changes_are_looked_up_once(self, asset: tuple[RequestTracker, Schema, int]) -> None:
        tracker, schema, number = asset
        writer = tracker.writer(schema)
        writer.prepare([{"Owner.Name": "s1001"}, {"HeldBy.Name": ("s1002", "s1001")}])
        before = tracker.client.stats.requests
        writer.update_asset(number, {"Owner.Name": "s1001", "HeldBy.Name": ("s1002",)})
        assert tracker.client.stats.requests == before + 1


class TestLookup:
    def test_a_serial_is_found_in_any_spelling(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        asset = make(tracker, schema, " look-up 0042 ")
        make(tracker, schema, "LOOKUP 9942")
        found = tracker.lookup(schema).having(SERIAL, ["LOOKUP0042", "NOSUCH"])
        assert found
        assert [each.id for each in found.assets] == [asset]
        assert getter(schema, SERIAL, {})(found.assets[0]) == " look-up 0042 "

    def test_several_texts_are_one_request(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        made = [make(tracker, schema, f"SEVERAL-{number}") for number in range(3)]
        before = tracker.client.stats.requests
        found = tracker.lookup(schema).having(SERIAL, ["several1", "several2"])
        assert found
        assert [each.id for each in found.assets] == made[1:]
        assert tracker.client.stats.requests == before + 1
        names = tracker.lookup(schema).named(["t-several-0", "T-SEVERAL-1"])
        assert names
        assert [each.id for each in names.assets] == made[:2]

    def test_a_question_that_very_many_meet_is_given_up(
        self, tracker: RequestTracker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        schema = tracker.preflight(NEED)
        make(tracker, schema, "GIVENUP1")
        monkeypatch.setattr(lookup, "_MOST_PAGES", 0)
        assert tracker.lookup(schema).having(SERIAL, ["GIVENUP1"]) is None
        assert tracker.lookup(schema).named(["T-GIVENUP1"]) is None

    def test_an_asset_of_another_catalog_is_named_with_its_catalog(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        asset = make(tracker, schema, "STRANGER1")
        put(tracker, f"asset/{asset}", Catalog="Network Gear")
        finder = tracker.lookup(schema)
        for found in (finder.by_id(asset), finder.called("t-stranger1")):
            assert not found.assets
            [stranger] = found.strangers
            assert (stranger.id, stranger.name, stranger.catalog) == (asset, "T-STRANGER1", "Network Gear")

    def test_an_asset_comes_with_its_people(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        asset = make(tracker, schema, "OWNED1", **{"Owner.Name": "s1001"})
        finder = tracker.lookup(schema)
        [found] = finder.by_id(asset).assets
        assert getter(schema, "Owner.Name", finder.people)(found) == "s1001"

    def test_who_may_see_fields_in_one_catalog_only_cannot_ask_for_them(
        self, connect: Connect, tracker: RequestTracker
    ) -> None:
        make(tracker, tracker.preflight(NEED), "ONECATALOG1")
        limited = connect("rt-catalog")
        schema = limited.preflight(Need(catalogs=("Chromebooks",), read=(SERIAL,)))
        assert limited.lookup(schema).having(SERIAL, ["ONECATALOG1"]) is None
        [asset] = limited.lookup(schema).called("t-onecatalog1").assets
        assert getter(schema, SERIAL, {})(asset) == "ONECATALOG1"

    def test_only_a_deleted_asset_has_a_status_and_is_not_found(self, tracker: RequestTracker) -> None:
        schema = tracker.preflight(NEED)
        asset = make(tracker, schema, "DELETED1")
        tracker.writer(schema).update_asset(asset, {"Status": "deleted"})
        finder = tracker.lookup(schema)
        assert finder.by_id(asset) == finder.called("T-DELETED1")
        assert not finder.by_id(asset).assets
        assert finder.status(asset) == "deleted"
        assert finder.status(999_999) == ""


def _caseless(field: str, value: Value) -> object:
    """RT compares people without case; everything else is compared as it is."""
    if isinstance(value, str) and field.startswith(("Owner", "HeldBy")):
        return value.lower()
    return value
