"""Listener and worker killed at random under a load of new assets, while RT fails now and then.

Senders create an asset in RT, tell the listener of it until it answers 202, and tell some of them twice. Nobody waits
for a killed process: it is started anew at once. In the end every asset that was acknowledged has one tag of its own,
or its event is a dead letter; and no event was lost or made.
"""

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import requests

from syncd.sandbox.faults import Rule
from syncd.sandbox.server import Call
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.records import ASSET_CREATED, Event
from syncd.state.inbox.store import open_inbox

TOKEN = "soak-token-0123456789abcdef"
SENDERS = 8
PAUSE, LATER = 0.8, 10.0
"""Seconds between two kills, on average: of those that were asked for, and of those after them."""
TWICE = 20
"""One in so many events is told twice."""

CONFIGURATION = """
[webhooks]
listen = "127.0.0.1:{port}"
rate = 0

[events]
first_wait_seconds = 0.2
longest_wait_seconds = 5
lease_seconds = 2

[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
"""

TROUBLE = (
    Rule(route="/rt/", status=503, times=20),
    Rule(route="/rt/", reset="before", times=10),
    Rule(route="/rt/REST/2.0/asset/", method="PUT", reset="during", times=5),
    Rule(route="/rt/REST/2.0/asset/", method="PUT", status=500, effect=True, times=5),
    Rule(route="/rt/", status=200, body="<html>maintenance</html>", times=10),
    Rule(route="/rt/", delay=1.0, times=5),
)


@dataclass
class Tally:
    """What happened. ``assets``: acknowledged; ``wrong``: sentences about what must not be."""

    assets: int = 0
    sent: int = 0
    refused: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    troubles: int = 0
    states: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    tried_again: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Program:
    """A process that is started anew whenever it was killed."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "syncd", "--log", "json", *arguments]
        self._environment = environment
        self._log = log
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> bool:
        """Kill -9 and start anew; false where it had ended by itself, which it must not."""
        alive = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        self._process = self._start()
        return alive

    def wait_for(self, port: int) -> None:
        """Wait until it listens."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError(self.name)

    def stop(self) -> int:
        """End it politely, and return its exit status."""
        self._process.terminate()
        return self._process.wait(60)


def soak(folder: Path, *, events: int, kills: int, seed: int = 1, patience: float = 600.0, workers: int = 2) -> Tally:
    """Run until so many events are acknowledged and so many kills were made, then until all is worked off."""
    began, tally = time.monotonic(), Tally()
    with Sandbox(folder / "sandbox", devices=40) as sandbox:
        port = free_port()
        environment = prepare(sandbox, port)
        programs = [Program("listener", ["serve", "webhooks"], environment, folder / "listener.log")]
        programs += [Program("worker", ["work"], environment, folder / f"worker-{n}.log") for n in range(workers)]
        try:
            acknowledged = _load(sandbox, port, programs, events, kills, random.Random(seed), tally)  # noqa: S311
            sandbox.server.faults.clear()
            inbox_folder = sandbox.directory / "state" / "webhooks"
            _wait(inbox_folder, patience)
        finally:
            statuses = {program.name: program.stop() for program in programs}
        tally.wrong += [f"{name} ended with {status}" for name, status in statuses.items() if status]
        _judge(sandbox, _events(inbox_folder), acknowledged, tally)
        tally.wrong += [f"the stand-in broke: {failure}" for failure in sandbox.server.failures]
    tally.seconds = time.monotonic() - began
    return tally


def prepare(sandbox: Sandbox, port: int) -> dict[str, str]:
    """Configure a sandbox for listener and worker, and return their environment."""
    text = sandbox.config_file.read_text().replace("[rt]\n", "[rt]\nrate = 1000\nattempts = 2\n", 1)
    sandbox.config_file.write_text(text + CONFIGURATION.format(port=port))
    token = sandbox.credentials_directory / "webhook-token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    places = {"SYNCD_CONFIG": str(sandbox.config_file), "CREDENTIALS_DIRECTORY": str(sandbox.credentials_directory)}
    return kept | places


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# -- load and kills


def _load(
    sandbox: Sandbox, port: int, programs: list[Program], events: int, kills: int, dice: random.Random, tally: Tally
) -> set[int]:
    """Send all events while programs are killed; return the assets that were acknowledged."""
    lock, done = threading.Lock(), threading.Event()
    acknowledged: set[int] = set()

    def send(number: int) -> None:
        asset = _create(sandbox, number)
        for _ in range(2 if number % TWICE == 0 else 1):
            _tell(port, asset, tally, lock)
        with lock:
            acknowledged.add(asset)

    with ThreadPoolExecutor(SENDERS) as pool, ThreadPoolExecutor(1) as other:
        killing = other.submit(_kill, sandbox, programs, kills, dice, tally, done)
        for sending in [pool.submit(send, number) for number in range(events)]:
            sending.result()
        done.set()
        killing.result()
    tally.assets = len(acknowledged)
    return acknowledged


