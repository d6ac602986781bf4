"""``syncd work``: the worker that handles what came into the inbox."""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import click

from syncd.cli.session import actor, context_of, impatient, inbox_of, settings_of
from syncd.daemons.worker import Opener, Policy, Worker
from syncd.host.clock import Clock, SystemClock
from syncd.host.errors import Busy, ConfigurationError
from syncd.host.notify import Notifier
from syncd.host.stop import StopSignal
from syncd.jobs import asset_created, student_check
from syncd.jobs.context import RunContext
from syncd.jobs.events import EventsOptions
from syncd.jobs.settings import Settings, check
from syncd.state.inbox.records import ASSET_CREATED
from syncd.state.inbox.store import Inbox
from syncd.state.lock import WORKER_LOCK, JobLock
from syncd.state.store import Store, open_store

STATUS_SECONDS = 5.0
"""How often systemd is told what there is to do."""

ATTEMPTS, BUDGET = 2, 30.0
"""Attempts of one request, and seconds that they may take: the worker itself tries an event again."""


@click.command()
@click.option("--until-idle", is_flag=True, help="End when no event is due.")
@click.pass_context
def work(ctx: click.Context, *, until_idle: bool) -> None:
    """Work on the events that came into the inbox, until it is stopped. The unit syncd-worker.service calls this.

    Several may run side by side: each event is taken by one of them, and the events of one object one after the other.
    """
    settings = settings_of(ctx)
    check(settings)
    clock = SystemClock()
    with ExitStack() as stack:
        notifier = Notifier()
        stack.callback(notifier.close)
        stop = stack.enter_context(StopSignal())
        slot = stack.enter_context(_slot(settings.state.path))
        store = stack.enter_context(_store_of(settings, slot))
        inbox = stack.enter_context(inbox_of(settings))
        hasty = impatient(settings, attempts=ATTEMPTS, seconds=BUDGET)
        context = context_of(hasty, store, lambda _what, _done, _total: notifier.watchdog())
        handlers = _handlers(hasty, context)
        _close_abandoned(store, settings.state.path, slot, handlers)
        holder = f"{socket.gethostname()}:{os.getpid()}"
        worker = Worker(
            inbox, handlers, _policy(settings.events), holder, clock, stop=stop, alive=_Alive(notifier, inbox, clock)
        )
        notifier.ready()
        worker.run(until_idle=until_idle)
        notifier.stopping()


class _Alive:
    """Tells systemd that the worker is alive, and at times what there is to do."""

    def __init__(self, notifier: Notifier, inbox: Inbox, clock: Clock) -> None:
        self._notifier = notifier
        self._inbox = inbox
        self._clock = clock
        self._told: float | None = None

    def __call__(self) -> None:
        self._notifier.watchdog()
        now = self._clock.monotonic()
        if not self._notifier.connected or (self._told is not None and now - self._told < STATUS_SECONDS):
            return
        self._told = now
        counts = self._inbox.by_state()
        self._notifier.status(f"{counts['waiting']} events wait, {counts['dead']} are dead, {counts['done']} are done")


def _policy(options: EventsOptions) -> Policy:
    return Policy(
        tries=options.tries,
        first_wait=options.first_wait_seconds,
        longest_wait=options.longest_wait_seconds,
        lease=timedelta(seconds=options.lease_seconds),
    )


def _handlers(settings: Settings, context: RunContext) -> Mapping[str, Opener]:
    """Return what opens the handler of each kind that is configured; events of other kinds wait."""
    created, checks, found = settings.events.asset_created, settings.events.student_check, dict[str, Opener]()
    if created is not None:
        found[ASSET_CREATED] = partial(asset_created.open_handler, created, context, settings.jobs.chromebooks)
    if checks is not None:
        found[student_check.NAME] = partial(student_check.open_handler, checks, context)
    if not found:
        raise ConfigurationError(
            "nothing says what to do with events; add an [events.asset-created] or an [events.student-check] table to "
            "the configuration file",
            code="config.no_events",
        )
    return found


# -- workers side by side


@contextmanager
def _slot(directory: Path) -> Iterator[int]:
    """Take the first number that no other worker has: runs of a killed one are known by its number."""
    for number in count(1):
        lock = _lock(directory, number)
        try:
            lock.acquire()
        except Busy:
            continue
        try:
            yield number
        finally:
            lock.release()
        return


def _lock(directory: Path, number: int) -> JobLock:
    return JobLock(directory, f"{WORKER_LOCK}{number}")


def _store_of(settings: Settings, slot: int) -> Store:
    return open_store(settings.state.path, actor=f"{actor()}#{slot}")


def _close_abandoned(store: Store, directory: Path, slot: int, jobs: Iterable[str]) -> None:
    """Mark the runs of workers that were killed: whoever holds a worker's number knows that it is dead."""
    for run in (run for job in jobs for run in store.ledger.abandoned(job)):
        number = run.actor.rpartition("#")[2]
        if not number.isdecimal() or int(number) == slot:
            store.ledger.mark_abandoned(run.id)
            continue
        try:
            with _lock(directory, int(number)):
                store.ledger.mark_abandoned(run.id)
        except Busy:
            continue
