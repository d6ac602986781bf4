"""Where runs are made: the real job and its runner, with a real store, as the command line puts them together."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from model.mapping import Mapping
from model.sides import Sides
from model.wire import Death, Inline, Killed, Wire, mortal
from syncd.host.credentials import Credentials
from syncd.host.errors import IntegrationError
from syncd.jobs.chromebooks import NAME, open_job
from syncd.jobs.context import RunContext
from syncd.reconcile.guard import Limits
from syncd.reconcile.model import Action
from syncd.reconcile.run import Done, Runner
from syncd.sandbox.site import ADMIN
from syncd.state.records import ActionResult
from syncd.state.store import FILE_NAME, Store, open_store
from syncd.systems.google.options import GoogleOptions
from syncd.systems.rt.options import RtOptions
from unit.virtual_clock import VirtualClock

Recorded = list[tuple[Action, ActionResult]]

_GOOGLE = GoogleOptions(
    delegated_user=ADMIN, api_root="http://google.test/", credential="nothing", rate=1000, attempts=2, concurrency=1
)
_RT = RtOptions(url="http://rt.test/rt", rate=1000, attempts=2, concurrency=1)

_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - no disk has to be waited for

BROKEN = ("SNAPSHOT_MISS", "WRITER_BROKEN", "INTERNAL_ERROR")
"""Kinds of records that must never be written here: all changes of RT were announced, and no code breaks."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: by itself, with an error, or killed; ``run`` is empty where that was before it had an id.

    ``kept``: the result that the log has of a run that was killed, empty where it was before the log knew of it.
    """

    run: str
    done: Done | None = None
    error: IntegrationError | None = None
    killed: bool = False
    kept: str = ""

    @property
    def told(self) -> str:
        """How it ended, in a word or a code."""
        if self.done:
            return self.refused or self.done.summary.result
        return self.error.code if self.error else "killed"

    @property
    def refused(self) -> str:
        """The code of the refusal, empty where there was none."""
        return self.done.error.code if self.done and self.done.error else ""


class Desk:
    """Makes runs of the job against two sides."""

    def __init__(self, sides: Sides, clock: VirtualClock) -> None:
        self._sides = sides
        self._clock = clock
        self._death = Death()
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="syncd-model-", dir=_IN_MEMORY)))
        (self._folder / FILE_NAME).write_bytes(_empty_store())
        (self._folder / FILE_NAME).chmod(0o600)
        self.wire = Wire(sides.server, clock, self._death)
        self._records = _Records()
        for patched in _patches(self.wire, sides):
            self._stack.enter_context(patched)
        self._stack.enter_context(self._records)
        self.store = self._open()

    def close(self) -> None:
        """Leave nothing behind."""
        self.store.close()
        self._stack.close()

    def run(
        self,
        mapping: Mapping,
        limits: Limits,
        act: Callable[[Runner], Done],
        *,
        kill: int | None = None,
        stop: int | None = None,
    ) -> Ended:
        """Make one run; ``kill``: so many effects before it dies, ``stop``: so many writes before SIGTERM."""
        started: list[str] = []
        self._death.sentence(kill)
        enough = len(self.wire.writes) + (10_000 if stop is None else stop)
        try:
            done = self._run(mapping, limits, act, started.append, lambda: len(self.wire.writes) >= enough)
            return Ended(done.summary.id, done=done)
        except IntegrationError as error:
            return Ended(started[0], error=error)
        except Killed:
            abandoned = self._restart()
            run = "".join(started or abandoned[:1])
            return Ended(run, killed=True, kept=self.store.ledger.run(run).result if run else "")
        finally:
            self._death.sentence(None)
            self._records.check()

    def recorded(self, run: str) -> Recorded:
        """Return the actions of a run and what became of them."""
        return [*self.store.ledger.actions(run)] if run else []

    def _run(
        self,
        mapping: Mapping,
        limits: Limits,
        act: Callable[[Runner], Done],
        started: Callable[[str], None],
        stop: Callable[[], bool],
    ) -> Done:
        context = RunContext(
            google=_GOOGLE,
            rt=_RT,
            credentials=Credentials({"SYNCD_NOTHING": "nothing", "RT_TOKEN": self._sides.rt.token()}, keyring=False),
            store=self.store,
            clock=self._clock,
            progress=lambda *_: None,
        )
        with open_job(mapping.options(limits), context) as job:
            return act(Runner(job, self.store.ledger, limits, stop=stop, clock=self._clock, on_start=started))

    def _restart(self) -> list[str]:
        """Open the store again, as the next command does; return the runs that were not closed."""
        self._death.sentence(None)
        self.store.close()
        self.store = self._open()
        abandoned = [run.id for run in self.store.ledger.abandoned(NAME)]
        for run in abandoned:
            self.store.ledger.mark_abandoned(run)
        return abandoned

    def _open(self) -> Store:
        return mortal(open_store(self._folder, clock=self._clock), self._death)


def _patches(wire: Wire, sides: Sides) -> Iterator[Any]:
    """Yield what is different from a run in production: no sockets, no threads, and no sign-in at Google."""
    yield wire.laid()
    yield patch("syncd.jobs.observe.ThreadPoolExecutor", Inline)
    yield patch("syncd.reconcile.apply.ThreadPoolExecutor", Inline)

    class SignedIn:
        def __init__(self, *_: object, subject: str, scopes: Sequence[str], **__: object) -> None:
            self._token = sides.google.account.issue(subject, frozenset(scopes))

        def headers(self) -> dict[str, str]:
            return {"Authorization": f"Bearer {self._token}"}

        def renew(self) -> bool:
            return False

        def close(self) -> None:
            pass

    yield patch("syncd.systems.google.provider.ServiceAccountAuthenticator", SignedIn)


class _Records(logging.Handler):
    """Keeps the kinds of record that tell of something that is broken, and lets nothing reach a terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._found: list[str] = []
        self._logger = logging.getLogger("syncd")

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or getattr(record, "message_id", "") in BROKEN:
            told = logging.Formatter().format(record)
            self._found.append(told)

    def check(self) -> None:
        """Fail where something was broken."""
        assert not self._found, self._found.pop()

    def __enter__(self) -> None:
        self._before = self._logger.level, self._logger.propagate
        self._logger.addHandler(self)
        self._logger.setLevel(logging.WARNING)
        self._logger.propagate = False

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        level, self._logger.propagate = self._before
        self._logger.setLevel(level)


@cache
def _empty_store() -> bytes:
    """Return the file of a store that nothing is in; making one takes a tenth of a second."""
    with TemporaryDirectory(prefix="syncd-model-") as folder:
        open_store(Path(folder)).close()
        return (Path(folder) / FILE_NAME).read_bytes()
