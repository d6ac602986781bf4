"""Group commit: requests in flight share one transaction.

While one is being written, those that come wait for it to end, and then all go into the next one together: under load a
transaction has many events, and a single event waits for none. Nobody is answered before it is on disk.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from syncd.state.inbox.records import NewEvent, Receipt
from syncd.state.inbox.store import Inbox

MOST_AT_ONCE = 500
"""Events of one transaction."""

STUCK_SECONDS = 30.0
"""How long one transaction may take until the listener counts as hung."""

_Waiting = tuple[NewEvent, "asyncio.Future[Receipt]"]


class Committer:
    """Hands events to the inbox, in a thread of its own. For one event loop."""

    def __init__(self, inbox: Inbox, most: int = MOST_AT_ONCE) -> None:
        """``most``: events of one transaction."""
        self._inbox = inbox
        self._most = most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._since: float | None = None
        self.commits = 0
        self.seconds = 0.0

    async def accept(self, event: NewEvent) -> Receipt:
        """Keep an event, and return what to answer when it is on disk. Raises as ``Inbox.accept`` does."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await future

    @property
    def stuck(self) -> bool:
        """Whether a transaction takes longer than any should."""
        return self._since is not None and time.monotonic() - self._since > STUCK_SECONDS

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._commit(batch)
        finally:
            self._task = None

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        self._since = time.monotonic()
        try:
            receipts = await loop.run_in_executor(self._thread, self._keep, [event for event, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), receipt in zip(batch, receipts, strict=True):
                if not future.done():
                    future.set_result(receipt)
        finally:
            self.seconds += time.monotonic() - self._since
            self.commits += 1
            self._since = None

    def _keep(self, events: Sequence[NewEvent]) -> Sequence[Receipt]:
        return self._inbox.accept(events, datetime.now(UTC))
