r"""Whether the backslash escapes in a CSV file of GAM's.

It does, unless gam.cfg has ``csv_output_no_escape_char = true``. GAM's writer puts one before a backslash only, so in
such a file they come in pairs; a JSON cell of the other kind has single ones, as in ``\"`` (gam7 7.49, observed).
"""

import re
from functools import partial
from typing import BinaryIO

_AT_ONCE = 2**20
_BACKSLASH = b"\\"
_runs = re.compile(rb"\\+").findall


def backslash_escapes(file: BinaryIO) -> bool:
    """Return False for a file with a backslash that is not one of a pair; the file is read from where it is."""
    rest = b""
    for part in iter(partial(file.read, _AT_ONCE), b""):
        text = rest + part
        # A run may go on in the next part.
        whole = text.rstrip(_BACKSLASH)
        rest = text[len(whole) :]
        if _BACKSLASH in whole and _has_single(whole):
            return False
    return not _has_single(rest)


def _has_single(text: bytes) -> bool:
    return any(len(run) % 2 for run in _runs(text))
