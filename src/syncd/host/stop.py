"""A polite stop: the first SIGTERM or SIGINT asks, and the work ends between two actions."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

from syncd.host.errors import Interrupted

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Calling it tells whether a stop was asked for; as a context manager it takes the signals, and gives them back.

    A second SIGINT raises KeyboardInterrupt: whoever presses Ctrl-C twice does not want to wait. Handlers can only be
    taken in the main thread. A wait in progress is not cut short; who waits for long asks in between.
    """

    def __init__(self) -> None:
        self._asked_by = ""
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Return whether to stop."""
        return bool(self._asked_by)

    def ask(self, by: str = "request") -> None:
        """Ask for a stop from inside; ``by`` ends the sentence "stopped by ..."."""
        self._asked_by = self._asked_by or by

    def raise_if_set(self, where: str) -> None:
        """Raise Interrupted ``run.stopped`` when a stop was asked for; ``where`` is like "before action 3 of 10"."""
        if self._asked_by:
            raise Interrupted(
                f"stopped by {self._asked_by} {where}; run it again to go on", code="run.stopped", operation=where
            )

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._before:
            number, handler = self._before.popitem()
            # None stands for a handler that was not set from Python and cannot be put back from it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        # No logging here: a handler may run while the logging of the same thread holds its stream.
        again = bool(self._asked_by)
        self.ask(signal.Signals(number).name)
        if again and number == signal.SIGINT:
            raise KeyboardInterrupt
