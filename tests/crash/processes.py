"""The processes of a trial: a child that serves the stand-ins, and children that run commands and are killed.

All of them are forks of one warm process that has no threads: a command starts in milliseconds, and each server begins
with the same world in memory.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote

import msgspec

from crash.boundaries import READ, SIGN_IN, Pass, Point, Watch, label_of, read_passes
from syncd.cli import main
from syncd.sandbox.server import Answer, Call
from syncd.sandbox.site import Sandbox

World = dict[str, dict[str, Any]]

KILLED = -9
REFUSED, TRY_LATER = 3, 75

PATIENCE = 60
"""Seconds after which a command that hangs is ended, with SIGALRM."""


class Effect(NamedTuple):
    """A write that a server took."""

    system: str
    method: str
    path: str
    query: str
    body: bytes
    answer: bytes

    @property
    def creates(self) -> bool:
        """Whether it makes an object."""
        return self.path.endswith(("/asset", "/user", "/members"))

    @property
    def objects(self) -> list[str]:
        """The ids of the objects that it changes, as the audit log has them; a ticket is in no audit log."""
        _, _, group = self.path.partition("/groups/")
        if group:
            name, _, member = unquote(group).partition("/members")
            return [f"{name}/{member.strip('/') or msgspec.json.decode(self.answer)['id']}"]
        if self.creates:
            return [str(msgspec.json.decode(self.answer)["id"])]
        if self.path.endswith("/moveDevicesToOu"):
            return [*msgspec.json.decode(self.body)["deviceIds"]]
        return [] if self.path.endswith("/ticket") else [self.path.rpartition("/")[2]]


class Ended(NamedTuple):
    """How a command ended: its exit status, or minus the signal; and the boundaries that it passed."""

    status: int
    passes: list[Pass]
    log: str


# -- commands


class Commands:
    """Runs commands in one folder and environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def __call__(self, *arguments: str, kill: Point | None = None, after: float | None = None) -> Ended:
        """Run a command to its end: its own, the kill at a point, or the kill after so many seconds."""
        record, log = self._folder / "boundaries", self._folder / "log"
        record.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _become(arguments, self._environment, Watch(record, kill), log)
        if after is not None:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Ended(status, read_passes(record), log.read_text() if log.exists() else "")

    def here(self, *arguments: str) -> Ended:
        """Run a command in this process: what it leaves in memory, no child has to make again."""
        sys.stdout.flush()
        environment, kept, log = dict(os.environ), (os.dup(1), os.dup(2)), self._folder / "log"
        _redirect(log)
        status = _run(arguments, self._environment)
        for copy, number in zip(kept, (1, 2), strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.environ.clear()
        os.environ.update(environment)
        assert threading.active_count() == 1, threading.enumerate()
        gc.collect()
        gc.freeze()
        return Ended(status, [], log.read_text())


def _redirect(log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command as the main module does."""
    os.environ.clear()
    os.environ.update(environment)
    status = 70
    try:
        main(["--log", "json", *arguments])
    except SystemExit as leave:
        status = int(leave.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _become(arguments: Sequence[str], environment: Mapping[str, str], watch: Watch, log: Path) -> NoReturn:
    """Turn this process into a command."""
    status = 70
    try:
        signal.alarm(PATIENCE)
        _redirect(log)
        watch.install()
        status = _run(arguments, environment)
    finally:
        os._exit(status)


# -- the server


class Served:
    """A server in a process of its own."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def quiet(self) -> None:
        """Wait until all that was asked is done: a client that was killed may have asked for something."""
        self._ask("quiet")

    def effects(self) -> list[Effect]:
        """Return the writes that were taken so far."""
        return [Effect(*effect) for effect in self._ask("effects")]

    def world(self) -> World:
        """Return all that the stand-ins hold."""
        found: World = self._ask("world")
        return found

    def _ask(self, what: str) -> Any:  # noqa: ANN401 - whatever it answers
        self._pipe.send(what)
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError(what)
        return self._pipe.recv()


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[Served]:
    """Serve a sandbox as it is now, and forget what becomes of it."""
    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _serve(sandbox, theirs)
    theirs.close()
    try:
        served = Served(ours)
        served.quiet()
        yield served
    finally:
        ours.close()
        os.waitpid(pid, 0)


def _serve(sandbox: Sandbox, pipe: Connection) -> NoReturn:
    status, effects = 1, list[Effect]()
    try:
        sandbox.server.observers.append(lambda call, answer: _note(effects, call, answer))
        sandbox.server.start()
        while True:
            pipe.send(_answer(sandbox, effects, pipe.recv()))
    except EOFError:
        status = 0
    finally:
        os._exit(status)


def _answer(sandbox: Sandbox, effects: list[Effect], question: str) -> object:
    if question == "effects":
        return [tuple(effect) for effect in effects]
    if question == "world":
        documents = sandbox.google.tenant.documents
        with documents.lock:
            names = [*documents._collections]
            return {name: dict(documents.collection(name)._mirror) for name in names}
    while sandbox.server.connections:
        time.sleep(0.002)
    if sandbox.server.failures:
        raise sandbox.server.failures[0]
    return None


def _note(effects: list[Effect], call: Call, answer: Answer) -> None:
    system = "rt" if call.root.endswith("/rt") else "google"
    if answer.status >= 300 or label_of(call.method, call.path) in (READ, SIGN_IN):
        return
    query = "&".join(f"{name}={value}" for name, value in call.query)
    effects.append(Effect(system, call.method, call.path, query, call.body, answer.body))
