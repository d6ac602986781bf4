"""Paths where syncd may not look, such as those below /home in a unit: an error says so, and is no defect."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import pytest

from syncd.host.errors import ConfigurationError, DataError, IntegrationError, NotPermitted
from syncd.host.session import open_session
from syncd.jobs.student_export import in_folder
from syncd.jobs.tagging.importing import counters
from syncd.systems.gam.command import Gam
from syncd.systems.gam.folder import config_folder
from syncd.systems.rosters.opening import open_roster
from unit.rosters.reading import reading


@pytest.fixture
def closed(unprivileged: Path) -> Iterator[Path]:
    """A folder that the test, made a common user, may not look into."""
    with TemporaryDirectory(dir=unprivileged.parent) as folder:
        Path(folder).chmod(0)
        yield Path(folder)


def trust(path: Path) -> None:
    open_session("rt", pool=1, ca_file=str(path), proxy=None)


def read_roster(path: Path) -> None:
    with open_roster(path) as roster:
        roster.source(reading())


def run_gam(path: Path) -> None:
    with (
        config_folder(str(path), lambda _: None, {}) as folder,
        Gam("true", folder, environ={"PATH": os.environ["PATH"]}).lines(),
    ):
        pass


@pytest.mark.parametrize(
    ("use", "name", "error", "code"),
    [
        (trust, "ca.pem", ConfigurationError, "rt.ca_file"),
        (read_roster, "students.csv", NotPermitted, "file.not_permitted"),
        (read_roster, "", NotPermitted, "file.not_permitted"),
        (run_gam, ".gam", ConfigurationError, "gam.not_configured"),
        (lambda path: counters([path], "T-", ()), "asset_tag_sequence.txt", DataError, "tags.bad_file"),
    ],
)
def test_what_may_not_be_looked_at_is_said_to_be(
    closed: Path, use: Callable[[Path], object], name: str, error: type[IntegrationError], code: str
) -> None:
    with pytest.raises(error) as caught:
        use(closed / name)
    assert caught.value.code == code


def test_an_export_to_where_nobody_may_look_keeps_its_name(closed: Path) -> None:
    assert in_folder(closed / "students.csv", "other.csv") == closed / "students.csv"


def test_a_ca_file_that_may_not_be_read_is_said_to_be(unprivileged: Path) -> None:
    with NamedTemporaryFile(dir=unprivileged.parent) as file:
        Path(file.name).chmod(0)
        with pytest.raises(ConfigurationError, match="which is not a readable file"):
            trust(Path(file.name))
