"""Text as schools have it: any usual encoding, and never more of it in memory than a line."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from syncd.host.errors import DataError
from syncd.host.plain_files import lines_of

LONGEST_LINE = 2**22
"""Bytes of a line; a longer one is not of a roster, and would be held in memory whole."""

_CHUNK = 2**18
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"PK\x03\x04", "a ZIP file or an XLSX spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an XLS spreadsheet"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"SQLite format 3\0", "an SQLite database"),
)
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_IN_CP1252 = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))


class Examined(NamedTuple):
    """What a look through a file has found: how it is encoded, and the SHA-256 of its bytes."""

    encoding: str
    digest: bytes


class _Look:
    """What is found out chunk by chunk."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name = name
        self.hash = hashlib.sha256()
        self.encoding = encoding
        self.size = 0
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = True
        self._is_cp1252 = True
        self._has_utf8 = False
        self._line = 0

    def take(self, chunk: bytes) -> None:
        if not self.size:
            self._begin(chunk)
        self.size += len(chunk)
        self.hash.update(chunk)
        self._measure(chunk)
        if not self.encoding:
            self._try(chunk)

    def end(self) -> Examined:
        if not self.size:
            raise DataError(f"{self.name} is empty; export the roster again.", code="roster.empty", object=self.name)
        if not self.encoding:
            self.encoding = "utf-8" if self._is_utf8 and self._complete() else "cp1252"
            if self.encoding == "cp1252" and self._has_utf8:
                raise _mixed(self.name, "UTF-8")
            if self.encoding == "cp1252" and not self._is_cp1252:
                raise _binary(self.name, "is neither UTF-8, UTF-16 nor Windows-1252 text")
        return Examined(self.encoding, self.hash.digest())

    def _begin(self, chunk: bytes) -> None:
        kind = next((kind for magic, kind in _KINDS if chunk.startswith(magic)), "")
        if kind:
            raise _binary(self.name, f"is {kind}")
        marked = next((name for bom, name in _BOMS if chunk.startswith(bom)), "")
        self.encoding = self.encoding or marked or _utf16(chunk[:4])

    def _measure(self, chunk: bytes) -> None:
        """Refuse a line that is too long as soon as it is; a line end has these bytes in every encoding here."""
        ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
        self._line += min(ends, default=len(chunk))
        if self._line > LONGEST_LINE:
            raise _too_long(self.name)
        if ends:
            self._line = len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))

    def _try(self, chunk: bytes) -> None:
        if b"\0" in chunk:
            raise _binary(self.name, "holds zero bytes")
        if self._is_utf8:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._is_utf8 = False
        self._has_utf8 = self._has_utf8 or _UTF8_LETTER.search(chunk) is not None
        if self._is_cp1252 and len(chunk.translate(None, _NOT_IN_CP1252)) < len(chunk):
            self._is_cp1252 = False

    def _complete(self) -> bool:
        return not self._utf8.getstate()[0]


def examine(file: BinaryIO, name: str, encoding: str = "") -> Examined:
    """Look through a file from its beginning, and leave it there again.

    ``encoding``: what it is said to be; else it is found out. Raises DataError: ``roster.empty``, ``roster.binary``,
    ``roster.long_line``.
    """
    look = _Look(name, encoding)
    file.seek(0)
    while chunk := file.read(_CHUNK):
        look.take(chunk)
    file.seek(0)
    return look.end()


@contextmanager
def lines(file: BinaryIO, name: str, encoding: str) -> Iterator[Iterator[str]]:
    """Give the lines of a file that was examined, with their ends. Raises DataError ``roster.encoding``."""
    file.seek(0)
    try:
        # The limit is for a file that has grown since.
        with lines_of(file, encoding, LONGEST_LINE) as found:
            yield found
    except UnicodeError:
        raise _mixed(name, encoding) from None


def _mixed(name: str, encoding: str) -> DataError:
    return DataError(
        f"{name} is not {encoding} text all through; save it as UTF-8, or set imports.students.encoding.",
        code="roster.encoding",
        object=name,
    )


def _too_long(name: str) -> DataError:
    """Return the error for a line that has no end."""
    return DataError(
        f"{name} has a line of more than {LONGEST_LINE:,} bytes; that is no roster, or its line ends are lost.",
        code="roster.long_line",
        object=name,
    )


def _binary(name: str, what: str) -> DataError:
    return DataError(
        f"{name} {what}; export the roster as CSV text and import that.", code="roster.binary", object=name
    )


def _utf16(start: bytes) -> str:
    """Return the byte order of UTF-16 without a mark: a header begins with two letters of ASCII."""
    zeros = "".join("0" if byte == 0 else "x" for byte in start)
    return {"x0x0": "utf-16-le", "0x0x": "utf-16-be"}.get(zeros, "")
