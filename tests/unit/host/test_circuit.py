import pytest

from syncd.host.circuit import Circuit, CircuitState
from syncd.host.errors import Unavailable
from unit.host.circuit_memory import Memory
from unit.virtual_clock import VirtualClock


def fail(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        circuit.failure()


def test_it_opens_after_the_threshold_and_says_when_it_tries_again() -> None:
    clock = VirtualClock()
    circuit = Circuit("rt", clock=clock)
    fail(circuit, 4)
    circuit.before()
    fail(circuit, 1)
    with pytest.raises(Unavailable, match="rt is left alone until 2026-01-01 00:01:00 UTC after 5 failed") as error:
        circuit.before()
    assert error.value.code == "rt.circuit_open"
    clock.advance(60)
    circuit.before()


def test_a_success_between_failures_keeps_it_closed() -> None:
    circuit = Circuit("rt", clock=VirtualClock())
    for _ in range(5):
        fail(circuit, 4)
        circuit.success()
    circuit.before()


def test_each_failed_trial_doubles_the_wait_up_to_fifteen_minutes() -> None:
    clock = VirtualClock()
    circuit = Circuit("rt", clock=clock)
    fail(circuit, 5)
    for wait in (60, 120, 240, 480, 900, 900):
        clock.advance(wait - 1)
        with pytest.raises(Unavailable):
            circuit.before()
        clock.advance(1)
        circuit.before()
        fail(circuit, 1)


def test_a_success_on_trial_starts_afresh() -> None:
    clock = VirtualClock()
    memory = Memory()
    circuit = Circuit("rt", memory, clock)
    fail(circuit, 6)
    clock.advance(600)
    circuit.success()
    assert memory.states["rt"] == CircuitState()
    fail(circuit, 4)
    circuit.before()


def test_its_state_survives_into_the_next_run() -> None:
    clock = VirtualClock()
    memory = Memory()
    fail(Circuit("rt", memory, clock), 3)
    fail(Circuit("rt", memory, clock), 2)
    with pytest.raises(Unavailable):
        Circuit("rt", memory, clock).before()
    Circuit("google", memory, clock).before()
    clock.advance(60)
    fail(Circuit("rt", memory, clock), 1)
    clock.advance(61)
    with pytest.raises(Unavailable):
        Circuit("rt", memory, clock).before()


def test_calls_under_way_when_it_opened_do_not_lengthen_the_wait() -> None:
    clock = VirtualClock()
    circuit = Circuit("rt", clock=clock)
    fail(circuit, 12)
    clock.advance(60)
    circuit.before()


def test_a_remembered_time_from_a_wrong_clock_is_not_obeyed() -> None:
    clock = VirtualClock()
    memory = Memory()
    clock.jump(10 * 365 * 86400)
    fail(Circuit("rt", memory, clock), 5)
    clock.jump(-10 * 365 * 86400)
    Circuit("rt", memory, clock).before()


def test_success_alone_writes_nothing() -> None:
    memory = Memory()
    circuit = Circuit("rt", memory, VirtualClock())
    circuit.success()
    circuit.success()
    assert memory.saves == 0
