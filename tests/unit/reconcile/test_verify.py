"""What a read-back proves of writes that did not prove themselves."""

from collections.abc import Mapping, Sequence

import pytest

from syncd.host.errors import Unavailable
from syncd.reconcile.apply import apply
from syncd.reconcile.model import Action, Outcome, make_action
from syncd.reconcile.values import Known
from syncd.reconcile.verify import verify
from unit.reconcile.stand_ins import MemoryLedger, MemoryWriter, plan_of, update


def table(*numbers: int) -> dict[str, dict[str, Known]]:
    return {str(number): {"name": "old", "owner": "old"} for number in numbers}


def go(behaviour: str, *actions: Action, writer: MemoryWriter | None = None) -> tuple[list[Outcome], MemoryLedger]:
    writer = writer or MemoryWriter(table=table(1, 2, 3))
    writer.behave = lambda _: behaviour
    plan, ledger = plan_of(*actions), MemoryLedger()
    outcomes = apply(plan, {"rt": writer}, ledger, "run")
    return verify(plan, outcomes, {"rt": writer}, ledger, "run"), ledger


@pytest.mark.parametrize(
    ("behaviour", "state", "code", "found"),
    [
        ("do", "verified", "", None),
        ("trust", "verified", "", "new"),
        ("silent", "verified", "", "new"),
        ("drop", "failed", "verify.unchanged", "old"),
        ("mangle", "unproven", "verify.different", "mangled"),
        ("fail", "failed", "rt.refused", None),
        ("crash", "failed", "internal", "old"),
        ("crash_after", "verified", "", "new"),
        ("out", "failed", "rt.unreachable", "old"),
        ("out_after", "verified", "", "new"),
        ("circuit", "not_started", "rt.circuit_open", None),
    ],
)
def test_only_values_that_were_read_back_as_wanted_are_verified(
    behaviour: str, state: str, code: str, found: str | None
) -> None:
    [outcome], ledger = go(behaviour, update(1, name="new"))
    assert (outcome.state, outcome.code) == (state, code)
    assert outcome.found == (found and {"name": found})
    assert ledger.outcomes["run"][outcome.action] == outcome


def test_a_half_done_write_is_unproven() -> None:
    class Half(MemoryWriter):
        def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
            return {of: {**values, "owner": "old"} for of, values in super().read_back(actions, objects).items()}

    [outcome], _ = go("trust", update(1, name="new", owner="new"), writer=Half(table=table(1)))
    assert (outcome.state, outcome.found) == ("unproven", {"name": "new", "owner": "old"})


def test_a_field_that_was_not_read_back_proves_nothing_also_when_it_was_to_be_emptied() -> None:
    class Forgetful(MemoryWriter):
        def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
            return {of: {} for of in super().read_back(actions, objects)}

    [outcome], _ = go("trust", update(1, name=None), writer=Forgetful(table=table(1)))
    assert outcome.state == "unproven"


def test_an_action_without_fields_is_never_proven_by_reading_none() -> None:
    action = make_action(kind="disable", system="rt", object="1", label="", before={}, after={}, reason="test")
    [outcome], _ = go("trust", action)
    assert outcome.state == "unproven"


def test_an_object_that_cannot_be_read_stays_unproven() -> None:
    [outcome], _ = go("drop", update(9))
    assert (outcome.state, outcome.found) == ("unproven", None)


@pytest.mark.parametrize("error", [Unavailable("out", code="rt.unreachable"), RuntimeError("a defect")])
def test_a_failing_read_back_leaves_the_outcomes_as_they_are(error: Exception) -> None:
    class Deaf(MemoryWriter):
        def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
            assert actions
            assert not objects
            raise error

    [outcome], _ = go("trust", update(1), writer=Deaf(table=table(1)))
    assert outcome.state == "unproven"


def test_each_system_is_read_once_and_only_where_something_is_open() -> None:
    writer = MemoryWriter(table=table(1, 2, 3))
    go("trust", *map(update, (1, 2, 3)), writer=writer)
    assert writer.reads == 1
    go("do", *map(update, (1, 2, 3)), writer=writer)
    assert writer.reads == 1


def test_the_writer_says_when_two_spellings_are_the_same_value() -> None:
    class Loose(MemoryWriter):
        def same(self, field: str, wanted: Known, found: Known) -> bool:
            return field == "name" and str(wanted).lower() == str(found).lower()

    writer = Loose(table={"1": {"name": "NEW"}})
    [outcome], _ = go("drop", update(1, name="new"), writer=writer)
    assert outcome.state == "verified"


def test_what_a_create_made_is_read_by_its_new_id() -> None:
    create = make_action(
        kind="create", system="rt", object="5CD1", label="", before={}, after={"name": "new"}, reason="test"
    )
    [outcome], _ = go("trust", create)
    assert (outcome.state, outcome.object) == ("verified", "new-5CD1")


def test_after_a_stop_nothing_more_is_read() -> None:
    writer = MemoryWriter(table=table(1), behave=lambda _: "trust")
    plan, ledger = plan_of(update(1)), MemoryLedger()
    outcomes = apply(plan, {"rt": writer}, ledger, "run")
    assert verify(plan, outcomes, {"rt": writer}, ledger, "run", stop=lambda: True) == outcomes
    assert writer.reads == 0
