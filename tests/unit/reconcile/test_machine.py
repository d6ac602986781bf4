"""Two sides that people edit while runs go wrong in every way: what must hold after each step."""

import logging
from typing import get_args

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncd.host.errors import Unavailable
from syncd.reconcile.guard import Limits, allowed
from syncd.reconcile.model import Kind
from syncd.reconcile.run import Done, Runner
from syncd.reconcile.values import Known
from unit.reconcile.stand_ins import MemoryLedger, MemoryWriter, Table, copy
from unit.reconcile.two_sides import OWNED, TwoSides

SERIALS = [f"5CD{number}" for number in range(5)]
FIELDS = st.sampled_from(OWNED)
VALUES = st.sampled_from([None, "a", "b", "c"])
ROWS = st.sampled_from(SERIALS)
BEHAVIOURS = st.dictionaries(
    ROWS,
    st.sampled_from(
        ["trust", "drop", "fail", "mangle", "crash", "crash_after", "silent", "out", "out_after", "circuit"]
    ),
    max_size=3,
)
TIGHT = Limits()
LOOSE = msgspec.convert({kind: {"percent": 100.0, "count": 100} for kind in get_args(Kind)} | {"shrink": 100.0}, Limits)


class TwoSidesMachine(RuleBasedStateMachine):
    """Edits, runs with faults, interruptions and reverts, in any order."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable(logging.CRITICAL)  # tracebacks that are made on purpose
        self.job = TwoSides(writer=MemoryWriter(size=2))
        self.ledger = MemoryLedger()
        self.stop_after = 10_000
        self.foreign: dict[str, Known] = {}
        self.last_run = ""

    def teardown(self) -> None:
        logging.disable(logging.NOTSET)

    @initialize(serials=st.sets(ROWS))
    def fill(self, serials: set[str]) -> None:
        for serial in serials:
            self.job.directory[f"s-{serial}"] = {"serial": serial, "name": "a"}
            self.job.writer.table[f"t-{serial}"] = {"serial": serial, "name": "a", "notes": "mine"}
            self.foreign[f"t-{serial}"] = "mine"

    @rule(serial=ROWS, field=FIELDS, value=VALUES)
    def edit_directory(self, serial: str, field: str, value: Known) -> None:
        self.job.directory.setdefault(f"s-{serial}", {"serial": serial})[field] = value

    @rule(serial=ROWS)
    def remove_from_directory(self, serial: str) -> None:
        self.job.directory.pop(f"s-{serial}", None)

    @rule(serial=ROWS)
    def copy_in_directory(self, serial: str) -> None:
        self.job.directory[f"s-{serial}-twin"] = {"serial": f" {serial.lower()}", "name": "c"}

    @rule(serial=ROWS)
    def remove_copy(self, serial: str) -> None:
        self.job.directory.pop(f"s-{serial}-twin", None)

    @precondition(lambda self: self.job.writer.table)
    @rule(data=st.data(), field=FIELDS, value=VALUES, notes=VALUES)
    def edit_tracker(self, data: st.DataObject, field: str, value: Known, notes: Known) -> None:
        key = data.draw(st.sampled_from(sorted(self.job.writer.table)))
        self.job.writer.table[key] |= {field: value, "notes": notes}
        self.foreign[key] = notes

    @rule(behaviours=BEHAVIOURS, stop_after=st.sampled_from([0, 1, 3, 10_000]), loose=st.booleans())
    def run(self, behaviours: dict[str, str], stop_after: int, *, loose: bool) -> None:
        self._behave(behaviours, stop_after)
        before = copy(self.job.writer.table)
        done = self._runner(LOOSE if loose else TIGHT).apply()
        self._check_outcomes(done)
        self._check_ownership(before)
        if done.summary.result == "refused":
            assert self.job.writer.table == before
        elif not loose:
            self._check_limits(done)
        self.last_run = done.summary.id

    @rule()
    def run_undisturbed_twice(self) -> None:
        self._behave({}, 10_000)
        plan = self._runner(LOOSE).plan().plan
        first = self._runner(LOOSE).apply(approve=plan.hash if plan.actions else None)
        # Only a source that became empty is refused without an action, and so without an approval.
        assert first.summary.result in {"applied", "in_sync"} or not plan.actions
        written = len(self.job.writer.written)
        second = self._runner(LOOSE).apply(approve=None)
        assert len(self.job.writer.written) == written
        assert second.plan.actions == ()

    @precondition(lambda self: self.last_run)
    @rule(behaviours=BEHAVIOURS)
    def revert(self, behaviours: dict[str, str]) -> None:
        self._behave(behaviours, 10_000)
        before = copy(self.job.writer.table)
        done = self._runner(LOOSE).revert(self.last_run, write=True)
        self._check_outcomes(done)
        if not any(action.kind == "delete" for action in done.plan.actions):
            self._check_ownership(before)

    @rule()
    def fail_to_observe(self) -> None:
        self.job.failure = Unavailable("a page was cut", code="rt.incomplete")
        before = copy(self.job.writer.table)
        try:
            self._runner(LOOSE).apply()
        except Unavailable:
            assert self.job.writer.table == before
        else:
            raise AssertionError("a run without both sides made a plan")
        finally:
            self.job.failure = None

    @invariant()
    def every_run_is_closed(self) -> None:
        assert all(summary.result != "running" for summary in self.ledger.summaries.values())

    @invariant()
    def nobody_elses_fields_were_touched(self) -> None:
        for key, row in self.job.writer.table.items():
            assert row.get("notes") == self.foreign.get(key)

    def _runner(self, limits: Limits) -> Runner:
        return Runner(self.job, self.ledger, limits, stop=lambda: len(self.job.writer.written) >= self.stop_after)

    def _behave(self, behaviours: dict[str, str], stop_after: int) -> None:
        self.job.writer.behave = lambda action: behaviours.get(action.label.strip().upper(), "do")
        self.stop_after = len(self.job.writer.written) + stop_after

    def _check_outcomes(self, done: Done) -> None:
        if done.outcomes:
            assert [outcome.action for outcome in done.outcomes] == [action.id for action in done.plan.actions]
            assert {outcome.action: outcome for outcome in done.outcomes} == self.ledger.outcomes[done.summary.id]
        for action, outcome in zip(done.plan.actions, done.outcomes, strict=bool(done.outcomes)):
            row = self.job.writer.table.get(outcome.object or action.object)
            if outcome.state == "verified" and row is not None:
                assert {name: row.get(name) for name in action.after} == action.after

    def _check_ownership(self, before: Table) -> None:
        for key, row in before.items():
            now = self.job.writer.table[key]
            assert {name for name in row | now if row.get(name) != now.get(name)} <= set(OWNED)

    @staticmethod
    def _check_limits(done: Done) -> None:
        for kind in get_args(Kind):
            count = sum(action.kind == kind for action in done.plan.actions)
            assert count <= allowed(TIGHT.of(kind), done.plan.populations["rt"])


TestTwoSides = TwoSidesMachine.TestCase
TestTwoSides.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
