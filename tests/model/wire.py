"""HTTP without sockets: requests go straight to the sandbox's server, and a run can be killed between two effects."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from typing import ParamSpec, Self, TypeVar
from unittest.mock import patch

import requests
import urllib3
from requests.adapters import HTTPAdapter
from sqlalchemy import Connection

from syncd.sandbox.server import Answer, Server
from syncd.state.store import Store
from unit.virtual_clock import VirtualClock

P = ParamSpec("P")
T = TypeVar("T")

TOOK = 0.007
"""Seconds of virtual time that a request takes."""


class Killed(BaseException):
    """Ends a run as kill -9 does: nothing catches it, and nothing has an effect after it."""


class Death:
    """Stands at every boundary of an effect: before and after each request, before and after each commit.

    ``after`` boundaries pass, and at the next one the run dies; None: it lives.
    """

    def __init__(self) -> None:
        self.after: int | None = None
        self.dead = False

    def sentence(self, after: int | None) -> None:
        """Say when the next run dies."""
        self.after = after
        self.dead = False

    def boundary(self) -> None:
        """Die here, or do not."""
        self.dead = self.dead or self.after == 0
        if self.dead:
            raise Killed
        if self.after is not None:
            self.after -= 1


class Wire:
    """Takes the place of the sockets of all clients. ``writes`` has the requests that may have changed something."""

    def __init__(self, server: Server, clock: VirtualClock, death: Death) -> None:
        self.writes: list[str] = []
        self._server = server
        self._clock = clock
        self._death = death

    def laid(self) -> AbstractContextManager[object]:
        """Send by this wire what is sent meanwhile."""

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_: object) -> requests.Response:
            return adapter.build_response(request, self._send(request))

        return patch.object(HTTPAdapter, "send", send)

    def _send(self, request: requests.PreparedRequest) -> urllib3.HTTPResponse:
        """Ask the server, and fail as the rule says that strikes this request."""
        self._death.boundary()
        self._clock.advance(TOOK)
        if is_write(request):
            self.writes.append(f"{request.method} {request.path_url}")
        body = request.body or b""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        answer, rule = self._server.answer(
            str(request.method), request.path_url, headers, body if isinstance(body, bytes) else body.encode()
        )
        self._death.boundary()
        if rule is not None and rule.reset:
            lost = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))
            raise requests.ConnectionError(lost, request=request)
        return self._answer(answer, cut=rule is not None and rule.cut)

    def _answer(self, answer: Answer, *, cut: bool) -> urllib3.HTTPResponse:
        date = f"{self._clock.now():%a, %d %b %Y %H:%M:%S GMT}"
        body = answer.body[: len(answer.body) // 2] if cut else answer.body
        return urllib3.HTTPResponse(
            body=BytesIO(body),
            headers={"Date": date, **answer.headers, "Content-Length": str(len(answer.body))},
            status=answer.status,
            preload_content=False,
        )


def is_write(request: requests.PreparedRequest) -> bool:
    """Tell whether a request may change something; RT takes searches by POST."""
    if request.method == "POST":
        return request.path_url.partition("?")[0].endswith(("/moveDevicesToOu", "/asset"))
    return request.method in ("PATCH", "PUT", "DELETE")


def mortal(store: Store, death: Death) -> Store:
    """Let a run die before and after each commit; what was not committed is lost then, as SQLite has it."""
    database = store._database
    write = database.write

    @contextmanager
    def watched() -> Iterator[Connection]:
        with write() as connection:
            yield connection
            death.boundary()
        death.boundary()

    database.write = watched  # type: ignore[method-assign]
    return store


class Inline:
    """In the place of a pool of threads: work is done when it is handed over, so that every run has one order."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take what a pool takes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to wait for."""

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it."""
        future: Future[T] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it, as from a pool
            future.set_exception(error)
        return future


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
