"""What every command that touches a job or the store needs: settings, logs, the store, the lock, the signals."""

import getpass
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec

from syncd.host import logs
from syncd.host.clock import SystemClock
from syncd.host.config import read_document
from syncd.host.credentials import Credentials
from syncd.host.errors import DataError, IntegrationError
from syncd.host.notify import Notifier
from syncd.host.progress import Progress
from syncd.host.stop import StopSignal
from syncd.jobs import metrics
from syncd.jobs.context import RunContext
from syncd.jobs.options import JobOptions
from syncd.jobs.settings import JOBS, Settings, job_module, load, systems_of
from syncd.reconcile import chronicle
from syncd.reconcile.model import Action, Comparison
from syncd.reconcile.ports import Traffic, Writer
from syncd.reconcile.run import Job, Runner
from syncd.state import migration
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox, find_inbox, open_inbox
from syncd.state.lock import JobLock
from syncd.state.store import Store, find_store, open_store

PRUNED_BATCHES = 1
"""Transactions of old runs that leave after a run: one is enough to keep up, and takes no time that matters."""

ON_THE_WAY = ("syncd.host.http", "syncd.host.circuit")
"""Whose records tell of trouble that the error at the end tells of, too."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """An open job: its runner, the store, and the mode that the configuration gives the job."""

    runner: Runner
    store: Store
    mode: str


def start_logging(ctx: click.Context, job: str = "") -> None:
    """Send records where the command line says; may be called again when the job is known."""
    given = ctx.find_root().obj
    logs.configure(given["log"], "DEBUG" if given["verbose"] else "INFO", job=job)
    if given["log"] == "auto" and sys.stderr.isatty():
        # A person at a terminal gets the result printed; the records of it are for the journal.
        for name in (chronicle.logger.name, *([] if given["verbose"] else ON_THE_WAY)):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def settings_of(ctx: click.Context, job: str = "") -> Settings:
    """Start logging and read the configuration file."""
    start_logging(ctx, job)
    return load(read_document(ctx.find_root().obj["config"], os.environ))


def store_of(settings: Settings) -> Store:
    """Open the store."""
    return open_store(settings.state.path, actor=actor())


def inbox_of(settings: Settings) -> Inbox:
    """Open the inbox."""
    return open_inbox(settings.state.path / DIRECTORY_NAME, actor=actor())


@contextmanager
def inbox_to_read(settings: Settings) -> Iterator[Inbox | None]:
    """Open the inbox where there is one; a command that only looks makes none."""
    inbox = find_inbox(settings.state.path / DIRECTORY_NAME, actor=actor())
    if inbox is None:
        yield None
        return
    with inbox:
        yield inbox


@contextmanager
def store_to_read(settings: Settings) -> Iterator[Store | None]:
    """Open the store where there is one; a command that only looks makes none."""
    store = find_store(settings.state.path, actor=actor())
    if store is None:
        yield None
        return
    with store:
        yield store


@contextmanager
def store_or_none_kept(settings: Settings) -> Iterator[Store]:
    """Open the store where there is one, else an empty one that goes again; a command that only looks makes none."""
    with ExitStack() as stack:
        store = stack.enter_context(store_to_read(settings))
        if store is None:
            folder = stack.enter_context(TemporaryDirectory(prefix="syncd-"))
            stack.enter_context(hushed(migration.logger.name))
            store = stack.enter_context(open_store(Path(folder)))
        yield store


def looking(ctx: click.Context, job: str = "") -> Settings:
    """Start logging and read the configuration file for somebody who waits for the answer.

    The first failure is the end, and is told of once: records of it on the way are left out, unless --verbose.
    """
    settings = settings_of(ctx, job)
    if not ctx.find_root().obj["verbose"]:
        ctx.with_resource(hushed(*ON_THE_WAY))
    return impatient(settings, attempts=1, seconds=0.0)


def impatient(settings: Settings, *, attempts: int, seconds: float) -> Settings:
    """Return settings with systems that are given up after so many attempts, and seconds lost, at the latest."""
    patience = {
        name: msgspec.structs.replace(
            options, attempts=min(options.attempts, attempts), budget_seconds=min(options.budget_seconds, seconds)
        )
        for name in ("google", "rt")
        if (options := getattr(settings, name)) is not None
    }
    return msgspec.structs.replace(settings, **patience)


@contextmanager
def hushed(*names: str, level: int = logging.CRITICAL) -> Iterator[None]:
    """Keep loggers from telling what is below a level."""
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, before in loggers.items():
            logger.setLevel(before)


def program(ctx: click.Context) -> str:
    """Return how to call this program again with the same configuration."""
    config = ctx.find_root().obj["config"]
    return shlex.join(["syncd", "--config", config] if config else ["syncd"])


def known_job(name: str) -> str:
    """Return the name of a job, or say which there are."""
    if name not in JOBS:
        raise DataError(f"there is no job {name!r}; the jobs are: {', '.join(JOBS)}.", code="job.unknown", object=name)
    return name


def context_of(
    settings: Settings, store: Store, progress: Callable[[str, int, int | None], None], *, full_read: bool = False
) -> RunContext:
    """Return what a job is opened with."""
    return RunContext(
        google=settings.google,
        rt=settings.rt,
        credentials=Credentials(),
        store=store,
        clock=SystemClock(),
        progress=progress,
        full_read=full_read,
    )


@contextmanager
def job_session(ctx: click.Context, name: str, *, full_read: bool = False) -> Iterator[Session]:
    """Open a job for one run: nobody else runs it meanwhile, and a signal stops it politely."""
    start_logging(ctx)
    settings = settings_of(ctx, known_job(name))
    options = settings.job(name)
    with ExitStack() as stack:
        notifier = Notifier()
        stack.callback(notifier.close)
        stop = stack.enter_context(StopSignal())
        store = stack.enter_context(store_of(settings))
        lock = stack.enter_context(JobLock(settings.state.path, name))
        _close_abandoned(store, name)
        stack.callback(_publish, settings, name, store)
        progress = stack.enter_context(Progress(notifier))
        context = context_of(settings, store, stoppable(progress, stop), full_read=full_read)
        job = _open(stack, name, options, context)
        notifier.ready()
        runner = Runner(
            job,
            store.ledger,
            options.limits,
            stop=stop,
            progress=progress,
            on_start=_named(lock, name),
            program=program(ctx),
        )
        yield Session(runner, store, options.mode)
        _prune(store, settings, name)
        notifier.stopping()


def _open(stack: ExitStack, name: str, options: JobOptions, context: RunContext) -> Job:
    """Return the job; one that cannot be opened, for want of a credential say, is a run that fails."""
    try:
        return stack.enter_context(job_module(name).open_job(options, context))
    except IntegrationError as error:
        return _Unopened(name, error)


@dataclass(frozen=True)
class _Unopened:
    """A job that raises the reason why it could not be opened, so that the audit log and the metrics have it."""

    name: str
    reason: IntegrationError

    def observe_and_compare(self) -> Comparison:
        raise self.reason

    def writers(self) -> Mapping[str, Writer]:
        raise self.reason

    def compensate(self, action: Action, created: str) -> Action | None:  # noqa: ARG002 - nothing was created
        return None

    def traffic(self) -> Mapping[str, Traffic]:
        return {}


def _publish(settings: Settings, name: str, store: Store) -> None:
    """Write the metrics of a job where they are wanted; called after every run, however it ended."""
    directory = settings.metrics.textfile_directory
    if directory:
        systems = systems_of(name, settings.job(name))
        metrics.publish(directory, store, name, settings.job(name).mode, systems, SystemClock().now())


def stoppable(progress: Progress, stop: StopSignal) -> Callable[[str, int, int | None], None]:
    """Let reads end between two pages when a stop was asked for: they have changed nothing yet."""

    def told(what: str, done: int, total: int | None) -> None:
        stop.raise_if_set(f"after {done} {what}")
        progress(what, done, total)

    return told


def _named(lock: JobLock, job: str) -> Callable[[str], None]:
    def name_run(run: str) -> None:
        lock.name_run(run)
        logs.set_run(job, run)

    return name_run


def _close_abandoned(store: Store, job: str) -> None:
    """Mark runs that were killed: whoever holds the lock knows that they are dead."""
    for run in store.ledger.abandoned(job):
        store.ledger.mark_abandoned(run.id)


def _prune(store: Store, settings: Settings, job: str) -> None:
    """Delete a few runs that are older than the retention, after a good run; trouble with that is none of the run."""
    last = store.ledger.newest(job)
    days = settings.state.retention_days
    if not days or last is None or last.result not in metrics.SUCCESSES:
        return
    try:
        pruned = store.prune(datetime.now(UTC) - timedelta(days=days), batches=PRUNED_BATCHES)
    except IntegrationError as error:
        extra = {"message_id": "PRUNING_FAILED", "syncd": {"ERROR": error.code}}
        log.warning("old runs could not be pruned: %s", error.sentence, extra=extra)
        return
    if pruned.runs or pruned.batteries:
        told = (pruned.runs, days, pruned.actions, pruned.batteries)
        extra = {"message_id": "RUNS_PRUNED"}
        log.info("pruned %d runs older than %g days, with %d actions, and %d reports of batteries", *told, extra=extra)


def actor() -> str:
    """Return who runs this: the unit under systemd, else the user."""
    if unit := os.environ.get("SYNCD_UNIT"):
        return unit
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
