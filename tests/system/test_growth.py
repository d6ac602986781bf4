"""How a run grows with the fleet and with what changed, measured at two small sizes; ``make growth`` takes large ones.

Everything is a ratio of two sizes, or bytes for each device more; what one run takes for itself falls out of it.
"""

import gc
import math
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from syncd.jobs import chromebooks
from syncd.jobs.sides.frame import Frame, frame
from syncd.sandbox.site import Sandbox
from unit.sandbox.runs import run

SMALL, LARGE = 4_000, 8_000
"""Sizes that fill Python's tables equally, and that are more than what is ever looked at together."""
FEW, MANY = 10, 40
BYTES = 900
"""Most bytes of objects for a device and its asset: with what they lie in, a million have to fit into 1.2 GB."""


class Taken(NamedTuple):
    """What runs over one fleet took: requests, the most bytes of Python's objects, bytes of the store."""

    cold: int
    warm: int
    changed: dict[int, int]
    memory: int
    store: int


def taken(folder: Path, devices: int) -> Taken:
    """Run twice over a fleet in sync, and after changes of two sizes."""
    with Sandbox(folder, devices=devices, streamed=True) as site:
        # The mapping of who names none: fewer fields are held, so that less hides what one takes.
        whole = site.config_file.read_text()
        site.config_file.write_text(whole[: whole.index("[jobs.chromebooks.to_google]")])
        cold = _in_sync(site)
        store = (site.directory / "state" / "syncd.sqlite").stat().st_size
        warm, memory = _traced(site)
        return Taken(cold, warm, {number: _changed(site, number) for number in (FEW, MANY)}, memory, store)


def _traced(site: Sandbox) -> tuple[int, int]:
    """Return the requests of a run, and the most bytes while both sides are matched; the sandbox sleeps meanwhile."""
    peaks = []

    def watched(*given: Any) -> Frame:  # noqa: ANN401 - whatever a job gives
        tracemalloc.reset_peak()
        laid = frame(*given)
        peaks.append(tracemalloc.get_traced_memory()[1])
        return laid

    gc.collect()
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chromebooks, "frame", watched)
            return _in_sync(site), max(peaks)
    finally:
        tracemalloc.stop()


def _in_sync(site: Sandbox) -> int:
    return _asked(site, lambda: run(site).summary.result == "in_sync")


def _changed(site: Sandbox, number: int) -> int:
    headers = {"Authorization": f"token {site.rt.token()}"}
    for asset in range(1, number + 1):
        requests.put(
            f"{site.url}/rt/REST/2.0/asset/{asset}", json={"Name": f"{number}-{asset}"}, headers=headers, timeout=10
        )
    return _asked(site, lambda: run(site, write=True).summary.result == "applied")


def _asked(site: Sandbox, done: Callable[[], bool]) -> int:
    # Within a second of the last run all ids are listed: the times of RT have no finer grain.
    time.sleep(1)
    site.server.forget()
    assert done()
    return site.server.requests()


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Taken, Taken]:
    folder = tmp_path_factory.mktemp("growth")
    # The first one loads modules, and fills caches that all others find.
    taken(folder / "first", 200)
    return taken(folder / "small", SMALL), taken(folder / "large", LARGE)


def exponent(small: float, large: float, ratio: float) -> float:
    return math.log(large / small) / math.log(ratio)


def test_requests_grow_as_pages_do(sizes: tuple[Taken, Taken]) -> None:
    small, large = sizes
    devices = math.ceil(LARGE / 300) - math.ceil(SMALL / 300)
    assert large.warm - small.warm == devices
    assert large.cold - small.cold == devices + (LARGE - SMALL) / 100
    assert exponent(small.cold, large.cold, LARGE / SMALL) <= 1
    assert exponent(small.warm, large.warm, LARGE / SMALL) <= 1


def test_requests_grow_with_what_changed_and_not_faster(sizes: tuple[Taken, Taken]) -> None:
    for size in sizes:
        few, many = (size.changed[number] - size.warm for number in (FEW, MANY))
        assert many - few <= MANY - FEW
        assert exponent(few, many, MANY / FEW) <= 1


def test_a_device_more_takes_less_than_a_kilobyte_of_memory(sizes: tuple[Taken, Taken]) -> None:
    small, large = sizes
    assert (large.memory - small.memory) / (LARGE - SMALL) <= BYTES


def test_the_store_grows_as_the_fleet_does(sizes: tuple[Taken, Taken]) -> None:
    small, large = sizes
    assert exponent(small.store, large.store, LARGE / SMALL) <= 1
