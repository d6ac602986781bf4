"""What a terminal gets."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def on_a_terminal(program: str, columns: int, **environment: str) -> str:
    """Return what a terminal of this width gets from the standard output of a Python program."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=theirs, env=plain | {"TERM": "xterm-256color"} | environment
    )
    os.close(theirs)
    received = b""
    try:
        while piece := os.read(ours, 4096):
            received += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(30) == 0
    return received.decode().replace("\r\n", "\n")


def width(line: str) -> int:
    """Return how many columns a line takes."""
    from rich.cells import cell_len  # noqa: PLC0415

    return int(cell_len(line))
