"""What importing a large roster costs, against a bare csv loop over the same file."""

import os
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

from bench.rig import Used, run

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
    pairs = [_costs(folder / str(number), first, second) for number in range(PAIRS)]
    return _middle([pair[0] for pair in pairs]), _middle([pair[1] for pair in pairs])


def write(path: Path, *, changed: bool = False) -> Path:
    """Write a roster; in a changed one every hundredth student is in another grade."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for number in range(ROWS):
            grade = (number + (changed and number % 100 == 0)) % 13
            names = f"Given{number % 500},Fämily{number % 3000}"
            file.write(f"{number:07},{names},s{number:07},{grade},Advisor {number % 300}\r\n")
    return path


def _costs(folder: Path, first: Path, second: Path) -> tuple[Cost, Cost]:
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(f'[state]\ndirectory = "{folder / "state"}"\n')
    _syncd(config, "--drop-zone")  # makes the store
    return _cost(config, first), _cost(config, second)


def _cost(config: Path, file: Path) -> Cost:
    ours, bare = _syncd(config, str(file)), run([sys.executable, "-c", BARE, str(file)], dict(os.environ))
    assert bare.status == 0, bare.output
    return Cost(ours.cpu / bare.cpu, bare.cpu, ours.peak)


def _syncd(config: Path, *arguments: str) -> Used:
    command = [sys.executable, "-m", "syncd", "--config", str(config), "--log", "json", "import", "students"]
    used = run([*command, *arguments], dict(os.environ))
    assert used.status == 0, used.output
    return used


def _middle(costs: list[Cost]) -> Cost:
    ratio, bare = (statistics.median(values) for values in list(zip(*costs, strict=True))[:2])
    return Cost(ratio, bare, max(cost.peak for cost in costs))
