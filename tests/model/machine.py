"""The state machine: what people do on either side, what goes wrong, and what runs make of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model import judge
from model.desk import Desk, Ended, Recorded
from model.faults import PLACES, WAYS, Fault
from model.mapping import SERIAL, Mapping
from model.sides import ASSET_FIELDS, DEVICE_FIELDS, SERIALS, Picture, Sides
from syncd.reconcile.guard import Limits
from syncd.reconcile.model import Plan
from syncd.reconcile.run import Done, Runner
from unit.virtual_clock import VirtualClock

T = TypeVar("T")
Edit = tuple[int, str, int]
"""Which object, which field of it, which of the values that the field may have."""

SEEN: Counter[str] = Counter()
"""What happened in all machines of this process: how runs ended, kinds of action by outcome, values brought back."""

MOST = 6
"""Most devices, and most assets."""

_KINDS = ("update", "create", "clear", "move", "disable", "delete")


def same_limits(percent: float, count: int, shrink: float) -> Limits:
    """Return limits that are alike for all kinds of action."""
    alike = {kind: {"percent": percent, "count": count} for kind in _KINDS}
    return msgspec.convert(alike | {"shrink": shrink}, Limits)


LIMITS = {
    "wide": same_limits(100, 100, 100),
    "usual": Limits(),
    "narrow": same_limits(50, 2, 50),
    "shut": same_limits(0, 0, 0),
}
GOOD = ("in_sync", "planned", "applied", "partial")

places = st.integers(0, MOST - 1)
serials = st.sampled_from(SERIALS)
faults = st.lists(
    st.builds(
        Fault,
        place=st.sampled_from([*PLACES]),
        way=st.sampled_from([*WAYS]),
        passing=st.integers(0, 3),
        times=st.sampled_from([None, 1, 2, 3]),
    ),
    min_size=1,
    max_size=2,
)
mappings = st.builds(
    Mapping,
    name=st.sampled_from(["Name", "CF.{Internal Name}"]),
    user=st.sampled_from(["owner", "holder", "nobody"]),
    location=st.sampled_from(["off", "followed", "cleared", "turned"]),
    unit=st.booleans(),
    version=st.booleans(),
    unique=st.sampled_from([False, False, False, True]),
    creates=st.booleans(),
    macs=st.booleans(),
    deprovisioned=st.booleans(),
)


def pick(several: Sequence[T], place: int) -> T:
    """Return one of several; any place is good."""
    return several[place % len(several)]


def has_news(machine: "TwoSides") -> bool:
    """Tell whether anything happened since the last run that found nothing to do."""
    return machine.calm != machine.now


class TwoSides(RuleBasedStateMachine):
    """Both sides, a desk to make runs at, and what is remembered from run to run to judge the next by."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.sides = Sides(self.clock)
        self.desk = Desk(self.sides, self.clock)
        self.mapping = Mapping()
        self.limits = "wide"
        self.good: dict[str, int] = {}
        self.runs: list[str] = []  # those that may have written something, the newest first
        self.plans: list[Plan] = []
        self.calm: object = None  # what was there when the last run found nothing to do

    def teardown(self) -> None:
        self.desk.close()
        self.sides.close()

    @initialize(devices=st.integers(0, 4), assets=st.integers(0, 4), mapping=mappings)
    def begin(self, devices: int, assets: int, mapping: Mapping) -> None:
        self.mapping = mapping
        for number, serial in enumerate(SERIALS[:devices]):
            who = {"annotatedAssetId": f"T{number}", "annotatedUser": "u1@example.org"}
            self.sides.enrol(serial, osVersion="1", model=f"m{number}", **who)
        for serial in SERIALS[:assets]:
            self.sides.new_asset(serial, name="B", unit="/Staff")

    # -- Google

    @precondition(lambda self: len(self.sides.devices) < MOST)
    @rule(serial=serials)
    def enrol(self, serial: str) -> None:
        self.sides.enrol(serial, annotatedLocation="B", model="m9")

    @precondition(lambda self: self.sides.devices)
    @rule(edits=st.lists(st.tuples(places, st.sampled_from([*DEVICE_FIELDS]), places), min_size=1, max_size=4))
    def edit_devices(self, edits: list[Edit]) -> None:
        for place, field, value in edits:
            self.sides.edit_device(pick(self.sides.devices, place), **{field: pick(DEVICE_FIELDS[field], value)})

    @precondition(lambda self: 0 < len(self.sides.devices) < MOST)
    @rule(place=places, old=st.sampled_from(["gone", "deprovisioned", "still there"]))
    def enrol_again(self, place: int, old: Literal["gone", "deprovisioned", "still there"]) -> None:
        device = pick(self.sides.devices, place)
        self.sides.enrol(str(self.sides.google.device(device).get("serialNumber", "")))
        if old == "gone":
            self.sides.remove_device(device)
        elif old == "deprovisioned":
            self.sides.edit_device(device, status="DEPROVISIONED")

    @precondition(lambda self: len(self.sides.devices) > 1)
    @rule(place=places)
    def swap_serials_of_devices(self, place: int) -> None:
        one, other = pick(self.sides.devices, place), pick(self.sides.devices, place + 1)
        serials = [str(self.sides.google.device(each).get("serialNumber", "")) for each in (one, other)]
        self.sides.edit_device(one, serialNumber=serials[1])
        self.sides.edit_device(other, serialNumber=serials[0])

    @precondition(lambda self: self.sides.devices)
    @rule(place=places)
    def remove_device(self, place: int) -> None:
        self.sides.remove_device(pick(self.sides.devices, place))

    # -- RT

    @precondition(lambda self: len(self.sides.assets) <= MOST)
    @rule(serial=serials)
    def new_asset(self, serial: str) -> None:
        self.sides.new_asset(serial, name="A")

    @rule(edits=st.lists(st.tuples(places, st.sampled_from([*ASSET_FIELDS]), places), min_size=1, max_size=4))
    def edit_assets(self, edits: list[Edit]) -> None:
        for place, field, value in edits:
            self.sides.edit_asset(pick(self.sides.assets, place), field, pick(ASSET_FIELDS[field], value))

    @precondition(lambda self: len(self.sides.assets) > 1)
    @rule(place=places)
    def swap_serials_of_assets(self, place: int) -> None:
        one, other = pick(self.sides.assets, place), pick(self.sides.assets, place + 1)
        serials = self.sides.serial_of(one), self.sides.serial_of(other)
        self.sides.edit_asset(one, SERIAL, serials[1])
        self.sides.edit_asset(other, SERIAL, serials[0])

    @rule(user=st.sampled_from(["u1", "u2", "u3"]), address=st.sampled_from(["", "new@example.org"]))
    def new_address(self, user: str, address: str) -> None:
        self.sides.new_address(user, address and f"{user}.{address}")

    # -- whoever runs syncd

    @rule(seconds=st.sampled_from([1, 30, 3_700, 8 * 86_400]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.calm = None

    @rule(mapping=mappings)
    def change_mapping(self, mapping: Mapping) -> None:
        self.mapping = mapping

    @rule(limits=st.sampled_from([*LIMITS]))
    def change_limits(self, limits: str) -> None:
        self.limits = limits

    # -- runs

    @precondition(has_news)
    @rule()
    def plan(self) -> None:
        before = self.sides.picture()
        ended = self._run(lambda runner: runner.plan())
        assert self.sides.picture() == before, "a plan changed something"
        if ended.done:
            self.plans.append(ended.done.plan)

    @precondition(has_news)
    @rule()
    def apply(self) -> None:
        self._run(lambda runner: runner.apply())

    @precondition(has_news)
    @rule(stop=st.integers(0, 3))
    def apply_until_stopped(self, stop: int) -> None:
        self._run(lambda runner: runner.apply(), stop=stop)

    @precondition(has_news)
    @rule(faults=faults)
    def apply_with_faults(self, faults: list[Fault]) -> None:
        self._run(lambda runner: runner.apply(), faults=faults)

    @precondition(has_news)
    @rule(kill=st.integers(0, 60))
    def apply_until_killed(self, kill: int) -> None:
        self._run(lambda runner: runner.apply(), kill=kill)

    @precondition(lambda self: self.plans)
    @rule(place=places)
    def apply_saved(self, place: int) -> None:
        saved, before = pick(self.plans, place), self.sides.picture()
        ended = self._run(lambda runner: runner.apply(saved=saved))
        if ended.refused:
            assert self.sides.picture() == before
        elif ended.done:
            assert ended.done.plan.actions == saved.actions

    @precondition(lambda self: self.plans)
    @rule(place=places)
    def approve(self, place: int) -> None:
        approved = pick(self.plans, place)
        ended = self._run(lambda runner: runner.apply(approve=approved.hash), approved=approved)
        if ended.done and ended.done.plan.actions and not ended.refused:
            assert ended.done.plan.actions == approved.actions

    @precondition(lambda self: self.runs)
    @rule(place=places, write=st.booleans())
    def revert(self, place: int, *, write: bool) -> None:
        run, before = pick(self.runs, place), self.sides.picture()
        log = self.desk.recorded(run)
        ended = self._run(lambda runner: runner.revert(run, write=write), reverting=run)
        if not write:
            assert self.sides.picture() == before, "a revert that was only shown changed something"
        elif ended.done and not ended.refused:
            self._check_restored(before, log, ended)

    @precondition(lambda self: self.runs)
    @rule(place=places, faults=faults)
    def revert_with_faults(self, place: int, faults: list[Fault]) -> None:
        run = pick(self.runs, place)
        self._run(lambda runner: runner.revert(run, write=True), reverting=run, faults=faults)

    @precondition(lambda self: self.runs)
    @rule(place=places, kill=st.integers(0, 40))
    def revert_until_killed(self, place: int, kill: int) -> None:
        run = pick(self.runs, place)
        self._run(lambda runner: runner.revert(run, write=True), reverting=run, kill=kill)

    @precondition(has_news)
    @rule()
    def settle(self) -> None:
        """Approve what there is to do, with nothing in the way; then nothing is left to do."""
        self._mend()
        last = self._approved()
        if any(action.kind == "create" for action, _ in last):
            last = self._approved()  # a new asset leads its device from now on
        judge.check_in_step(self.mapping, self.sides.picture(), last)
        failed = judge.failed(last)
        written = len(self.desk.wire.writes)
        again = self._run(lambda runner: runner.apply())
        if again.done and not again.refused:
            left = {(action.system, action.object) for action in again.done.plan.actions}
            assert left <= failed, f"there is still something to do: {again.done.plan.actions}"
            assert len(self.desk.wire.writes) == written or failed

    # -- how runs are made and judged

    @property
    def now(self) -> object:
        """What a run depends on."""
        return self.sides.touched, self.mapping

    def _approved(self) -> Recorded:
        planned = self._run(lambda runner: runner.plan())
        assert planned.done, planned.error
        plan = planned.done.plan
        ended = self._run(lambda runner: runner.apply(approve=plan.hash), approved=plan)
        assert ended.done, ended.error
        assert not ended.refused, ended.done.error
        return self.desk.recorded(ended.run)

    def _mend(self) -> None:
        """Let nothing fail, and let circuits that opened close again."""
        self.sides.server.faults.clear()
        self.clock.advance(1_000)

    def _run(
        self,
        act: Callable[[Runner], Done],
        *,
        faults: Sequence[Fault] = (),
        kill: int | None = None,
        stop: int | None = None,
        approved: Plan | None = None,
        reverting: str = "",
    ) -> Ended:
        before = self.sides.picture()
        self.sides.server.faults.add(*(fault.rule() for fault in faults))
        ended = self.desk.run(self.mapping, LIMITS[self.limits], act, kill=kill, stop=stop)
        self.sides.server.faults.clear()
        self._judge(ended, before, approved=approved, reverting=bool(reverting))
        self.calm = self.now if ended.told == "in_sync" else None
        if any(told.state in judge.MAY_HAVE_HAPPENED for _, told in self.desk.recorded(ended.run)):
            self.runs.insert(0, ended.run)
        return ended

    def _judge(self, ended: Ended, before: Picture, *, approved: Plan | None, reverting: bool) -> None:
        after, log = self.sides.picture(), self.desk.recorded(ended.run)
        SEEN[f"run {ended.told}"] += 1
        SEEN.update(f"{action.kind} {told.state}" for action, told in log)
        judge.check_each_change_is_logged(before, after, log)
        if ended.error is not None:
            assert not log, f"{ended.error} after a plan was made"
            return
        judge.check_outcomes(ended, log)
        if not ended.killed:
            judge.check_verified(after, log)
        if not reverting:
            judge.check_owned(self.mapping, log)
            judge.check_conflicts(self.mapping, before, log)
            self._check_guard(ended, before, approved)

    def _check_guard(self, ended: Ended, before: Picture, approved: Plan | None) -> None:
        if ended.done is None:
            return
        plan = ended.done.plan
        over = judge.over_limits(plan, LIMITS[self.limits], self.mapping, before, self.good)
        if approved is None or not (plan.actions or over):
            assert ended.refused in ("guard.refused", "plan.stale") or not over, f"not refused: {over}"
            assert ended.refused != "guard.refused" or over, f"refused without a reason: {ended.done.error}"
        else:
            assert (ended.refused == "guard.wrong_approval") == (plan.hash != approved.hash)
        if ended.done.summary.result in GOOD:
            self.good = judge.sources(before)

    def _check_restored(self, before: Picture, log: Recorded, ended: Ended) -> None:
        after, reverted = self.sides.picture(), self.desk.recorded(ended.run)
        failed = judge.failed(reverted)
        for change in judge.restored(before, log):
            SEEN["value brought back"] += 1
            if (change.system, change.object) not in failed:
                found = after[change.system, change.object].get(change.field)
                assert judge.plain(found) == judge.plain(change.new), f"{change} was not undone: it has {found!r}"
