"""Texts that must not come out, and what comes out in their place.

Everything that may quote a secret goes through ``redact``: log records, and the sentence of every error, from where it
gets into the store, into plans and onto the screen.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHOWN = "***"

_SHORTEST = 4  # shorter texts are no secret, and hiding them would make a log unreadable

_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]]+@[^\s<>\"',;:()\[\]]+")

_hidden: set[str] = set()


def hide(texts: Iterable[str]) -> None:
    """Keep secrets out from now on, in their usual spellings: as they are, escaped, URL-encoded, and line by line."""
    for secret in texts:
        _hidden.update(_forms(secret))


def redact(text: str) -> str:
    """Return text with every hidden secret replaced by ``***``."""
    for secret in sorted((hidden for hidden in [*_hidden] if hidden in text), key=len, reverse=True):
        text = text.replace(secret, SHOWN)
    return text


def without_addresses(text: str) -> str:
    """Return text of another program with each e-mail address as ``<address>``: it says who somebody is."""
    return _ADDRESS.sub("<address>", text)


def _forms(secret: str) -> set[str]:
    whole = {secret, secret.strip()}
    lines = {line.strip() for text in whole for line in text.splitlines() if len(line) >= 4 * _SHORTEST}
    forms = {
        form for text in whole | lines for form in (text, json.dumps(text)[1:-1], quote(text, ""), quote_plus(text))
    }
    return {form for form in forms if len(form) >= _SHORTEST}
