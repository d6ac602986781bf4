"""An HTTP server in this process whose every answer is scripted, sane or not."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to say. ``cut`` sends half of the promised body, ``reset`` nothing, ``drip`` a byte at a time (seconds)."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    reset: bool = False
    drip: float = 0.0
    delay: float = 0.0


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, msgspec.json.encode(value), {"Content-Type": "application/json; charset=UTF-8", **headers})


Script = Sequence[Answer] | Callable[[Seen], Answer]


class Stub:
    """A running server. A script of answers is given in turn, the last one for ever; a function is asked each time."""

    def __init__(self, script: Script, certificate: Path | None = None) -> None:
        """``certificate``: a PEM file with its key, to speak TLS by; for ``localhost``."""
        self.seen: list[Seen] = []
        self.connections = 0
        self._script = script
        self._lock = threading.Lock()
        stub = self

        class Handler(_Handler):
            server_stub = stub

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://localhost:{self.server.server_port}"

    def answer(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            turn = len(self.seen) - 1
        return self._script(seen) if callable(self._script) else self._script[min(turn, len(self._script) - 1)]


@contextlib.contextmanager
def serving(script: Script, certificate: Path | None = None) -> Iterator[Stub]:
    stub = Stub(script, certificate)
    thread = threading.Thread(target=stub.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.server.shutdown()
        stub.server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients under test hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_stub: Stub

    def setup(self) -> None:
        super().setup()
        self.server_stub.connections += 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        self._say(self.server_stub.answer(Seen(self.command, url.path, query, headers, body)))

    def _say(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        if answer.reset:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
        for start in range(0, len(body), 1 if answer.drip else len(body) or 1):
            self.wfile.write(body[start : start + 1] if answer.drip else body)
            time.sleep(answer.drip)
        self.close_connection = answer.cut

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def send_response(self, code: int, message: str | None = None) -> None:
        """Leave the Date header to the script."""
        self.log_request(code)
        self.send_response_only(code, message)
