import os
import signal
import threading

import pytest

from syncd.host.errors import ExitStatus, Interrupted
from syncd.host.stop import StopSignal


def kill(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_asks_for_a_stop_and_says_where_it_was_heeded(number: signal.Signals) -> None:
    with StopSignal() as stop:
        assert not stop()
        stop.raise_if_set("before action 1 of 2")
        kill(number)
        assert stop()
        with pytest.raises(
            Interrupted, match=f"^stopped by {number.name} before action 2 of 2; run it again"
        ) as caught:
            stop.raise_if_set("before action 2 of 2")
    assert caught.value.code == "run.stopped"
    assert caught.value.exit_status == ExitStatus.TRY_LATER
    assert stop()


def test_a_second_interrupt_does_not_wait() -> None:
    with StopSignal() as stop:
        kill(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            kill(signal.SIGINT)
        assert stop()


def test_an_interrupt_after_a_termination_does_not_wait_either() -> None:
    with StopSignal():
        kill(signal.SIGTERM)
        kill(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            kill(signal.SIGINT)


def test_the_handlers_of_before_are_put_back_even_after_an_error() -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError(number, frame)

    before = signal.signal(signal.SIGTERM, mine)
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(ZeroDivisionError), StopSignal():
            assert 1 // (signal.getsignal(signal.SIGTERM) is mine)
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_see_the_stop() -> None:
    seen = []
    with StopSignal() as stop:
        kill(signal.SIGTERM)
        thread = threading.Thread(target=lambda: seen.append(stop()))
        thread.start()
        thread.join(timeout=10)
    assert seen == [True]


def test_a_stop_can_be_asked_for_from_inside() -> None:
    stop = StopSignal()
    stop.ask("the test")
    stop.ask("somebody later")
    with pytest.raises(Interrupted, match="stopped by the test now"):
        stop.raise_if_set("now")
