"""The process that commands are forked from: ``python -m system.warm SOCKET``.

Between it and each command stands a guard, the command's parent, which tells whoever asked what became of it.
"""

import atexit
import gc
import importlib
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

import msgspec

import syncd
from system.warm import NUMBER, TESTS, Asked

NOT_TO_IMPORT = {"__main__", "migrations"}
"""Parts of the names of modules that do their work while they are imported."""


def import_all() -> None:
    """Import all modules of syncd, with what they import."""
    for module in pkgutil.walk_packages(syncd.__path__, "syncd."):
        if NOT_TO_IMPORT.isdisjoint(module.name.split(".")):
            importlib.import_module(module.name)
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()


def serve(control: socket.socket) -> tuple[Asked, Sequence[int]]:
    """Fork for whoever asks; return what was asked in the fork. Ends the process when nobody can ask any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for guards
    while True:
        text, given, _, _ = socket.recv_fds(control, 1 << 18, 4)
        if not text:
            sys.exit()
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *streams, fate = given
            if command := os.fork():
                guard(command, streams, fate)
            os.close(fate)
            return msgspec.json.decode(text, type=Asked), streams
        close(given)


def guard(command: int, streams: Sequence[int], fate: int) -> NoReturn:
    """Tell the pid of a command, and its exit status when it has ended."""
    try:
        close(streams)
        os.write(fate, NUMBER.pack(command))
        _, status = os.waitpid(command, 0)
        os.write(fate, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    finally:
        os._exit(0)


def close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def become(asked: Asked, streams: Sequence[int]) -> None:
    """Make this process what Python would have found at its start."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    close(streams)
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update(asked.environment)
    time.tzset()
    sys.path.remove(str(TESTS))
    sys.argv[1:] = asked.arguments


def run() -> None:
    """Run the command, and end as Python does when it is left, all but taking down the modules, which takes longest."""
    try:
        runpy.run_module("syncd", run_name="__main__", alter_sys=True)
    except SystemExit as leave:
        if not isinstance(leave.code, int):
            raise
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leave.code)


if __name__ == "__main__":
    import_all()
    become(*serve(socket.socket(fileno=int(sys.argv[1]))))
    run()
