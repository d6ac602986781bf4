"""The command line in this process, before a sandbox."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.host import logs
from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli, start

_LOGGERS = ("", "syncd", "syncd.reconcile.chronicle", "keyring")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a command did to logging."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    handlers = list(root.handlers)
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logs.set_run()


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the configuration, credentials and unit of whoever runs the tests out of them."""
    for name in ("SYNCD_CONFIG", "CREDENTIALS_DIRECTORY", "SYNCD_UNIT", "JOURNAL_STREAM", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a sandbox that a test may change."""
    with start(tmp_path / "site") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox for tests that only plan."""
    with start(tmp_path_factory.mktemp("site")) as sandbox:
        yield sandbox


@pytest.fixture
def bare() -> Cli:
    """Return the command line without any configuration."""
    return Cli()


@pytest.fixture
def syncd(site: Sandbox) -> Cli:
    """Return the command line before a sandbox of its own."""
    return Cli(site)


@pytest.fixture(scope="session")
def planner(shared_site: Sandbox) -> Cli:
    """Return the command line before the shared sandbox."""
    return Cli(shared_site)
