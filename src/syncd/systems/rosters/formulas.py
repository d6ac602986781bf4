"""Cells that a spreadsheet would take for formulas (OWASP, "CSV Injection"), and the apostrophe that prevents it.

What is guarded is exactly what ``unguarded`` gives back: a value that looks as if it were guarded already gets one more
apostrophe, and any other value with one in front ("'t Hart") is left as it is.
"""

import re

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""The last four are the wide forms."""

_FORMULA = re.compile(rf"'*(?:\s*[{_SIGNS}]|[\t\r\n])")
_GUARDED = re.compile(rf"'+(?:\s*[{_SIGNS}]|[\t\r\n])")


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return what ``guarded`` was given."""
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text
