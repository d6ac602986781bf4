"""What importing a large roster costs, against a bare csv loop over the same file."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from bench.rig import Used, cheapest, run

ROWS = 200_000
PAIRS = 5
LIMIT = 4.0
HEADER = "student_id,first_name,last_name,username,grade,advisor\r\n"
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


def measure(folder: Path) -> tuple[Cost, Cost]:
    """Return what the first import costs, and one in which a hundredth has changed; each on a store that is there."""
    folder.mkdir()
    first, second = write(folder / "first.csv"), write(folder / "second.csv", changed=True)
    stores = [_store(folder / str(number)) for number in range(PAIRS)]
    return _cost(stores, first), _cost(stores, second)


def write(path: Path, *, changed: bool = False) -> Path:
    """Write a roster; in a changed one every hundredth student is in another grade."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for number in range(ROWS):
            grade = (number + (changed and number % 100 == 0)) % 13
            names = f"Given{number % 500},Fämily{number % 3000}"
            file.write(f"{number:07},{names},s{number:07},{grade},Advisor {number % 300}\r\n")
    return path


def _store(folder: Path) -> Path:
    """Make a store, and return the configuration file that leads to it."""
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(f'[state]\ndirectory = "{folder / "state"}"\n')
    _syncd(config, "--drop-zone")
    return config


def _cost(stores: list[Path], file: Path) -> Cost:
    """Import a file into each store, in turns with the bare loop."""
    pairs = [(_syncd(config, str(file)), _bare(file)) for config in stores]
    ours, bare = map(cheapest, zip(*pairs, strict=True))
    return Cost(ours / bare, bare, max(used.peak for used, _ in pairs))


def _bare(file: Path) -> Used:
    used = run([sys.executable, "-c", BARE, str(file)], dict(os.environ))
    assert used.status == 0, used.output
    return used


def _syncd(config: Path, *arguments: str) -> Used:
    command = [sys.executable, "-m", "syncd", "--config", str(config), "--log", "json", "import", "students"]
    used = run([*command, *arguments], dict(os.environ))
    assert used.status == 0, used.output
    return used
