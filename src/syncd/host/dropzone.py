"""A folder in which others leave files: each is taken once it is whole, and moved out of the way with a report.

Whoever may write there may be anybody's script. So nothing is followed out of the folder: every step is by a
descriptor of it, links are not opened, and of a name that is replaced meanwhile only the file that was opened counts.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Self

from msgspec import Meta

from syncd.host.errors import ConfigurationError, DataError, Unavailable
from syncd.host.plain_files import open_regular, state_of

Verdict = Literal["done", "rejected"]

VERDICTS: tuple[Verdict, ...] = ("done", "rejected")
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
"""Endings that upload programs give to a file until it is whole."""

SettleSeconds = Annotated[
    float, Meta(ge=0, description="How long a file in the drop zone must have been left as it is before it is taken.")
]
"""The type of the option."""

_REPORT = ".report.txt"
_MARK = ".moving-"
"""What the name of an empty file begins with that is there while a file and its report are on their way."""

_MOST_NAMES = 1000
_LONGEST_NAME = 200
"""Bytes; the time goes before it, and the report's ending behind."""


class Waiting(Unavailable):
    """A file is still being written; it is left where it is."""


class DropZone:
    """An open drop zone; a context manager."""

    def __init__(self, path: Path, settle_seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Open the folder, which is there; ``settle_seconds`` is how long a file must have been left as it is.

        Raises ConfigurationError ``drop_zone.folder`` for a folder that cannot be one.
        """
        self.path = path
        self._settle = settle_seconds
        self._sleep = sleep
        self._taken: dict[str, tuple[int, int]] = {}
        self._told: dict[str, tuple[int, int]] = {}
        with _explained(path):
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._prepare()
        except BaseException:
            os.close(self._folder)
            raise

    def _prepare(self) -> None:
        for verdict in VERDICTS:
            with _explained(self.path / verdict):
                if not _is_folder(self._folder, verdict):
                    os.mkdir(verdict, 0o700, dir_fd=self._folder)
                with self._opened(verdict) as folder:
                    for target in _unfinished(folder):
                        _finish(folder, target)

    @contextmanager
    def _opened(self, verdict: Verdict) -> Iterator[int]:
        """Open the folder of a verdict."""
        folder = os.open(verdict, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            yield folder
        finally:
            os.close(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)

    def fresh(self) -> list[str]:
        """Return what there is to take and was not told of before, the oldest first.

        Hidden and unfinished files are not. A file that has taken the place of one of its name is.
        """
        found = []
        for name in os.listdir(self._folder):  # noqa: PTH208 - the open folder, whatever its path leads to now
            if name not in VERDICTS and not name.startswith(".") and not name.lower().endswith(UNFINISHED):
                with suppress(FileNotFoundError):
                    status = self._stat(name)
                    found.append((status.st_mtime, name, _identity(status)))
        marked = sorted(entry for entry in found if self._told.get(entry[1]) != entry[2])[:_MOST_NAMES]
        self._told.update((name, mark) for _, name, mark in marked)
        return [name for _, name, _ in marked]

    def _stat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self._folder, follow_symlinks=False)

    @contextmanager
    def taken(self, name: str) -> Iterator[BinaryIO]:
        """Open a file, once nobody has touched it for a while.

        Raises DataError (``file.bad_name``, ``file.not_regular``, ``file.linked``), Waiting (``file.unfinished``),
        NotPermitted.
        """
        if not name.isprintable() or len(os.fsencode(name)) > _LONGEST_NAME:
            raise DataError(
                f"{name!a} cannot be the name of a file here; use at most {_LONGEST_NAME} printable characters of "
                "UTF-8.",
                code="file.bad_name",
                object=ascii(name),
            )
        with open_regular(Path(name), folder=self._folder) as file:
            if os.fstat(file.fileno()).st_nlink > 1:
                raise DataError(
                    f"{name} has a second name elsewhere (a hard link), and nothing outside of the drop zone is read.",
                    code="file.linked",
                    object=name,
                )
            self._wait(file, name)
            self._taken[name] = _identity(os.fstat(file.fileno()))
            yield file

    def _wait(self, file: BinaryIO, name: str) -> None:
        """Wait once until a file is settled; one that still changes then is left for later."""
        before, left = os.fstat(file.fileno()), state_of(file)
        age = time.time() - max(before.st_mtime, before.st_ctime)
        if age < self._settle:
            self._sleep(self._settle - max(age, 0))
        if being_written(file) or state_of(file) != left:
            raise Waiting(
                f"{name} is still being written; it is taken when that is done.", code="file.unfinished", object=name
            )

    def settle(self, name: str, verdict: Verdict, stamp: str, report: str) -> None:
        """Move a file to ``done`` or ``rejected``, beside its report; one that has taken its place meanwhile stays.

        A report is there before its file, and for its owner only.
        """
        with suppress(FileNotFoundError):
            if self._taken.pop(name, found := _identity(self._stat(name))) == found:
                self._move(name, verdict, stamp, report)

    def _move(self, name: str, verdict: Verdict, stamp: str, report: str) -> None:
        with self._opened(verdict) as folder:
            target = _free_name(folder, f"{stamp}-{_tame(name)}")
            _write(folder, _MARK + target, "")
            try:
                _write(folder, f"{target}{_REPORT}", report)
                os.rename(name, target, src_dir_fd=self._folder, dst_dir_fd=folder)
                os.fsync(folder)
            finally:
                _finish(folder, target)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an OSError about a folder of the drop zone into a sentence with a remedy."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be a folder of the drop zone: {error.strerror}; make it a plain folder that syncd may "
            "write in, or move what is in its place away.",
            code="drop_zone.folder",
            object=str(path),
        ) from error


def being_written(file: BinaryIO) -> bool:
    """Return whether somebody has the file open to write; a guess at no where the kernel does not tell.

    A read lease is only given for a file that nobody writes, and only to its owner (fcntl(2), F_SETLEASE).
    """
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # another owner's file, or a file system without leases
        return False
    return False


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _is_folder(folder: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _tame(name: str) -> str:
    """Return a name that can be printed, and that has room for what goes before and behind it."""
    plain = name if name.isprintable() else ascii(name)[1:-1]
    return plain.encode()[:_LONGEST_NAME].decode(errors="ignore")


def _write(folder: int, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "w", encoding="utf-8") as file:
        file.write(text)


def _unfinished(folder: int) -> list[str]:
    """Return the names of files on whose way here somebody was killed."""
    names = os.listdir(folder)
    return [name.removeprefix(_MARK) for name in names if name.startswith(_MARK)]


def _finish(folder: int, target: str) -> None:
    """Take the mark away, and the report of a file that has not come."""
    if target not in os.listdir(folder):
        with suppress(FileNotFoundError):
            os.unlink(f"{target}{_REPORT}", dir_fd=folder)
    os.unlink(_MARK + target, dir_fd=folder)


def _free_name(folder: int, name: str) -> str:
    there = set(os.listdir(folder))
    number, free = 1, name
    while free in there or f"{free}{_REPORT}" in there:
        number += 1
        free = f"{name}.{number}"
    return free


def check_drop_zone(folder: str) -> None:
    """Raise ValueError for what cannot be the option of a drop zone."""
    if folder and not os.path.isabs(folder):  # noqa: PTH117 - pathlib is not needed for it
        raise ValueError(f"drop_zone is {folder!r}, which is no absolute path")
