"""The sequence files of RequestTrackerUtils: each holds the next number of a sequence, as text.

``asset_tag_sequence.txt`` is that of the default prefix; others have their prefix, in small letters, in their name.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from syncd.host.errors import DataError
from syncd.host.plain_files import is_folder
from syncd.state.tags import LARGEST

_NAME = re.compile(r"asset_tag_sequence(?:_(?P<prefix>.+))?\.txt", re.IGNORECASE)
_MOST = 64
"""Bytes of a file that holds one number."""


class Counter(msgspec.Struct, frozen=True):
    """The next number of a sequence, and the file that says so."""

    file: Path
    prefix: str
    number: int


def counters(paths: Sequence[Path], default: str, known: Sequence[str]) -> list[Counter]:
    """Return what files, or all such files of folders, say; raises DataError that names each file that is bad.

    ``default`` is the prefix of the file that has none in its name; ``known`` are prefixes as they are spelled here.
    """
    found: list[Counter] = []
    problems: list[str] = []
    for file in (file for path in paths for file in _files(path)):
        try:
            found.append(Counter(file, _prefix(file, default, known), _number(file)))
        except ValueError as error:
            problems.append(f"{file} {error}")
    prefixes = [counter.prefix for counter in found]
    problems += [f"two files are of {prefix}" for prefix in dict.fromkeys(prefixes) if prefixes.count(prefix) > 1]
    if problems or not found:
        told = "; ".join(problems) or "there is no file asset_tag_sequence*.txt"
        raise DataError(f"no sequence was imported: {told}.", code="tags.bad_file", object=str(paths[0]))
    return found


def _files(path: Path) -> Iterator[Path]:
    if is_folder(path):
        yield from sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name))
    else:
        yield path


def _prefix(file: Path, default: str, known: Sequence[str]) -> str:
    found = _NAME.fullmatch(file.name)
    if found is None:
        raise ValueError("is not called asset_tag_sequence.txt or asset_tag_sequence_PREFIX.txt")
    name = found["prefix"]
    if name is None:
        return default
    # The name has lost its capitals; with or without the dash it is the sequence that is configured here.
    alike = [each for each in known if each.casefold().rstrip("-") == name.casefold().rstrip("-")]
    return alike[0] if alike else name.upper()


def _number(file: Path) -> int:
    try:
        with file.open("rb") as handle:
            text = handle.read(_MOST + 1).strip()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    if not text.isdigit() or len(text) > _MOST or int(text) > LARGEST:
        raise ValueError("holds no number" if text else "is empty: its number was lost; look at the newest tag in RT")
    return int(text)
