"""The facts behind a verdict: keys, fields, actions, and what a person has to do first."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Aside, Case, Compared, explain, joined
from syncd.reconcile.keys import Rejected
from syncd.reconcile.mapping import Field, Flow
from syncd.reconcile.match import flip, match
from syncd.reconcile.model import Action, Listing, make_action
from syncd.reconcile.values import texts
from unit.reconcile.boxes import M1, M2, Box, side

NAME: Field[Box, Box] = Field(
    name="name", source_name="id", read_source=lambda box: box.id, read_target=lambda box: box.serial.lower() or None
)


def compared(
    devices: Sequence[Box],
    assets: Sequence[Box],
    aside: Sequence[Aside] = (),
    more: Sequence[Action] = (),
    listings: Sequence[Listing] = (),
) -> Compared[Box, Box]:
    """Compare: the name of a device follows the id of its asset."""
    left, right = side("google", "device", devices), side("rt", "asset", assets)
    found = match(left, right)
    to_left = Flow(source=right, target=left, fields=(NAME,))
    actions, _ = diff(to_left, flip(found.pairs))
    return Compared(
        found=found,
        to_left=to_left,
        to_right=Flow(source=left, target=right, fields=()),
        actions=[*actions, *more],
        listings=listings,
        aside=aside,
        merging={"rt": "melt"},
    )


def one(devices: Sequence[Box], assets: Sequence[Box], sought: str, aside: Sequence[Aside] = ()) -> Case:
    """Explain the one case of a device."""
    [case] = explain(compared(devices, assets, aside), [("google", sought)])
    return case


def test_a_pair_has_its_fields_and_what_the_next_run_does_with_each() -> None:
    case = one([Box("d1", "A123")], [Box("a1", "A123")], "d1")
    assert (case.state, case.key) == ("matched", "serial")
    [fact] = case.fields
    assert (fact.owner, fact.source, fact.wanted) == ("rt", "id", "a1")
    assert (fact.system, fact.field, fact.present, fact.verdict) == ("google", "name", "a123", "change")
    assert [action.id for action in case.actions] == [fact.action]
    assert case.why == "name differs"
    assert case.remedies == []


def test_a_pair_that_agrees_says_so() -> None:
    case = one([Box("d1", "A123")], [Box("a123", "A123")], "d1")
    assert (case.why, case.actions, case.fields[0].action) == ("both sides agree", [], "")


def test_keys_tell_who_else_has_them_and_why_they_are_none() -> None:
    devices = [Box("d1", " a1 23 ", (M1, M2)), Box("d2", "x")]
    case = one(devices, [Box("a1", "A123"), Box("a2", "B123", (M2,))], "d1")
    first = case.records[0]
    assert [(key.kind, key.text, key.key, key.holders) for key in first.keys] == [
        ("serial", " a1 23 ", "A123", ["asset a1"]),
        ("mac", M1, M1, []),
        ("mac", M2, M2, ["asset a2"]),
    ]
    assert [record.id for record in case.records] == ["d1", "a1", "a2"]
    rejected = one(devices, [], "d2").records[0]
    assert [(key.text, key.rejected) for key in rejected.keys] == [
        ("x", "is shorter than 4 characters"),
        ("", "is blank"),
    ]


def test_a_conflict_says_which_records_to_make_one() -> None:
    case = one([Box("d1", "A123")], [Box("a1", "A123"), Box("a2", "A123")], "d1")
    assert case.state == "conflict"
    assert case.remedies == ["melt asset a1 and asset a2, or correct the serial where it is wrong: each has A123"]
    assert (
        one([Box("d1", "A123"), Box("d2", "A123")], [], "d1").remedies[0].startswith("merge device d1 and device d2,")
    )


def test_a_conflict_of_keys_that_differ_asks_which_is_wrong() -> None:
    case = one([Box("d1", "A123", (M1,))], [Box("a1", "B123", (M1,))], "d1")
    assert case.state == "conflict"
    assert case.remedies == [
        "find out which of device d1 and asset a1 are one thing, and correct the key that says otherwise"
    ]


def test_records_that_share_a_key_are_one_case_and_others_another() -> None:
    found = compared([Box("d1", "A123"), Box("d2", "B123")], [Box("a1", "A123"), Box("a2", "C123")])
    sought = [("rt", "a1"), ("google", "d2"), ("google", "d1"), ("rt", "gone")]
    cases = explain(found, sought)
    assert [[record.id for record in case.records if record.sought] for case in cases] == [["a1", "d1"], ["d2"]]


def test_a_record_that_takes_no_part_is_told_with_its_reason() -> None:
    listing = Listing(state="excluded", system="google", object="d9", label="A123", why="it is gone")
    aside = [Aside(listing=listing, name="device d9 (A123)", texts={"serial": "A123"})]
    alone = one([], [Box("a1", "A123")], "d9", aside=aside)
    assert (alone.state, alone.why) == ("excluded", "it is gone")
    assert [(record.name, record.state) for record in alone.records] == [
        ("device d9 (A123)", "excluded"),
        ("asset a1", "only_rt"),
    ]
    [both] = explain(compared([], [Box("a1", "A123")], aside), [("google", "d9"), ("rt", "a1")])
    assert both.state == "only_rt", "what takes part tells more"


def test_a_new_object_belongs_to_the_record_that_it_is_made_from() -> None:
    create = make_action(
        kind="create", system="rt", object="A123", label="new", before={}, after={"Name": "x"}, reason="", source="d1"
    )
    found = compared([Box("d1", "A123"), Box("d2", "B123")], [], more=[create])
    first, second = explain(found, [("google", "d1"), ("google", "d2")])
    assert (first.actions, second.actions) == ([create], [])


def test_why_no_new_object_is_made_is_the_last_word() -> None:
    listing = Listing(state="not_created", system="google", object="d1", label="", why="its name is taken")
    [case] = explain(compared([Box("d1", "A123")], [], listings=[listing]), [("google", "d1")])
    assert (case.state, case.why) == ("not_created", "its name is taken")


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abcdef"), "a, b, c, d, e and f"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_many_names_are_counted(names: list[str], text: str) -> None:
    assert joined(names) == text


# -- what a job may rely on when it reads only a part


SERIALS = st.sampled_from(["", "A123", "a123", "B123", "C123", "x"])
BOXES = st.lists(st.tuples(SERIALS, st.lists(st.sampled_from([M1, M2, "00", ""]), max_size=2)), max_size=6)


def _boxes(prefix: str, drawn: list[tuple[str, list[str]]]) -> list[Box]:
    return [Box(f"{prefix}{number}", serial, tuple(macs)) for number, (serial, macs) in enumerate(drawn)]


def _keys(box: Box) -> set[tuple[str, str]]:
    rules = side("", "", []).keys
    found = ((rule.name, rule.normalise(text)) for rule in rules for text in texts(rule.read(box)))
    return {(name, key) for name, key in found if not isinstance(key, Rejected)}


def _near(boxes: Sequence[Box], start: Box) -> list[Box]:
    """Return the records that share a key with one, however indirectly."""
    keys: set[tuple[str, str]] = set()
    near = [start]
    while len(keys) < len(keys := keys.union(*map(_keys, near))):
        near = [box for box in boxes if box is start or _keys(box) & keys]
    return near


@settings(max_examples=100, deadline=None)
@given(left=BOXES, right=BOXES, data=st.data())
def test_records_that_share_no_key_have_no_say(
    left: list[tuple[str, list[str]]], right: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    devices, assets = _boxes("d", left), _boxes("a", right)
    if not devices:
        return
    start = data.draw(st.sampled_from(devices))
    near = _near([*devices, *assets], start)
    part = one([box for box in devices if box in near], [box for box in assets if box in near], start.id)
    assert part == one(devices, assets, start.id)
