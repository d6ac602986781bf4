"""What tests of the jobs of batteries share: tables of the configuration, and files that were imported."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from syncd.host.problems import Problems
from syncd.jobs.batteries.reports import newest
from syncd.state.batteries import BatteryImport
from syncd.state.store import open_store
from syncd.systems.gam.battery_csv import rows, text_of

MAPPING = {
    "CF.{Battery Health}": "percent",
    "CF.{Battery Status}": "status",
    "CF.{Battery Category}": "category",
    "CF.{Battery Cycle Count}": "cycles",
    "CF.{Battery Reported}": "report_time",
}
EVER = 36_500
"""Days: what is made up was reported in 2026, whenever a test runs."""


def table(job: str, more: str = "") -> str:
    """Return the tables of a job that writes all that RT has a field for; ``more``: further lines of the first."""
    rules = "".join(f'"{field}" = "{fact}"\n' for field, fact in MAPPING.items())
    head = f'catalogs = ["Chromebooks"]\nrecent_days = {EVER}\n{more}'
    return f"\n[jobs.{job}]\n{head}\n[jobs.{job}.to_rt]\n{rules}"


def imported(state: Path, file: Path) -> int:
    """Keep the batteries of a file as an import does; return how many devices it has."""
    now = datetime.now(UTC)
    with open_store(state) as store, file.open("rb") as stream, text_of(stream, file.name) as lines:
        reports = newest(rows(lines, file.name, Problems(), now=now), now)
        records = [(key, msgspec.json.encode(report)) for key, report in reports.items()]
        new = BatteryImport(content=file.name, reading="", file=file.name)
        store.batteries.take_import(new, [records], lambda _, told: (told, None), lambda counts: counts)
    return len(records)
