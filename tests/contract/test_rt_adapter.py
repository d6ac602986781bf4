"""The RT adapter against a real Request Tracker 5, and against the stand-in: preflight and reading."""

import logging
from datetime import timedelta

import msgspec
import pytest

from contract.adapter import (
    AUE,
    CYCLES,
    IP,
    MODEL,
    NEED,
    OU,
    SERIAL,
    SYNC,
    TYPE,
    USERS,
    Counted,
    make,
    put,
    soon_settled,
    tracker,
    wait_until_settled,
)
from contract.rt_trackers import Connect
from syncd.host.errors import ConfigurationError, NotPermitted
from syncd.systems.rt.assets import getter, key_of
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Need
from syncd.systems.rt.snapshot import decode_meta
from unit.rt.memory_store import MemoryStore

__all__ = ["soon_settled", "tracker"]


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
