"""How RT spells a value once it is stored, and which values it would not take (RT 5.0.3, observed).

RT takes some spellings and shows others: a select value in its canonical case, an address without leading zeros, a
name cut to 255 characters. Comparing with the stored spelling is what makes a second run find nothing to do.
"""

import ipaddress
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

COLUMN = 255
"""Characters that the columns Name and Description hold; RT cuts the rest without a word."""

_PERL_ONLY = re.compile(r"\\[hHKRXQEGpPNzvVk]|\[\[:|\(\?[|&R+\-\d]|\(\?P?[>=&]|\(\*|\(\?\^")


def select(value: str, values: Mapping[str, str]) -> str | None:
    """Return the canonical spelling of a select value, None for one that RT does not know."""
    return values.get(value.lower())


def day(value: str) -> str | None:
    """Return YYYY-MM-DD for a date or a date and time in ISO form, None for anything else."""
    moment = _moment(value)
    return moment.date().isoformat() if moment else None


def moment(value: str) -> str | None:
    """Return YYYY-MM-DDTHH:MM:SSZ for an ISO date and time (UTC where it has no zone), None for anything else."""
    found = _moment(value)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else None


def written_moment(value: str, zone: ZoneInfo) -> str:
    """Return how to send a date and time: RT reads ``YYYY-MM-DD HH:MM:SS`` in the API user's zone, ISO form wrongly."""
    found = _moment(value)
    assert found is not None
    return found.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def address(value: str) -> str | None:
    """Return an IP address as RT stores it: no leading zeros, IPv6 in short lower case; None for anything else."""
    text = value.strip()
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", text):
        text = ".".join(str(int(part)) for part in text.split("."))
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    r"""Return a Perl pattern as Python's; None where the two may differ (``\h``, ``\p{}``, POSIX classes)."""
    if not pattern or _PERL_ONLY.search(pattern):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern.replace(r"\Z", r"(?=\n?\Z)"))
    except (re.error, Warning):
        return None


def pattern_name(pattern: str) -> str:
    """Return what RT shows for a pattern: the text of its ``(?#comment)``, else itself."""
    comment = re.search(r"\(\?#([^)]*)\)", pattern)
    return comment.group(1) if comment else pattern


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC).replace(microsecond=0)
