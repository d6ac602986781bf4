"""Check-ins as a table."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from syncd.jobs.checkin_export import COLUMNS, CheckInExport
from syncd.state.store import Store, open_store
from unit.state.sample import check_in


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    with open_store(tmp_path) as store:
        yield store
    monkeypatch.undo()
    time.tzset()


def test_a_row_has_the_thirteen_columns(store: Store) -> None:
    store.checkins.begin([check_in(description="cracked, wet", broken_screen=True, checked_by="desk 1")])
    store.checkins.finish("event-1", 5)
    export = CheckInExport(store.checkins, date(2026, 11, 1), date(2026, 11, 1))
    (row,) = export.rows()
    assert export.devices == 1
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "Timestamp": 1793521800,
        "Date": "2026-11-01",
        "Time": "02:30:00",
        "Asset ID": 17,
        "Asset Tag": "W12-0017",
        "Device Type": "Chromebook",
        "Serial Number": "SYN0001",
        "Previous Owner": "Given1 Grüße",
        "Ticket ID": "5",
        "Has Ticket": "Yes",
        "Ticket Description": "cracked, wet",
        "Broken Screen": "Yes",
        "Checked By": "desk 1",
    }


def test_days_are_those_of_this_machine_and_both_count(store: Store) -> None:
    for number, at in enumerate(
        ("2026-11-01T04:59:59", "2026-11-01T05:00:00", "2026-11-03T05:59:59", "2026-11-03T06:00:00")
    ):
        store.checkins.begin([check_in(event=f"event-{number}", asset=number, at=f"{at}.000Z")])
        store.checkins.finish(f"event-{number}", 0)
    found = [row[3] for row in CheckInExport(store.checkins, date(2026, 11, 1), date(2026, 11, 2)).rows()]
    assert found == [1, 2]
