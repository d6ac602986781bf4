"""Text of others made fit to be shown: it drives no terminal, and reads as what it is.

Device notes, names and file names come from whoever may write them. Controls drive a terminal; direction marks,
separators and lone surrogates make a line read as something else, or not be printable at all (Unicode TR 36). A
zero-width joiner holds emoji together and stays.
"""

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", ""))
_NAMED = {"\n": "\\n", "\t": "\\t"}


def safe(text: str) -> str:
    """Return text on one line that cannot drive a terminal: what could is shown as an escape."""
    return _UNSAFE.sub(_escaped, text)


def safe_lines(text: str, indent: str = "") -> str:
    """Return text that keeps its lines, each of them safe; those after the first are indented."""
    return f"\n{indent}".join(map(safe, text.split("\n")))


def safe_json(document: str) -> str:
    """Return a JSON document that says the same; what could drive a terminal is escaped as JSON has it."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _NAMED.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004
