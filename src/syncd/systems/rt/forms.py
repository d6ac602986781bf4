"""How RT spells a value once it is stored, and which values it would not take (RT 5.0.3, observed).

RT takes some spellings and shows others: a select value in its canonical case, an address without leading zeros, a
name cut to 255 octets. Comparing with the stored spelling is what makes a second run find nothing to do.
"""

import ipaddress
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

COLUMN = 255
"""Octets of UTF-8 that the columns Name and Description of assets hold."""

NOT_SET = "1970-01-01T00:00:00Z"
"""What a date and time field shows when it was set to nothing; RT's pages say "Not set"."""

_DAY = timedelta(days=1)

_PERL_ONLY = re.compile(r"\\[hHKRXQEGpPNzvVk]|\[\[:|\(\?[|&R+\-\d]|\(\?P?[>=&]|\(\*|\(\?\^")


def cut(value: str, octets: int) -> str:
    """Return what a column of this many octets keeps: RT cuts the rest, by whole characters, without a word."""
    return value if len(value) * 4 <= octets else value.encode()[:octets].decode(errors="ignore")


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


def written_moment(value: str, zone: tzinfo) -> str | None:
    """Return how to send a date and time so that RT stores it, None where RT has no way to take it.

    RT reads ``YYYY-MM-DD HH:MM:SS`` as UTC and takes off what the API user's zone is ahead at that moment (``RT::Date``
    of RT 5.0.3, observed). Near a change of clocks that is not the zone's own time, and in autumn an hour is left out.
    """
    found = _moment(value)
    assert found is not None
    for day in (-_DAY, _DAY):
        ahead = (found + day).astimezone(zone).utcoffset()
        assert ahead is not None
        said = found + ahead
        if said.astimezone(zone).utcoffset() == ahead:
            return said.strftime("%Y-%m-%d %H:%M:%S")
    return None


def written_day(value: str) -> str:
    """Return how to send a date: at noon, since midnight may belong to the day before in the API user's zone."""
    return f"{value} 12:00:00"


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
    """Return a time in UTC; None also where time zones would lead out of the years 1 to 9999."""
    try:
        found = datetime.fromisoformat(value.strip())
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        found = found.astimezone(UTC).replace(microsecond=0)
        _ = found - 2 * _DAY, found + 2 * _DAY
    except (ValueError, OverflowError):
        return None
    return found
