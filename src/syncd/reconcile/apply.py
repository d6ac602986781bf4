"""Apply a plan: every action gets exactly one outcome, whatever its writer does.

Each system has threads of its own. The calling thread alone talks to the ledger: it commits the intent of a batch
before the batch is handed to a thread, and its outcome when it comes back.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import groupby

import msgspec

from syncd.host.errors import IntegrationError, Interrupted, Unavailable
from syncd.reconcile.model import Action, Outcome, Plan, State
from syncd.reconcile.ports import Ledger, Progress, Stop, Writer

logger = logging.getLogger(__name__)

Batch = Sequence[Action]
Settled = Callable[[Sequence[Outcome]], None]

INTERNAL = "internal"


def never_stop() -> bool:
    """Let work go on; stands in where nobody can ask for a stop."""
    return False


def no_progress(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


def apply(
    plan: Plan,
    writers: Mapping[str, Writer],
    ledger: Ledger,
    run: str,
    *,
    stop: Stop = never_stop,
    progress: Progress = no_progress,
    settled: Settled = lambda _: None,
) -> list[Outcome]:
    """Do the actions of a plan and return one outcome for each, in the plan's order.

    One failing action never stops the others. A writer that raises Unavailable stops its system; after ``stop``
    nothing new is started. ``settled`` is told outcomes as they are kept.
    """
    return _Application(plan, ledger, run, stop, progress, settled).go(writers)


class _Lane:
    """The batches of one system, and what of them is running."""

    def __init__(self, writer: Writer, batches: Iterable[Batch], pool: ThreadPoolExecutor, room: int) -> None:
        self.writer = writer
        self.batches = deque(batches)
        self.pool = pool
        self.room = room
        self.closed: IntegrationError | None = None

    def take(self) -> Iterator[Batch]:
        """Yield batches that may start now."""
        while self.room and self.batches and self.closed is None:
            self.room -= 1
            yield self.batches.popleft()


class _Application:
    def __init__(self, plan: Plan, ledger: Ledger, run: str, stop: Stop, progress: Progress, settled: Settled) -> None:
        self.plan = plan
        self.ledger = ledger
        self.run = run
        self.stop = stop
        self.progress = progress
        self.settled = settled
        self.outcomes: dict[str, Outcome] = {}
        self.running: dict[Future[Sequence[Outcome]], tuple[_Lane, Batch]] = {}

    def go(self, writers: Mapping[str, Writer]) -> list[Outcome]:
        with ExitStack() as pools:
            lanes = [
                self._lane(writers[system], list(actions), pools)
                for system, actions in groupby(self.plan.actions, key=lambda action: action.system)
                if system in writers
            ]
            while self._start(lanes) or self.running:
                done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                self._keep([outcome for future in done for outcome in self._collect(future)])
        closed = {lane.writer.system: lane.closed for lane in lanes if lane.closed}
        self._keep(list(self._leftover(writers, closed)))
        return [self.outcomes[action.id] for action in self.plan.actions]

    def _lane(self, writer: Writer, actions: list[Action], pools: ExitStack) -> _Lane:
        room = max(1, writer.concurrency)
        pool = pools.enter_context(ThreadPoolExecutor(room, thread_name_prefix=f"write-{writer.system}"))
        try:
            return _Lane(writer, _batches(writer, actions), pool, room)
        except IntegrationError as error:
            lane = _Lane(writer, (), pool, room)
            lane.closed = error
            return lane

    def _start(self, lanes: Iterable[_Lane]) -> bool:
        """Start what has room, intents first; return whether anything was started."""
        if self.stop():
            return False
        taken = [(lane, batch) for lane in lanes for batch in lane.take()]
        if not taken:
            return False
        self.ledger.intend(self.run, [action for _, batch in taken for action in batch])
        for lane, batch in taken:
            self.running[lane.pool.submit(_timed, lane.writer, batch)] = (lane, batch)
        return True

    def _collect(self, future: Future[Sequence[Outcome]]) -> list[Outcome]:
        lane, batch = self.running.pop(future)
        lane.room += 1
        try:
            return _complete(batch, future.result())
        except (Unavailable, Interrupted) as error:
            lane.closed = error
            # Only an open circuit proves that no request was made.
            state: State = "not_started" if error.code.endswith("circuit_open") else "unproven"
            return _all(batch, state, error.code, error.sentence)
        except IntegrationError as error:
            return _all(batch, "failed", error.code, error.sentence)
        except Exception as error:
            system = lane.writer.system
            logger.exception("The writer of %s failed on %d actions", system, len(batch), extra=_broken(system))
            return _all(batch, "failed", INTERNAL, f"internal error: {type(error).__name__}")

    def _keep(self, outcomes: list[Outcome]) -> None:
        if not outcomes:
            return
        self.ledger.settle(self.run, outcomes)
        self.outcomes.update((outcome.action, outcome) for outcome in outcomes)
        self.settled(outcomes)
        self.progress("apply", len(self.outcomes), len(self.plan.actions))

    def _leftover(self, writers: Mapping[str, Writer], closed: Mapping[str, IntegrationError]) -> Iterator[Outcome]:
        stopped = self.stop()
        for action in self.plan.actions:
            if action.id in self.outcomes:
                continue
            error = closed.get(action.system)
            if error:
                yield _outcome(action, "not_started", error.code, error.sentence)
            elif action.system not in writers:
                yield _outcome(action, "failed", INTERNAL, f"internal error: {action.system} has no writer")
            elif stopped:
                yield _outcome(action, "not_started", "interrupted", "the run was stopped before it")
            else:
                yield _outcome(action, "failed", INTERNAL, f"internal error: {action.system} made no batch with it")


def _broken(system: str) -> dict[str, object]:
    return {"message_id": "WRITER_BROKEN", "syncd": {"SYSTEM": system}}


def _batches(writer: Writer, actions: Sequence[Action]) -> list[Batch]:
    """Return the writer's batches with every action in at most one; what it leaves out is settled at the end.

    Raises IntegrationError where the writer had to ask its system for something and could not.
    """
    left = {action.id: action for action in actions}
    try:
        batches = [list(batch) for batch in writer.batches(actions)]
    except IntegrationError:
        raise
    except Exception:
        logger.exception("The writer of %s could not group its actions", writer.system, extra=_broken(writer.system))
        return []
    wanted = [[left.pop(action.id) for action in batch if action.id in left] for batch in batches]
    return [batch for batch in wanted if batch]


def _timed(writer: Writer, batch: Batch) -> list[Outcome]:
    """Write a batch, and note how long it took."""
    began = time.monotonic()
    outcomes = writer.write(batch)
    took = round((time.monotonic() - began) * 1000)
    return [msgspec.structs.replace(outcome, duration_ms=took) for outcome in outcomes]


def _complete(batch: Batch, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return one outcome for each action of a batch, the first one given."""
    given: dict[str, Outcome] = {}
    for outcome in outcomes:
        given.setdefault(outcome.action, outcome)
    missing = "internal error: the writer did not say what became of it"
    return [given.get(action.id) or _outcome(action, "unproven", INTERNAL, missing) for action in batch]


def _all(batch: Batch, state: State, code: str, error: str) -> list[Outcome]:
    return [_outcome(action, state, code, error) for action in batch]


def _outcome(action: Action, state: State, code: str, error: str) -> Outcome:
    return Outcome(action=action.id, state=state, code=code, error=error)
