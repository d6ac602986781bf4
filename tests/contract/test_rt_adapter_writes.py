"""The RT adapter against a real Request Tracker 5, and against the stand-in: writing, and single assets."""

from collections.abc import Iterator
from contextlib import closing

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
    TAGS,
    TYPE,
    UNIQUE,
    USERS,
    back,
    make,
    put,
    soon_settled,
    tracker,
)
from contract.rt_trackers import Connect, open_as
from services.rest2 import Rest2
from syncd.host.errors import NotFound, WriteRefused
from syncd.systems.rt import lookup
from syncd.systems.rt.assets import getter
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Need, Schema, Value

__all__ = ["soon_settled", "tracker"]

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
    people: dict[str, Value] = {"Owner.Name": "s1002", "HeldBy.Name": ("s1002",)}
    with closing(open_as(rt)) as tracker:
        schema = tracker.preflight(NEED)
        yield tracker, schema, make(tracker, schema, "W1", **{TYPE: "Chromebook", TAGS: ("Spare",), **people})


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
