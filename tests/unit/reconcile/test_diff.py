"""What a target has to change to follow its source."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.reconcile.diff import diff, judge
from syncd.reconcile.keys import serial_key
from syncd.reconcile.mapping import Field, Flow, Judged
from syncd.reconcile.model import Action, Kind, Listing
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Unknown, Value


class Asset(msgspec.Struct, frozen=True):
    name: Value = None
    owner: Value = None
    place: Value = None


class Device(msgspec.Struct, frozen=True):
    asset_id: Value = None
    user: Value = None
    unit: Value = None
    notes: Value = "never written"


ASSETS = Side[Asset](
    system="rt",
    noun="asset",
    records=[],
    ident=lambda _: "12",
    label=str,
    keys=(KeyRule("serial", lambda _: (), serial_key),),
)
DEVICES = Side[Device](system="google", noun="device", records=[], ident=lambda _: "d1", label=lambda _: "5CD1")


def field(name: str, source: str, target: str, *, clear: bool = False, kind: Kind = "update") -> Field[Asset, Device]:
    return Field(
        name=name,
        source_name=source,
        read_source=lambda asset: getattr(asset, source),
        read_target=lambda device: getattr(device, target),
        clear=clear,
        kind=kind,
    )


def flow(*fields: Field[Asset, Device]) -> Flow[Asset, Device]:
    return Flow(source=ASSETS, target=DEVICES, fields=fields)


FLOW = flow(
    field("annotatedAssetId", "name", "asset_id"),
    field("annotatedUser", "owner", "user", clear=True),
    field("orgUnitPath", "place", "unit", kind="move"),
)


def one(asset: Asset, device: Device) -> tuple[list[Action], list[Listing]]:
    return diff(FLOW, [(asset, device, "serial")])


def test_a_pair_in_sync_changes_nothing() -> None:
    assert one(Asset("CB-1", "a@example.org", "/x"), Device("CB-1", "a@example.org", "/x")) == ([], [])


def test_one_update_holds_the_fields_that_change_and_only_those() -> None:
    [action], listings = one(Asset("CB-1", "b@example.org"), Device("CB-1", "a@example.org"))
    assert listings == []
    assert (action.kind, action.system, action.object, action.label, action.source) == (
        "update",
        "google",
        "d1",
        "5CD1",
        "12",
    )
    assert action.before == {"annotatedUser": "a@example.org"}
    assert action.after == {"annotatedUser": "b@example.org"}
    assert action.reason == "annotatedUser from rt owner"


def test_emptying_a_field_makes_the_whole_action_a_clear() -> None:
    [action], _ = one(Asset("CB-2", None), Device("CB-1", "a@example.org"))
    assert action.kind == "clear"
    assert action.after == {"annotatedAssetId": "CB-2", "annotatedUser": None}


def test_fields_that_go_by_another_request_are_an_action_of_their_own() -> None:
    actions, _ = one(Asset("CB-2", None, "/new"), Device("CB-1", None, "/old"))
    assert [(action.kind, action.after) for action in actions] == [
        ("update", {"annotatedAssetId": "CB-2"}),
        ("move", {"orgUnitPath": "/new"}),
    ]


def test_an_empty_source_overwrites_nothing_unless_the_mapping_says_clear() -> None:
    assert one(Asset(), Device("CB-1", None, "/x")) == ([], [])
    verdicts = {item.field: (item.verdict, item.why) for item in judge(FLOW, Asset(), Device("CB-1", "a", "/x"))}
    assert verdicts["annotatedAssetId"] == ("kept", "annotatedAssetId kept because name is empty")
    assert verdicts["annotatedUser"] == ("clear", "")


@pytest.mark.parametrize(
    ("asset", "device"),
    [
        (Asset("CB-1", Unknown("the owner has no e-mail address")), Device("CB-1", "a@example.org")),
        (Asset("CB-1", "a@example.org"), Device("CB-1", Unknown("the owner has no e-mail address"))),
        (
            Asset("CB-1", Unknown("the owner has no e-mail address")),
            Device("CB-1", Unknown("the owner has no e-mail address")),
        ),
    ],
)
def test_an_unknown_value_is_listed_and_never_written(asset: Asset, device: Device) -> None:
    actions, [listing] = one(asset, device)
    assert actions == []
    assert listing == Listing(
        state="unknown",
        system="google",
        object="d1",
        label="5CD1",
        why="annotatedUser left alone because the owner has no e-mail address",
    )


def test_an_unknown_field_does_not_stop_the_others() -> None:
    [action], [_] = one(Asset("CB-2", Unknown("hidden")), Device("CB-1"))
    assert action.after == {"annotatedAssetId": "CB-2"}


def test_a_field_may_have_a_sense_of_sameness_that_is_asked_about_filled_values_only() -> None:
    asked: list[tuple[object, object]] = []

    def same(wanted: object, present: object) -> bool:
        asked.append((wanted, present))
        return str(wanted).lower() == str(present).lower()

    loose = flow(replace(FLOW.fields[0], same=same))
    assert diff(loose, [(Asset("cb-1"), Device("CB-1"), "serial")]) == ([], [])
    assert len(diff(loose, [(Asset("cb-1"), Device(None), "serial")])[0]) == 1
    assert asked == [("cb-1", "CB-1")]


VALUES = st.one_of(st.none(), st.sampled_from(["a", "b"]), st.just(("a", "b")), st.just(Unknown("hidden")))


@given(st.builds(Asset, VALUES, VALUES, VALUES), st.builds(Device, VALUES, VALUES, VALUES))
def test_actions_and_verdicts_agree_and_hold_what_was_seen(asset: Asset, device: Device) -> None:
    actions, listings = one(asset, device)
    judged = {item.field: item for item in judge(FLOW, asset, device)}
    written = {name: value for action in actions for name, value in action.after.items()}
    assert written == {name: item.wanted for name, item in judged.items() if item.verdict in {"change", "clear"}}
    assert len(listings) == sum(item.verdict == "unknown" for item in judged.values())
    for action in actions:
        assert action.before == {name: judged[name].present for name in action.after}
        assert (action.kind == "clear") == (None in action.after.values() and "orgUnitPath" not in action.after)


def test_a_flow_may_have_the_last_word_on_fields_that_depend_on_each_other() -> None:
    """Here the user follows only where the asset id changes."""

    def settle(_asset: Asset, _device: Device, judged: Sequence[Judged]) -> Sequence[Judged]:
        moved = judged[0].verdict == "change"
        return judged if moved else [msgspec.structs.replace(item, verdict="kept", why="it waits") for item in judged]

    waiting = replace(FLOW, settle=settle)
    after = Asset("CB-1", "b@example.org", "/x")
    assert diff(waiting, [(after, Device("CB-1", "a@example.org", "/x"), "serial")]) == ([], [])
    [action], _ = diff(waiting, [(after, Device("CB-2", "a@example.org", "/x"), "serial")])
    assert action.after == {"annotatedAssetId": "CB-1", "annotatedUser": "b@example.org"}
    assert {item.why for item in judge(waiting, after, Device("CB-1", "a@example.org", "/x"))} == {"it waits"}
