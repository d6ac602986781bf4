"""What the listener takes in a second, with every event on disk, against Debian's webhook, which keeps nothing.

All servers run at the same time and are asked in turns, with signed bodies of 1 kB over 32 connections. What else the
machine does slows neighbouring turns alike, mostly: the median of their ratios counts. CPU says the same with less
noise: it is what is left of the pace on a machine that has other things to do.
"""

import hmac
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

from bench.load import CONNECTIONS, send
from services.ports import free_port
from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import ASSET, KEY, PATIENCE, Listener, request, secret, signed

TURNS, REQUESTS, ALONE, SYNCS = 9, 3000, 600, 20
EVENTS, BACKLOG = 1_000_000, 100_000
BODY_BYTES = 1024
SETTLE = 1.0  # s in which what the yardstick has started after its answers comes to its end
KEPT, SLOWED = 0.8, 1.2
"""Share of the pace that has to be left with a million events, and times that 99 of 100 answers may take."""

YARDSTICK = "webhook"
"""Debian's package of adnanh/webhook: it checks a signature, starts a command, and answers."""

SERVE = """
import sys
from pathlib import Path
from syncd.daemons.webhooks.gate import open_gate
from syncd.daemons.webhooks.serving import run
from syncd.host.activation import bound_socket
from syncd.host.credentials import Credentials
from syncd.host.listening import WebhookOptions
from syncd.host.notify import Notifier
from syncd.host.stop import StopSignal
from syncd.state.inbox.store import open_inbox
options = WebhookOptions(rate=0.0)
with StopSignal() as stop, open_inbox(Path(sys.argv[1])) as inbox:
    sockets = [bound_socket("127.0.0.1", int(sys.argv[2]))]
    run(options, inbox, open_gate(options, Credentials(keyring=False)), sockets, stop, Notifier(), most_at_once=1)
"""
"""The listener with one event in each transaction."""


FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
INSERT INTO events (id, kind, sender, key, object, state, head, attempts, next_try, holder, received, finished, code,
                    error, body)
SELECT printf('%012x', ?4 + i) || hex(randomblob(10)), 'asset-created', 'webhook', lower(hex(randomblob(12))),
       'asset:' || i,
       iif(i % ?2, 'done', 'waiting'), i % ?2 = 0, 1, ?3, '', ?3, iif(i % ?2, ?3, NULL), '', '', zeroblob(200) FROM n
