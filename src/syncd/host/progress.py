"""Progress of long reads and writes: a bar on a terminal, status lines under systemd, else nothing."""

import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from syncd.host.clock import Clock, SystemClock
from syncd.host.notify import Notifier

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_STATUS_INTERVAL = 1.0  # seconds between two status lines


class Progress:
    """Called with (what, done, total) as work proceeds, from any thread; total is None when unknown.

    ``what`` is short and names no person ("Google devices"). ``terminal`` is found out when not given. Every call is
    also a sign of life for the watchdog.
    """

    def __init__(
        self,
        notifier: Notifier | None = None,
        *,
        terminal: bool | None = None,
        console: "Console | None" = None,
        clock: Clock | None = None,
    ) -> None:
        self._notifier = notifier
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._told: float | None = None
        self._bars = _Bars(console) if (_is_terminal() if terminal is None else terminal) else None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show how far the work is."""
        if self._bars is not None:
            self._bars.show(what, done, total)
        if self._notifier is not None and self._notifier.connected:
            self._tell(self._notifier, what, done, total)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def _tell(self, notifier: Notifier, what: str, done: int, total: int | None) -> None:
        notifier.watchdog()
        with self._lock:
            now = self._clock.monotonic()
            if self._told is not None and now - self._told < _STATUS_INTERVAL:
                return
            self._told = now
        notifier.status(f"{what}: {done}" if total is None else f"{what}: {done} of {total}")


class _Bars:
    """One bar for each thing in progress, on stderr, gone when the work is over."""

    def __init__(self, console: "Console | None") -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        # The text gives way first, so that the numbers stay whole at 40 columns.
        text = TextColumn(
            "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
        )
        bar = BarColumn(bar_width=10, table_column=Column(width=10))
        numbers = MofNCompleteColumn(table_column=Column(no_wrap=True))
        screen = console or Console(stderr=True)
        self._live = Progress(text, bar, numbers, console=screen, transient=True, expand=screen.width < 80)  # noqa: PLR2004
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def show(self, what: str, done: int, total: int | None) -> None:
        with self._lock:
            if what not in self._tasks:
                self._tasks[what] = self._live.add_task(what, total=total)
        self._live.update(self._tasks[what], completed=done, total=total)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
