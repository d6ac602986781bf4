"""Rosters as files that go wrong: a district's export, its transfer, and its encoding."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from syncd.host.errors import DataError, IntegrationError, Refused, Unavailable
from unit.cli.imported_school import rows as students

HEADER = ("what is wrong with the file", "exit status", "code", "what to do")
WHOLE = students(*range(30))
_EXPORT = "Export it again, as CSV."
_TRANSFER = "Transfer it again. In a drop zone it is in `rejected`, with a report."


class Case(NamedTuple):
    """What a file holds (None: there is none), and the error of its import. ``later``: comes while it is read."""

    content: bytes | None
    error: type[IntegrationError]
    code: str
    remedy: str
    name: str = "students.csv"
    later: bytes = b""


def _damaged_bundle() -> bytes:
    """Return a OneRoster bundle in a ZIP file, one letter of which is another one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        bundle.writestr("users.csv", "sourcedId,givenName,familyName,role,identifier\nu-1,Aiko,Example,student,00101\n")
    return file.getvalue().replace(b"Aiko", b"Aika")


CASES: Mapping[str, Case] = {
    "it is not there": Case(None, DataError, "file.missing", "Correct the path."),
    "it is a folder and no bundle": Case(
        None, DataError, "roster.bundle", "Name the file, or a OneRoster bundle.", "."
    ),
    "it is empty": Case(b"", DataError, "roster.empty", _TRANSFER),
    "it is a web page": Case(b"<html><h1>Sign in</h1></html>\n", DataError, "roster.header", _EXPORT),
    "it is JSON": Case(b'{"students": []}\n', DataError, "roster.header", _EXPORT),
    "it is a damaged ZIP": Case(b"PK\x03\x04" + b"x" * 50, DataError, "roster.zip", _EXPORT),
    "it is a bundle with a damaged file": Case(_damaged_bundle(), DataError, "roster.zip", _EXPORT, "students.zip"),
    "it is binary": Case(bytes(range(256)) * 8, DataError, "roster.binary", _EXPORT),
    "cut in the middle of a row": Case(WHOLE.encode()[:-20], DataError, "roster.bad_rows", _TRANSFER),
    "cut in the middle of quotes": Case(WHOLE.encode() + b'00099,"Ada', DataError, "roster.bad_rows", _TRANSFER),
    "cut between two rows": Case(
        students(*range(10)).encode(), Refused, "roster.refused", "If so many left, approve it as the refusal says."
    ),
    "only the header": Case(students().encode(), DataError, "roster.no_rows", _EXPORT),
    "a student twice": Case(
        students(*range(30), 3).encode(), DataError, "roster.bad_rows", "Correct the rows that are named."
    ),
    "a bad cell": Case(
        students(*range(30), grade="x").encode(), DataError, "roster.bad_rows", "Correct the rows that are named."
    ),
    "it grows while it is read": Case(
        students(*range(40)).encode(),
        Unavailable,
        "file.changed",
        "Nothing: it is read again.",
        later=b"00077,A,B,s77,9,T\n",
    ),
}


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the page."""
    for title, case in CASES.items():
        yield title, str(int(case.error.exit_status)), f"`{case.code}`", case.remedy
