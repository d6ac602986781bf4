"""A real RT 5 that tells of its new assets, an inbox, and the real worker: what makes tags of new assets."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services import rt5 as service
from services.ports import free_port
from services.rest2 import Rest2, criterion
from services.rt5 import Rt5, Telling
from syncd.state.inbox.records import Event, asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox, open_inbox
from system.commands import Program
from system.site import wait_until

TOKEN = "synthetic-token-for-the-webhook"
CHROMEBOOKS, NETWORK = 2, 3
TAG = re.compile(r"W12-\d{5,}")

CONFIGURATION = """\
[state]
directory = "{state}"

[rt]
url = "{url}"
rate = 1000
budget_seconds = 3
{more}
[webhooks]
listen = "127.0.0.1:{port}"
[events]
first_wait_seconds = 0.2
longest_wait_seconds = 1.0
lease_seconds = 2
{events}
[events.asset-created]
appear_minutes = 0.05
fill_seconds = {fill}
{options}
[[events.asset-created.sequences]]
catalog = "{catalog}"
prefix = "W12-"
{sequence}
"""


@dataclass
class Listener:
    """The real listener, as a process of its own."""

    site: "NewAssets"
    port: int
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.site.directory / "listener.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "syncd", "--log", "json", "serve", "webhooks"],
                env=self.site.program.environment,
                stderr=log,
                text=True,
            )
        wait_until("the listener", self._answers)

    def stop(self) -> None:
        """Stop it politely; nobody listens from now on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0
            self.process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class NewAssets:
    """RT, the inbox between, and the commands."""

    directory: Path
    rt5: Rt5
    rt: Rest2
    inbox: Inbox
    port: int
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def program(self) -> Program:
        return Program(self.directory / "config.toml", self.directory / "credentials", self.directory)

    def configure(
        self,
        *,
        options: str = "",
        sequence: str = "",
        events: str = "",
        more: str = "",
        url: str = "",
        user: str = "rt-sync",
        fill: int = 2,
        catalog: str = "Chromebooks",
    ) -> None:
        """Write configuration and credentials; the first four are further lines of their tables."""
        config, folder = self.directory / "config.toml", self.directory / "credentials"
        folder.mkdir(exist_ok=True)
        (folder / "rt-token").write_text(self.rt5.tokens[user])
        (folder / "webhook-token").write_text(TOKEN)
        places = {"state": self.state, "url": url or self.rt5.url, "port": self.port}
        tables = {
            "fill": fill,
            "catalog": catalog,
            "options": options,
            "sequence": sequence,
            "events": events,
            "more": more,
        }
        config.write_text(CONFIGURATION.format(**places, **tables))

    # -- RT

    def create(self, name: str = "", catalog: int = CHROMEBOOKS, **fields: object) -> int:
        return int(self.rt.create("asset", Name=name, Catalog=str(catalog), **fields))

    def asset(self, number: int) -> dict[str, Any]:
        return dict(self.rt.get(f"/asset/{number}"))

    def name(self, number: int) -> str:
        return str(self.asset(number)["Name"])

    def names(self) -> dict[int, str]:
        """Return the names of all assets, by number."""
        found: dict[int, str] = {}
        page = 1
        while items := self.rt.search(
            "/assets", criterion("id", 0, ">"), fields="Name", per_page="100", page=str(page), orderby="id"
        )["items"]:
            found |= {int(item["id"]): item["Name"] for item in items}
            page += 1
        return found

    def told(self) -> int:
        """Return how many new assets RT has told of."""
        return sum(event.sender == "webhook" for event in self.inbox.list((), limit=10_000))

    # -- syncd

    def syncd(self, *arguments: str, expect: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run a command, which has to end with this status; return its JSON document, or its log."""
        done = self.program(*arguments, timeout=120).ended(expect)
        return json.loads(done.stdout) if "--json" in arguments and done.stdout else done.stderr

    def work(self) -> str:
        """Let a worker do all that is due, and return its log."""
        return str(self.syncd("work", "--until-idle"))

    def start_worker(self, program: str = "-m syncd") -> "subprocess.Popen[str]":
        with (self.directory / f"worker-{len(self.workers)}.log").open("w") as log:
            worker = subprocess.Popen(
                [sys.executable, *program.split(" ", 1), "--log", "json", "work"],
                env=self.program.environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
        self.workers.append(worker)
        return worker

    def stop_workers(self) -> list[int]:
        """Stop all workers politely, and return their exit statuses."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        statuses = [worker.wait(30) for worker in self.workers]
        self.workers.clear()
        return statuses

    def kill_workers(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def tell(self, *assets: int) -> list[str]:
        """Put events into the inbox, as the listener does, and return their ids."""
        told = [asset_created(asset, "webhook") for asset in assets]
        return [receipt.id for receipt in self.inbox.accept(told, datetime.now(UTC))]

    def event(self, event_id: str) -> Event:
        event = self.inbox.get(event_id)
        assert event is not None
        return event

    def result(self, event_id: str) -> dict[str, Any]:
        """Return what became of an event that is done."""
        event = self.event(event_id)
        assert event.state == "done", event
        assert event.result is not None
        return dict(json.loads(event.result))

    def states(self) -> Mapping[str, int]:
        """Return how many events there are in each state."""
        return Counter({state: number for (_, state), number in self.inbox.counts().items()})

    def until_done(self, events: int) -> None:
        """Wait until so many events are done."""
        wait_until(f"the end of {events} events", lambda: self.states()["done"] >= events, seconds=90)


@contextmanager
def new_assets(directory: Path) -> Iterator[tuple[NewAssets, Listener]]:
    """Start an RT of its own that tells a listener of its new assets; raises MissingService."""
    port = free_port()
    with ExitStack() as stack:
        inbox = stack.enter_context(open_inbox(directory / "state" / DIRECTORY_NAME))
        token = directory / "token"
        token.write_text(TOKEN)
        rt5 = service.start(directory / "rt5", Telling(f"http://127.0.0.1:{port}/webhook/asset-created", token, 2.0))
        stack.callback(rt5.stop)
        rt = stack.enter_context(closing(Rest2(rt5.url, rt5.tokens, rt5.root)))
        site = NewAssets(directory, rt5, rt, inbox, port)
        stack.callback(site.kill_workers)
        site.configure()
        listener = Listener(site, port)
        listener.start()
        stack.callback(listener.stop)
        yield site, listener
