"""Lists in pages: a sequence of pages stays stable while records change."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.google.errors import ApiError, invalid, unavailable
from syncd.sandbox.google.tenant import Record, Settings, etag
from syncd.sandbox.server import Call

THREE_DAYS = 3 * 86_400.0
"""How long a page token of users is valid (discovery document, ``users.list``); of members nothing is said."""
_KEPT = 64
_USUAL = 100  # by the discovery documents of ``chromeosdevices.list`` and ``users.list``


@dataclass(frozen=True, slots=True)
class _Sequence:
    """One list that is being read: the records that it had at its first page, in order."""

    token: str
    about: tuple[str, ...]
    keys: tuple[str, ...]
    started: float


class Sequences:
    """The lists of one method that are being read, the newest 64.

    ``parameters`` are those that no page may change; ``seconds`` is how long a list may take, where it is not as long
    as ``Settings.sequence_seconds`` says.
    """

    def __init__(self, settings: Settings, parameters: tuple[str, ...], seconds: float | None = None) -> None:
        self._settings = settings
        self._parameters = parameters
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Sequence] = OrderedDict()

    def page(self, call: Call, limit: int, select: Callable[[], list[str]]) -> tuple[tuple[str, ...], str]:
        """Return the keys of one page and the next token (empty at the end); ``select`` makes a new list."""
        sequence, start = self._place(call, select)
        token = f"{sequence.token}.{start + limit:x}" if start + limit < len(sequence.keys) else ""
        return sequence.keys[start : start + limit], token

    def _place(self, call: Call, select: Callable[[], list[str]]) -> tuple[_Sequence, int]:
        about = tuple(call.first(name) or "" for name in self._parameters)
        token = call.first("pageToken")
        if token is None:
            return self._begin(about, select), 0
        if not token:
            raise unavailable()
        name, _, start = token.partition(".")
        with self._lock:
            sequence = self._kept.get(name)
        if sequence is None or sequence.about != about or not _is_hex(start):
            raise invalid(token)
        longest = self._settings.sequence_seconds if self._seconds is None else self._seconds
        if self._settings.clock() - sequence.started > longest:
            raise unavailable()
        return sequence, int(start, 16)

    def _begin(self, about: tuple[str, ...], select: Callable[[], list[str]]) -> _Sequence:
        sequence = _Sequence(secrets.token_urlsafe(12), about, tuple(select()), self._settings.clock())
        with self._lock:
            self._kept[sequence.token] = sequence
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return sequence


def limit_of(call: Call, most: int, settings: Settings, usual: int = _USUAL) -> int:
    """Return how many records a page may have: as ``maxResults`` asks, else the usual ones; ``most`` at most."""
    text = call.first("maxResults")
    if text is None:
        return min(usual, most)
    number = int(text) if text.isdecimal() else 0
    if number > most and settings.clamp:
        return most
    if not 1 <= number <= most:
        message = f"Invalid value '{text}'. Values must be within the range: [1, {most}]"
        raise ApiError(400, "invalidParameter", message, location="maxResults")
    return number


def page_of(kind: str, array: str, records: Any, token: str = "") -> Record:  # noqa: ANN401 - JSON, or made already
    """Return a page of the Directory API: ``{kind, etag, ARRAY, nextPageToken}``; empty parts are left out."""
    answer: Record = {"kind": f"admin#directory#{kind}", "etag": etag()}
    return answer | ({array: records} if records else {}) | ({"nextPageToken": token} if token else {})


def one_of(call: Call, name: str, allowed: tuple[str, ...]) -> str:
    """Return an enumerated parameter, empty where it is not given; letters count as they are."""
    value = call.first(name)
    if value is not None and value not in allowed:
        message = f"Invalid value '{value}'. Allowed values: [{', '.join(allowed)}]"
        raise ApiError(400, "invalidParameter", message, location=name)
    return value or ""


def _is_hex(text: str) -> bool:
    return bool(text) and all(letter in "0123456789abcdef" for letter in text)
