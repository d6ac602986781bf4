"""Keys that may identify a device: a raw text becomes a normalised key, or is rejected with a reason.

A key is its own normal form: matching relies on it, and asks nothing of a raw text that is known as a key.
"""

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """A raw key that identifies nothing; ``reason`` follows the key's name: "serial is a placeholder"."""

    reason: str


_SHORTEST_SERIAL = 4

_BLANK = Rejected("is blank")
_SHORT = Rejected(f"is shorter than {_SHORTEST_SERIAL} characters")
_PLACEHOLDER = Rejected("is a placeholder")
_REPEATED = Rejected("is one character repeated")
_PUNCTUATION = Rejected("has no letter or digit")
_NOT_HEX = Rejected("is not 12 hexadecimal digits")
_MULTICAST = Rejected("is a multicast address")

# What firmware and people leave in the serial number's place, in the normalised spelling.
_PLACEHOLDER_SERIALS = frozenset(
    {
        "0123456789",
        "1234567890",
        "123456789",
        "12345678",
        "1234567",
        "123456",
        "12345",
        "1234",
        "CHASSISSERIALNUMBER",
        "DEFAULT",
        "DEFAULTSTRING",
        "INVALID",
        "NONE",
        "NOTAPPLICABLE",
        "NOTAVAILABLE",
        "NOTSPECIFIED",
        "NULL",
        "O.E.M.",
        "SERIALNUMBER",
        "SYSTEMSERIALNUMBER",
        "TOBEFILLEDBYO.E.M.",
        "TOBEFILLEDBYOEM",
        "UNKNOWN",
    }
)

# Android gives this one to programs that may not see the real address.
_PLACEHOLDER_MACS = frozenset({"000000000000", "ffffffffffff", "020000000000"})

# A line for each key: none of one character repeated, none of other letters.
_serial_lines = re.compile(r"(?:(?!(.)\1*\n)[0-9A-Z]{4,}\n)+").fullmatch

_separators = re.compile(r"[:\-.\s]").sub
_mac_lines = re.compile(r"(?:[0-9a-f][02468ace][0-9a-f]{10}\n)+").fullmatch
_MAC_DIGITS = 12
_HEX = "0123456789abcdef"


def serial_key(raw: str) -> str | Rejected:
    """Return a serial number in capitals without white space, or why it identifies nothing."""
    plain = raw.isalnum()
    key = raw.upper() if plain else "".join(raw.split()).upper()
    if len(key) < _SHORTEST_SERIAL:
        return _PLACEHOLDER if key == "N/A" else _SHORT if key else _BLANK
    if key in _PLACEHOLDER_SERIALS:
        return _PLACEHOLDER
    if key[0] == key[-1] and key.count(key[0]) == len(key):
        return _REPEATED
    if not plain and not any(map(str.isalnum, key)):
        return _PUNCTUATION
    return key


def serial_keys(raws: Sequence[str]) -> Sequence[str] | None:
    """Return what ``serial_key`` makes of each of many texts; None where one is no usual serial number."""
    text = "\n".join((*raws, ""))
    return _keys(raws, text, text.upper(), _serial_lines, _PLACEHOLDER_SERIALS)


def mac_key(raw: str) -> str | Rejected:
    """Return a MAC address as 12 lower-case hexadecimal digits, or why it identifies nothing.

    Colons, hyphens, dots and spaces are separators. Multicast addresses belong to no device (IEEE 802, the
    lowest bit of the first octet).
    """
    key = raw
    if len(key) != _MAC_DIGITS or key.strip(_HEX):
        key = _separators("", raw).lower()
        if len(key) != _MAC_DIGITS or key.strip(_HEX):
            return _NOT_HEX if key else _BLANK
    if key in _PLACEHOLDER_MACS:
        return _PLACEHOLDER
    if key[1] in "13579bdf":
        return _MULTICAST
    return key


def mac_keys(raws: Sequence[str]) -> Sequence[str] | None:
    """Return what ``mac_key`` makes of each of many texts; None where one is no usual MAC address."""
    text = "\n".join((*raws, ""))
    spelled = text.lower()
    for separator in ":-. ":
        spelled = spelled.replace(separator, "")
    return _keys(raws, text, spelled, _mac_lines, _PLACEHOLDER_MACS)


def _keys(
    raws: Sequence[str], text: str, spelled: str, lines: Callable[[str], object], placeholders: AbstractSet[str]
) -> Sequence[str] | None:
    """Return the lines of a spelled text where each is a key, None else; ``raws`` themselves where they are keys."""
    if spelled.count("\n") != len(raws) or not lines(spelled):
        return None
    keys = raws if spelled == text else spelled.split("\n")[:-1]
    return keys if placeholders.isdisjoint(keys) else None
