"""Time zones by their IANA names; zoneinfo is loaded only where one is not UTC."""

from datetime import UTC, tzinfo


def is_zone(name: str) -> bool:
    """Return whether there is such a time zone."""
    try:
        zone(name)
    except (OSError, ValueError, LookupError):
        return False
    return True


def zone(name: str) -> tzinfo:
    """Return a time zone. Raises OSError, ValueError or LookupError for none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most are in UTC

    return ZoneInfo(name)
