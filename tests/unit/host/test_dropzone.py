"""The drop zone: what is taken, what is not, and where it goes."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.host.dropzone import DropZone, Waiting, being_written
from syncd.host.errors import ConfigurationError, DataError

HEADER = "student_id,first_name,last_name\n"
OLD = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def zone(folder: Path) -> Iterator[DropZone]:
    with DropZone(folder, 0.0) as opened:
        yield opened


def left(folder: Path, name: str = "students.csv", text: str = HEADER, mtime: int = OLD) -> Path:
    path = folder / name
    path.write_text(text)
    os.utime(path, (mtime, mtime))
    return path


def test_files_are_taken_the_oldest_first_and_unfinished_ones_not(folder: Path, zone: DropZone) -> None:
    left(folder, "b.csv", mtime=OLD)
    left(folder, "a.csv", mtime=OLD + 1)
    for name in (".hidden", "c.csv.part", "d.filepart", "e.TMP"):
        left(folder, name)
    assert zone.fresh() == ["b.csv", "a.csv"]


def test_what_comes_meanwhile_is_told_and_nothing_twice(folder: Path, zone: DropZone) -> None:
    left(folder, "a.csv")
    assert zone.fresh() == ["a.csv"]
    with (folder / "a.csv").open("a") as file:
        file.write("more")
    left(folder, "b.csv")
    assert zone.fresh() == ["b.csv"]
    zone.settle("a.csv", "done", "now", "")
    left(folder, "a.csv", text="another of that name")
    assert zone.fresh() == ["a.csv"]
    assert zone.fresh() == []


def test_a_link_with_the_name_of_a_file_that_was_taken_is_moved_too(folder: Path, zone: DropZone) -> None:
    path = left(folder)
    with zone.taken(path.name):
        pass
    zone.settle(path.name, "done", "now", "")
    path.symlink_to(folder / "done")
    zone.settle(path.name, "rejected", "now", "")
    assert [found.name for found in folder.iterdir() if found.is_symlink()] == []


def test_a_file_goes_beside_its_report_which_is_for_its_owner_only(folder: Path, zone: DropZone) -> None:
    left(folder)
    with zone.taken("students.csv") as file:
        assert file.read().decode() == HEADER
    zone.settle("students.csv", "done", "20261121T050000Z", "all is well\n")
    assert zone.fresh() == []
    report = folder / "done" / "20261121T050000Z-students.csv.report.txt"
    assert report.read_text() == "all is well\n"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "done").stat().st_mode) == 0o700
    assert (folder / "done" / "20261121T050000Z-students.csv").read_text() == HEADER


def test_two_files_of_one_name_and_second_are_both_kept(folder: Path, zone: DropZone) -> None:
    for text in ("one", "two"):
        left(folder, text=text)
        zone.settle("students.csv", "rejected", "now", text)
    assert {path.name: path.read_text() for path in (folder / "rejected").iterdir()} == {
        "now-students.csv": "one",
        "now-students.csv.report.txt": "one",
        "now-students.csv.2": "two",
        "now-students.csv.2.report.txt": "two",
    }


def killed_on_the_way(folder: Path) -> None:
    """Leave what a kill between a report and its file leaves."""
    (folder / ".moving-now-students.csv").touch()
    (folder / "now-students.csv.report.txt").write_text("all is well")


def test_the_report_of_a_file_that_was_not_moved_any_more_goes(folder: Path, zone: DropZone) -> None:
    killed_on_the_way(zone.path / "done")
    with DropZone(folder, 0.0):
        assert [*(folder / "done").iterdir()] == []


def test_the_report_of_a_file_that_was_just_moved_stays(folder: Path, zone: DropZone) -> None:
    killed_on_the_way(zone.path / "done")
    (folder / "done" / "now-students.csv").touch()
    with DropZone(folder, 0.0):
        assert {path.name for path in (folder / "done").iterdir()} == {
            "now-students.csv",
            "now-students.csv.report.txt",
        }


def test_a_file_that_cannot_be_moved_leaves_no_report(
    folder: Path, zone: DropZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    left(folder)
    monkeypatch.setattr("os.rename", refuse)
    with pytest.raises(PermissionError):
        zone.settle("students.csv", "done", "now", "all is well")
    assert [*(folder / "done").iterdir()] == []


def odd(folder: Path, kind: str) -> str:
    secret = folder.parent / "secret"
    secret.write_text("secret")
    path = folder / "odd.csv"
    make = {
        "link": lambda: path.symlink_to(secret),
        "dangling": lambda: path.symlink_to(folder / "nowhere"),
        "hard link": lambda: path.hardlink_to(secret),
        "pipe": lambda: os.mkfifo(path),
        "socket": lambda: os.mknod(path, stat.S_IFSOCK | 0o600),
        "device": lambda: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5)),
        "folder": lambda: path.mkdir(0o755),
    }
    try:
        make[kind]()
    except PermissionError:
        pytest.skip("only root may make a device")
    return path.name


@pytest.mark.parametrize("kind", ["link", "dangling", "hard link", "pipe", "socket", "device", "folder"])
def test_what_is_no_file_of_the_zone_is_refused_and_moved_as_it_is(folder: Path, zone: DropZone, kind: str) -> None:
    name = odd(folder, kind)
    with pytest.raises(DataError) as refused, zone.taken(name):
        pass
    assert refused.value.code in ("file.not_regular", "file.linked")
    before = os.lstat(folder / name)
    zone.settle(name, "rejected", "now", refused.value.sentence)
    assert os.lstat(folder / "rejected" / "now-odd.csv").st_ino == before.st_ino
    assert (folder.parent / "secret").read_text() == "secret"


def test_a_file_that_somebody_has_open_to_write_waits(folder: Path, zone: DropZone) -> None:
    path = left(folder)
    with path.open("a"), pytest.raises(Waiting, match="still being written"), zone.taken("students.csv"):
        pass
    with zone.taken("students.csv"):
        pass
    with path.open("rb") as reader:
        assert not being_written(reader)


def test_a_fresh_file_is_given_time_and_then_taken(folder: Path) -> None:
    left(folder)
    slept: list[float] = []
    with DropZone(folder, 30.0, slept.append) as zone, zone.taken("students.csv"):
        pass
    (waited,) = slept
    assert 25 < waited <= 30


def test_a_file_that_grows_while_it_is_waited_for_waits(folder: Path) -> None:
    path = left(folder)

    def grow(_seconds: float) -> None:
        path.write_text(HEADER * 2)

    with DropZone(folder, 30.0, grow) as zone, pytest.raises(Waiting), zone.taken("students.csv"):
        pass
    assert path.exists()


def test_a_file_that_takes_the_place_of_another_stays(folder: Path, zone: DropZone) -> None:
    left(folder)
    with zone.taken("students.csv"):
        left(folder, "new", "new").rename(folder / "students.csv")
    zone.settle("students.csv", "done", "now", "")
    assert (folder / "students.csv").read_text() == "new"
    assert list((folder / "done").iterdir()) == []


def test_a_zone_that_is_a_link_or_has_one_in_it_is_not_entered(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    with pytest.raises(ConfigurationError, match=r"link cannot be .*: (Not a directory|Too many levels of symbolic)"):
        DropZone(folder.parent / "link", 0.0)
    (folder / "done").symlink_to(folder.parent)
    left(folder)
    with pytest.raises(ConfigurationError, match="File exists"):
        DropZone(folder, 0.0)


def test_a_file_in_the_place_of_a_folder_is_told_and_nothing_stays_open(folder: Path) -> None:
    left(folder, "done")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    with pytest.raises(ConfigurationError, match="/done cannot be a folder of the drop zone: File exists; ") as wrong:
        DropZone(folder, 0.0)
    assert wrong.value.code == "drop_zone.folder"
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


@pytest.mark.parametrize("name", [b"\xff\xe9.csv", b"a\nb.csv", b"x" * 251 + b".csv", "é".encode() * 120 + b".csv"])
def test_a_name_that_no_report_could_have_is_refused_and_moved(folder: Path, zone: DropZone, name: bytes) -> None:
    odd = left(folder, os.fsdecode(name), "text").name
    with pytest.raises(DataError, match="cannot be the name of a file here") as refused, zone.taken(odd):
        pass
    assert refused.value.code == "file.bad_name"
    zone.settle(odd, "rejected", "20261121T050000Z", refused.value.sentence)
    assert zone.fresh() == []
    file, report = sorted((folder / "rejected").iterdir())
    assert (file.read_text(), report.name) == ("text", f"{file.name}.report.txt")
    assert file.name.isprintable()


def test_a_name_that_is_gone_is_nothing(folder: Path, zone: DropZone) -> None:
    with pytest.raises(DataError, match="there is no file"), zone.taken("gone.csv"):
        pass
    zone.settle("gone.csv", "done", "now", "")
    assert list((folder / "done").iterdir()) == []
