"""Templates: a value made from the fields of a person, such as ``{given_name:1:lower}{family_name:lower}``.

A placeholder is a field, or several with ``|`` between them of which the first that is filled counts, then filters:
``lower``, ``upper``, ``ascii`` (letters without their accents, everything else that is not ASCII left out), or a
number of characters to keep. A placeholder that comes to nothing makes the whole value empty, unless ``?`` ends it.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from syncd.systems.rosters.person import FIELDS, Person

USABLE = tuple(name for name in FIELDS if name != "active")
"""The fields that a template can name."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Letters that no accent can be taken from.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "đ": "d", "Đ": "D"})


def _ascii(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return apart.encode("ascii", "ignore").decode()


_FILTERS: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "ascii": _ascii}


@dataclass(frozen=True)
class _Part:
    """One placeholder."""

    fields: Sequence[str]
    filters: Sequence[str]
    optional: bool

    def fill(self, person: Person) -> str:
        text = next((text for name in self.fields if (text := _text(getattr(person, name)))), "")
        for name in self.filters:
            text = text[: int(name)] if name.isdecimal() else _FILTERS[name](text)
        return text


@dataclass(frozen=True)
class Template:
    """A template that was understood: texts, and the placeholders between them."""

    text: str
    literals: Sequence[str]
    parts: Sequence[_Part]

    def fill(self, person: Person) -> str | None:
        """Return the value for a person, None where there is none."""
        filled = [part.fill(person) for part in self.parts]
        if not all(text or part.optional for text, part in zip(filled, self.parts, strict=True)):
            return None
        pieces = [self.literals[0]]
        for text, literal in zip(filled, self.literals[1:], strict=True):
            pieces += (text, literal)
        return " ".join("".join(pieces).split()) or None


@lru_cache(maxsize=256)
def template(text: str) -> Template:
    """Read a template. Raises ValueError, which says what is wrong with it."""
    literals = _PLACEHOLDER.split(text)[::2]
    if any("{" in literal or "}" in literal for literal in literals):
        raise ValueError(f"{text!r} has a brace without its other half")
    parts = tuple(_part(inside, text) for inside in _PLACEHOLDER.findall(text))
    if text.strip() in USABLE:
        raise ValueError(f"{text!r} would be written as it is; for the field of a person write {{{text.strip()}}}")
    return Template(text, literals, parts)


def _part(inside: str, whole: str) -> _Part:
    named, *filters = inside.removesuffix("?").split(":")
    fields = named.split("|")
    for name in fields:
        if name not in USABLE:
            raise ValueError(f"{whole!r} names the unknown field {name!r}; known are {', '.join(USABLE)}")
    for name in filters:
        if name not in _FILTERS and not re.fullmatch("[1-9][0-9]{0,2}", name, re.ASCII):
            raise ValueError(f"{whole!r} has the unknown filter {name!r}; known are {', '.join(_FILTERS)} and numbers")
    return _Part(fields, filters, inside.endswith("?"))


def _text(value: str | int) -> str:
    return str(value).strip() if value else ""
