"""The worker: takes events from the inbox and has them handled, each at least once, one at a time for each object.

Whose fault a failure is decides what follows. Where the systems that the event's kind needs are down, nothing is
counted, and nothing of that kind is tried until they may be up again. Where they are not as the configuration says, no
event can be handled: the worker ends, and all events stay. All else is the event's own: it is tried again after a
while, so many times, or buried at once where another try cannot help.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from syncd.daemons.lease import Lease
from syncd.host.backoff import full_jitter
from syncd.host.clock import Clock
from syncd.host.errors import Busy, IntegrationError, Interrupted, Unavailable
from syncd.state.inbox.records import Event, NotYet
from syncd.state.inbox.store import Inbox

log = logging.getLogger(__name__)

SPENT = "event.worker_killed"
INTERNAL = "internal"

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0  # s without a try where a system is down
_FIRST_LOOK, _LONGEST_LOOK = 0.5, 30.0  # s between two looks at what is not there yet


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how soon. ``first_wait`` and ``longest_wait`` (s) bound the wait after a try that failed.

    ``idle`` (s): how often an empty inbox is looked at; ``fresh`` (s): how long connections are kept.
    """

    tries: int = 8
    first_wait: float = 5.0
    longest_wait: float = 3600.0
    lease: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(minutes=10)
    idle: float = 0.5
    fresh: float = 600.0


class Handler(Protocol):
    """Handles the events of one kind."""

    def handle(self, event: Event, *, last: bool) -> bytes:
        """Do what an event asks for, once in effect however often it is called, and return the result, JSON.

        ``last``: there is no other try. Raises NotYet for what is not there so far.
        """

    def check(self) -> None:
        """Raise what keeps every event from being handled."""


Opener = Callable[[], AbstractContextManager[Handler]]


class Desk:
    """A handler that is opened when it is needed, and opened anew after a while or after trouble."""

    def __init__(self, opener: Opener, clock: Clock, fresh: float) -> None:
        self._opener = opener
        self._clock = clock
        self._fresh = fresh
        self._opened = 0.0
        self._stack: ExitStack | None = None
        self._handler: Handler | None = None

    def handler(self) -> Handler:
        """Return the open handler."""
        if self._handler is not None and self._clock.monotonic() - self._opened > self._fresh:
            self.close()
        if self._handler is None:
            with ExitStack() as stack:
                self._handler = stack.enter_context(self._opener())
                self._stack = stack.pop_all()
            self._opened = self._clock.monotonic()
        return self._handler

    def trouble(self) -> IntegrationError | None:
        """Return what keeps every event of the kind from being handled, on a new connection."""
        self.close()
        try:
            self.handler().check()
        except IntegrationError as error:
            return error
        return None

    def close(self) -> None:
        """Close the handler."""
        stack, self._stack, self._handler = self._stack, None, None
        if stack is not None:
            stack.close()


class _Pause(msgspec.Struct):
    """A kind whose systems are down."""

    until: datetime
    times: int = 1


