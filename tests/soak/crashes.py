"""Every command killed at every boundary that it passes, then with other worlds and at moments of chance.

The kills are those of ``tests/crash``, each scene in a process of its own, one for each processor.
The first round is that of the table in docs/reference/crashes.md. The next ones have other seeds, two sides that differ
in every way, and several requests at a time: until there were kills enough.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from crash.scenes import SCENES, Scene
from crash.trials import Tally

TESTS = Path(__file__).parents[1]
AT_RANDOM = 10
"""Kills of each scene at moments of chance, in each round."""


@dataclass
class Crashes:
    """What happened. ``kills`` by scene, ``at`` by boundary; ``wrong``: sentences about what must not be."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def crashes(kills: int, seed: int = 1, lanes: int | None = None) -> Crashes:
    """Kill until there were so many kills, whole rounds; ``lanes``: scenes at a time, as many as processors."""
    began, found = time.monotonic(), Crashes()
    while found.kills.total() < kills and not found.wrong:
        arguments = _first() if not found.rounds else _other(seed + found.rounds)
        # The scenes that take long begin first.
        with ThreadPoolExecutor(lanes or os.cpu_count()) as pool:
            for tally in pool.map(lambda scene, asked=arguments: _tally(scene, asked), SCENES):
                _add(found, tally)
        found.rounds += 1
    found.seconds = time.monotonic() - began
    return found


def _first() -> list[str]:
    return ["--at-random", str(AT_RANDOM)]


def _other(seed: int) -> list[str]:
    return [*_first(), "--seed", str(seed), "--drift", "--concurrency", "4"]


def _tally(scene: Scene, arguments: list[str]) -> Tally:
    done = subprocess.run(
        [sys.executable, "-m", "crash", scene.name, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        return Tally(scene.name, wrong=[f"the kills did not come to an end: {done.stderr}"])
    return msgspec.json.decode(done.stdout, type=Tally)


def _add(found: Crashes, tally: Tally) -> None:
    found.kills[tally.scene] += tally.kills
    found.at.update(tally.at)
    found.wrong += [f"{tally.scene}: {told}" for told in tally.wrong]
    told = f"{tally.kills} kills at {tally.boundaries} boundaries in {tally.seconds:.0f} s"
    print(f"{tally.scene}: {told}", *tally.wrong, sep="\n  wrong: ", flush=True)
