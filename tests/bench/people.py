"""What the job rt-users asks of RT: a sandbox with people, and rosters that change."""

import csv
import io
import math
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.rig import Site, Used

PEOPLE, CHANGED = 5_000, 50
SETTLED = 5.0
"""Seconds after which nothing counts as changed just now."""


class Asked(NamedTuple):
    """Requests of one run: the preflight, reads after it, and writes."""

    preflight: int
    reads: int
    writes: int


class Measured(NamedTuple):
    """What each run asked. ``users``: how many RT has, staff and customers too; ``warm_run``: what that took."""

    users: int
    cold: Asked
    warm: Asked
    changed: Asked
    warm_run: Used


def measure(folder: Path) -> Measured:
    """Return what runs ask: the first one, one with nothing to do, and one that writes ``CHANGED`` people."""
    with Site(folder, 40, people=PEOPLE) as site:
        environment = site.environment("people", full=True)
        # The users of a new sandbox were changed just now; what was changed within seconds is read once more.
        time.sleep(SETTLED)
        roster = folder / "students.csv"
        _import(site, environment, roster)
        used, cold = _run(site, environment, "plan")
        users = msgspec.json.decode(used.output)["plan"]["report"]["sources"]["rt"]
        warm_run, warm = _run(site, environment, "plan")
        _import(site, environment, _changed(roster))
        _, changed = _run(site, environment, "apply")
        return Measured(users, cold, warm, changed, warm_run)


def pages(users: int) -> int:
    """Return the fewest requests that list so many users."""
    return math.ceil(users / 100)


def _import(site: Site, environment: dict[str, str], roster: Path) -> None:
    used, _ = site.syncd(environment, "import", "students", str(roster))
    assert used.status == 0, used.output


def _run(site: Site, environment: dict[str, str], verb: str) -> tuple[Used, Asked]:
    used, asked = site.syncd(environment, verb, "rt-users", "--json")
    assert used.status == 0, used.output
    return used, _sorted(asked)


def _sorted(asked: Counter[str]) -> Asked:
    # The first search for users belongs to the preflight: it looks at one of them.
    probe = min(asked["rt users"], 1)
    return Asked(asked["preflight"] + probe, asked["rt users"] - probe + asked["rt feed"], asked["rt write"])


def _changed(roster: Path) -> Path:
    """Write the same roster with other family names at its beginning."""
    rows = [*csv.DictReader(io.StringIO(roster.read_text()))]
    for row in rows[:CHANGED]:
        row["last_name"] = "Married"
    file = roster.with_name("changed.csv")
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    return file