"""


class Turn(NamedTuple):
    """What one turn gave: answers a second, the time of half and of 99 in 100, in ms; CPU seconds of 10,000."""

    rate: float
    middle: float
    p99: float
    cpu: float

    def of(self, what: str) -> float:
        """Return one of them by its name."""
        return float(getattr(self, what))


class Server(NamedTuple):
    """A server, and how it is asked: ``number`` times.

    ``settle``: seconds in which what its answers have started comes to its end.
    """

    pid: int
    port: int
    requests: Callable[[int], Iterator[bytes]]
    status: int = 202
    number: int = REQUESTS
    settle: float = 0.0

    def turn(self) -> Turn:
        """Ask it."""
        texts = [*self.requests(self.number)]
        before = _cpu(self.pid)
        pace = send(self.port, texts, self.status)
        time.sleep(self.settle)
        return Turn(*pace, (_cpu(self.pid) - before) / self.number * 10_000)


class Found(NamedTuple):
    """All turns by server, the nth of each beside the nth of the others; ``sync``: ms that the disk takes to sync."""

    turns: Mapping[str, Sequence[Turn]]
    sync: float

    def middle(self, name: str, what: str) -> float:
        """Return the median of the turns."""
        return median(turn.of(what) for turn in self.turns[name])

    def ratio(self, one: str, other: str, what: str) -> float:
        """Return the median of the ratios turn by turn: what slows two neighbours alike drops out."""
        pairs = zip(self.turns[one], self.turns[other], strict=True)
        return median(mine.of(what) / theirs.of(what) for mine, theirs in pairs)

    def ceiling(self) -> float:
        """Return how many times the pace of one commit for each request there were at best.

        That is with all connections in one transaction, and one core that waits for nothing.
        """
        return min(CONNECTIONS, 10_000 / self.middle("alone", "rate") / self.middle("ours", "cpu"))


def measure(folder: Path) -> Found:
    """Run all servers, and ask them in turns; the first turn of each warms it up."""
    folder.mkdir()
    fill(folder / "full")
    os.sync()  # what it left for the disk to do
    with ExitStack() as stack:
        servers = {name: _started(stack.enter_context(_listener(folder / name))) for name in ("ours", "full")}
        alone = stack.enter_context(_Process(_alone(folder / "alone"), _environment()))
        servers["alone"] = Server(alone.pid, alone.port, _ours, number=ALONE)
        if _installed():
            theirs = stack.enter_context(_Process(_yardstick(folder), dict(os.environ)))
            servers["theirs"] = Server(theirs.pid, theirs.port, _theirs, 200, settle=SETTLE)
        turns: dict[str, list[Turn]] = {name: [] for name in servers}
        syncs: list[float] = []
        for each in range(1 + TURNS):
            # Each is the first one now and then: what follows the pause of the yardstick has it easier.
            for name in sorted(servers, reverse=bool(each % 2)):
                turns[name].append(servers[name].turn())
            syncs += _syncs(folder / "synced")
    return Found({name: found[1:] for name, found in turns.items()}, median(syncs))


def _started(listener: Listener) -> Server:
    assert listener.process is not None
    return Server(listener.process.pid, listener.port, _ours)


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process, all its threads and the children that it has waited for (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _syncs(path: Path) -> Iterator[float]:
    """Yield how many ms it takes until a page that was added to a file is on disk."""
    with path.open("ab", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            yield (time.perf_counter() - began) * 1000


def fill(directory: Path) -> None:
    """Make the inbox of a listener with a million events, a tenth of them waiting."""
    with open_inbox(directory / "state" / "webhooks") as inbox, inbox._database.write() as connection:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        first = int(time.time() * 1000) - EVENTS
        connection.exec_driver_sql(FILL, (EVENTS, EVENTS // BACKLOG, now, first))


def _environment() -> dict[str, str]:
    return {**os.environ, "SYNCD_WEBHOOK_SECRET": secret(KEY)}


def _listener(directory: Path) -> Listener:
    directory.mkdir(exist_ok=True)
    return Listener(directory, "rate = 0.0")


def _alone(directory: Path) -> list[str]:
    return [sys.executable, "-c", SERVE, str(directory)]


def _installed() -> bool:
    return shutil.which(YARDSTICK) is not None


def _yardstick(folder: Path) -> list[str]:
    header = {"source": "header", "name": "X-Signature"}
    match = {"type": "payload-hmac-sha256", "secret": KEY.hex(), "parameter": header}
    hook = {"id": "asset-created", "execute-command": shutil.which("true"), "trigger-rule": {"match": match}}
    hooks = folder / "hooks.json"
    hooks.write_text(json.dumps([hook]))
    return [YARDSTICK, "-hooks", str(hooks), "-ip", "127.0.0.1", "-port"]


def _body(number: int) -> bytes:
    body = json.dumps({"event": "asset-created", "asset_id": number, "name": "x"}).encode()
    return body[:-2] + b"x" * (BODY_BYTES - len(body)) + body[-2:]


def _numbers(count: int) -> Iterator[int]:
    """Yield numbers of assets that were not told before."""
    first = secrets.randbelow(2**30) + 10**9
    return iter(range(first, first + count))


def _ours(count: int) -> Iterator[bytes]:
    for number in _numbers(count):
        body = _body(number)
        yield request("POST", ASSET, signed(body, f"msg-{number}"), body)


def _theirs(count: int) -> Iterator[bytes]:
    for number in _numbers(count):
        body = _body(number)
        signature = hmac.new(KEY.hex().encode(), body, "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": signature}
        yield request("POST", "/hooks/asset-created", headers, body)


class _Process:
    """A server that takes its port as the last argument."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.port = free_port()
        self.pid = 0
        self._command, self._environment = [*command, str(self.port)], environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.pid = self._process.pid
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.1)
            else:
                return self
        raise TimeoutError(self._command)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
