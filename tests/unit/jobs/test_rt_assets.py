"""Assets as one side: reading fields and people, writing, and reading back."""

from collections.abc import Collection, Iterable, Mapping

import msgspec
import pytest

from syncd.host.errors import ConfigurationError, Unavailable, WriteRefused
from syncd.jobs.sides.rt_assets import DELETED, AssetFields, AssetWriter, asset_side
from syncd.jobs.sides.rt_writer import NOT_MADE
from syncd.reconcile.model import Action, make_action
from syncd.reconcile.values import Known, Unknown, Value
from syncd.systems.rt.assets import Asset
from syncd.systems.rt.write import Answer
from unit.jobs.sample import asset, change, fields

SERIAL = "CF.{Serial Number}"


@pytest.mark.parametrize(
    ("field", "record", "value"),
    [
        ("Name", asset(7), "EX-7"),
        ("Status", asset(), "in-use"),
        (SERIAL, asset(cf2="SYN1"), "SYN1"),
        (SERIAL, asset(), None),
        ("CF.{Recent Users}", asset(cf18=("a", "b")), ("a", "b")),
        ("Owner.EmailAddress", asset(owner=41), "s1001@example.org"),
        ("Owner.EmailAddress", asset(owner=0), None),
        ("Owner.EmailAddress", asset(owner=43), Unknown("the owner has no e-mail address")),
        ("Owner.EmailAddress", asset(owner=99), Unknown("the owner has no e-mail address")),
        ("Owner.Name", asset(owner=43), "s1003"),
        ("Owner.Name", asset(owner=99), Unknown("the owner has no login name")),
        ("Owner", asset(owner=41), "41"),
        ("HeldBy.EmailAddress", asset(holders=(41,)), "s1001@example.org"),
        ("HeldBy.EmailAddress", asset(holders=()), None),
        ("HeldBy.EmailAddress", asset(holders=(43,)), Unknown("the holder has no e-mail address")),
        ("HeldBy.EmailAddress", asset(holders=(41, 42)), Unknown("the asset has several holders")),
        ("HeldBy.EmailAddress", asset(holders=(41, 43)), Unknown("the asset has several holders")),
        ("HeldBy.EmailAddress", asset(groups=(90,)), Unknown("a group holds the asset")),
        ("HeldBy.Name", asset(holders=(41,)), "s1001"),
        ("HeldBy", asset(holders=(41,)), "41"),
    ],
)
def test_a_field_reads_as_its_value_as_empty_or_as_unknown_with_the_reason(
    field: str, record: Asset, value: Value
) -> None:
    assert fields().reader(field)(record) == value


def test_a_value_arrives_as_rt_will_show_it() -> None:
    assert fields().arriving("CF.{Last Sync}", "2026-11-20T14:05:06.123Z") == "2026-11-20T14:05:06Z"
    assert fields().arriving("CF.{Type}", "CHROMEBOOK") == "Chromebook"
    assert fields().arriving("CF.{Recent Users}", "a") == ("a",)


def test_a_value_that_rt_would_refuse_is_unknown_and_the_reason_does_not_quote_it() -> None:
    refused = fields().arriving("CF.{Type}", "person@example.org")
    assert isinstance(refused, Unknown)
    assert "person" not in refused.reason
    assert "CF.{Type}" in refused.reason


def test_a_side_reads_all_mac_fields_and_every_value_of_one() -> None:
    side = asset_side([], fields(), SERIAL, ["CF.{IP}", "CF.{Recent Users}"], ["serial", "mac"])
    serial, mac = side.keys
    record = asset(cf2="SYN1", cf17="02:00:00:00:00:0a", cf18=("02000000000b", "02000000000c"))
    assert serial.read(record) == "SYN1"
    assert mac.read(record) == ("02:00:00:00:00:0a", "02000000000b", "02000000000c")
    assert (serial.read(asset()), mac.read(asset())) == (None, ())


def test_without_matching_by_mac_no_mac_field_is_read() -> None:
    side = asset_side([], fields(), SERIAL, ["CF.{No such}"], ["serial"])
    assert [rule.name for rule in side.keys] == ["serial"]


def test_an_asset_without_a_name_goes_by_its_number() -> None:
    side = asset_side([], fields(), SERIAL, [], ["serial"])
    assert (side.label(asset(7)), side.label(asset(7, name=""))) == ("EX-7", "7")


