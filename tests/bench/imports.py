"""What importing a large file costs, against a bare csv loop over the same file."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.rig import Used, cheapest, run

ROWS = 200_000
PAIRS = 5
LIMIT = 4.0
BARE = """
import csv, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        pass
"""
"""The loop that any script begins with: a record for each row, its values by name."""


class Cost(NamedTuple):
    """CPU seconds as a ratio to the bare loop, those of the loop, and the peak memory in MB."""

    ratio: float
    bare: float
    peak: float


def measure(folder: Path, kind: str, files: Sequence[Path]) -> list[Cost]:
    """Return what it costs to import some files one after the other; the first into a store that is there."""
    stores = [_store(folder / str(number), kind) for number in range(PAIRS)]
    return [_cost(stores, kind, file) for file in files]


def _store(folder: Path, kind: str) -> Path:
    """Make a store, and return the configuration file that leads to it."""
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(f'[state]\ndirectory = "{folder / "state"}"\n')
    _syncd(config, kind, "--drop-zone")
    return config


def _cost(stores: list[Path], kind: str, file: Path) -> Cost:
    """Import a file into each store, in turns with the bare loop."""
    pairs = [(_syncd(config, kind, str(file)), _bare(file)) for config in stores]
    ours, bare = map(cheapest, zip(*pairs, strict=True))
    return Cost(ours / bare, bare, max(used.peak for used, _ in pairs))


def _bare(file: Path) -> Used:
    used = run([sys.executable, "-c", BARE, str(file)], dict(os.environ))
    assert used.status == 0, used.output
    return used


def _syncd(config: Path, kind: str, argument: str) -> Used:
    command = [sys.executable, "-m", "syncd", "--config", str(config), "--log", "json", "import", kind, argument]
    used = run(command, dict(os.environ))
    assert used.status == 0, used.output
    return used
