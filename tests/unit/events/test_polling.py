"""Polling puts into the inbox what was not told, once, and nothing from before its first look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.jobs.polling import FLOOR, Polled, poll
from syncd.state.inbox.records import ASSET_CREATED, asset_created
from syncd.state.inbox.store import Inbox, open_inbox
from syncd.state.store import Store
from syncd.systems.rt.births import Found
from unit.virtual_clock import VirtualClock


class Feed:
    """Creates of assets by transaction, as RT would tell them."""

    def __init__(self) -> None:
        self.creates: dict[int, int] = {}
        self.asked: list[tuple[int, int]] = []

    def newest(self) -> int:
        return max(self.creates, default=0)

    def since(self, last: int, floor: int) -> Found:
        self.asked.append((last, floor))
        newest = self.newest()
        if newest < last:
            return Found(frozenset(), newest, rewound=True)
        return Found(frozenset(asset for number, asset in self.creates.items() if number > floor), newest)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with open_inbox(tmp_path / "webhooks") as opened:
        yield opened


def once(feed: Feed, inbox: Inbox, store: Store) -> Polled:
    return poll(feed, inbox, store.cursors, VirtualClock())  # type: ignore[arg-type]  # a stand-in


def test_the_first_poll_only_takes_note_of_where_rt_stands(inbox: Inbox, store: Store) -> None:
    feed = Feed()
    feed.creates = {70: 3, 90: 4}
    assert once(feed, inbox, store) == Polled(position=90, first=True)
    assert inbox.counts() == {}
    feed.creates[95] = 5
    assert once(feed, inbox, store) == Polled(seen=1, new=1, position=95)
    assert feed.asked == [(90, 90)]


def test_what_was_told_is_seen_and_is_nothing_new(inbox: Inbox, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    feed, clock = Feed(), VirtualClock()
    once(feed, inbox, store)
    inbox.accept([asset_created(3, "webhook")], clock.now())
    feed.creates = {70: 3}
    assert once(feed, inbox, store) == Polled(seen=1, new=0, position=70)
    assert caplog.records == []
    feed.creates[80] = 4
    assert once(feed, inbox, store) == Polled(seen=2, new=1, position=80)
    assert [record.getMessage() for record in caplog.records] == ["1 new assets were not told by RT"]
    assert [event.sender for event in inbox.list()] == ["poll", "webhook"]


def test_the_cursor_moves_only_when_the_inbox_has_the_events(
    inbox: Inbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed()
    once(feed, inbox, store)
    feed.creates = {70: 3}
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "accept", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            once(feed, inbox, store)
    assert store.cursors.get(ASSET_CREATED) == 0
    assert once(feed, inbox, store).new == 1


def test_an_rt_that_was_restored_is_followed_from_where_it_stands_now(
    inbox: Inbox, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Feed()
    feed.creates = {70: 3, 90: 4}
    once(feed, inbox, store)
    feed.creates = {70: 3}
    assert once(feed, inbox, store) == Polled(position=70, rewound=True)
    assert "had told of new assets up to transaction 90, and has 70 now" in caplog.text
    assert (store.cursors.get(ASSET_CREATED), store.cursors.get(FLOOR)) == (70, 70)
    feed.creates[75] = 4
    assert once(feed, inbox, store).new == 1


def test_very_many_are_put_in_by_parts(inbox: Inbox, store: Store) -> None:
    feed = Feed()
    once(feed, inbox, store)
    feed.creates = {number: number for number in range(1, 1202)}
    assert once(feed, inbox, store).new == 1201
    assert sum(inbox.counts().values()) == 1201
