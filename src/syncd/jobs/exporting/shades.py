"""Colours that people tell apart however they see colours, and on grey paper; names that fit a picture."""

from collections.abc import Sequence

_RAMP = ((0, 34, 78), (65, 77, 107), (124, 123, 120), (188, 175, 111), (254, 232, 56))
"""From dark to light, as the colour map cividis goes (Nuñez, Anderton and Renslow, 2018)."""

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Colours of lines (Okabe and Ito, 2008)."""

LONGEST = 32
_CUT = "\u2026"
_UNREADABLE = "\ufffd"


def shades(number: int) -> list[str]:
    """Return so many colours, from light to dark."""
    return [_shade(1 - place / max(1, number - 1)) for place in range(number)]


def _shade(place: float) -> str:
    low = min(int(place * (len(_RAMP) - 1)), len(_RAMP) - 2)
    part = place * (len(_RAMP) - 1) - low
    return _hex([round(a + (b - a) * part) for a, b in zip(_RAMP[low], _RAMP[low + 1], strict=True)])


def _hex(parts: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in parts)


def short(name: str, longest: int = LONGEST) -> str:
    """Return a name on one line, as long as a picture has room for; what cannot be printed is shown as such."""
    text = "".join(letter if letter.isprintable() else _UNREADABLE for letter in " ".join(name.split()))
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}{_CUT}"
