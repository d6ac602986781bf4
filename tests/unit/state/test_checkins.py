"""Check-ins: begun before anything changes, finished once, and listed when they are finished."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from syncd.state.checkins import CheckIns
from syncd.state.store import Store
from unit.state.sample import check_in

JANUARY, DECEMBER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)


@pytest.fixture
def checkins(store: Store) -> CheckIns:
    return store.checkins


def test_what_is_begun_is_known_and_not_listed_until_it_is_finished(checkins: CheckIns) -> None:
    rows = [check_in(), check_in(asset=18)]
    checkins.begin(rows)
    assert checkins.of("event-1") == rows
    assert list(checkins.between(JANUARY, DECEMBER)) == []
    checkins.finish("event-1", 7)
    assert list(checkins.between(JANUARY, DECEMBER)) == [check_in(ticket=7), check_in(asset=18, ticket=7)]


def test_what_is_forgotten_was_not_finished(checkins: CheckIns) -> None:
    checkins.begin([check_in(), check_in(event="event-2")])
    checkins.finish("event-2", 0)
    for event in ("event-1", "event-2"):
        checkins.forget(event)
    assert checkins.of("event-1") == []
    assert checkins.of("event-2") == [check_in(event="event-2")]


def test_an_event_is_begun_once_and_whole(checkins: CheckIns) -> None:
    checkins.begin([check_in()])
    with pytest.raises(IntegrityError):
        checkins.begin([check_in(asset=18), check_in()])
    assert checkins.of("event-1") == [check_in()]


def test_a_span_has_its_start_and_not_its_end(checkins: CheckIns) -> None:
    for day in (1, 2, 3):
        checkins.begin([check_in(event=f"event-{day}", at=f"2026-11-0{day}T00:00:00.000Z")])
        checkins.finish(f"event-{day}", 0)
    found = checkins.between(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    assert [row.event for row in found] == ["event-1", "event-2"]


def test_old_check_ins_leave_with_the_audit(store: Store) -> None:
    for day in (1, 2):
        store.checkins.begin([check_in(event=f"event-{day}", at=f"2026-11-0{day}T00:00:00.000Z")])
        store.checkins.finish(f"event-{day}", 0)
    store.prune(datetime(2026, 11, 2, tzinfo=UTC))
    assert [row.event for row in store.checkins.between(JANUARY, DECEMBER)] == ["event-2"]
