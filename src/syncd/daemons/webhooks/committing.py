"""Group commit: requests in flight share one transaction.

While one is being written, those that come wait for it to end, and then all go into the next one together: under load a
transaction has many events, and a single event waits for none. Nobody is answered before it is on disk.

Senders that have just been answered often send their next event at once. So after a transaction of many, the next one
waits a moment until as many are there again: one sync then serves all senders, where else one half of them would wait
for the sync of the other.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import TypeAlias

from syncd.state.inbox.records import NewEvent, Receipt
from syncd.state.inbox.store import Inbox

MOST_AT_ONCE = 500
"""Events of one transaction."""

COMPANY_SECONDS = 0.005
"""How long events wait for company, after a transaction of many."""

STUCK_SECONDS = 30.0
"""How long one transaction may take until the listener counts as hung."""

Outcome: TypeAlias = Receipt | Exception
Then: TypeAlias = Callable[[Outcome], None]
"""Is told, in the event loop, when an event is on disk, or why it is not."""

_Waiting: TypeAlias = tuple[NewEvent, Then]

log = logging.getLogger(__name__)


class Committer:
    """Hands events to the inbox, in a thread of its own. For one event loop, the one that runs when it is made."""

    def __init__(self, inbox: Inbox, most: int = MOST_AT_ONCE) -> None:
        """``most``: events of one transaction."""
        self._inbox = inbox
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._enough = 1
        self._asked = self._at_work = False
        self._timer: asyncio.TimerHandle | None = None
        self._queue: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._since: float | None = None
        self.commits = 0
        self.seconds = 0.0
        # What it has not written when the process ends was not answered.
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def put(self, event: NewEvent, then: Then) -> None:
        """Keep an event."""
        self._waiting.append((event, then))
        if len(self._waiting) >= self._enough and not self._at_work and not self._asked:
            self._asked = True
            self._loop.call_soon(self._hand_over)  # when all that has arrived by now was read

    async def accept(self, event: NewEvent) -> Receipt:
        """Keep an event, and return what to answer when it is on disk. Raises as ``Inbox.accept`` does."""
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self.put(event, partial(_settle, future))
        return await future

    @property
    def stuck(self) -> bool:
        """Whether a transaction takes longer than any should."""
        since = self._since
        return since is not None and time.monotonic() - since > STUCK_SECONDS

    async def close(self) -> None:
        """Wait for what is being written."""
        self._queue.put(self._waiting)
        self._waiting = []
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        self._asked = False
        self._enough = 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and not self._at_work:
            self._at_work = True
            self._queue.put(self._waiting)
            self._waiting = []

    def _written(self, batch: Sequence[_Waiting], outcomes: Sequence[Outcome], *, last: bool) -> None:
        _tell(batch, outcomes)
        if not last:
            return
        self._at_work = False
        self._enough = len(self._waiting) + len(batch)
        if len(batch) == self._most or self._enough == 1:
            self._hand_over()
        else:
            self._timer = self._loop.call_later(COMPANY_SECONDS, self._hand_over)

    # -- the thread

    def _work(self) -> None:
        while (waiting := self._queue.get()) is not None:
            for start in range(0, len(waiting), self._most):
                end = start + self._most
                self._commit(waiting[start:end], last=end >= len(waiting))

    def _commit(self, batch: Sequence[_Waiting], *, last: bool) -> None:
        self._since = began = time.monotonic()
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._inbox.accept([event for event, _ in batch], datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            outcomes = [error] * len(batch)
        self.seconds += time.monotonic() - began
        self.commits += 1
        self._since = None
        self._loop.call_soon_threadsafe(partial(self._written, batch, outcomes, last=last))


def _tell(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for (_, then), outcome in zip(batch, outcomes, strict=True):
        try:
            then(outcome)
        except Exception:
            log.exception("a defect kept an answer from being sent", extra={"message_id": "INTERNAL_ERROR"})


def _settle(future: asyncio.Future[Receipt], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
