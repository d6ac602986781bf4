"""Runs one program, and takes it along when the one who asked for it is gone, however it went.

Started as ``python -I -S warden.py PROGRAM ARGUMENT...``, the leader of a process group of its own. Its standard input
is a pipe that nobody writes to: it ends when the other end is closed, also when that process was killed. Standard
library only, and little of it: this is started for each command.
"""

import os
import signal
import subprocess
import sys
import threading

NOT_STARTED = 127
"""The exit status where the program cannot be started (as in the shell)."""


def main(command: list[str]) -> None:
    """Run the command, and end as it ended."""
    # A handler, not SIG_IGN, which the program would inherit: it gets the signal itself, and has time to end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - what the configuration names
    except OSError as problem:
        os.write(2, f"{problem.strerror}: {command[0]}\n".encode())
        os._exit(NOT_STARTED)
    threading.Thread(target=_watch, daemon=True).start()
    status = child.wait()
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
