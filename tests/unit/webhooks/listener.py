"""The real listener as a process of its own, and senders that speak to it byte by byte."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from syncd.daemons.webhooks.signatures import sign
from syncd.state.inbox.store import open_inbox

KEY = bytes(range(32))
OLD_KEY = bytes(range(1, 33))
TOKEN = "t0ken-of-a-sender-that-cannot-sign"
PATIENCE = 30.0
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="x")
os.execv(sys.executable, sys.argv[2:])
"""
ASSET, CHECK = "/webhook/asset-created", "/webhook/student-check"
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def secret(key: bytes) -> str:
    return f"whsec_{base64.b64encode(key).decode()}"


def signed(body: bytes, message_id: str = "msg-1", *, key: bytes = KEY, at: float | None = None) -> dict[str, str]:
    """Return the headers of a signed request."""
    timestamp = str(int(time.time() if at is None else at))
    signature = sign(key, message_id.encode(), timestamp.encode(), body).decode()
    return {**JSON, "webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def read_answer(connection: socket.socket) -> Answer | None:
    """Read one answer; None where the other side closed without one."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = _received(connection)
        if not part:
            return None
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _received(connection) or b"?"
    return Answer(int(first.split()[1]), headers, body)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


@dataclass
class Listener:
    """A listener; ``options`` are lines of ``[webhooks]``."""

    directory: Path
    options: str = ""
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"webhook-secret": f"{secret(KEY)}\n", "webhook-token": f"{TOKEN}\n"}
    )
    host: str = "127.0.0.1"
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    sockets: Sequence[socket.socket] = ()
    arguments: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.inbox = self.directory / "state" / "webhooks"
        self.log: list[dict[str, str]] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it, and wait until it listens."""
        self.spawn()
        while True:
            record = self._next_record()
            if record["MESSAGE"].startswith("listening on "):
                if not self.sockets:
                    self.port = int(record["MESSAGE"].rpartition(":")[2])
                return self

    def spawn(self) -> subprocess.Popen[str]:
        """Start it and wait for nothing."""
        if not self.arguments:
            open_inbox(self.inbox).close()  # here a new one takes a moment, there it takes Alembic
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.written(),
            **self.environment,
        }
        self.process = subprocess.Popen(
            [*self._before(), sys.executable, "-m", "syncd", "--log", "json", "serve", "webhooks", *self.arguments],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[each.fileno() for each in self.sockets],
        )
        return self.process

    def written(self) -> dict[str, str]:
        """Write its credentials and configuration; return the variables that name them."""
        held = self.directory / "credentials"
        held.mkdir(exist_ok=True)
        for name, text in self.credentials.items():
            (held / name).write_text(text)
        config = self.directory / "config.toml"
        state = self.directory / "state"
        where = f"{self.host}:{self.port}"
        config.write_text(f'[state]\ndirectory = "{state}"\n[webhooks]\nlisten = "{where}"\n{self.options}\n')
        return {"SYNCD_CONFIG": str(config), "CREDENTIALS_DIRECTORY": str(held)}

    def _before(self) -> list[str]:
        """Return what stands in for systemd: the socket is number 3, and that is said to this very process."""
        if not self.sockets:
            return []
        (held,) = self.sockets
        return [sys.executable, "-c", HAND_OVER, str(held.fileno())]

    def _next_record(self) -> dict[str, str]:
        assert self.process is not None
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert line, f"it ended with {self.process.wait(PATIENCE)}: {self.log}"
        self.log.append(json.loads(line))
        return self.log[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return what it ended with; its log is whole then."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end."""
        assert self.process is not None
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.log += [json.loads(line) for line in rest.splitlines()]
        status = self.process.returncode
        self.process = None
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.stop(signal.SIGKILL)

    # -- senders

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection((self.host, self.port), timeout=PATIENCE) as opened:
            yield opened

    def raw(self, text: bytes) -> Answer | None:
        """Send bytes over a connection of its own."""
        with self.connection() as connection:
            connection.sendall(text)
            return read_answer(connection)

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        answer = self.raw(request(method, path, headers, body))
        assert answer is not None
        return answer

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a signed body, or one with other headers."""
        return self.call("POST", path, signed(body) if headers is None else headers, body)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.call("GET", path, headers or {})

    def metric(self, line: str) -> float:
        """Return a value of /metrics; 0 for one that is not there."""
        found = [each for each in self.get("/metrics").body.decode().splitlines() if each.startswith(f"{line} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0
