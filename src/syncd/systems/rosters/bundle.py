"""A bundle of CSV files: a folder, or a ZIP file; nothing is unpacked, and no link is followed."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from syncd.host.errors import DataError
from syncd.host.plain_files import not_permitted, open_regular

LARGEST = 2**31
"""Bytes of a file in a ZIP file; what is larger unpacked is no roster."""

_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Bundle(Protocol):
    """Files by name."""

    @property
    def name(self) -> str:
        """What the bundle is called."""

    def names(self) -> frozenset[str]:
        """Return the names of its CSV files, in lower case."""

    def open(self, name: str) -> BinaryIO:
        """Open one of its files; the caller closes it."""


class Folder:
    """A bundle in a directory."""

    def __init__(self, path: Path) -> None:
        """Read the directory. Raises NotPermitted ``file.not_permitted``."""
        self.name = path.name
        try:
            files = [*path.iterdir()]
        except PermissionError:
            raise not_permitted(path) from None
        self._files = {file.name.lower(): file for file in files if file.suffix.lower() == ".csv"}

    def names(self) -> frozenset[str]:
        """Return the names of its CSV files, in lower case."""
        return frozenset(self._files)

    def open(self, name: str) -> BinaryIO:
        """Open one of its files."""
        return open_regular(self._files[name])


class Zip:
    """A bundle in a ZIP file, at its top or in one folder."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the directory of the file. Raises DataError ``roster.zip``."""
        self.name = name
        with zip_explained(name):
            self._zip = zipfile.ZipFile(file)
        self._members = {
            PurePosixPath(member.filename).name.lower(): member
            for member in self._zip.infolist()
            if len(PurePosixPath(member.filename).parts) <= 2 and member.filename.lower().endswith(".csv")  # noqa: PLR2004
        }

    def names(self) -> frozenset[str]:
        """Return the names of its CSV files, in lower case."""
        return frozenset(self._members)

    def open(self, name: str) -> BinaryIO:
        """Open one of its files. Raises DataError ``roster.zip``."""
        member = self._members[name]
        if why := _unfit(member):
            raise DataError(
                f"{self.name}: {member.filename} {why}; import a plain export.", code="roster.zip", object=self.name
            )
        return cast("BinaryIO", self._zip.open(member))


def _unfit(member: zipfile.ZipInfo) -> str:
    """Return why a file is not read; each other compression fails in a way of its own when it is damaged."""
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in _COMPRESSIONS:
        return "is compressed in another way than deflate"
    return f"has over {LARGEST:,} bytes" if member.file_size > LARGEST else ""


@contextmanager
def zip_explained(name: str) -> Iterator[None]:
    """Turn what is wrong with a ZIP file into a DataError ``roster.zip``."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(
            f"{name} is a damaged ZIP file ({error}); export it again.", code="roster.zip", object=name
        ) from error
