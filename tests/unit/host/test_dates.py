from datetime import UTC, datetime

import pytest

from syncd.host.dates import http_date

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Fri, 06 Mar 2026 12:00:00 GMT", "Fri, 06 Mar 2026 12:00:00 -0000", "Fri, 06 Mar 2026 14:00:00 +0200"],
    ids=["in GMT", "of no zone, which is UTC (RFC 5322, 3.3)", "of another zone"],
)
def test_a_date_is_a_moment_in_utc(text: str) -> None:
    assert http_date(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        f"Fri, 06 Mar {'9' * 30} 12:00:00 GMT",
        "Fri, 06 Mar 2026 12:00:00 +999999",
        "Fri, 32 Mar 2026 12:00:00 GMT",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert http_date(text) is None
