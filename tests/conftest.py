"""Fixtures for the real services that tests run against."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from services import rt5 as rt5_service
from syncd.host import redaction

# A test that has no number of its own runs this many examples; CI has two cores for half an hour.
settings.register_profile("syncd", max_examples=100 if os.environ.get("SYNCD_LONG_TESTS") == "1" else 40)
settings.load_profile("syncd")

MISSING_SERVICES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a word that is secret in one test be a word in the next."""
    monkeypatch.setattr(redaction, "_hidden", set())


@pytest.fixture(scope="session")
def rt5(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[rt5_service.Rt5]:
    """Return a real Request Tracker 5; without one its tests are skipped loudly, or fail where it is required."""
    server = _start(request.config, tmp_path_factory.mktemp("rt5"))
    try:
        yield server
    finally:
        server.stop()


def _start(config: pytest.Config, data_dir: Path) -> rt5_service.Rt5:
    try:
        return rt5_service.start(data_dir)
    except rt5_service.MissingService as error:
        why = str(error)
    return without_service(config, "Request Tracker 5", why)


def without_service(config: pytest.Config, service: str, why: str) -> NoReturn:
    if os.environ.get("SYNCD_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{service} is required and cannot run here: {why}", pytrace=False)
    config.stash.setdefault(MISSING_SERVICES, {})[service] = why
    pytest.skip(f"no real {service}: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line each which real services were missing, whatever the verbosity."""
    for service, why in config.stash.get(MISSING_SERVICES, {}).items():
        terminalreporter.write_line(f"NOT TESTED against a real {service}: {why}", red=True, bold=True)
