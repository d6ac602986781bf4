"""What a refusal tells people to type leads to the same configuration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.sandbox.site import Sandbox


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_refusal_names_the_configuration_file_that_was_given(tmp_path: Path, verb: str) -> None:
    with Sandbox(tmp_path, devices=40, first_run=True) as site:
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(site.credentials_directory)}
        command = [sys.executable, "-m", "syncd", "--config", str(site.config_file), verb, "chromebooks"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert f"syncd --config {site.config_file} apply chromebooks --approve " in done.stdout