# -- writes -----------------------------------------------------------------------------------------------------


class FakeAssets:
    def __init__(self, *assets: Asset) -> None:
        self.assets = {one.id: one for one in assets}
        self.prepared: list[Mapping[str, Known]] = []
        self.updates: list[tuple[int, Mapping[str, Known]]] = []
        self.creates: list[tuple[int, Mapping[str, Known], str]] = []
        self.reads: list[list[int]] = []
        self.error: Exception | None = None

    def prepare(self, changes: Iterable[Mapping[str, Known]]) -> None:
        self.prepared += changes

    def update_asset(self, asset: int, changes: Mapping[str, Known]) -> Answer:
        self.updates.append((asset, changes))
        if self.error:
            raise self.error
        return Answer(proven=True)

    def create_asset(self, catalog: int, fields: Mapping[str, Known], *, key: str) -> int:
        self.creates.append((catalog, fields, key))
        if self.error:
            raise self.error
        return 77

    def read_assets(self, ids: Collection[int]) -> Mapping[int, Asset]:
        self.reads.append(list(ids))
        return {number: self.assets[number] for number in ids if number in self.assets}


def writer(assets: FakeAssets) -> AssetWriter:
    return AssetWriter(assets, fields(), SERIAL, 4)


def create(**after: Known) -> Action:
    return make_action(
        kind="create",
        system="rt",
        object="SYN1",
        label="EX-77",
        before={},
        after={"Catalog": "2", SERIAL: "SYN1", **after},
        reason="test",
    )


def test_people_are_looked_up_together_before_assets_are_written_one_by_one() -> None:
    assets = FakeAssets()
    actions = [change("rt", "1", Name="a"), change("rt", "2", Name="b")]
    assert [list(batch) for batch in writer(assets).batches(actions)] == [[actions[0]], [actions[1]]]
    assert assets.prepared == [{"Name": "a"}, {"Name": "b"}]


def test_an_update_is_one_request_and_not_proven_by_its_answer() -> None:
    assets = FakeAssets()
    (outcome,) = writer(assets).write([change("rt", "12", Name="new")])
    assert assets.updates == [(12, {"Name": "new"})]
    assert outcome.state == "unproven"


def test_a_create_names_the_catalog_the_fields_and_the_key_to_find_it_by() -> None:
    assets = FakeAssets()
    (outcome,) = writer(assets).write([create(Name="EX-77")])
    assert assets.creates == [(2, {SERIAL: "SYN1", "Name": "EX-77"}, SERIAL)]
    assert (outcome.state, outcome.object) == ("unproven", "77")


@pytest.mark.parametrize("code", sorted(NOT_MADE))
def test_a_create_that_made_nothing_has_failed(code: str) -> None:
    assets = FakeAssets()
    assets.error = Unavailable("not made", code=code)
    (outcome,) = writer(assets).write([create()])
    assert (outcome.state, outcome.code, outcome.object) == ("failed", code, "")


def test_an_asset_that_rt_cannot_deal_with_does_not_stop_the_others() -> None:
    assets = FakeAssets()
    assets.error = Unavailable("not known", code="rt.create_unknown")
    for action in (change("rt", "12", Name="new"), create()):
        (outcome,) = writer(assets).write([action])
        assert (outcome.state, outcome.code) == ("unproven", "rt.create_unknown")


@pytest.mark.parametrize("error", [Unavailable("out", code="rt.circuit_open"), WriteRefused("no", code="rt.refused")])
def test_what_concerns_rt_as_a_whole_and_refusals_are_raised(error: Exception) -> None:
    assets = FakeAssets()
    assets.error = error
    for action in (change("rt", "12", Name="new"), create()):
        with pytest.raises(type(error)):
            writer(assets).write([action])


def test_what_was_refused_in_part_has_to_be_read_back() -> None:
    assets = FakeAssets()
    assets.error = WriteRefused("no", code="rt.refused")
    (outcome,) = writer(assets).write([change("rt", "12", Name="new", Status="new")])
    assert (outcome.state, outcome.code, outcome.error) == ("unproven", "rt.refused", "no")


def test_what_is_not_even_sent_has_failed() -> None:
    assets = FakeAssets()
    assets.error = WriteRefused("no", code="rt.value")
    with pytest.raises(WriteRefused):
        writer(assets).write([change("rt", "12", Name="new", Status="new")])


