"""Bringing back what a run overwrote, where it is still what the run wrote."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.reconcile.guard import Limits
from syncd.reconcile.model import Action, Kind, Outcome, Plan, State, make_action
from syncd.reconcile.revert import plan_revert
from syncd.reconcile.run import Runner
from syncd.reconcile.values import Known
from unit.reconcile.stand_ins import MemoryLedger, MemoryWriter, Table, copy, update
from unit.reconcile.two_sides import TwoSides

ANY = msgspec.convert(
    {kind: {"percent": 100.0, "count": 1000} for kind in get_args(Kind)} | {"irreversible": 1000, "shrink": 100.0},
    Limits,
)


def undo(action: Action, row: dict[str, Known] | None, state: State = "verified") -> Plan:
    writer = MemoryWriter(table={} if row is None else {action.object: row})
    recorded = [(action, Outcome(action=action.id, state=state))]
    return plan_revert("demo", recorded, {"rt": writer}, lambda *_: None, {"rt": 10})


def states(plan: Plan) -> list[str]:
    return [listing.state for listing in plan.report.listings]


@pytest.mark.parametrize("state", ["verified", "unproven", "started"])
def test_what_still_is_as_written_gets_its_old_value_back(state: State) -> None:
    written = update(1, name="new", owner="new")
    plan = undo(written, {"name": "new", "owner": "new"}, state)
    [action] = plan.actions
    assert (action.kind, action.before, action.after) == (
        "update",
        {"name": "new", "owner": "new"},
        {"name": "old", "owner": "old"},
    )
    assert action.source == written.id
    assert plan.populations == {"rt": 10}


@pytest.mark.parametrize("state", ["planned", "failed", "not_started"])
def test_what_did_not_happen_is_not_undone(state: State) -> None:
    plan = undo(update(1), {"name": "new"}, state)
    assert (plan.actions, states(plan)) == ((), [])


def test_what_somebody_changed_since_is_left_alone_and_listed() -> None:
    plan = undo(update(1, name="new", owner="new"), {"name": "theirs", "owner": "new"})
    [action] = plan.actions
    assert action.after == {"owner": "old"}
    assert states(plan) == ["changed_since"]
    assert plan.report.counts == {"considered": 1, "changed_since": 1}


def test_what_has_its_old_value_already_needs_nothing() -> None:
    plan = undo(update(1), {"name": "old"}, "unproven")
    assert (plan.actions, states(plan)) == ((), ["restored"])


def test_bringing_back_an_empty_value_counts_as_a_clear_and_a_move_stays_a_move() -> None:
    filled = make_action(
        kind="update", system="rt", object="1", label="", before={"name": None}, after={"name": "new"}, reason="test"
    )
    assert [action.kind for action in undo(filled, {"name": "new"}).actions] == ["clear"]
    moved = make_action(
        kind="move", system="rt", object="1", label="", before={"unit": "/a"}, after={"unit": "/b"}, reason="test"
    )
    assert [action.kind for action in undo(moved, {"unit": "/b"}).actions] == ["move"]


def test_what_cannot_be_read_or_taken_back_is_listed() -> None:
    assert states(undo(update(1), None)) == ["unreadable"]
    final = msgspec.structs.replace(update(1), reversible=False)
    assert states(undo(final, {"name": "new"})) == ["irreversible"]


def test_a_system_that_has_no_writer_any_more_is_unreadable() -> None:
    action = update(1, system="gone")
    recorded = [(action, Outcome(action=action.id, state="verified"))]
    assert states(plan_revert("demo", recorded, {}, lambda *_: None, {})) == ["unreadable"]


@pytest.mark.parametrize(
    ("created", "row", "expected"),
    [
        ("7", {"name": "new"}, []),
        ("7", {"name": "theirs"}, ["changed_since"]),
        ("", {"name": "new"}, ["irreversible"]),
        ("8", {"name": "new"}, ["irreversible"]),
    ],
)
def test_a_create_is_undone_by_what_the_job_says_unless_somebody_worked_on_it(
    created: str, row: dict[str, Known], expected: list[str]
) -> None:
    create = make_action(
        kind="create", system="rt", object="5CD1", label="", before={}, after={"name": "new"}, reason="test"
    )
    writer = MemoryWriter(table={"7": row, "8": row, "new-5CD1": row}, made={"5CD1": "new-5CD1"})
    recorded = [(create, Outcome(action=create.id, state="verified", object=created))]

    def compensate(_: Action, object_id: str) -> Action | None:
        return update(7, status="deleted") if object_id == "7" else None

    plan = plan_revert("demo", recorded, {"rt": writer}, compensate, {"rt": 10})
    assert states(plan) == expected
    assert len(plan.actions) == (0 if expected else 1)


VALUES = st.sampled_from([None, "a", "b"])
ROWS = st.fixed_dictionaries({"name": VALUES, "user": VALUES, "unit": VALUES})
BEHAVIOURS = st.sampled_from(["do", "trust", "drop", "fail", "crash", "silent", "out", "circuit"])


Case = tuple[dict[str, Known], dict[str, Known] | None, str]


@given(st.lists(st.tuples(ROWS, st.none() | ROWS, BEHAVIOURS), max_size=6))
@settings(max_examples=80, deadline=None)
def test_revert_after_apply_is_as_if_nothing_had_been(cases: list[Case]) -> None:
    directory: Table = {f"s{n}": {**row, "serial": f"5CD{n}"} for n, (row, _, _) in enumerate(cases)}
    table: Table = {f"t{n}": {**old, "serial": f"5CD{n}"} for n, (_, old, _) in enumerate(cases) if old}
    behaviours = {f"5CD{n}": behaviour for n, (_, _, behaviour) in enumerate(cases)}

    def behave(action: Action) -> str:
        # Nothing knows the id of what was created by a write that gave no answer.
        lost = action.kind == "create" and behaviours[action.label] == "silent"
        return "trust" if lost else behaviours[action.label]

    job, ledger = TwoSides(directory, MemoryWriter(table=copy(table), behave=behave)), MemoryLedger()
    runner = Runner(job, ledger, ANY)
    applied = runner.apply(approve=runner.plan().plan.hash)
    job.writer.behave = lambda _: "do"
    undo = runner.revert(applied.summary.id).plan
    reverted = runner.revert(applied.summary.id, write=True, approve=undo.hash)
    assert {outcome.state for outcome in reverted.outcomes} <= {"verified"}
    assert filled(job.writer.table) == filled(table)


def filled(table: Table) -> Table:
    return {key: {name: value for name, value in row.items() if value} for key, row in table.items()}
