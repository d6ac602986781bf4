"""What the service tells systemd: ready, what it does, that it is alive, that it stops (sd_notify(3))."""

import os
import threading

from syncd.host.clock import Clock, SystemClock
from syncd.host.redaction import redact

_LONGEST_STATUS = 1000  # characters; systemd drops datagrams above 4096 bytes, and a character has up to four


class Notifier:
    """A line to systemd; without NOTIFY_SOCKET all methods do nothing. Usable from any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._interval = _watchdog_interval()
        self._pinged: float | None = None
        self._line = None
        if os.environ.get("NOTIFY_SOCKET"):
            import sdnotify  # noqa: PLC0415 - only a unit needs it

            self._line = sdnotify.SystemdNotifier()

    @property
    def connected(self) -> bool:
        """Whether there is a systemd to tell."""
        return self._line is not None and self._line.socket is not None

    def ready(self) -> None:
        """Tell that start-up is over."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        line = " ".join(redact(text).split())
        self._send(f"STATUS={line[:_LONGEST_STATUS]}")

    def watchdog(self) -> None:
        """Tell that the work goes on; call it as often as you like, every third of WatchdogSec= is sent."""
        if self._interval is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            if self._pinged is not None and now - self._pinged < self._interval:
                return
            self._pinged = now
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that the service ends by itself."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Hang up."""
        if self._line is not None and self._line.socket is not None:
            self._line.socket.close()
        self._line = None

    def _send(self, state: str) -> None:
        if self._line is not None:
            # sdnotify 0.3.2 encodes as Latin-1 and drops the rest; this way UTF-8 goes over the line.
            self._line.notify(state.encode(errors="replace").decode("latin-1"))


def _watchdog_interval() -> float | None:
    """Return the seconds between pings, or None where this process has no watchdog (sd_watchdog_enabled(3))."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 3_000_000
