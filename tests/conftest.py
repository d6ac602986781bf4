"""Fixtures for the real services that tests run against."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings

from services import rt5 as rt5_service
from syncd.host import redaction

# A test that has no number of its own runs this many examples; CI has two cores for half an hour.
settings.register_profile("syncd", max_examples=100 if os.environ.get("SYNCD_LONG_TESTS") == "1" else 40)
settings.load_profile("syncd")

RT5 = "Request Tracker 5"
MISSING_SERVICES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a word that is secret in one test be a word in the next."""
    monkeypatch.setattr(redaction, "_hidden", set())


@pytest.fixture(scope="session")
def rt5(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[rt5_service.Rt5]:
    """Return a real Request Tracker 5."""
    with needing(request.config, RT5):
        server = rt5_service.start(tmp_path_factory.mktemp("rt5"))
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def needing(config: pytest.Config, service: str) -> Iterator[None]:
    """Start a real server in the block: one that cannot run is skipped loudly, or a failure where it is required."""
    try:
        yield
    except rt5_service.MissingService as error:
        why = str(error)
    else:
        return
    if os.environ.get("SYNCD_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{service} is required and cannot run here: {why}", pytrace=False)
    config.stash.setdefault(MISSING_SERVICES, {})[service] = why
    pytest.skip(f"no real {service}: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line each which real services were missing, whatever the verbosity."""
    for service, why in config.stash.get(MISSING_SERVICES, {}).items():
        terminalreporter.write_line(f"NOT TESTED against a real {service}: {why}", red=True, bold=True)
