"""Where a real server cannot run, its tests say so loudly, and fail where it is required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ELSEWHERE = """
import pytest
from services import rt5 as service

@pytest.fixture(autouse=True, scope="session")
def _elsewhere():
    patch = pytest.MonkeyPatch()
    patch.setattr(service, "missing", lambda: "this is another system")
    yield
    patch.undo()

def test_one(rt5): pass
def test_two(rt5): pass
"""


def run(folder: Path, required: str) -> tuple[int, str]:
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "test_elsewhere.py").write_text(ELSEWHERE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS), "SYNCD_REQUIRE_SERVICES": required}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def test_without_the_server_tests_are_skipped_with_one_loud_line(tmp_path: Path) -> None:
    status, output = run(tmp_path, "")
    assert status == 0
    assert output.count("NOT TESTED against a real Request Tracker 5: this is another system") == 1
    assert "2 skipped" in output


def test_where_the_server_is_required_its_tests_fail(tmp_path: Path) -> None:
    status, output = run(tmp_path, "1")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "Request Tracker 5 is required and cannot run here: this is another system" in output
    assert "skipped" not in output
