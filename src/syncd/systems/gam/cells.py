"""Cells as values: times, counts and capacities, and Google's words for the health of a battery."""

from datetime import UTC, datetime, timedelta, tzinfo

from syncd.host.problems import SHOWN, shown

LARGEST = 100_000
"""mAh, and cycles: more is no battery of a Chromebook."""

AHEAD = timedelta(days=1)
"""How far a device's clock may be ahead."""

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""There was no Chromebook before: such a time is a zero, or of a clock that was not set."""

LONGEST_NAME = 255
"""Characters of a serial number or an id; RT holds no longer ones."""

_NORMAL, _SOON, _NOW = "BATTERY_HEALTH_NORMAL", "BATTERY_REPLACE_SOON", "BATTERY_REPLACE_NOW"
HEALTH = {
    _NORMAL: _NORMAL,
    _SOON: _SOON,
    _NOW: _NOW,
    "BATTERY_HEALTH_UNSPECIFIED": "",
    "": "",
    "NORMAL": _NORMAL,
    "HEALTHY": _NORMAL,
    "REPLACE_SOON": _SOON,
    "REPLACE_NOW": _NOW,
    "UNSPECIFIED": "",
    "UNKNOWN": "",
    "N/A": "",
}
"""Google's words, and what else is written for them, in capitals with underscores."""

NEVER = "Never"
"""What GAM prints for a time that is 0."""


class Unusable(Exception):
    """A cell that is no such value; the text says why, and follows the cell's place."""


def told(name: str) -> str:
    """Return the name of a column on one line that a person can read, cut if it is long."""
    return shown(name)[1:-1] if len(name) > SHOWN + 20 or not name.isprintable() else name


def is_name(text: str) -> bool:
    """Tell whether a text can be a serial number or an id; white space is none of its letters."""
    return len(text) <= LONGEST_NAME and (text.isprintable() or "".join(text.split()).isprintable())


def count(text: str) -> int | None:
    """Return a count, or a capacity in mAh ("4080", "4,080 mAh"); None for an empty cell."""
    plain = text.strip().casefold().removesuffix("mah").rstrip().replace(",", "")
    if not plain:
        return None
    if plain.startswith("-") and plain[1:].isdecimal():
        raise Unusable(f"{shown(text)} is negative")
    if not (plain.isdecimal() and plain.isascii()):
        raise Unusable(f"{shown(text)} is not a whole number")
    if len(plain) > len(str(LARGEST)) or int(plain) > LARGEST:
        raise Unusable(f"{shown(text)} is more than the {LARGEST:,} that a battery can have")
    return int(plain)


def health(text: str) -> str:
    """Return Google's word for the health of a battery, "" where it is not known."""
    found = HEALTH.get(text)
    if found is None:
        found = HEALTH.get("_".join(text.upper().replace("-", " ").split()))
    if found is None:
        raise Unusable(f"{shown(text)} is none of {_NORMAL}, {_SOON}, {_NOW}")
    return found


def time(text: str, zone: tzinfo, latest: datetime) -> datetime | None:
    """Return a time of ISO 8601, aware; ``zone`` is for those that name none. None for an empty cell."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        if text.strip() in ("", NEVER):
            return None
        raise Unusable(f"{shown(text)} is not a time like 2026-11-18T11:00:00Z") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    if found < EARLIEST:
        raise Unusable(f"{shown(text)} is from before there were Chromebooks")
    if found > latest:
        raise Unusable(f"{shown(text)} is still to come")
    return found