class Worker:
    """Works on the events of some kinds until it is stopped."""

    def __init__(
        self,
        inbox: Inbox,
        handlers: Mapping[str, Opener],
        policy: Policy,
        holder: str,
        clock: Clock,
        *,
        stop: Callable[[], bool],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what it works with. ``alive`` is called at least every ``policy.idle`` seconds while it waits."""
        self._inbox = inbox
        self._policy = policy
        self._holder = holder
        self._clock = clock
        self._stop = stop
        self._alive = alive
        self._desks = {kind: Desk(opener, clock, policy.fresh) for kind, opener in handlers.items()}
        self._pauses: dict[str, _Pause] = {}
        self.done = 0

    def run(self, *, until_idle: bool = False) -> None:
        """Work until a stop is asked for, or until nothing is due; raises what no event can be handled with."""
        try:
            while not self._stop():
                self._alive()
                if not self._step():
                    if until_idle:
                        return
                    self._clock.sleep(self._policy.idle)
        finally:
            for desk in self._desks.values():
                desk.close()

    def _step(self) -> bool:
        """Work on one event; false where none is due, or the inbox is out of order for now."""
        try:
            event = self._claim()
            if event is not None:
                self._work(event)
        except (Busy, Unavailable) as error:
            log.warning("%s", error.sentence, extra=_about("INBOX_TROUBLE", error=error.code))
            return False
        return event is not None

    def _claim(self) -> Event | None:
        now = self._clock.now()
        kinds = [kind for kind in self._desks if kind not in self._pauses or self._pauses[kind].until <= now]
        return self._inbox.claim(self._holder, now, self._policy.lease, kinds) if kinds else None

    def _work(self, event: Event) -> None:
        if event.attempts > self._policy.tries:
            why = f"its worker was killed {event.attempts - 1} times while it worked on it; look at the event's object."
            self._bury(event, SPENT, event.error or why)
            return
        try:
            with Lease(self._inbox, event.id, self._holder, self._policy, self._clock):
                handler = self._desks[event.kind].handler()
                result = handler.handle(event, last=event.attempts >= self._policy.tries)
        except (NotYet, Interrupted) as error:
            self._later(event, error)
        except IntegrationError as error:
            self._failed(event, error)
        except Exception as error:
            log.exception("%s: internal error", event.object, extra=_about("INTERNAL_ERROR", event, INTERNAL))
            self._own_fault(event, Unavailable(f"internal error: {type(error).__name__}", code=INTERNAL))
        else:
            self._finish(event, result)

    # -- what becomes of an event

    def _finish(self, event: Event, result: bytes) -> None:
        self._pauses.pop(event.kind, None)
        if not self._inbox.finish(event.id, self._holder, self._clock.now(), result):
            self._tell_lost(event)
            return
        self.done += 1
        told = (event.kind, event.object, event.attempts)
        log.info("%s of %s done, try %d", *told, extra=_about("EVENT_DONE", event))

    def _later(self, event: Event, error: IntegrationError) -> None:
        """Look again soon at what is not there yet: the older the event, the less often."""
        age = (self._clock.now() - event.received).total_seconds()
        wait = min(max(age / 2, _FIRST_LOOK), _LONGEST_LOOK) if isinstance(error, NotYet) else 0.0
        self._put_back(event, error, wait, counted=False)

    def _failed(self, event: Event, error: IntegrationError) -> None:
        trouble = self._desks[event.kind].trouble()
        if trouble is None:
            self._pauses.pop(event.kind, None)
            self._own_fault(event, error)
        elif trouble.retryable:
            self._pause(event, trouble)
        else:
            self._put_back(event, trouble, 0.0, counted=False)
            raise trouble

    def _own_fault(self, event: Event, error: IntegrationError) -> None:
        if not error.retryable:
            self._bury(event, error.code, error.sentence)
        elif event.attempts >= self._policy.tries:
            self._bury(event, error.code, f"{error.sentence} (given up after {event.attempts} tries)")
        else:
            wait = full_jitter(event.attempts, self._policy.first_wait, self._policy.longest_wait)
            self._put_back(event, error, wait, counted=True)

    def _pause(self, event: Event, trouble: IntegrationError) -> None:
        """Leave a kind alone whose systems are down; not for ever, and not all workers for equally long."""
        times = self._pauses[event.kind].times + 1 if event.kind in self._pauses else 1
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(times, 10))
        wait = longest / 2 + full_jitter(1, longest / 2, longest)
        self._pauses[event.kind] = _Pause(self._clock.now() + timedelta(seconds=wait), times)
        self._put_back(event, trouble, 0.0, counted=False)
        if times == 1:
            told = (event.kind, trouble.sentence)
            log.warning("all %s wait: %s", *told, extra=_about("EVENTS_WAIT", error=trouble.code))

    def _put_back(self, event: Event, error: IntegrationError, wait: float, *, counted: bool) -> None:
        at = self._clock.now() + timedelta(seconds=wait)
        kept = self._inbox.retry(event.id, self._holder, at, error.code, error.sentence, counted=counted)
        if not kept:
            self._tell_lost(event)
        elif counted:
            told = (event.kind, event.object, event.attempts, error.code)
            log.warning("%s of %s failed, try %d: %s", *told, extra=_about("EVENT_FAILED", event, error.code))

    def _bury(self, event: Event, code: str, sentence: str) -> None:
        if not self._inbox.bury(event.id, self._holder, self._clock.now(), code, sentence):
            self._tell_lost(event)
            return
        told = (event.kind, event.object, event.id, code)
        log.error("%s of %s is a dead letter, event %s: %s", *told, extra=_about("EVENT_DEAD", event, code))

    @staticmethod
    def _tell_lost(event: Event) -> None:
        told = (event.kind, event.object)
        log.warning("%s of %s took too long: another worker has it", *told, extra=_about("EVENT_LOST", event))


def _about(message: str, event: Event | None = None, error: str = "") -> dict[str, object]:
    fields: dict[str, object] = {"ERROR": error} if error else {}
    if event is not None:
        fields |= {"EVENT": event.id, "KIND": event.kind, "OBJECT": event.object, "ATTEMPT": event.attempts}
    return {"message_id": message, "syncd": fields}
