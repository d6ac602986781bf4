"""``make audit``: what is said of the dependencies, and that nothing is said of those that could not be looked up."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GOOD: dict[str, Any] = {"name": "click", "version": "8.1", "vulns": []}
WEAK = {
    **GOOD,
    "name": "rich",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["14.0"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "syncd-tool", "skip_reason": "not found"}

Audit = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Return a function that runs the script with a pip-audit that is these lines of Python; ``out`` is its report."""

    def run(lines: str) -> "subprocess.CompletedProcess[str]":
        program = tmp_path / "pip-audit"
        program.write_text(f"#!{sys.executable}\nimport sys\nout = sys.argv[sys.argv.index('--output') + 1]\n{lines}\n")
        program.chmod(0o755)
        environment = {**os.environ, "PIP_AUDIT": str(program), "PYTHON": sys.executable}
        return subprocess.run(
            [ROOT / "scripts/audit.sh"], env=environment, capture_output=True, text=True, check=False, timeout=30
        )

    return run


def report(*dependencies: object, status: int = 0) -> str:
    document = json.dumps({"dependencies": dependencies, "fixes": []})
    return f"open(out, 'w').write({document!r})\nsys.exit({status})"


@pytest.mark.parametrize(
    ("dependencies", "status", "said", "warned"),
    [
        ([GOOD], 0, "1 packages audited, 0 with known weaknesses", ""),
        ([GOOD, WEAK], 1, "rich 8.1: PYSEC-1, fixed in 14.0", ""),
        ([GOOD, UNKNOWN], 0, "1 packages audited", "NOT AUDITED: PyPI told nothing of 1 of 2 packages"),
        ([WEAK, UNKNOWN], 1, "1 packages audited, 1 with known weaknesses", "NOT AUDITED"),
    ],
    ids=["good", "weak", "unknown", "both"],
)
def test_each_weakness_is_named_and_what_is_not_known_too(
    audit: Audit, dependencies: list[object], status: int, said: str, warned: str
) -> None:
    done = audit(report(*dependencies, status=status))
    assert done.returncode == status
    assert said in done.stdout
    assert done.stderr.startswith(warned)
    assert bool(done.stderr) == bool(warned)


def test_without_the_network_it_says_loudly_that_nothing_was_audited(audit: Audit) -> None:
    done = audit("print('ERROR: no network', file=sys.stderr)\nsys.exit(1)")
    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr == "NOT AUDITED: pip-audit ended with status 1 and no report: ERROR: no network\n"
