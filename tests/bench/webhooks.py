"""What the listener takes in a second, with every event on disk, against Debian's webhook, which keeps nothing.

All servers run at the same time and are asked in turns, with signed bodies of 1 kB over 32 connections. What else the
machine does only ever slows: the best turn of each counts.
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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from bench.load import Pace, send
from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import ASSET, KEY, PATIENCE, Listener, request, secret, signed

TURNS, REQUESTS, ALONE = 5, 4000, 1000
EVENTS, BACKLOG = 1_000_000, 100_000
BODY_BYTES = 1024
SETTLE = 1.0  # s in which what the yardstick has started after its answers comes to its end
KEPT = 0.8
"""Share of the pace that has to be left with a million events."""

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


class Found(NamedTuple):
    """The best turns: ours on an empty inbox, with a million events, with a commit for each request, and theirs."""

    ours: Pace
    full: Pace
    alone: Pace
    theirs: Pace | None


def measure(folder: Path) -> Found:
    """Run all servers, and ask them in turns."""
    folder.mkdir()
    fill(folder / "full")
    os.sync()  # what it left for the disk to do
    with ExitStack() as stack:
        ours, full = (stack.enter_context(_listener(folder / name)).port for name in ("empty", "full"))
        alone = stack.enter_context(_Process(_alone(folder / "alone"), _environment()))
        theirs = stack.enter_context(_Process(_yardstick(folder), dict(os.environ))) if _installed() else None
        paces: dict[str, list[Pace]] = {"ours": [], "full": [], "alone": [], "theirs": []}
        for _ in range(TURNS):
            paces["ours"].append(send(ours, [*_ours(REQUESTS)], 202))
            paces["full"].append(send(full, [*_ours(REQUESTS)], 202))
            paces["alone"].append(send(alone.port, [*_ours(ALONE)], 202))
            if theirs is not None:
                paces["theirs"].append(send(theirs.port, [*_theirs(REQUESTS)], 200))
                time.sleep(SETTLE)
    best = {name: _best(found) for name, found in paces.items() if found}
    return Found(best["ours"], best["full"], best["alone"], best.get("theirs"))


def _best(found: Sequence[Pace]) -> Pace:
    columns = [*zip(*found, strict=True)]
    return Pace(max(columns[0]), min(columns[1]), min(columns[2]))


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
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = int(free.getsockname()[1])
        self._command, self._environment = [*command, str(self.port)], environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
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
