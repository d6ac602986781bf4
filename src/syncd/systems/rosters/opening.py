"""Open what somebody names as a roster: one CSV file, or a OneRoster bundle as a ZIP file or a folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from syncd.host.errors import DataError
from syncd.host.plain_files import Unchanged, is_folder, open_named
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.bundle import Folder, Zip
from syncd.systems.rosters.csv_file import CsvFile
from syncd.systems.rosters.oneroster import OneRoster
from syncd.systems.rosters.person import Source

_ZIP = b"PK\x03\x04"


class Opened(NamedTuple):
    """A roster that is open, and not looked into yet.

    ``source`` reads it; it raises DataError and ConfigurationError (``roster.…``). ``whole`` raises Unavailable
    (``file.changed``) when the file has changed since it was opened.
    """

    name: str
    source: Callable[[Reading], Source]
    whole: Callable[[], None]


@contextmanager
def open_roster(path: Path) -> Iterator[Opened]:
    """Open a roster by its path. Raises DataError (``file.missing``, ``file.not_regular``), NotPermitted."""
    if is_folder(path):
        yield Opened(path.name, lambda reading: OneRoster(Folder(path), reading), lambda: None)
        return
    with open_named(path) as file:
        yield opened(file, path.name)


def opened(file: BinaryIO, name: str) -> Opened:
    """Return the roster that an open file is."""
    return Opened(name, lambda reading: source_of(file, name, reading), Unchanged(file, name))


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
