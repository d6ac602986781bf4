"""Pseudonyms: the same for the same person in every export of one store, and no way back without the key."""

import hashlib
import hmac
import os
from pathlib import Path

from syncd.host.errors import DataError
from syncd.host.whole_file import replaced
from syncd.jobs.exporting.target import explained
from syncd.state.files import FILE_MODE, is_file, prepare_directory

KEY_NAME = "export.key"
_BYTES = 32
_DIGITS = 20


class Pseudonyms:
    """HMAC-SHA-256 of ids with the key of a state folder, cut to 80 bits."""

    def __init__(self, state: Path) -> None:
        """Read the key, or make it.

        Raises DataError (``export.key``) for one that is none, and what ``prepare_directory`` and ``explained`` do.
        """
        prepare_directory(state)
        with explained(state / KEY_NAME):
            key = _key(state / KEY_NAME)
        self._key = hmac.new(key, b"", hashlib.sha256)

    def of(self, person: str) -> str:
        """Return the pseudonym of a person."""
        made = self._key.copy()
        made.update(person.encode())
        return made.hexdigest()[:_DIGITS]


def _key(path: Path) -> bytes:
    if not is_file(path):
        with replaced(path, FILE_MODE) as file:
            file.write(os.urandom(_BYTES))
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise DataError(
            f"{path} is no key of {_BYTES} bytes; restore it from a backup, or remove it: then all pseudonyms change.",
            code="export.key",
            object=str(path),
        )
    return key
