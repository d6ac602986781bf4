"""Files that others may have put there: only regular ones are opened, and what changes while it is read is told."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from syncd.host.errors import DataError, NotPermitted, Unavailable

LINK = "it is a symbolic link"


def is_folder(path: Path | str) -> bool:
    """Return whether there is a folder; false also where syncd may not look, for which ``Path.is_dir`` raises."""
    return os.path.isdir(path)  # noqa: PTH112


def open_regular(path: Path, *, folder: int | None = None) -> BinaryIO:
    """Open a file to read: no link, device, pipe or socket; ``folder`` is the open directory that it is in.

    Raises DataError (``file.not_regular``, ``file.missing``), NotPermitted (``file.not_permitted``).
    """
    try:
        # Some devices do something when they are opened.
        _check_regular(path, os.stat(path, dir_fd=folder, follow_symlinks=False))
        # Without O_NONBLOCK the open of a pipe would wait for somebody to write to it.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        raise not_permitted(path) from None
    except FileNotFoundError:
        raise DataError(f"there is no file {path}.", code="file.missing", object=str(path)) from None
    except OSError as error:
        why = LINK if error.errno == errno.ELOOP else error.strerror or "it cannot be opened"
        raise _not_regular(path, why) from None
    try:
        _check_regular(path, os.fstat(file))
    except DataError:
        os.close(file)
        raise
    return os.fdopen(file, "rb")


def open_named(path: Path) -> BinaryIO:
    """Open the file that somebody named: unlike ``open_regular``, through links, for whoever names one means the file.

    Raises as that does.
    """
    # Path.resolve() raises RuntimeError for links in a circle.
    return open_regular(Path(os.path.realpath(path)))


@contextmanager
def lines_of(file: BinaryIO, encoding: str, longest: int) -> Iterator[Iterator[str]]:
    """Give the lines of an open file with their ends, whatever these are. Raises UnicodeError.

    A line of more than ``longest`` characters comes in parts, so that none is held whole.
    """
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield iter(partial(text.readline, longest), "")
    finally:
        # The file is its owner's to close, and may be closed already.
        with suppress(ValueError):
            text.detach()


class Unchanged:
    """Tells whether an open file is as it was when this was made."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._before = state_of(file)

    def __call__(self) -> None:
        """Raise Unavailable (``file.changed``) when the file has changed."""
        if state_of(self._file) != self._before:
            raise Unavailable(
                f"{self._name} changed while it was read, nothing was stored; import it again when it is whole.",
                code="file.changed",
                object=self._name,
            )


def state_of(file: BinaryIO) -> tuple[int, int]:
    """Return what changes with the content of an open file: its size, and when it was written."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def not_permitted(path: Path) -> NotPermitted:
    """Return the error for a file or folder that syncd may not read."""
    return NotPermitted(
        f"syncd may not read {path}; give it to the user that syncd runs as.",
        code="file.not_permitted",
        object=str(path),
    )


def _check_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _not_regular(path, LINK if stat.S_ISLNK(found.st_mode) else "it is a device, a pipe or a folder")


def _not_regular(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is no regular file ({why}), and nothing else is read.", code="file.not_regular", object=str(path)
    )
