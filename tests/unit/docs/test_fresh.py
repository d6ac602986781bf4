"""What comes from the code is as the code has it now."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.sandbox.site import Sandbox
from unit.cli.test_alert import LETTER
from unit.docs.pages import ROOT, blocks

CATALOG = "src/syncd/host/units/syncd.catalog"


def docs(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts/docs.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of what docs.py reads."""
    for name in ("scripts", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for name in ("README.md", "SECURITY.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / CATALOG).parent.mkdir(parents=True)
    shutil.copy(ROOT / CATALOG, tmp_path / CATALOG)
    return tmp_path


def test_tables_and_outputs_are_fresh() -> None:
    done = docs(ROOT, "--check", "--outputs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_table_is_found_and_made_anew(tree: Path) -> None:
    stale = {
        "docs/integrations/chromebooks.md": ("| `jobs.chromebooks.query` |", "| `jobs.chromebooks.search` |"),
        "docs/reference/messages.md": ("### A run has failed", "### A run failed"),
        CATALOG: ("Subject: A run has failed", "Subject: A run failed"),
    }
    fresh = {name: (tree / name).read_text() for name in stale}
    for name, (right, wrong) in stale.items():
        assert right in fresh[name]
        (tree / name).write_text(fresh[name].replace(right, wrong))
    found = docs(tree, "--check")
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1].endswith(": " + " ".join(stale))
    assert docs(tree).returncode == 0
    assert {name: (tree / name).read_text() for name in stale} == fresh


def test_the_alert_that_is_shown_is_one() -> None:
    assert any(f"\n\n{LETTER}" in text for text in blocks(ROOT / "docs/deployment/nixos.md", "text"))


def test_the_quick_start_leads_to_a_plan(tmp_path: Path) -> None:
    [config] = blocks(ROOT / "README.md", "toml")
    with Sandbox(tmp_path / "site", devices=40) as site:
        places = {
            "~/.local/state/syncd": str(tmp_path / "state"),
            "https://rt.example.org": f"{site.url}/rt",
            '"admin@example.org"': f'"admin@example.org"\napi_root = "{site.url}/"',
        }
        for written, here in places.items():
            assert written in config
            config = config.replace(written, here)
        (tmp_path / "config.toml").write_text(config)
        environment = {
            **os.environ,
            "SYNCD_CONFIG": str(tmp_path / "config.toml"),
            "CREDENTIALS_DIRECTORY": str(site.credentials_directory),
        }
        for command in ("syncd doctor", "syncd plan chromebooks"):
            assert any(command in text for text in blocks(ROOT / "README.md", "sh"))
            words = [sys.executable, "-m", *command.split()]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"annotatedUser\t.*Owner\.EmailAddress", done.stdout)
