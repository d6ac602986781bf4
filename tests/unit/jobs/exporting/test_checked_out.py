"""Since when: what RT told once is kept."""

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from syncd.jobs.exporting import checked_out
from syncd.jobs.exporting.holdings import TABLES
from syncd.state.scratch import Scratch
from syncd.systems.rt.handovers import Handover
from unit.rt.memory_store import MemoryStore

SCOPE = "rt:x:assets:2:owner-since"


class History:
    """Stands for RT's transactions. ``asked``: the pairs that were looked up one by one."""

    def __init__(self) -> None:
        self.lines: list[Handover] = []
        self.created: dict[tuple[int, int], str] = {}
        self.asked: list[tuple[int, int]] = []

    def __call__(self, _rest: object, _role: str) -> "History":
        return self

    def give(self, asset: int, user: int, day: str) -> None:
        self.lines.append(Handover(asset, user, f"{day}T12:00:00Z"))

    def position(self) -> int:
        return len(self.lines)

    def since(self, position: int) -> tuple[int, list[Handover]] | None:
        if position > len(self.lines):
            return None
        return len(self.lines), self.lines[max(0, position - 1) :][::-1]

    def of(self, held: Iterable[tuple[int, int]], _progress: object) -> Iterator[Handover]:
        for pair in held:
            self.asked.append(pair)
            yield from [line for line in self.lines[::-1] if line[:2] == pair][:1]


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> History:
    found = History()
    monkeypatch.setattr(checked_out, "Handovers", found)
    return found


def days(store: MemoryStore, *pairs: tuple[int, int]) -> dict[tuple[int, int], str]:
    """Return since when these users have these assets."""
    context: Any = SimpleNamespace(store=SimpleNamespace(snapshots=store), progress=lambda *_: None)
    rest: Any = None
    with Scratch(TABLES) as scratch:
        scratch.fill("INSERT INTO devices VALUES (?, ?, '', '', '')", pairs)
        checked_out.note_handovers(scratch, rest, "owner", context, SCOPE)
        return {(asset, user): since for asset, user, since in scratch.read("SELECT asset, user, since FROM devices")}


def test_what_was_told_once_is_not_asked_again(history: History) -> None:
    store = MemoryStore()
    history.give(1, 7, "2026-08-20")
    history.give(2, 8, "2026-08-21")
    expected = {(1, 7): "2026-08-20", (2, 8): "2026-08-21"}
    assert days(store, (1, 7), (2, 8)) == expected
    history.asked.clear()
    assert days(store, (1, 7), (2, 8)) == expected
    assert history.asked == []


def test_who_gives_back_and_takes_again_has_it_since_then(history: History) -> None:
    store = MemoryStore()
    history.give(1, 7, "2026-08-20")
    days(store, (1, 7))
    history.give(1, 9, "2026-09-01")
    history.give(1, 7, "2026-09-02")
    assert days(store, (1, 7)) == {(1, 7): "2026-09-02"}
    assert history.asked == [(1, 7)]


def test_what_is_not_held_any_more_is_forgotten(history: History) -> None:
    store = MemoryStore()
    history.give(1, 7, "2026-08-20")
    history.give(2, 8, "2026-08-21")
    days(store, (1, 7), (2, 8))
    days(store, (2, 8))
    assert [*store.kept[SCOPE]] == ["0000000002:8"]


def test_an_older_copy_of_rt_is_asked_anew(history: History) -> None:
    store = MemoryStore()
    history.give(1, 7, "2026-08-20")
    history.give(1, 7, "2026-08-25")
    days(store, (1, 7))
    del history.lines[1:]
    assert days(store, (1, 7)) == {(1, 7): "2026-08-20"}
    assert days(store, (1, 7)) == {(1, 7): "2026-08-20"}
    assert len(history.asked) == 2


@pytest.mark.parametrize("damage", ["meta", "rows"])
def test_what_cannot_be_read_is_asked_anew(history: History, damage: str) -> None:
    store = MemoryStore()
    history.give(1, 7, "2026-08-20")
    days(store, (1, 7))
    if damage == "meta":
        store.metas[SCOPE] = b"{"
    else:
        store.kept[SCOPE]["0000000001:7"] = b"?"
    assert days(store, (1, 7)) == {(1, 7): "2026-08-20"}
    assert len(history.asked) == 2


def test_what_rt_does_not_tell_is_empty(history: History) -> None:
    assert days(MemoryStore(), (1, 7)) == {(1, 7): ""}
    assert history.asked == [(1, 7)]
