"""Field values as the engine compares them: text, several texts, empty, or unknown."""

from typing import TypeAlias

import msgspec


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """A value that could not be read or cannot be written; it is neither compared nor written.

    ``reason`` ends the sentence "left alone because ...", for example "the owner has no e-mail address".
    """

    reason: str


Known: TypeAlias = str | tuple[str, ...] | None
"""A value both sides agree how to spell. ``None`` is empty; ``""`` and ``()`` never occur."""

Value: TypeAlias = Known | Unknown


def texts(value: Known) -> tuple[str, ...]:
    """Return all texts of a value."""
    return (value,) if isinstance(value, str) else value or ()


def as_text(value: Known) -> str:
    """Return all texts of a value as one; empty for none."""
    return ", ".join(texts(value))


def known(text: str | None) -> str | None:
    """Return text, or None for an empty or blank one."""
    return text if text and not text.isspace() else None