class Wider:
    """Gives a writer all fields, and notes what it was asked for; ``missing`` is what RT does not have."""

    def __init__(self, assets: FakeAssets, *missing: str) -> None:
        self.assets = assets
        self.asked: list[set[str]] = []
        self.missing = missing

    def __call__(self, names: Collection[str]) -> tuple[FakeAssets, AssetFields]:
        self.asked.append(set(names))
        if set(names) & set(self.missing):
            raise ConfigurationError("not there", code="rt.preflight")
        return self.assets, fields()


def narrow(assets: FakeAssets, widen: Wider) -> AssetWriter:
    """Return a writer that knows no custom field but the serial number."""
    whole = fields()
    schema = msgspec.structs.replace(whole.schema, fields={SERIAL: whole.schema.fields[SERIAL]})
    return AssetWriter(assets, AssetFields(schema, whole.people), SERIAL, 4, widen)


def test_a_field_that_is_mapped_no_longer_can_be_read_and_written_to_undo_a_run() -> None:
    assets = FakeAssets(asset(1, cf6="Chromebook"))
    widen = Wider(assets)
    undone, known = change("rt", "1", **{"CF.{Type}": "Chromebook"}), change("rt", "1", **{SERIAL: "SYN1", "Name": "x"})
    assert [*narrow(assets, widen).read_back([known], {})] == [known.id]
    assert widen.asked == []
    assert narrow(assets, widen).read_back([undone, known], {})[undone.id].keys() == {"CF.{Type}"}
    assert len([*narrow(assets, widen).batches([undone])]) == 1
    assert widen.asked == [{"CF.{Type}"}, {"CF.{Type}"}]


def test_what_rt_has_no_field_for_any_more_is_left_out_alone() -> None:
    assets = FakeAssets(asset(1))
    gone, known = change("rt", "1", **{"CF.{Type}": "a"}), change("rt", "1", Name="x")
    assert [*narrow(assets, Wider(assets, "CF.{Type}")).read_back([gone, known], {})] == [known.id]


def test_reading_back_is_one_read_of_all_and_gives_the_fields_in_question() -> None:
    assets = FakeAssets(asset(1, name="new"), asset(2, cf2="SYN2", owner=41), asset(77, cf2="SYN1"))
    renamed, owned = change("rt", "1", Name="new"), change("rt", "2", **{"Owner.EmailAddress": "x", SERIAL: "SYN2"})
    made = create()
    found = writer(assets).read_back([renamed, owned, made], {made.id: "77"})
    assert assets.reads == [[1, 2, 77]]
    assert found == {
        renamed.id: {"Name": "new"},
        owned.id: {"Owner.EmailAddress": "s1001@example.org", SERIAL: "SYN2"},
        made.id: {"Catalog": "2", SERIAL: "SYN1"},
    }


def test_a_create_without_an_answer_is_not_read_back() -> None:
    assets = FakeAssets(asset(1))
    assert writer(assets).read_back([create()], {}) == {}


def test_an_asset_that_should_be_deleted_and_is_not_found_is_deleted() -> None:
    deleted = change("rt", "5", "disable", Status=DELETED)
    other = change("rt", "6", Name="x")
    assert writer(FakeAssets()).read_back([deleted, other], {}) == {deleted.id: {"Status": DELETED}}


def test_an_asset_that_should_be_deleted_and_is_there_shows_its_status() -> None:
    deleted = change("rt", "5", "disable", Status=DELETED)
    assert writer(FakeAssets(asset(5, status="new"))).read_back([deleted], {}) == {deleted.id: {"Status": "new"}}


@pytest.mark.parametrize(
    ("field", "wanted", "found", "same"),
    [
        ("CF.{Last Sync}", "2026-11-20T14:05:06.123Z", "2026-11-20T14:05:06Z", True),
        ("CF.{Type}", "chromebook", "Chromebook", True),
        ("CF.{Recent Users}", ("b", "a"), ("a", "b"), True),
        ("Name", "x" * 300, "x" * 255, True),
        ("Name", "new", "old", False),
        ("Name", None, None, True),
        ("Name", "new", None, False),
    ],
)
def test_what_is_read_back_is_compared_as_rt_spells_it(field: str, wanted: Known, found: Known, *, same: bool) -> None:
    assert writer(FakeAssets()).same(field, wanted, found) == same