def _create(sandbox: Sandbox, number: int) -> int:
    """Create an asset past all faults, as RT does before it tells of it."""
    headers = {"authorization": f"token {sandbox.rt.token()}", "content-type": "application/json"}
    body = msgspec.json.encode({"Name": f"new {number}", "Catalog": "Chromebooks"})
    answer = sandbox.rt.handle(Call("POST", "/REST/2.0/asset", [], headers, body, f"{sandbox.url}/rt"))
    return int(msgspec.json.decode(answer.body)["id"])


def _tell(port: int, asset: int, tally: Tally, lock: threading.Lock) -> None:
    """Tell of an asset until it is acknowledged."""
    url, headers = f"http://127.0.0.1:{port}/webhook/asset-created", {"Authorization": f"Bearer {TOKEN}"}
    while True:
        status = 0
        with contextlib.suppress(requests.RequestException):
            status = requests.post(url, json={"asset_id": asset}, headers=headers, timeout=5).status_code
        with lock:
            tally.sent += 1
            tally.refused += status != 202
        if status == 202:
            return
        time.sleep(0.1)


def _kill(
    sandbox: Sandbox, programs: list[Program], kills: int, dice: random.Random, tally: Tally, done: threading.Event
) -> None:
    """Kill programs at random, and let RT fail now and then; so often, and less often until all is sent."""
    while tally.kills.total() < kills or not done.is_set():
        time.sleep(dice.expovariate(1 / (PAUSE if tally.kills.total() < kills else LATER)))
        program = dice.choice(programs)
        if not program.kill():
            tally.wrong.append(f"{program.name} had ended by itself")
        tally.kills[program.name] += 1
        if dice.random() < 0.1:
            sandbox.server.faults.add(dice.choice(TROUBLE))
            tally.troubles += 1


# -- the end


def _wait(folder: Path, patience: float) -> None:
    """Wait until nothing is open."""
    end = time.monotonic() + patience
    with open_inbox(folder) as inbox:
        while time.monotonic() < end:
            if not any(number for (_, state), number in inbox.counts().items() if state in ("waiting", "working")):
                return
            time.sleep(0.5)
    raise TimeoutError("events are still open")


def _events(folder: Path) -> Iterator[Event]:
    with open_inbox(folder) as inbox:
        before = ""
        while page := inbox.list(limit=1000, before=before):
            yield from page
            before = page[-1].id


def _judge(sandbox: Sandbox, events: Iterator[Event], acknowledged: set[int], tally: Tally) -> None:
    """Look at every event and every asset."""
    about: Counter[int] = Counter()
    dead: set[int] = set()
    for event in events:
        asset = int(event.object.removeprefix("asset:"))
        about[asset] += 1
        tally.states[event.state] += 1
        tally.tried_again += event.attempts > 1
        if event.kind != ASSET_CREATED or event.state not in ("done", "dead"):
            tally.wrong.append(f"event {event.id} is {event.kind}, {event.state}")
        if event.state == "dead":
            dead.add(asset)
            tally.codes[event.code] += 1
    tally.wrong += [f"asset {asset} was acknowledged and has no event" for asset in acknowledged - about.keys()]
    tally.wrong += [f"asset {asset} has {number} events" for asset, number in about.items() if number > 1]
    tally.wrong += [f"asset {asset} has an event that nobody sent" for asset in about.keys() - acknowledged]
    _judge_tags(sandbox, acknowledged, dead, tally)


def _judge_tags(sandbox: Sandbox, acknowledged: set[int], dead: set[int], tally: Tally) -> None:
    world = sandbox.rt.world
    tags: Counter[str] = Counter()
    renamed = Counter(
        line.object_id for line in world.transactions.values() if (line.type, line.field) == ("Set", "Name")
    )
    for asset in acknowledged:
        name = world.assets[asset].name
        tagged = name.startswith("W12-")
        tags[name] += tagged
        if not tagged and asset not in dead:
            tally.wrong.append(f"asset {asset} is done and is called {name}")
        if renamed[asset] > 1:
            tally.wrong.append(f"asset {asset} was renamed {renamed[asset]} times")
    tally.wrong += [f"{number} assets are called {tag}" for tag, number in tags.items() if number > 1]
