"""Open what somebody names as a roster: one CSV file, or a OneRoster bundle as a ZIP file or a folder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from syncd.host.errors import DataError, Unavailable
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.bundle import Folder, Zip, open_regular
from syncd.systems.rosters.csv_file import CsvFile
from syncd.systems.rosters.oneroster import OneRoster
from syncd.systems.rosters.person import Source

_ZIP = b"PK\x03\x04"


class Opened(NamedTuple):
    """A roster that is open, and not looked into yet.

    ``source`` reads it; it raises DataError and ConfigurationError (``roster.…``). ``whole`` raises Unavailable
    (``roster.moved``) when the file has changed since it was opened.
    """

    name: str
    source: Callable[[Reading], Source]
    whole: Callable[[], None]


@contextmanager
def open_roster(path: Path) -> Iterator[Opened]:
    """Open a roster by its path. Raises DataError (``roster.missing``, ``roster.not_a_file``), NotPermitted."""
    if path.is_dir():
        yield Opened(path.name, lambda reading: OneRoster(Folder(path), reading), lambda: None)
        return
    with open_regular(path.resolve()) as file:
        yield opened(file, path.name)


def opened(file: BinaryIO, name: str) -> Opened:
    """Return the roster that an open file is."""
    before = _state(file)

    def whole() -> None:
        if _state(file) != before:
            raise Unavailable(
                f"{name} changed while it was read, nothing was stored; import it again when it is whole.",
                code="roster.moved",
                object=name,
            )

    return Opened(name, lambda reading: source_of(file, name, reading), whole)


def source_of(file: BinaryIO, name: str, reading: Reading) -> Source:
    """Return the source that an open file is. Raises DataError (``roster.…``)."""
    if file.read(len(_ZIP)) == _ZIP:
        bundle = Zip(file, name)
        if "users.csv" in bundle.names() or reading.options.format == "oneroster":
            return OneRoster(bundle, reading)
    elif reading.options.format == "oneroster":
        raise DataError(
            f"{name} is one file, and a OneRoster bundle is a folder or a ZIP file of several; give that.",
            code="roster.bundle",
            object=name,
        )
    return CsvFile(file, name, reading)


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns
