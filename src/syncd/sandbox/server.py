"""The frame of the sandbox: one loopback HTTP server that mounts the stand-ins and fails on demand."""

import contextlib
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol, Self, cast, runtime_checkable
from urllib.parse import parse_qsl

import msgspec

from syncd.host.errors import ConfigurationError
from syncd.sandbox.faults import Faults, Rule, read_rules

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
_LOG_LINES = 2000
_PIECES = 10


@dataclass(frozen=True, slots=True)
class Call:
    """A request as an app sees it.

    ``path`` starts with ``/``, is below the app's prefix and percent-encoded as it came; ``query`` is decoded, in
    order, blanks kept; header names are in lower case; ``root`` is the URL of the app (no slash at its end).
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    root: str = ""

    def first(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app replies; ``route`` is the name that the request is counted under (its path, when empty)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    route: str = ""


class App(Protocol):
    """A stand-in: it answers calls, from many threads at once."""

    def handle(self, call: Call) -> Answer:
        """Answer one call."""


@runtime_checkable
class Named(Protocol):
    """An app that can name the route of a call without answering it."""

    def route(self, call: Call) -> str:
        """Return the name that the call is counted under; empty when there is none."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request that was served; ``status`` is 0 where the connection was reset. ``seconds`` is the app's time."""

    method: str
    target: str
    route: str
    status: int
    seconds: float


Observer = Callable[[Call, Answer], None]


def json_answer(value: object, status: int = 200, route: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON answer in UTF-8."""
    return Answer(status, {"Content-Type": JSON, **(headers or {})}, msgspec.json.encode(value), route)


class Server:
    """Serves apps on 127.0.0.1; the longest prefix that fits decides (``""`` takes what is left).

    ``faults`` act before and after the apps. ``counts`` holds requests by (method, route), ``log`` the last lines,
    ``failures`` the exceptions of apps and observers (their callers got a 500), ``busiest`` the largest number of
    requests under way at once. ``observers`` see every call that reached an app, with the app's answer.
    ``/_faults`` (GET, POST, DELETE) and ``/_requests`` (GET, DELETE) do the same over HTTP.

    Raises ConfigurationError (``sandbox.port``) for a port that cannot be had.
    """

    def __init__(self, apps: Mapping[str, App], faults: Faults | None = None, port: int = 0) -> None:
        self.faults = faults if faults is not None else Faults()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.log: deque[LogLine] = deque(maxlen=_LOG_LINES)
        self.failures: list[BaseException] = []
        self.observers: list[Observer] = []
        self.busiest = 0
        self._apps = sorted(((p.rstrip("/"), a) for p, a in apps.items()), key=lambda mount: -len(mount[0]))
        self._under_way = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = _listen(self, port)
        self._thread: threading.Thread | None = None
        self.port: int = self._listener.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Begin to serve, in threads of its own."""
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection; the port is free afterwards."""
        if self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._thread = None
        self._listener.server_close()
        self.faults.release()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + 2.0
        while self._connections and time.monotonic() < deadline:
            time.sleep(0.005)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def connections(self) -> int:
        """How many connections are open; a client that died has none any more when all it asked for is done."""
        return len(self._connections)

    def requests(self, route: str = "", method: str = "") -> int:
        """Return how many requests were counted, of one route or method where named."""
        with self._lock:
            found = [n for (m, r), n in self.counts.items() if route in ("", r) and method in ("", m)]
        return sum(found)

    def forget(self) -> None:
        """Set counters and log to zero."""
        with self._lock:
            self.counts.clear()
            self.log.clear()
            self.failures.clear()
            self.busiest = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Answer, Rule | None]:
        """Answer one request, faults included; the rule tells the connection what to do with the answer."""
        path, _, query = target.partition("?")
        call = Call(method, path, parse_qsl(query, keep_blank_values=True), headers, body, self.url)
        if path in ("/_faults", "/_requests"):
            return self._control(call), None
        rule = self.faults.pick(method, target)
        if rule is not None:
            self.faults.wait(rule, rule.delay)
        return self._serve(call, target, rule), rule

    def _serve(self, call: Call, target: str, rule: Rule | None) -> Answer:
        started = time.perf_counter()
        with self._lock:
            self._under_way += 1
            self.busiest = max(self.busiest, self._under_way)
        try:
            answer = self._left_out(call) if rule is not None and rule.replaces else self._handle(call)
        finally:
            with self._lock:
                self._under_way -= 1
        if rule is not None and rule.status is not None:
            answer = _replacement(rule, answer.route)
        route = answer.route or call.path
        status = 0 if rule is not None and rule.reset else answer.status
        with self._lock:
            self.counts[call.method, route] += 1
            self.log.append(LogLine(call.method, target, route, status, time.perf_counter() - started))
        return answer

    def _mount(self, call: Call) -> tuple[App, Call] | None:
        """Return the app that a call is for, and the call as that app sees it."""
        for prefix, app in self._apps:
            if call.path == prefix or call.path.startswith(f"{prefix}/"):
                return app, _below(prefix, call)
        return None

    def _handle(self, call: Call) -> Answer:
        mounted = self._mount(call)
        if mounted is None:
            return Answer(404, {"Content-Type": HTML}, b"<html><body><h1>404. Not found.</h1></body></html>")
        return self._ask(*mounted)

    def _left_out(self, call: Call) -> Answer:
        # A call that a fault answers counts under the name that its app would have given.
        match self._mount(call):
            case Named() as app, below:
                return Answer(0, route=app.route(below))
        return Answer(0)

    def _ask(self, app: App, call: Call) -> Answer:
        try:
            answer = app.handle(call)
            for observe in self.observers:
                observe(call, answer)
        except Exception as error:  # noqa: BLE001 - whatever a stand-in raises is a 500 to its caller
            self.keep(error)
            return Answer(500, {"Content-Type": "text/plain"}, f"stand-in failed: {error!r}".encode())
        return answer

    def keep(self, error: BaseException) -> None:
        """Keep an exception for a test to see."""
        self.failures.append(error)

    def _control(self, call: Call) -> Answer:
        if call.path == "/_requests":
            if call.method == "DELETE":
                self.forget()
            with self._lock:
                counts = [{"method": m, "route": r, "count": n} for (m, r), n in sorted(self.counts.items())]
                return json_answer({"requests": counts, "busiest": self.busiest})
        if call.method == "POST":
            try:
                self.faults.add(*read_rules(call.body))
            except (msgspec.DecodeError, ValueError) as error:
                return json_answer({"error": str(error)}, 400)
        elif call.method == "DELETE":
            self.faults.clear()
        return json_answer(self.faults.listing())


def _below(prefix: str, call: Call) -> Call:
    if not prefix:
        return call
    path = call.path[len(prefix) :] or "/"
    return Call(call.method, path, call.query, call.headers, call.body, call.root + prefix)


def _replacement(rule: Rule, route: str) -> Answer:
    kind = JSON if rule.body.lstrip().startswith(("{", "[")) else HTML
    return Answer(cast("int", rule.status), {"Content-Type": kind, **rule.headers}, rule.body.encode(), route)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: Server, port: int) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), _Connection)

    def server_bind(self) -> None:
        # HTTPServer's own way would look the host name up.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):  # a client that hangs up is no news
            self.owner.keep(error)


def _listen(owner: Server, port: int) -> _Listener:
    try:
        return _Listener(owner, port)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of 127.0.0.1 cannot be used ({error.strerror}); choose another one.", code="sandbox.port"
        ) from error


class _Connection(BaseHTTPRequestHandler):
    """One keep-alive connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.owner = cast("_Listener", self.server).owner
        self.owner._connections.add(self.connection)  # noqa: SLF001 - one module, one object in two parts

    def finish(self) -> None:
        super().finish()
        self.owner._connections.discard(self.connection)  # noqa: SLF001

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, rule = self.owner.answer(self.command, self.path, headers, body)
        try:
            self._send(answer, rule)
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - the names http.server looks for

    def _send(self, answer: Answer, rule: Rule | None) -> None:
        head, body = self._head(answer), b"" if self.command == "HEAD" else answer.body
        if rule is None:
            self.wfile.write(head + body)
        elif rule.reset:
            self._reset()
        elif rule.cut:
            self.wfile.write(head + body[: len(body) // 2])
            self.close_connection = True
        elif rule.slow:
            self._drip(head, body, rule)
        else:
            self.wfile.write(head + body)

    def _head(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if "Date" not in answer.headers:
            lines.append(f"Date: {self.date_time_string()}")
        if answer.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(answer.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _drip(self, head: bytes, body: bytes, rule: Rule) -> None:
        self.wfile.write(head)
        size = -(-len(body) // _PIECES) or 1
        for start in range(0, len(body), size):
            self.owner.faults.wait(rule, rule.slow / _PIECES)
            self.wfile.write(body[start : start + size])

    def _reset(self) -> None:
        # Only a close with linger 0, and no shutdown before it, sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
