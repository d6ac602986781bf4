"""Group commit: requests in flight share one transaction.

While one is being written, those that come wait for it to end, and then all go into the next one together: under load a
transaction has many events, and a single event waits for none. Nobody is answered before it is on disk.

The thread that writes goes from one transaction to the next without asking the event loop: each hand-over between the
two costs more than an event does.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeAlias

from syncd.state.inbox.records import NewEvent, Receipt
from syncd.state.inbox.store import Inbox

MOST_AT_ONCE = 500
"""Events of one transaction."""

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
        self._queue: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._open = True
        self._since: float | None = None
        self.commits = 0
        self.seconds = 0.0
        # What it has not written when the process ends was not answered.
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def put(self, event: NewEvent, then: Then) -> None:
        """Keep an event."""
        if not self._waiting:
            self._loop.call_soon(self._hand_over)  # when all that has arrived by now was read
        self._waiting.append((event, then))

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
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._waiting:
            self._queue.put(self._waiting)
            self._waiting = []

    # -- the thread

    def _work(self) -> None:
        waiting: deque[_Waiting] = deque()
        while self._fill(waiting):
            self._commit([waiting.popleft() for _ in range(min(self._most, len(waiting)))])

    def _fill(self, waiting: deque[_Waiting]) -> bool:
        """Take all that was handed over, and wait for something where there is nothing; False at the end."""
        with suppress(Empty):
            while self._open:
                more = self._queue.get(block=not waiting)
                self._open = more is not None
                waiting += more or ()
        return bool(waiting)

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        self._since = began = time.monotonic()
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._inbox.accept([event for event, _ in batch], datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            outcomes = [error] * len(batch)
        self.seconds += time.monotonic() - began
        self.commits += 1
        self._since = None
        self._loop.call_soon_threadsafe(_tell, batch, outcomes)


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
