"""A sample of the kills; `make soak` does all of them, and docs/reference/crashes.md says what is expected."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from crash.boundaries import Pass, points, read_passes
from crash.expected import EXPECTED
from crash.scenes import SCENES, Scene
from crash.table import MILESTONES, PHASES, WORDS, expected, rows
from crash.trials import Tally, sample
from syncd.cli.export import export
from syncd.jobs.settings import JOBS

TESTS = Path(__file__).parents[1]
KILLS = 5
"""Of each command, where it has so many boundaries."""


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """Kill every command in a process that has no threads, and return what became of them."""
    done = subprocess.run(
        [sys.executable, "-m", "crash", "--kills", str(KILLS)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    found = [msgspec.json.decode(line, type=Tally) for line in done.stdout.splitlines()]
    assert len(found) == len(SCENES), done.stderr
    return {tally.scene: tally for tally in found}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_killed_command_is_finished_by_the_next_run(tallies: dict[str, Tally], name: str) -> None:
    assert tallies[name].wrong == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_table_has_the_boundaries_that_a_command_passes(tallies: dict[str, Tally], scene: Scene) -> None:
    assert {*tallies[scene.name].rows} == {*expected(scene)}


def test_a_hundred_kills_were_made(tallies: dict[str, Tally]) -> None:
    assert sum(tally.kills for tally in tallies.values()) >= 100


def test_every_boundary_of_the_table_has_words_and_a_phase() -> None:
    used = {(phase, label) for lines in EXPECTED.values() for phase, label in lines}
    assert {label for _, label in used} == WORDS.keys()
    assert {phase for phase, _ in used} | {MILESTONES.get(label, "untouched") for _, label in used} == PHASES.keys()


def test_a_sample_has_the_ends_the_writes_and_is_spread_over_the_rest() -> None:
    labels = ["commit a"] * 10 + ["write an asset"] * 3 + ["commit b"] * 10
    found = points([Pass(moment, label) for label in labels for moment in ("before", "after")])
    chosen = sample(found, 8)
    assert len(chosen) == 8
    assert {found[0], found[-1]} < {*chosen}
    assert [(point.moment, point.number) for point in chosen if point.label == "write an asset"][:2] == [
        ("before", 1),
        ("after", 1),
    ]
    assert {point.label for point in chosen} == {"commit a", "write an asset", "commit b"}
    assert sample(found, 0) == found


def test_a_phase_begins_when_its_boundary_was_passed() -> None:
    start, plan = "commit ledger.AuditLog.start", "commit ledger.AuditLog.planned"
    passed = [Pass(moment, label) for label in (start, "read", plan) for moment in ("before", "after")]
    assert [(row.before, row.after) for row in rows(passed)] == [
        ("untouched", "opened"),
        ("opened", "opened"),
        ("opened", "planned"),
    ]


def test_a_record_of_boundaries_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = tmp_path / "record"
    assert read_passes(record) == []
    record.write_text("before\tread\tGET /a\nafter\tread\tGET /a\n")
    assert read_passes(record) == [Pass("before", "read", "GET /a"), Pass("after", "read", "GET /a")]


def test_every_job_and_every_export_is_killed() -> None:
    words = {word for scene in SCENES for word in scene.command}
    assert {*JOBS, *export.commands} <= words
    assert {"revert", "import", "export", "poll", "work"} <= words
