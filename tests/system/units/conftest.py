"""The box with a real systemd, once for all tests here, and a host in it for each."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from conftest import needing
from nix.evaluation import ROOT
from services import box as box_service
from services.box import Box
from syncd.host.units.render import Host as UnitHost
from syncd.host.units.render import operator_script
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, PROGRAM, SECRETS, Host, golden_units, prepare

SERVICE_NAME = "systemd 252"
SITE_PACKAGES = Path(msgspec.__file__).parents[1]


@pytest.fixture(scope="session")
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """Return a box that has the program."""
    with needing(request.config, SERVICE_NAME):
        box = box_service.start([(ROOT / "src", "/opt/syncd/src"), (SITE_PACKAGES, "/opt/syncd/site-packages")])
    try:
        prepare(box)
        yield box
    finally:
        box.down()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a sandbox that serves a small fleet whose two sides disagree."""
    with Sandbox(tmp_path / "sandbox", devices=60) as site:
        yield site


@pytest.fixture
def host(box: Box, site: Sandbox) -> Host:
    """Return a host with the units of the NixOS example and the operator's command."""
    host = Host(box, site, golden_units(ROOT / "tests/nix/golden"))
    names = ("google-service-account", "rt-token")
    operator = UnitHost(program=PROGRAM, config=CONFIG, credentials={name: f"{SECRETS}/{name}" for name in names})
    box.write("/usr/local/bin/syncd", operator_script(operator), 0o755)
    return host
