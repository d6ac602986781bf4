"""Plans: one order, one hash, files that cannot be changed unseen, and saved plans that may be stale."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.host.errors import ConfigurationError, DataError, ExitStatus, Refused
from syncd.reconcile.model import Action, Kind, Plan, Report, canonical, make_action
from syncd.reconcile.plan import check_fresh, decode_plan, encode_plan, make_plan
from unit.reconcile.stand_ins import plan_of, update

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
KNOWN = st.one_of(st.none(), st.text(min_size=1, max_size=5), st.lists(TEXT, min_size=1, max_size=3).map(tuple))
KINDS: list[Kind] = ["update", "clear", "move", "create"]


@st.composite
def plans_actions(draw: st.DrawFn) -> list[Action]:
    objects = draw(st.lists(st.tuples(TEXT, st.sampled_from(["google", "rt"])), unique=True, max_size=6))
    return [
        make_action(
            kind=draw(st.sampled_from(KINDS)),
            system=system,
            object=object_id,
            label=draw(TEXT),
            before={"name": draw(KNOWN)},
            after={"name": draw(KNOWN), "owner": draw(KNOWN)},
            reason="test",
            reversible=draw(st.booleans()),
        )
        for object_id, system in objects
    ]


@given(plans_actions(), st.randoms(use_true_random=False))
def test_the_order_actions_come_in_makes_no_difference(actions: list[Action], chance: random.Random) -> None:
    plan = make_plan("demo", actions, {"rt": 5}, Report(sources={"rt": 5}))
    chance.shuffle(actions)
    again = make_plan("demo", actions, {"rt": 9}, Report(counts={"matched": 3}, sources={"rt": 5}))
    assert (again.hash, again.fingerprint, again.actions) == (plan.hash, plan.fingerprint, plan.actions)
    keys = [(action.system, action.object, action.kind) for action in plan.actions]
    assert keys == sorted(keys)


def test_an_empty_plan_is_of_the_sources_that_it_was_made_from() -> None:
    of_sizes = [make_plan("demo", [], {}, Report(sources={"rt": size})).hash for size in (5, 5, 9)]
    assert of_sizes[0] == of_sizes[1] != of_sizes[2]


@given(plans_actions())
def test_a_plan_survives_its_file(actions: list[Action]) -> None:
    plan = make_plan("demo", actions, {"rt": 5}, Report(sources={"rt": 5}))
    assert decode_plan(encode_plan(plan)) == plan


@given(plans_actions())
def test_canonical_json_is_the_same_after_a_round_trip(actions: list[Action]) -> None:
    content = canonical(actions)
    assert canonical(msgspec.json.decode(content, type=list[Action])) == content
    assert b"\n" not in content


def test_field_order_makes_no_difference_and_every_value_does() -> None:
    def action(**changes: str) -> Action:
        return update(1, **changes)

    assert action(a="x", b="y").id == action(b="y", a="x").id
    different = [action(a="x"), action(a="y"), action(b="x"), update(2, a="x"), update(1, system="google", a="x")]
    assert len({item.id for item in different}) == 5
    assert len({plan_of(item).hash for item in different}) == 5
    assert plan_of(action(a="x"), job="other").hash != plan_of(action(a="x")).hash


def test_one_text_in_a_list_is_not_that_text() -> None:
    assert plan_of(update(1, a=("x",))).hash != plan_of(update(1, a="x")).hash


def test_a_plan_file_can_be_read_by_people() -> None:
    lines = encode_plan(plan_of(update(1, name="CB-1"))).decode().splitlines()
    assert any(line.strip() == '"name": "CB-1"' for line in lines)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"not a plan", b"\xff\xfe", b"[" * 5000])
def test_what_is_no_plan_is_bad_data(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        decode_plan(content)
    assert (caught.value.code, caught.value.exit_status) == ("plan.unreadable", ExitStatus.BAD_DATA)


def test_a_plan_of_another_format_is_bad_data() -> None:
    with pytest.raises(DataError, match="format 9"):
        decode_plan(encode_plan(msgspec.structs.replace(plan_of(), format=9)))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"new"', b'"evil"'), (b'"object": "1"', b'"object": "2"'), (b'"demo"', b'"other"'), (b"true", b"false")],
)
def test_an_edited_plan_is_refused(old: bytes, new: bytes) -> None:
    content = encode_plan(plan_of(update(1)))
    assert old in content
    with pytest.raises(Refused) as caught:
        decode_plan(content.replace(old, new))
    assert (caught.value.code, caught.value.exit_status) == ("plan.edited", ExitStatus.REFUSED)


def test_two_actions_on_one_field_of_an_object_are_a_fault_of_the_mapping() -> None:
    with pytest.raises(ConfigurationError, match="write name of rt 1"):
        plan_of(update(1, name="a"), update(1, name="b"))
    assert len(plan_of(update(1, name="a"), update(1, owner="b")).actions) == 2


def test_a_create_may_have_a_match_key_that_is_the_id_of_another_object() -> None:
    create = make_action(
        kind="create", system="rt", object="1", label="", before={}, after={"name": "new"}, reason="test"
    )
    assert len(plan_of(create, update(1)).actions) == 2


def test_a_saved_plan_is_fresh_while_its_actions_are_planned_identically() -> None:
    saved = plan_of(update(1), update(2))
    check_fresh(saved, plan_of(update(1), update(2), update(3), population=7))


@pytest.mark.parametrize(
    "now", [plan_of(), plan_of(update(1)), plan_of(update(1), update(2, name="other")), plan_of(update(1), update(3))]
)
def test_a_saved_plan_with_an_action_that_is_not_planned_now_is_stale(now: Plan) -> None:
    with pytest.raises(Refused, match="rt 2") as caught:
        check_fresh(plan_of(update(1), update(2)), now)
    assert caught.value.code == "plan.stale"


def test_an_action_that_keeps_its_id_and_says_something_else_is_stale() -> None:
    action = update(1)
    forged = msgspec.structs.replace(action, after={"name": "evil"})
    with pytest.raises(Refused, match="stale"):
        check_fresh(plan_of(forged), plan_of(action))


def test_the_refusal_of_a_stale_plan_names_a_few_objects_and_counts_all() -> None:
    with pytest.raises(Refused, match=r"rt 1, rt 2, rt 3, rt 4, rt 5 and 2 more \(7\) of 8") as caught:
        check_fresh(plan_of(*(update(n) for n in range(1, 9))), plan_of(update(8)))
    assert "syncd plan demo" in caught.value.sentence


def test_a_plan_of_another_job_is_bad_data() -> None:
    with pytest.raises(DataError, match="for the job other"):
        check_fresh(plan_of(job="other"), plan_of())
