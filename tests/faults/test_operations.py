"""Every operation of every adapter is in the matrix: one that comes new needs a row before these tests are green."""

import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType

import pytest

from faults import asking, google_operations, rt_operations, signing_in
from faults.breaks import BREAKS
from faults.files import WHOLE
from faults.gam import TABLE
from faults.lab import Lab
from faults.operation import Operation
from syncd.host.problems import Problems
from syncd.systems.gam.batteries import printed
from syncd.systems.gam.command import Gam
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.opening import open_roster
from syncd.systems.rosters.options import StudentImportOptions

ROWS: Mapping[str, Mapping[str, Operation]] = {
    "google": {**google_operations.OPERATIONS, "fetch an access token": signing_in.FETCH},
    "rt": {**rt_operations.OPERATIONS, "log in": signing_in.LOG_IN},
}
DOCTOR = "the doctor's probes are made of operations that have rows"
MAKES = "it makes what asks, and asks nothing itself"
PART = "a part of one reading, each request of which has a row"
WORDS = "it words a question that is asked page by page, by what has rows"
WITHOUT: Mapping[str, str] = {
    "google.checks.": DOCTOR,
    "gam.warden.": "it is a program of its own, which GAM's rows start",
    "rt.checks.": DOCTOR,
    "google.provider.": MAKES,
    "rt.client.RequestTracker.lookup": MAKES,
    "rt.client.RequestTracker.user_writer": MAKES,
    "rt.client.RequestTracker.writer": MAKES,
    "rt.client.connect": MAKES,
    "rt.client.open_rt": MAKES,
    "rt.inspection.Inspection.check_texts": PART,
    "rt.inspection.Inspection.with_values": PART,
    "rt.look.check_statuses": PART,
    "rt.look.open_to_look": MAKES,
    "rt.pages.matching_assets": WORDS,
    "rt.pages.stamps": WORDS,
    "rt.reader.AssetWork.": PART,
    "rt.users.reader.UserWork.": PART,
    "rt.work.Work.": PART,
}
"""What needs no row of its own, by the beginning of its name, and why."""
ONEROSTER = Path(__file__).parents[1] / "fixtures/rosters/oneroster-1.1"


def without_row(package: str, met: set[str]) -> list[str]:
    spared = tuple(WITHOUT)
    return sorted(name for name in asking.operations(package) - met if not name.startswith(spared))


@pytest.mark.parametrize("system", ROWS)
def test_every_operation_that_speaks_http_is_struck_by_a_row(lab: Lab, system: str) -> None:
    met: set[str] = set()
    for operation in ROWS[system].values():
        with lab.struck(BREAKS["reset before an answer"], operation.route, times=0), lab.opened() as systems:
            operation.call(systems)
            met |= lab.askers
    assert without_row(system, met) == []


def test_what_runs_gam_has_its_rows(tmp_path: Path) -> None:
    program = tmp_path / "gam"
    program.write_text(f"#!/bin/sh\nprintf '{TABLE}'\n")
    program.chmod(0o755)
    gam = Gam(str(program), environ={"PATH": os.environ["PATH"]})
    with called() as met, printed(gam, Problems(), now=datetime(2026, 11, 19, tzinfo=UTC)) as rows:
        assert len([*rows]) == 1
    assert without_row("gam", met) == []


def test_what_opens_a_roster_has_its_rows(tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(WHOLE)
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        for path in ONEROSTER.iterdir():
            bundle.write(path, path.name)
    reading = Reading(StudentImportOptions(), date(2026, 11, 21))
    with called() as met:
        for path in (tmp_path / "students.csv", tmp_path / "bundle.zip", ONEROSTER):
            with open_roster(path) as roster:
                assert [*roster.source(reading).people(Problems())]
    assert without_row("rosters", met) == []


def test_a_new_operation_without_a_row_is_noticed() -> None:
    assert "rt.groups.Groups.users" in without_row("rt", set())
    assert "google.devices.ChromeDevices.patch" in without_row("google", set())
    assert "gam.command.Gam.lines" in without_row("gam", set())
    assert "rosters.opening.open_roster" in without_row("rosters", set())


@contextmanager
def called() -> Iterator[set[str]]:
    """Gather the functions of the adapters that are called meanwhile."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found.update(asking.name_of(frame))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
