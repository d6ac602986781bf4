"""GAM that goes wrong: what it printed until then counts for nothing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faults.gam import CASES, Case
from syncd.host.errors import IntegrationError
from syncd.host.problems import Problems
from syncd.systems.gam.batteries import printed
from syncd.systems.gam.command import Gam

NOW = datetime(2026, 11, 19, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_gam_that_goes_wrong_has_its_error(tmp_path: Path, case: Case) -> None:
    (tmp_path / "gam").write_text(f"#!/bin/sh\n{case.script}\n")
    (tmp_path / "broken").write_bytes(b"\x7fELF")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    path = {"PATH": os.environ["PATH"]}
    gam = Gam(str(tmp_path / (case.program or "gam")), "", timeout=case.timeout, environ=path)
    with pytest.raises(IntegrationError) as caught, printed(gam, Problems(), now=NOW) as rows:
        list(rows)
    assert (type(caught.value), caught.value.code) == (case.error, case.code)
