"""The boundaries that a command passes, and the kill at one of them; used in the child that runs the command."""

import os
import re
import signal
import sqlite3
import sqlite3.dbapi2
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

import requests.adapters

Moment = Literal["before", "after"]

READ, SIGN_IN = "read", "sign in to Google"

ROUTES = (
    ("POST", r"/token$", SIGN_IN),
    ("PATCH", r"/devices/chromeos/[^/?]+", "write a device"),
    ("POST", r"/moveDevicesToOu", "move devices"),
    ("PUT", r"/asset/\d+", "write an asset"),
    ("POST", r"/asset$", "create an asset"),
    ("PUT", r"/user/\d+", "write a user"),
    ("POST", r"/user$", "create a user"),
    ("POST", r"/ticket$", "open a ticket"),
    ("POST", r"/groups/[^/]+/members$", "add a member"),
    ("DELETE", r"/groups/[^/]+/members/[^/]+$", "take a member out"),
)
"""Requests by method and target; all others read."""

NAMES = ("rename", "replace", "link", "unlink", "mknod", "mkdir", "rmdir")
"""What of ``os`` changes names in a folder."""

MAKE = ("mknod", "mkdir")
"""Those of them that make what is not there; the others move or take away what is."""


_HELPERS = ("syncd.state.database", "syncd.host.whole_file")
"""Modules that do for others what is a boundary: it has the name of whom they do it for."""


class Point(NamedTuple):
    """The ``number``-th time (from 1) that a command passes a boundary of this label."""

    moment: Moment
    label: str
    number: int


class Pass(NamedTuple):
    """A boundary that was passed; ``key`` tells requests apart: method and target."""

    moment: Moment
    label: str
    key: str = ""


class Watch:
    """Writes each boundary into a file before it is passed, and kills the process at one of them."""

    def __init__(self, record: Path, kill: Point | None) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill = kill
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Moment, str]] = Counter()

    def install(self) -> None:
        """Wrap requests, sqlite3 and ``os`` in this process."""
        self._wrap_requests()
        self._wrap_commits()
        for name in NAMES:
            self._wrap_names(name)

    def at(self, moment: Moment, label: str, key: str = "") -> None:
        """Pass a boundary, or end here."""
        with self._lock:
            os.write(self._record, f"{moment}\t{label}\t{key}\n".encode())
            self._counts[moment, label] += 1
            if self._kill == (moment, label, self._counts[moment, label]):
                os.kill(os.getpid(), signal.SIGKILL)

    def _wrap_requests(self) -> None:
        send = requests.adapters.HTTPAdapter.send

        def watched(adapter: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests has it
            label = label_of(request.method, request.path_url)
            key = f"{request.method} {request.path_url.partition('?')[0].removeprefix('/rt')}"
            self.at("before", label, key)
            try:
                return send(adapter, request, *args, **kwargs)
            finally:
                self.at("after", label, key)

        requests.adapters.HTTPAdapter.send = watched  # type: ignore[method-assign,assignment]

    @contextmanager
    def _committing(self, connection: sqlite3.Connection, seen: dict[int, int]) -> Iterator[None]:
        """Pass the boundaries of a commit; of one that only read there are none."""
        before = seen.get(id(connection), 0)
        seen[id(connection)] = connection.total_changes
        caller = _caller("syncd.state.", outermost=True)
        if connection.total_changes == before or not caller:
            yield
            return
        self.at("before", f"commit {caller}")
        yield
        self.at("after", f"commit {caller}")

    def _wrap_commits(self) -> None:
        connect, committing, seen = sqlite3.connect, self._committing, dict[int, int]()

        class Cursor(sqlite3.Cursor):
            def execute(self, statement: str, *values: Any) -> Any:  # noqa: ANN401 - as sqlite3 has it
                if statement != "COMMIT":
                    return super().execute(statement, *values)
                with committing(self.connection, seen):
                    return super().execute(statement, *values)

        class Connection(sqlite3.Connection):
            def cursor(self, factory: Any = Cursor) -> Any:  # noqa: ANN401 - as sqlite3 has it
                return super().cursor(factory)

            def commit(self) -> None:
                with committing(self, seen):
                    super().commit()

        def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401 - as sqlite3 has it
            return connect(*args, factory=Connection, **kwargs)

        sqlite3.connect = sqlite3.dbapi2.connect = watched  # type: ignore[assignment]

    def _wrap_names(self, name: str) -> None:
        change: Callable[..., Any] = getattr(os, name)

        def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as os has it
            if _is_there(args[0], kwargs.get("dir_fd", kwargs.get("src_dir_fd"))) == (name in MAKE):
                return change(*args, **kwargs)  # it makes what is there, or takes away what is not
            label = f"{name} {_caller('syncd.')}"
            self.at("before", label)
            try:
                return change(*args, **kwargs)
            finally:
                self.at("after", label)

        setattr(os, name, watched)


def label_of(method: str, target: str) -> str:
    """Return what a request does."""
    path = target.partition("?")[0]
    return next((label for verb, pattern, label in ROUTES if verb == method and re.search(pattern, path)), READ)


def _caller(package: str, *, outermost: bool = False) -> str:
    """Return the function of a package that asked for this: the nearest one, or the farthest of those in a row."""
    found = ""
    for module, name in _frames(sys._getframe(2)):
        if module.startswith(package) and module not in _HELPERS:
            found = f"{module.rpartition('.')[2]}.{name}"
            if not outermost:
                return found
        elif found and module.startswith("syncd."):
            return found
    return found


def _is_there(path: Any, folder: int | None) -> bool:  # noqa: ANN401 - as os has it
    try:
        os.stat(path, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _frames(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname.removesuffix(".<locals>")
        frame = frame.f_back


def read_passes(record: Path) -> list[Pass]:
    """Return the boundaries that a command has passed; the last one is where it was killed, if it was."""
    if not record.exists():
        return []
    return [Pass(*line.split("\t")) for line in record.read_text().splitlines()]  # type: ignore[arg-type]


def points(passes: list[Pass]) -> list[Point]:
    """Return each boundary as a point to kill at, in the order of passing."""
    counts: Counter[tuple[Moment, str]] = Counter()
    found = []
    for moment, label, _ in passes:
        counts[moment, label] += 1
        found.append(Point(moment, label, counts[moment, label]))
    return found
