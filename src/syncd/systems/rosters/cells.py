"""Cells of a column into values, a whole column at a time: cell by cell only where something is wrong."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from syncd.host.problems import shown

T = TypeVar("T")

Complain = Callable[[int, str], None]
"""Called with the place of a cell in its column, and what is wrong with it."""

LONGEST = 255
NOTHING = frozenset(("NULL", "null", "(null)", "<null>", "\\N"))
"""What databases write for a value that is not there; ``Null`` is a family name."""

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # the category Cc of Unicode
_REMEMBERED = 10_000


def texts(cells: Sequence[str], complain: Complain) -> list[str]:
    """Return text without the white space around it, a line break inside being a space, letters composed (NFC)."""
    found = list(map(str.strip, cells))
    if not NOTHING.isdisjoint(found):
        found = ["" if text in NOTHING else text for text in found]
    if not _clean("".join(found)):
        found = [_text(at, text, complain) for at, text in enumerate(found)]
    if max(map(len, found), default=0) > LONGEST:
        for at, text in enumerate(found):
            if len(text) > LONGEST:
                complain(at, f"has {len(text):,} characters, at most {LONGEST} are kept")
    return found


def _clean(text: str) -> bool:
    """Return whether a text, and with it each part of it, is as it is kept: NFC is closed under taking parts."""
    if not text.isprintable():
        return False
    return text.isascii() or ("  " not in text and unicodedata.is_normalized("NFC", text))


def _text(at: int, text: str, complain: Complain) -> str:
    if _clean(text):
        return text
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if control := _CONTROL.search(text):
        complain(at, f"has the control character U+{ord(control[0]):04X}")
    return text


def addresses(cells: Sequence[str], complain: Complain) -> list[str]:
    """Return e-mail addresses; an empty cell is none."""
    found = texts(cells, complain)
    for at, text in enumerate(found):
        if text and _ADDRESS.fullmatch(text) is None:
            complain(at, f"{shown(text)} is no e-mail address")
    return found


class Words(dict[str, Any]):
    """A column of few different texts: each is understood once. A text that is not understood is a problem."""

    def __init__(self, meaning: Callable[[str], object | None], wrong: str) -> None:
        """``meaning`` returns None for a text that means nothing; ``wrong`` ends the sentence that says so."""
        super().__init__()
        self._meaning = meaning
        self._wrong = wrong
        self._bad: set[str] = set()

    def __missing__(self, text: str) -> object:
        value = self._meaning(text)
        if value is None:
            self._bad.add(text)
        if len(self) < _REMEMBERED:
            self[text] = value
        return value

    def read(self, cells: Sequence[str], complain: Complain) -> list[Any]:
        """Return what each cell means."""
        return self.of(texts(cells, complain), complain)

    def of(self, found: Sequence[str], complain: Complain) -> list[Any]:
        """Return what each text means."""
        values = [self[text] for text in found]
        if not self._bad.isdisjoint(found):
            for at, text in enumerate(found):
                if text in self._bad:
                    complain(at, f"{shown(text)} {self._wrong}")
        return values


def year_of(text: str) -> int | None:
    """Return a year of four digits, 0 for an empty text, None for anything else."""
    if not text:
        return 0
    return int(text) if re.fullmatch(r"(19|20|21)\d\d", text, re.ASCII) else None


def meaning_of(table: Mapping[str, T]) -> Callable[[str], T | None]:
    """Return what looks up a text in a table whose keys are in lower case."""
    return lambda text: table.get(text.casefold())
