"""The flake for the tests here; where it cannot be evaluated, one line at the end of the run says so."""

import pytest

from nix.evaluation import Flake, NixMissing, open_flake

LEFT_OUT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def flake(request: pytest.FixtureRequest) -> Flake:
    """Return the project's flake; without nix and a nixpkgs the test is skipped loudly."""
    try:
        return open_flake()
    except NixMissing as error:
        request.config.stash[LEFT_OUT] = str(error)
        pytest.skip(str(error))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line that the NixOS module was not evaluated, whatever the verbosity."""
    why = config.stash.get(LEFT_OUT, "")
    if why:
        terminalreporter.write_line(f"NOT EVALUATED: flake and NixOS module; {why}", red=True, bold=True)
