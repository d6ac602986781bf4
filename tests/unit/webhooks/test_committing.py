import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

import pytest

from syncd.daemons.webhooks.committing import Committer
from syncd.host.errors import Unavailable
from syncd.state.inbox.records import NewEvent, Receipt
from unit.inbox.sample import new

if TYPE_CHECKING:
    from syncd.state.inbox.store import Inbox


class Slow:
    """An inbox whose transactions end when they are let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.error: Exception | None = None

    def accept(self, events: Sequence[NewEvent], _now: datetime) -> list[Receipt]:
        self.batches.append([event.key for event in events])
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        return [Receipt(f"id-{event.key}", duplicate=False) for event in events]


def committer(inbox: Slow, most: int = 500) -> Committer:
    return Committer(cast("Inbox", inbox), most)


async def until(inbox: Slow, batches: int) -> None:
    while len(inbox.batches) < batches:  # noqa: ASYNC110 - the other side is a thread
        await asyncio.sleep(0.001)


def test_those_that_come_while_one_is_written_share_the_next_transaction() -> None:
    inbox = Slow()

    async def main() -> list[Receipt]:
        group = committer(inbox)
        first = asyncio.create_task(group.accept(new("0")))
        await until(inbox, 1)
        others = [asyncio.create_task(group.accept(new(str(number)))) for number in range(1, 8)]
        await asyncio.sleep(0.01)
        assert not first.done(), "nobody is answered before it is on disk"
        inbox.go.set()
        receipts = [await each for each in (first, *others)]
        assert group.commits == 2
        await group.close()
        return receipts

    receipts = asyncio.run(main())
    assert [receipt.id for receipt in receipts] == [f"id-{number}" for number in range(8)]
    assert inbox.batches == [["0"], [str(number) for number in range(1, 8)]]


def test_a_transaction_has_a_size() -> None:
    inbox = Slow()
    inbox.go.set()

    async def main() -> None:
        group = committer(inbox, most=3)
        await asyncio.gather(*(group.accept(new(str(number))) for number in range(7)))
        await group.close()

    asyncio.run(main())
    assert [len(batch) for batch in inbox.batches] == [3, 3, 1]


def test_all_of_a_transaction_that_failed_are_told_and_the_next_one_is_tried() -> None:
    inbox = Slow()
    inbox.go.set()
    inbox.error = Unavailable("full", code="inbox.full")

    async def main() -> None:
        group = committer(inbox)
        tasks = [asyncio.create_task(group.accept(new(str(number)))) for number in range(3)]
        for task in tasks:
            with pytest.raises(Unavailable):
                await task
        inbox.error = None
        assert (await group.accept(new("9"))).id == "id-9"
        await group.close()

    asyncio.run(main())


def test_a_sender_that_has_gone_does_not_harm_the_others() -> None:
    inbox = Slow()

    async def main() -> None:
        group = committer(inbox)
        gone, stays = (asyncio.create_task(group.accept(new(key))) for key in "ab")
        await until(inbox, 1)
        gone.cancel()
        inbox.go.set()
        assert (await stays).id == "id-b"
        await group.close()

    asyncio.run(main())
    assert [key for batch in inbox.batches for key in batch] == ["a", "b"]


def test_a_disk_that_does_not_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Slow()
    monkeypatch.setattr("syncd.daemons.webhooks.committing.STUCK_SECONDS", 0.02)

    async def main() -> None:
        group = committer(inbox)
        task = asyncio.create_task(group.accept(new("a")))
        await asyncio.sleep(0.05)
        stuck = [group.stuck]
        inbox.go.set()
        await task
        stuck.append(group.stuck)
        await group.close()
        assert stuck == [True, False]

    asyncio.run(main())


def test_an_answer_that_cannot_be_sent_does_not_harm_the_others(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Slow()
    inbox.go.set()

    def fails(_outcome: object) -> None:
        raise KeyError("x")

    async def main() -> None:
        group = committer(inbox)
        group.put(new("a"), fails)
        assert (await group.accept(new("b"))).id == "id-b"
        await group.close()

    asyncio.run(main())
    assert inbox.batches == [["a", "b"]]
    assert "a defect kept an answer" in caplog.text


def test_what_was_taken_before_the_end_is_written() -> None:
    inbox = Slow()
    told: list[object] = []

    async def main() -> None:
        group = committer(inbox)
        for key in "abc":
            group.put(new(key), told.append)
        asyncio.get_running_loop().call_later(0.05, inbox.go.set)
        await group.close()
        assert len(told) == 3

    asyncio.run(main())


def test_after_many_the_next_ones_wait_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.daemons.webhooks.committing.COMPANY_SECONDS", 30.0)
    inbox = Slow()
    inbox.go.set()

    async def main() -> None:
        group = committer(inbox)
        await asyncio.gather(*(group.accept(new(key)) for key in "abc"))
        late = [asyncio.create_task(group.accept(new("d")))]
        await asyncio.sleep(0.05)
        late += [asyncio.create_task(group.accept(new(key))) for key in "ef"]
        await asyncio.gather(*late)
        await group.close()

    asyncio.run(main())
    assert inbox.batches == [["a", "b", "c"], ["d", "e", "f"]]


def test_nobody_waits_for_company_for_long_and_one_alone_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Slow()
    inbox.go.set()

    async def main() -> None:
        group = committer(inbox)
        await asyncio.gather(*(group.accept(new(key)) for key in "abc"))
        await asyncio.wait_for(group.accept(new("d")), 10)
        monkeypatch.setattr("syncd.daemons.webhooks.committing.COMPANY_SECONDS", 30.0)
        for key in "efg":
            await asyncio.wait_for(group.accept(new(key)), 10)
        await group.close()

    asyncio.run(main())
    assert inbox.batches == [["a", "b", "c"], *([key] for key in "defg")]
