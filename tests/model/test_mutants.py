"""The model test can fail: each of these breaks the engine in one place, and a script of a few steps finds it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from model.faults import Fault
from model.machine import TwoSides
from model.mapping import Mapping
from model.sides import SERIALS
from syncd.jobs.sides import frame, google_devices
from syncd.reconcile import guard, revert, run
from syncd.reconcile.match import Match, match
from syncd.reconcile.model import Action, Outcome, Plan, make_action
from syncd.reconcile.ports import Ledger
from syncd.reconcile.sides import Side
from syncd.state.ledger import AuditLog
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset

Break = Callable[[], Any]
Script = Callable[[TwoSides], None]


@contextmanager
def a_machine(**begin: Any) -> Iterator[TwoSides]:  # noqa: ANN401
    machine = TwoSides()
    try:
        machine.begin(**begin)
        yield machine
    finally:
        machine.teardown()


# -- what is broken


def nothing_is_read_back() -> Any:  # noqa: ANN401
    def believe(_: Plan, outcomes: list[Outcome], __: object, ledger: Ledger, run: str, **___: object) -> list[Outcome]:
        believed = [msgspec.structs.replace(outcome, state="verified") for outcome in outcomes]
        ledger.settle(run, believed)
        return believed

    return patch.object(run, "verify", believe)


def no_guard() -> Any:  # noqa: ANN401
    return patch.object(run, "enforce", lambda *_, **__: None)


def a_stale_plan_is_applied() -> Any:  # noqa: ANN401
    return patch.object(run, "check_fresh", lambda *_: None)


def notes_are_written_too() -> Any:  # noqa: ANN401
    patched = google_devices.DeviceWriter._patch

    def patch_more(self: google_devices.DeviceWriter, action: Action) -> Outcome:
        self._devices.patch(action.object, {"notes": "synced"})
        return patched(self, action)

    return patch.object(google_devices.DeviceWriter, "_patch", patch_more)


def a_revert_writes_the_new_value_again() -> Any:  # noqa: ANN401
    def undo(action: Action, names: list[str], found: dict[str, Any]) -> Action:
        after = {name: f"not {action.before.get(name)}" for name in names}
        return make_action(
            kind="update",
            system=action.system,
            object=action.object,
            label=action.label,
            before={name: found[name] for name in names},
            after=after,
            reason="",
        )

    return patch.object(revert, "_undo", undo)


def intents_are_kept_too_late() -> Any:  # noqa: ANN401
    return patch.object(AuditLog, "intend", lambda *_: None)


def the_first_of_two_is_taken() -> Any:  # noqa: ANN401
    def match_first(left: Side[Device], right: Side[Asset]) -> Match[Device, Asset]:
        firsts = {device.serial_number: device for device in reversed(left.records)}
        return match(replace(left, records=[*firsts.values()]), right)

    return patch.object(frame, "match", match_first)


def limits_are_doubled() -> Any:  # noqa: ANN401
    allowed = guard.allowed
    return patch.object(guard, "allowed", lambda limit, population: 2 * allowed(limit, population))


# -- what finds it


def lose_a_write(machine: TwoSides) -> None:
    machine.apply_with_faults([Fault("rt update", "reset before")])


def change_two_of_three(machine: TwoSides) -> None:
    machine.apply()
    machine.edit_devices([(0, "osVersion", 2), (1, "osVersion", 2)])
    machine.change_limits("usual")
    machine.apply()


def apply_an_old_plan(machine: TwoSides) -> None:
    machine.plan()
    machine.edit_devices([(0, "annotatedAssetId", 0)])
    machine.apply_saved(0)


def apply_once(machine: TwoSides) -> None:
    machine.apply()


def apply_and_revert(machine: TwoSides) -> None:
    machine.apply()
    machine.revert(0, write=True)


def die_at_every_effect(machine: TwoSides) -> None:
    for kill in range(24, 40, 2):
        machine.apply_until_killed(kill)


def two_with_one_serial(machine: TwoSides) -> None:
    machine.enrol(SERIALS[0])
    machine.apply()


MUTANTS: dict[str, tuple[Break, Script, str]] = {
    "nothing is read back": (nothing_is_read_back, lose_a_write, "counts as verified"),
    "no guard": (no_guard, change_two_of_three, "not refused"),
    "limits are doubled": (limits_are_doubled, change_two_of_three, "not refused"),
    "a stale plan is applied": (a_stale_plan_is_applied, apply_an_old_plan, "is not in the log"),
    "notes are written, too": (notes_are_written_too, apply_once, "new='synced'.* is not in the log"),
    "a revert writes something else": (a_revert_writes_the_new_value_again, apply_and_revert, "was not undone"),
    "intents are kept too late": (intents_are_kept_too_late, die_at_every_effect, "is not in the log"),
    "the first of two is taken": (the_first_of_two_is_taken, two_with_one_serial, "is in conflict"),
}

BEGIN = {"devices": 3, "assets": 3, "mapping": Mapping(version=True, location="turned")}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_engine_is_found(name: str) -> None:
    broken, script, told = MUTANTS[name]
    with broken(), a_machine(**BEGIN) as machine, pytest.raises(AssertionError, match=told):
        script(machine)


@pytest.mark.parametrize("script", [script for _, script, _ in MUTANTS.values()], ids=[*MUTANTS])
def test_nothing_is_found_in_the_engine_as_it_is(script: Script) -> None:
    with a_machine(**BEGIN) as machine:
        script(machine)
