"""A file that takes the place of another, or does not."""

import errno
import os
import stat
from pathlib import Path

import pytest

from syncd.host.errors import DataError, IntegrationError, NotPermitted, Unavailable
from syncd.jobs.exporting.pseudonyms import KEY_NAME, Pseudonyms
from syncd.jobs.exporting.target import explained, replacing


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o666)
    return path


def names(target: Path) -> list[str]:
    return [path.name for path in target.parent.iterdir()]


def test_the_new_file_is_whole_and_for_its_owner_only(target: Path) -> None:
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
        assert stat.S_IMODE(target.with_name(".out.csv.part").stat().st_mode) == 0o600
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names(target) == ["out.csv"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, BrokenPipeError])
def test_what_goes_wrong_meanwhile_leaves_the_old_file(target: Path, error: type[BaseException]) -> None:
    def write() -> None:
        with replacing(target) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        write()
    assert target.read_bytes() == b"old"
    assert names(target) == ["out.csv"]


def test_what_a_killed_run_left_is_not_followed(target: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"kept")
    target.with_name(".out.csv.part").symlink_to(elsewhere)
    with replacing(target) as file:
        file.write(b"new")
    assert (target.read_bytes(), elsewhere.read_bytes()) == (b"new", b"kept")


def test_a_link_is_replaced_and_what_it_leads_to_is_not(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with replacing(link) as file:
        file.write(b"new")
    assert (link.is_symlink(), target.read_bytes()) == (False, b"old")


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(DataError, match="no file that could be replaced"), replacing(path):
        pass


@pytest.mark.parametrize(
    ("number", "kind", "status"),
    [
        (errno.ENOENT, DataError, 65),
        (errno.ENOTDIR, DataError, 65),
        (errno.ENAMETOOLONG, DataError, 65),
        (errno.EACCES, NotPermitted, 77),
        (errno.EROFS, NotPermitted, 77),
        (errno.ENOSPC, Unavailable, 75),
        (errno.EDQUOT, Unavailable, 75),
        (errno.EIO, Unavailable, 75),
    ],
)
def test_each_error_of_the_disk_has_a_status_and_one_sentence(
    number: int, kind: type[IntegrationError], status: int
) -> None:
    with pytest.raises(kind) as caught, explained(Path("/lists/out.csv")):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_status == status
    assert f"cannot be written to /lists/out.csv, what was there is as it was: {os.strerror(number)}; " in str(
        caught.value
    )


def test_a_disk_that_fills_up_leaves_the_old_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"), replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old"
    assert names(target) == ["out.csv"]


def test_pseudonyms_are_those_of_the_key(tmp_path: Path) -> None:
    first = Pseudonyms(tmp_path / "state").of("0001")
    assert Pseudonyms(tmp_path / "state").of("0001") == first
    assert Pseudonyms(tmp_path / "other").of("0001") != first
    assert Pseudonyms(tmp_path / "state").of("0002") != first
    assert len(first) == 20
    key = tmp_path / "state" / KEY_NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    assert [path.name for path in key.parent.iterdir()] == [KEY_NAME]
