import threading
import time
from datetime import UTC, timedelta

from syncd.host.clock import Clock, SystemClock
from unit.virtual_clock import START, VirtualClock


def test_the_system_clock_gives_aware_utc_time() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_system_clock_really_sleeps_and_takes_zero_and_less_as_nothing() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.01)
    clock.sleep(0)
    clock.sleep(-1)
    assert clock.monotonic() - before >= 0.01


def test_virtual_time_moves_by_sleep_without_waiting() -> None:
    clock: Clock = VirtualClock()
    before = time.monotonic()
    clock.sleep(3600)
    assert clock.now() == START + timedelta(hours=1)
    assert clock.monotonic() == 3600
    assert time.monotonic() - before < 5


def test_a_jump_moves_the_wall_clock_alone() -> None:
    clock = VirtualClock()
    clock.jump(-60)
    assert clock.now() == START - timedelta(minutes=1)
    assert clock.monotonic() == 0


def test_with_parties_sleeps_of_several_threads_overlap() -> None:
    clock = VirtualClock(parties=4)

    def work() -> None:
        for _ in range(10):
            clock.sleep(1)
        clock.leave()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert clock.monotonic() == 10
    assert len(clock.sleeps) == 40


def test_advance_wakes_a_sleeper_that_waits_for_others() -> None:
    clock = VirtualClock(parties=2)
    thread = threading.Thread(target=clock.sleep, args=(5,))
    thread.start()
    while not clock.sleeps:
        time.sleep(0.001)
    clock.advance(5)
    thread.join(timeout=20)
    assert not thread.is_alive()
