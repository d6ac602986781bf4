"""A file that is there whole or as it was: written beside its place, and renamed when it is on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Give a file that takes the place of ``path`` when nothing was raised; else ``path`` is as it was.

    ``mode``: its permissions, whatever the umask. One writer of a path at a time: what one that was killed left
    behind, ``.NAME.part``, is taken away by the next. Raises OSError.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _to_disk(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _to_disk(folder: Path) -> None:
    """Bring a rename to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
