"""Custom field values: what RT makes of a text before it stores it, and how it shows it again."""

import ipaddress
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from syncd.sandbox.rt.records import CustomField
from syncd.sandbox.rt.wire import EPOCH, timestamp

INVALID: Final = "Invalid value for custom field"
_STORED = "%Y-%m-%d %H:%M:%S"
_MOMENT = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?:(?P<t>[T ])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?P<zone>.*))?"
)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})")
_OFFSET = re.compile(r"\+(\d\d):(\d\d)")
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def cut(text: str, octets: int) -> str:
    """Return what a column of the database keeps of a text: so many octets, by whole characters."""
    return text.encode()[:octets].decode(errors="ignore")


class Invalid(Exception):
    """RT refuses the value; the text is its sentence."""


def canonical(field: CustomField, text: str, zone: tzinfo) -> str:
    """Return what RT stores for a text, or raise Invalid. ``zone`` is the time zone of the user who writes."""
    if field.type == "Select" and text:
        return _listed(field, text)
    if field.type == "IPAddress":
        return _address(text)
    if field.type == "DateTime":
        return moment(text, zone).strftime(_STORED)
    if field.type == "Date":
        return moment(text, zone).astimezone(zone).strftime("%Y-%m-%d")
    return text


def check(field: CustomField, text: str) -> None:
    """Raise Invalid where a text does not match the field's pattern."""
    if field.pattern and re.search(field.pattern, text) is None:
        comment = re.match(r"\(\?#([^)]*)\)", field.pattern)
        raise Invalid(f"Input must match [{comment[1] if comment else field.pattern}]")


def shown(field: CustomField, stored: str) -> str | None:
    """Return a stored value as REST2 shows it; the empty value is null."""
    if not stored:
        return None
    return timestamp(stored) if field.type == "DateTime" else stored


def spoken(field: CustomField, stored: str, zone: tzinfo) -> str:
    """Return a stored value as RT's sentences name it."""
    if field.type != "DateTime" or not stored:
        return stored
    if stored == EPOCH:
        return "Not set"
    return datetime.strptime(stored, _STORED).replace(tzinfo=UTC).astimezone(zone).strftime("%a %b %d %H:%M:%S %Y")


def zone_of(name: str) -> tzinfo:
    """Return a user's time zone; without one the server's, which is UTC."""
    return ZoneInfo(name) if name else UTC


def moment(text: str, zone: tzinfo) -> datetime:
    """Read a date and time as RT does: never an error, 1970 at worst.

    A ``Z`` makes it midnight (RT's own output format!), a positive offset with a colon counts, any other word after the
    time is passed over; day and month may be out of range and then run over. From that, taken for UTC, the offset of
    the user's zone at that moment comes off.
    """
    text = text.strip()
    if found := _MOMENT.fullmatch(text):
        return _full(found, zone)
    if found := _DAY_FIRST.fullmatch(text):
        return _local(found, timedelta(), zone)
    return _START


def _full(found: re.Match[str], zone: tzinfo) -> datetime:
    if found["hour"] is None:
        return _local(found, timedelta(), zone)
    after = found["zone"]
    time = timedelta(hours=int(found["hour"]), minutes=int(found["minute"]), seconds=int(found["second"] or 0))
    if offset := _OFFSET.fullmatch(after):
        return _local(found, time - timedelta(hours=int(offset[1]), minutes=int(offset[2])), zone)
    return _local(found, time if after in {"", " UTC"} else timedelta(), zone)


def _local(found: re.Match[str], time: timedelta, zone: tzinfo) -> datetime:
    months = int(found["year"]) * 12 + int(found["month"]) - 1
    first = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    moment = first + timedelta(days=int(found["day"]) - 1) + time
    return moment - (moment.astimezone(zone).utcoffset() or timedelta())


def _listed(field: CustomField, text: str) -> str:
    for _, name in field.values:
        if name.lower() == text.lower():
            return name
    raise Invalid(INVALID)


def _address(text: str) -> str:
    plain = ".".join(part.lstrip("0") or "0" for part in text.split(".")) if text.count(".") else text
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        raise Invalid(INVALID) from None
