"""What exporting a large roster costs, with the devices of a large fleet."""

import csv
from pathlib import Path
from typing import NamedTuple

from bench.rig import Site, Used

STUDENTS = 200_000
HEADER = ("id", "first_name", "last_name", "rt_user_id", "grade", "school", "advisor")
TABLE = '\n[exports.students]\ncatalogs = ["Chromebooks"]\nid_field = ""\n'


class Exports(NamedTuple):
    """The peak memory of each export in MB, and what the second one asked of RT."""

    cold: float
    csv: float
    xlsx: float
    reads: int


def measure(site: Site) -> Exports:
    """Import a roster in which every other student holds a device, and export it: cold, and once more in each form."""
    environment = site.environment("exports")
    config = Path(environment["SYNCD_CONFIG"])
    config.write_text(config.read_text() + TABLE)
    _done(site.syncd(environment, "import", "students", str(_roster(site.directory / "roster.csv")))[0])
    cold, _ = site.syncd(environment, "export", "students", "--output", str(site.directory / "students.csv"))
    warm, asked = site.syncd(environment, "export", "students", "--output", str(site.directory / "students.csv"))
    book, _ = site.syncd(environment, "export", "students", "--output", str(site.directory / "students.xlsx"))
    reads = sum(number for kind, number in asked.items() if kind.startswith("rt "))
    return Exports(_done(cold), _done(warm), _done(book), reads)


def _done(used: Used) -> float:
    assert used.status == 0, used.output
    return used.peak


def _roster(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(1, STUDENTS + 1):
            name = f"s{number:07}"
            others = (number % 13, f"School {number % 20}", f"Advisor {number % 300}")
            writer.writerow((f"{number:07}", f"Given{number % 500}", f"Fämily{number % 3000}", name, *others))
    return path
