"""The listener as a process: sockets, the loop, what systemd is told, and an end that answers what it took."""

import asyncio
import gc
import logging
import resource
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from uvicorn import Config, Server

from syncd.daemons.webhooks.app import App
from syncd.daemons.webhooks.committing import Committer
from syncd.daemons.webhooks.figures import Figures
from syncd.daemons.webhooks.gate import Gate
from syncd.daemons.webhooks.intake import Front
from syncd.daemons.webhooks.protocol import Bounds, bounded
from syncd.daemons.webhooks.sources import Rates, Sources
from syncd.host.activation import BACKLOG
from syncd.host.errors import ConfigurationError, IntegrationError
from syncd.host.listening import WebhookOptions, networks
from syncd.host.notify import Notifier
from syncd.host.stop import StopSignal
from syncd.state.inbox.store import Inbox

TICK = 0.25
"""Seconds between two looks whether to stop."""

PRUNE_SECONDS = 3600.0

_OTHER_FILES = 64
"""Descriptors besides connections: sockets, the inbox, the log."""

log = logging.getLogger(__name__)


class _Quiet(Server):
    """uvicorn's server; signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class Listener:
    """All that a listener is made of; for one event loop."""

    def __init__(self, options: WebhookOptions, inbox: Inbox, gate: Gate, *, most_at_once: int | None = None) -> None:
        """``most_at_once``: events of one transaction, for measurements."""
        self._options = options
        self.inbox = inbox
        self.figures = Figures()
        self.committer = Committer(inbox) if most_at_once is None else Committer(inbox, most_at_once)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="read")
        self._pruned = 0.0
        self._pruning: asyncio.Future[int] | None = None
        front = Front(
            options=options,
            gate=gate,
            sources=Sources(networks(options.trusted_proxies)),
            rates=Rates(options.rate, options.burst),
            committer=self.committer,
            inbox=inbox,
            readers=self._readers,
            figures=self.figures,
        )
        self.app = App(front, self.connections)
        self._server = _Quiet(self._config())

    def connections(self) -> int:
        """Return how many connections there are."""
        return len(self._server.server_state.connections)

    async def serve(self, sockets: Sequence[socket.socket], stop: StopSignal, notifier: Notifier) -> None:
        """Serve until a stop is asked for; then answer what was taken, and end."""
        task = asyncio.create_task(self._server.serve(sockets=[*sockets]))
        ready = False
        try:
            while not task.done():
                if self._server.started and not ready:
                    ready = True
                    notifier.ready()
                if stop() and not self._server.should_exit:
                    self._server.should_exit = True
                    notifier.stopping()
                if ready:
                    self._tick(notifier)
                await asyncio.wait([task], timeout=TICK if ready else 0.01)
            await task
        finally:
            await self.committer.close()
            self._readers.shutdown()
            self.figures.tell(now=True)

    def _tick(self, notifier: Notifier) -> None:
        self.figures.tell()
        if not self.committer.stuck:
            notifier.watchdog()
        now = asyncio.get_running_loop().time()
        if now - self._pruned > PRUNE_SECONDS and (self._pruning is None or self._pruning.done()):
            self._pruned = now
            self._pruning = asyncio.get_running_loop().run_in_executor(self._readers, self._prune)

    def _prune(self) -> int:
        try:
            return self.inbox.prune(datetime.now(UTC) - timedelta(days=self._options.retention_days))
        except IntegrationError as error:
            self.figures.trouble(error)
            return 0

    def _config(self) -> Config:
        bounds = Bounds(
            connections=self._options.connections,
            header_bytes=self._options.header_bytes,
            seconds=self._options.request_seconds,
            turned_away=self.figures.turned_away,
        )
        return Config(
            self.app,
            http=bounded(bounds, {path.encode(): intake for path, intake in self.app.intakes.items()}),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=max(1, round(self._options.request_seconds)),
        )


def run(
    options: WebhookOptions,
    inbox: Inbox,
    gate: Gate,
    sockets: Sequence[socket.socket],
    stop: StopSignal,
    notifier: Notifier,
    *,
    most_at_once: int | None = None,
) -> None:
    """Serve until a stop is asked for. Raises ConfigurationError (``webhooks.connections``)."""
    make_room(options.connections)
    # Each request that is no HTTP would be a warning of its own; they are counted instead.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)

    # What is there now stays; searching it for garbage again and again would hold up answers.
    gc.collect()
    gc.freeze()

    async def main() -> None:
        await Listener(options, inbox, gate, most_at_once=most_at_once).serve(sockets, stop, notifier)

    asyncio.run(main())


def make_room(connections: int) -> None:
    """Let this process have as many files open as it may have connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise ConfigurationError(
            f"webhooks.connections is {connections}, and this process may have {hard} files open; lower it, or raise "
            "LimitNOFILE= of the unit.",
            code="webhooks.connections",
        )
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
