"""Commands that start at once: each is a fork of one process that has imported syncd already (`__main__.py` here).

To all others it is a command like any: a process of its own, in a session of its own, with the arguments, environment
and streams that it is given, which ends as Python does, or dies of a signal. Only Python's start and syncd's imports
fall away, which are most of what a short command takes. `test_warm.py` holds it to `python -m syncd`.
"""

import atexit
import contextlib
import functools
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

TESTS = Path(__file__).parents[2]

NUMBER = struct.Struct("q")
"""What a guard tells of its command: first the pid, in the end the exit status."""


class Asked(msgspec.Struct):
    """A command to start; with it come standard input, output and error, and the pipe for its guard."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


class Process:
    """A command that was started; as much of ``subprocess.Popen`` as tests need.

    ``returncode`` is None until ``communicate`` has seen the end, and minus the number of a signal that it died of.
    """

    def __init__(self, stdout: int, stderr: int, guard: int) -> None:
        self._pipes = (stdout, stderr, guard)
        told = os.read(guard, NUMBER.size)
        assert told, "the process that commands are forked from has ended"
        (self.pid,) = NUMBER.unpack(told)
        self.returncode: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended meanwhile gets none."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for the end and return what it printed; after ``timeout`` seconds kill it and raise TimeoutError."""
        try:
            stdout, stderr, status = (bytes(found) for found in self._read(time.monotonic() + timeout))
        except TimeoutError:
            self.send_signal(signal.SIGKILL)
            raise
        finally:
            for pipe in self._pipes:
                os.close(pipe)
        (self.returncode,) = NUMBER.unpack(status)
        return stdout.decode(), stderr.decode()

    def _read(self, end: float) -> list[bytearray]:
        """Read each pipe until nobody writes to it any more."""
        found = {pipe: bytearray() for pipe in self._pipes}
        with selectors.DefaultSelector() as open_ones:
            for pipe in self._pipes:
                open_ones.register(pipe, selectors.EVENT_READ)
            while open_ones.get_map():
                ready = open_ones.select(max(end - time.monotonic(), 0))
                if not ready:
                    raise TimeoutError(f"process {self.pid} goes on, or has left somebody who writes where it did")
                for key, _ in ready:
                    piece = os.read(key.fd, 1 << 16)
                    found[key.fd] += piece
                    if not piece:
                        open_ones.unregister(key.fd)
        return [*found.values()]


class Warm:
    """The process that commands are forked from; it ends with this one."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Python chooses the encoding of its streams when it starts, and looks what they are: as those of commands.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "system.warm", str(theirs.fileno())],
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(TESTS)},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.stop)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
        """Start a command in this process's folder; there is nothing to read on its standard input."""
        (stdout, out), (stderr, error), (guard, fate) = os.pipe(), os.pipe(), os.pipe()
        given = [os.open(os.devnull, os.O_RDONLY), out, error, fate]
        asked = Asked([*arguments], {**environment}, str(Path.cwd()))
        try:
            socket.send_fds(self._socket, [msgspec.json.encode(asked)], given)
        except BrokenPipeError:
            raise AssertionError(self._process.communicate()[1].decode()) from None
        finally:
            for descriptor in given:
                os.close(descriptor)
        return Process(stdout, stderr, guard)

    def stop(self) -> None:
        """Let it end; commands that are under way go on."""
        self._socket.close()
        self._process.communicate()


@functools.cache
def warm() -> Warm:
    """Return the one of this process, which is started when it is first asked for."""
    return Warm()
