"""Listener and worker killed at random under a load of new assets, while RT fails now and then.

Senders create an asset in RT, tell the listener of it until it answers 202, and tell some of them twice. Nobody waits
for a killed process: it is started anew at once. In the end every asset that was acknowledged has one tag of its own,
or its event is a dead letter; and no event was lost or made.
"""

import contextlib
import os
import random
import signal
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

from services.ports import free_port
from syncd.sandbox.faults import Rule
from syncd.sandbox.server import Call
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.records import ASSET_CREATED, Event
from syncd.state.inbox.store import Inbox, open_inbox

TOKEN = "soak-token-0123456789abcdef"
SENDERS = 8
TROUBLED = 0.1
"""How many of the kills come with a trouble of RT."""
OUTAGE, OUTAGE_FROM = Rule(route="/rt/", status=503, times=12), 5000
"""What RT does once, half-way through so many events or more; the circuit is open for minutes then."""
TWICE = 20
"""One in so many events is told twice."""
ENDS = (0, -signal.SIGTERM)
"""How a process may end that is asked to; one that was killed a moment before has only begun."""
BACKLOG = 200
"""So many events may wait: senders, listener and workers are busy at the same time, whoever is killed."""

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
    Rule(route="/rt/", status=503, times=6),
    Rule(route="/rt/", reset="before", times=4),
    Rule(route="/rt/REST/2.0/asset/", method="PUT", reset="during", times=2),
    Rule(route="/rt/REST/2.0/asset/", method="PUT", status=500, effect=True, times=2),
    Rule(route="/rt/", status=200, body="<html>maintenance</html>", times=4),
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
    """Send so many events and work them off under so many kills, spread evenly over all that is acknowledged and done.

    ``patience`` is how many seconds it may take in all.
    """
    began, tally = time.monotonic(), Tally()
    with Sandbox(folder / "sandbox", devices=40) as sandbox:
        port = free_port()
        environment = prepare(sandbox, port)
        programs = [Program("listener", ["serve", "webhooks"], environment, folder / "listener.log")]
        programs += [Program("worker", ["work"], environment, folder / f"worker-{n}.log") for n in range(workers)]
        programs[0].wait_for(port)
        inbox_folder = sandbox.directory / "state" / "webhooks"
        try:
            with ThreadPoolExecutor(SENDERS) as senders:
                load = Load(sandbox, port, events, tally)
                sending = [senders.submit(load.send, number) for number in range(events)]
                killer = Killer(sandbox, programs, kills, random.Random(seed), tally)  # noqa: S311
                with open_inbox(inbox_folder) as inbox:
                    killer.run(load, inbox, began + patience)
                for sent in sending:
                    sent.result()
        finally:
            statuses = {program.name: program.stop() for program in programs}
        tally.wrong += [f"{name} ended with {status}" for name, status in statuses.items() if status not in ENDS]
        tally.assets = len(load.acknowledged)
        _judge(sandbox, _events(inbox_folder), load.acknowledged, tally)
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


# -- load and kills


class Load:
    """New assets, and who tells of them."""

    def __init__(self, sandbox: Sandbox, port: int, events: int, tally: Tally) -> None:
        self.events = events
        self.over = 0
        self.acknowledged: set[int] = set()
        self._sandbox = sandbox
        self._url = f"http://127.0.0.1:{port}/webhook/asset-created"
        self._tally = tally
        self._lock = threading.Lock()

    def send(self, number: int) -> None:
        """Create an asset, and tell of it, or twice, until that is acknowledged; not before others are worked off."""
        while len(self.acknowledged) - self.over > BACKLOG:
            time.sleep(0.05)
        asset = self._create(number)
        for _ in range(2 if number % TWICE == 0 else 1):
            while not self._tell(asset):
                time.sleep(0.1)
        with self._lock:
            self.acknowledged.add(asset)

    def _create(self, number: int) -> int:
        """Create an asset past all faults, as RT does before it tells of it."""
        rt = self._sandbox.rt
        headers = {"authorization": f"token {rt.token()}", "content-type": "application/json"}
        body = msgspec.json.encode({"Name": f"new {number}", "Catalog": "Chromebooks"})
        answer = rt.handle(Call("POST", "/REST/2.0/asset", [], headers, body, f"{self._sandbox.url}/rt"))
        return int(msgspec.json.decode(answer.body)["id"])

    def _tell(self, asset: int) -> bool:
        status, headers = 0, {"Authorization": f"Bearer {TOKEN}"}
        with contextlib.suppress(requests.RequestException):
            status = requests.post(self._url, json={"asset_id": asset}, headers=headers, timeout=5).status_code
        with self._lock:
            self._tally.sent += 1
            self._tally.refused += status != 202
        return status == 202


@dataclass
class Killer:
    """Kills programs at random, and lets RT fail now and then, as the work goes on."""

    sandbox: Sandbox
    programs: list[Program]
    kills: int
    dice: random.Random
    tally: Tally

    def run(self, load: Load, inbox: Inbox, end: float) -> None:
        """Kill until all is acknowledged and worked off; raises TimeoutError at ``end``."""
        try:
            self._run(load, inbox, end)
        finally:
            load.over = load.events

    def _run(self, load: Load, inbox: Inbox, end: float) -> None:
        step, troubled = 2 * load.events / self.kills, load.events < OUTAGE_FROM
        due = self.dice.expovariate(1 / step)
        while time.monotonic() < end:
            counts = inbox.counts()
            over = sum(number for (_, state), number in counts.items() if state not in ("waiting", "working"))
            load.over = over
            if over >= load.events:
                return self._rest()
            while len(load.acknowledged) + over >= due:
                self._kill()
                due += self.dice.expovariate(1 / step)
            if not troubled and over >= load.events / 2:
                troubled = True
                self.sandbox.server.faults.add(OUTAGE)
            time.sleep(0.05)
        raise TimeoutError("events are still open")

    def _rest(self) -> None:
        while self.tally.kills.total() < self.kills:
            self._kill()

    def _kill(self) -> None:
        program = self.dice.choice(self.programs)
        if not program.kill():
            self.tally.wrong.append(f"{program.name} had ended by itself")
        self.tally.kills[program.name] += 1
        if self.dice.random() < TROUBLED:
            self.sandbox.server.faults.add(self.dice.choice(TROUBLE))
            self.tally.troubles += 1


# -- the end


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
