import multiprocessing
import struct
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.host.clock import SystemClock
from syncd.host.errors import ConfigurationError
from syncd.host.ratelimit import GcraLimiter
from unit.virtual_clock import VirtualClock


def in_any_window(times: list[float], rate: float, burst: int) -> bool:
    """Tell whether no stretch of time holds more than burst + rate * t requests."""
    return all(
        last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6
        for first in range(len(times))
        for last in range(first, len(times))
    )


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_no_stretch_of_time_holds_more_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    clock = VirtualClock()
    limiter = GcraLimiter(None, rate, burst, clock)
    times = []
    for pause in pauses:
        clock.advance(pause)
        limiter.acquire()
        times.append(clock.monotonic())
    assert in_any_window(times, rate, burst)


@given(rate=st.floats(1, 100), burst=st.integers(1, 10), count=st.integers(20, 60))
def test_a_busy_caller_gets_the_whole_rate(rate: float, burst: int, count: int) -> None:
    clock = VirtualClock()
    limiter = GcraLimiter(None, rate, burst, clock)
    for _ in range(count):
        limiter.acquire()
    assert clock.monotonic() == pytest.approx(max(0, count - burst) / rate)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.integers(0, 2), min_size=5, max_size=40))
def test_limiters_on_one_file_share_one_rate(tmp_path: Path, turns: list[int]) -> None:
    clock = VirtualClock()
    path = tmp_path / "rate"
    path.unlink(missing_ok=True)
    limiters = [GcraLimiter(path, 10, 3, clock) for _ in range(3)]
    times = []
    for turn in turns:
        limiters[turn].acquire()
        times.append(clock.monotonic())
    for limiter in limiters:
        limiter.close()
    assert in_any_window(times, 10, 3)
    assert times[-1] == pytest.approx(max(0, len(turns) - 3) / 10)


def test_sixteen_threads_reach_the_rate() -> None:
    clock = VirtualClock(parties=16)
    limiter = GcraLimiter(None, 40, 1, clock)
    times: list[float] = []

    def work() -> None:
        for _ in range(10):
            limiter.acquire()
            times.append(clock.monotonic())
            clock.sleep(0.1)
        clock.leave()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(times) == 160
    assert max(times) <= 159 / 40 / 0.98
    assert in_any_window(sorted(times), 40, 1)


@pytest.mark.parametrize("content", [struct.pack("<d", 1e12), struct.pack("<d", float("nan")), b"abc", b""])
def test_a_time_far_ahead_or_a_damaged_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rate"
    path.write_bytes(content)
    clock = VirtualClock()
    limiter = GcraLimiter(path, 10, 1, clock)
    limiter.acquire()
    limiter.acquire()
    limiter.close()
    assert clock.monotonic() == pytest.approx(0.1)


def test_the_file_is_private_and_its_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "state" / "google.rate"
    GcraLimiter(path, 10).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_opened_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigurationError, match=r"taken/rate cannot be opened .* writable"):
        GcraLimiter(tmp_path / "taken" / "rate", 10)


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_limit_that_lets_nothing_through_is_a_configuration_error(rate: float, burst: int) -> None:
    with pytest.raises(ConfigurationError):
        GcraLimiter(None, rate, burst)


def _take(path: Path, count: int) -> None:
    limiter = GcraLimiter(path, 100, 1, SystemClock())
    for _ in range(count):
        limiter.acquire()


def test_two_processes_share_the_rate(tmp_path: Path) -> None:
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_take, args=(tmp_path / "rate", 20)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert time.monotonic() - started >= 39 / 100
    [stored] = struct.unpack("<d", (tmp_path / "rate").read_bytes())
    assert stored >= started + 40 / 100
