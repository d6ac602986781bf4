"""Files in folders that others can write in: no link is written through, and no archive leads out of its place."""

import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.host.alerts.memory import Memory
from syncd.host.errors import DataError
from syncd.host.metrics import write_textfile
from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store
from syncd.systems.rosters.bundle import LARGEST, Folder, Zip
from unit.cli.commands import Cli, start

VICTIM = b"what somebody else has\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start(tmp_path_factory.mktemp("files") / "site") as sandbox:
        open_store(sandbox.directory / "state").close()
        yield sandbox


# -- links where syncd writes

Writer = Callable[[Sandbox, Path], None]
WRITERS: dict[str, tuple[Writer, str]] = {
    "plan": (lambda site, at: _run(site, "plan", "chromebooks", "-o", at), "out"),
    "export": (lambda site, at: _run(site, "export", "checkins", "-o", at), "out"),
    "backup": (lambda site, at: _run(site, "state", "backup", at), "out"),
    "metrics": (lambda _, at: write_textfile(at.parent, "x", b"# new\n"), "syncd-x.prom"),
    "alerts": (lambda _, at: Memory("x", {"STATE_DIRECTORY": str(at.parent)}).add("77"), "x.json"),
}


def _run(site: Sandbox, *arguments: str | Path) -> None:
    Cli(site)(*arguments)


def _hard(link: Path, victim: Path) -> None:
    link.hardlink_to(victim)


def _soft(link: Path, victim: Path) -> None:
    link.symlink_to(victim)


def _dangling(link: Path, victim: Path) -> None:
    link.symlink_to(victim.with_name("not there yet"))


@pytest.mark.parametrize("lay", [_hard, _soft, _dangling])
@pytest.mark.parametrize(("write", "name"), WRITERS.values(), ids=WRITERS.keys())
def test_nothing_is_written_through_a_link(
    site: Sandbox, tmp_path: Path, write: Writer, name: str, lay: Callable[[Path, Path], None]
) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    victim.write_bytes(VICTIM)
    folder.mkdir()
    lay(folder / name, victim)
    write(site, folder / name)
    assert victim.read_bytes() == VICTIM
    assert not victim.with_name("not there yet").exists()


@pytest.mark.parametrize(("write", "name"), WRITERS.values(), ids=WRITERS.keys())
def test_a_file_that_others_have_made_is_not_the_one_that_is_written(
    site: Sandbox, tmp_path: Path, write: Writer, name: str
) -> None:
    """Whoever owns it, or has it open, would read all of it, whatever its mode becomes."""
    with (tmp_path / name).open("w+b") as theirs:
        (tmp_path / name).chmod(0o666)
        write(site, tmp_path / name)
        theirs.seek(0)
        assert theirs.read() == b""
    left = (tmp_path / name).stat()
    assert not left.st_size or stat.S_IMODE(left.st_mode) == (0o644 if name.endswith(".prom") else 0o600)


def test_a_plan_can_go_to_a_pipe(site: Sandbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        Cli(site).ended(0, "plan", "chromebooks", "-o", tmp_path / "pipe")
        assert os.read(reader, 1) == b"{"
    finally:
        os.close(reader)


# -- archives

ROWS = b"sourcedId,givenName\n1,Ann\n"


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    packed.seek(0)
    return packed


@pytest.mark.parametrize(
    "name",
    ["../users.csv", "/etc/users.csv", "a/../../users.csv", "..\\users.csv", "C:\\users.csv", "a/b/c/users.csv"],
)
def test_no_name_in_an_archive_leads_anywhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bundle = Zip(archive((name, ROWS)), "roster.zip")
    for found in bundle.names():
        assert bundle.open(found).read() == ROWS
    assert list(tmp_path.rglob("*")) == []


def test_a_link_in_an_archive_is_a_file_with_a_path_in_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    link = zipfile.ZipInfo("users.csv")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    bundle = Zip(archive((link, str(secret).encode())), "roster.zip")
    assert bundle.open("users.csv").read() == str(secret).encode()


def test_a_link_in_a_folder_of_a_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(ROWS)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "users.csv").symlink_to("../secret")
    with pytest.raises(DataError, match="symbolic link"):
        Folder(tmp_path / "bundle").open("users.csv")


def test_an_archive_that_says_it_is_huge_is_not_unpacked() -> None:
    packed = archive(("users.csv", ROWS))
    bundle = Zip(packed, "roster.zip")
    bundle._members["users.csv"].file_size = LARGEST + 1
    with pytest.raises(DataError, match="bytes"):
        bundle.open("users.csv")


def test_a_bomb_costs_neither_memory_nor_time(site: Sandbox, tmp_path: Path) -> None:
    """A hundred megabytes of one letter, in a hundred kilobytes: no line of a roster is that long."""
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(archive(("users.csv", b"sourcedId" + b"a" * 100_000_000)).getvalue())
    assert bomb.stat().st_size < 200_000
    done = Cli(site).ended(65, "import", "students", bomb)
    assert "has a line of more than 4,194,304 bytes" in done.err
