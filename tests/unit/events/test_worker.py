"""Whose fault a failure is decides what becomes of an event; and what is killed or stopped is taken up again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.daemons.lease import Lease
from syncd.daemons.worker import SPENT, Policy, Worker
from syncd.host.clock import SystemClock
from syncd.host.errors import (
    Busy,
    ConfigurationError,
    DataError,
    IntegrationError,
    Interrupted,
    NotPermitted,
    Unavailable,
)
from syncd.state.inbox.records import Event, NotYet, asset_created
from syncd.state.inbox.store import Inbox, open_inbox
from unit.virtual_clock import VirtualClock

KIND = "asset-created"
POLICY = Policy(tries=3, first_wait=4.0, longest_wait=16.0, idle=0.5)
DOWN = Unavailable("RT is not available.", code="rt.unavailable")


class Shop:
    """A worker on virtual time. ``answers`` are raised or returned in turn, the last one for ever."""

    def __init__(self, inbox: Inbox, clock: VirtualClock) -> None:
        self.inbox = inbox
        self.clock = clock
        self.answers: list[bytes | Exception] = [b'{"tag":"W12-00001"}']
        self.trouble: IntegrationError | None = None
        self.handled: list[tuple[str, bool]] = []
        self.opened = self.closed = 0
        self.stop = False
        self.alive: list[float] = []
        self.policy = POLICY

    def handle(self, event: Event, *, last: bool) -> bytes:
        self.handled.append((event.object, last))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    @contextmanager
    def opener(self) -> Iterator["Shop"]:
        self.opened += 1
        yield self
        self.closed += 1

    def worker(self, holder: str = "a") -> Worker:
        return Worker(
            self.inbox,
            {KIND: self.opener},
            self.policy,
            holder,
            self.clock,
            stop=lambda: self.stop,
            alive=lambda: self.alive.append(self.clock.monotonic()),
        )

    def tell(self, *assets: int) -> list[str]:
        told = [asset_created(asset, "webhook") for asset in assets]
        return [receipt.id for receipt in self.inbox.accept(told, self.clock.now())]

    def run(self, seconds: float = 0.0) -> Worker:
        """Work until nothing is due, for so many seconds."""
        worker = self.worker()
        end = self.clock.monotonic() + seconds
        while True:
            worker.run(until_idle=True)
            if self.clock.monotonic() >= end:
                return worker
            self.clock.advance(0.5)

    def event(self, event_id: str) -> Event:
        event = self.inbox.get(event_id)
        assert event is not None
        return event


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_inbox(tmp_path / "webhooks") as inbox:
        yield Shop(inbox, VirtualClock())


def test_what_is_handled_is_done_with_its_result(shop: Shop) -> None:
    ids = shop.tell(17, 18)
    assert shop.run().done == 2
    assert [shop.event(each).state for each in ids] == ["done", "done"]
    assert shop.event(ids[0]).result == b'{"tag":"W12-00001"}'
    assert (shop.opened, shop.closed) == (1, 1)


def test_a_connection_is_made_anew_after_a_while(shop: Shop) -> None:
    worker = shop.worker()
    for asset in (17, 18):
        shop.tell(asset)
        while worker._step():
            pass
        shop.clock.advance(POLICY.fresh + 1)
    assert (shop.opened, shop.closed) == (2, 1)


def test_a_failure_of_the_event_is_tried_again_with_growing_waits_and_then_is_a_dead_letter(shop: Shop) -> None:
    shop.answers = [Unavailable("RT broke on asset 17.", code="rt.server_error")]
    (event,) = shop.tell(17)
    shop.run()
    first = shop.event(event)
    assert (first.state, first.attempts, first.code) == ("waiting", 1, "rt.server_error")
    assert timedelta(0) <= first.next_try - shop.clock.now() <= timedelta(seconds=4)
    shop.run(30)
    dead = shop.event(event)
    assert (dead.state, dead.attempts, dead.code) == ("dead", 3, "rt.server_error")
    assert dead.error == "RT broke on asset 17. (given up after 3 tries)"
    assert [last for _, last in shop.handled] == [False, False, True]


def test_other_objects_go_on_while_one_waits(shop: Shop) -> None:
    shop.answers = [Unavailable("x", code="rt.server_error"), b"{}"]
    first, second = shop.tell(17, 18)
    shop.run()
    assert [shop.event(each).state for each in (first, second)] == ["waiting", "done"]


@pytest.mark.parametrize(
    "error",
    [
        DataError("that is no asset.", code="asset.no_number"),
        NotPermitted("RT does not let the API user update it.", code="rt.forbidden"),
        ConfigurationError("RT has no such field.", code="rt.preflight"),
        IntegrationError("RT refused it.", code="rt.refused"),
    ],
    ids=["65", "77", "78", "refused"],
)
def test_what_can_never_succeed_is_a_dead_letter_at_once(
    shop: Shop, error: IntegrationError, caplog: pytest.LogCaptureFixture
) -> None:
    shop.answers = [error, b"{}"]
    first, second = shop.tell(17, 18)
    shop.run()
    dead = shop.event(first)
    assert (dead.state, dead.attempts, dead.code, dead.error) == ("dead", 1, error.code, error.sentence)
    assert shop.event(second).state == "done"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["message_id"] == "EVENT_DEAD"
    assert first in record.getMessage()


def test_a_system_that_is_down_for_a_day_costs_no_try_and_the_events_are_done_after_it(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.answers, shop.trouble = [DOWN], DOWN
    events = shop.tell(*range(17, 22))
    worker, hour = shop.worker(), 3600
    for _ in range(hour // 20):
        worker.run(until_idle=True)
        shop.clock.advance(20)
    assert hour / 81 <= len(shop.handled) <= hour / 25
    for _ in range(23):
        worker.run(until_idle=True)
        shop.clock.advance(hour)
    assert {(shop.event(each).state, shop.event(each).attempts) for each in events} == {("waiting", 0)}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
    shop.answers, shop.trouble = [b"{}"], None
    shop.clock.advance(61)
    worker.run(until_idle=True)
    assert {shop.event(each).state for each in events} == {"done"}


def test_a_system_that_is_not_as_configured_ends_the_worker_and_the_event_keeps_its_tries(shop: Shop) -> None:
    shop.answers = [Unavailable("x", code="rt.incomplete")]
    shop.trouble = NotPermitted("RT does not accept the credentials.", code="rt.unauthorized")
    (event,) = shop.tell(17)
    with pytest.raises(NotPermitted):
        shop.run()
    assert (shop.event(event).state, shop.event(event).attempts) == ("waiting", 0)
    assert shop.event(event).code == "rt.unauthorized"


def test_trouble_is_looked_for_on_a_new_connection(shop: Shop) -> None:
    shop.answers = [Unavailable("fields were applied meanwhile", code="rt.incomplete"), b"{}"]
    (event,) = shop.tell(17)
    shop.run(5)
    assert shop.event(event).state == "done"
    assert shop.opened >= 2


def test_what_is_not_there_yet_is_looked_at_soon_and_then_less_often_and_no_try_is_counted(shop: Shop) -> None:
    shop.answers = [NotYet("RT has no asset 17 so far.", code="asset.not_yet")]
    (event,) = shop.tell(17)
    waits = []
    worker = shop.worker()
    for _ in range(16):
        worker.run(until_idle=True)
        waits.append((shop.event(event).next_try - shop.clock.now()).total_seconds())
        shop.clock.advance(waits[-1])
    assert shop.event(event).attempts == 0
    assert waits[0] == 0.5
    assert waits == sorted(waits)
    assert waits[-1] == 30
    assert sum(waits[:5]) < 5


def test_a_stop_in_the_middle_leaves_the_event_for_the_next_worker(shop: Shop) -> None:
    (event,) = shop.tell(17)

    def stopped(_event: Event, **_: bool) -> bytes:
        shop.stop = True
        raise Interrupted("stopped by SIGTERM", code="run.stopped")

    shop.handle = stopped  # type: ignore[method-assign,assignment]
    shop.worker().run()
    assert (shop.event(event).state, shop.event(event).attempts) == ("waiting", 0)
    assert shop.event(event).next_try == shop.clock.now()


def test_an_error_that_nobody_expected_is_a_try_and_is_told_with_its_traceback(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.answers = [ZeroDivisionError()]
    (event,) = shop.tell(17)
    shop.run(60)
    dead = shop.event(event)
    assert (dead.state, dead.attempts, dead.code) == ("dead", 3, "internal")
    assert dead.error.startswith("internal error: ZeroDivisionError")
    assert next(record.exc_info is not None for record in caplog.records if "internal" in record.getMessage())


def test_an_event_that_kills_its_workers_is_a_dead_letter_in_the_end(shop: Shop) -> None:
    (event,) = shop.tell(17)
    for _ in range(POLICY.tries):
        assert shop.inbox.claim("killed", shop.clock.now(), POLICY.lease) is not None
        shop.clock.advance(61)
    shop.run()
    dead = shop.event(event)
    assert (dead.state, dead.code) == ("dead", SPENT)
    assert "killed 3 times" in dead.error
    assert shop.handled == []


def test_the_lease_of_a_killed_worker_is_taken_over(shop: Shop) -> None:
    (event,) = shop.tell(17)
    assert shop.inbox.claim("killed", shop.clock.now(), POLICY.lease) is not None
    shop.run()
    assert shop.handled == []
    shop.clock.advance(61)
    shop.run()
    assert (shop.event(event).state, shop.event(event).attempts) == ("done", 2)


def test_a_worker_that_lost_its_lease_changes_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    (event,) = shop.tell(17)

    def slow(_event: Event, **_: bool) -> bytes:
        shop.clock.advance(120)
        other = shop.inbox.claim("b", shop.clock.now(), POLICY.lease)
        assert other is not None
        return b'{"by":"a"}'

    shop.handle = slow  # type: ignore[method-assign,assignment]
    worker = shop.run()
    assert (shop.event(event).state, shop.event(event).holder, worker.done) == ("working", "b", 0)
    assert "another worker has it" in caplog.text


@pytest.mark.parametrize("broken", ["claim", "finish", "retry"])
def test_an_inbox_that_is_out_of_order_for_a_moment_ends_no_worker(
    shop: Shop, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if broken == "retry":
        shop.answers = [Unavailable("x", code="x"), b"{}"]
    (event,) = shop.tell(17)
    real: Callable[..., object] = getattr(shop.inbox, broken)
    calls = []

    def once(*arguments: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise Busy("another process has kept it locked.", code="state.locked")
        return real(*arguments, **more)

    monkeypatch.setattr(shop.inbox, broken, once)
    shop.run(70)
    assert shop.event(event).state == "done"
    assert "kept it locked" in caplog.text


def test_an_idle_worker_looks_often_and_says_that_it_is_alive(shop: Shop) -> None:
    worker = shop.worker()
    sleep = shop.clock.sleep

    def sleeping(seconds: float) -> None:
        sleep(seconds)
        shop.stop = len(shop.alive) >= 10

    shop.clock.sleep = sleeping  # type: ignore[method-assign]
    worker.run()
    assert len(shop.alive) == 10
    assert max(b - a for a, b in zip(shop.alive, shop.alive[1:], strict=False)) <= POLICY.idle


def test_a_lease_is_prolonged_while_the_work_goes_on_and_not_for_ever(tmp_path: Path) -> None:
    clock = SystemClock()
    policy = Policy(lease=timedelta(seconds=0.3), longest=timedelta(seconds=0.8))
    with open_inbox(tmp_path) as inbox:
        (receipt,) = inbox.accept([asset_created(17, "webhook")], clock.now())
        assert inbox.claim("a", clock.now(), policy.lease) is not None
        with Lease(inbox, receipt.id, "a", policy, clock):
            clock.sleep(0.6)
            assert inbox.claim("b", clock.now(), policy.lease) is None
            clock.sleep(1.0)
            assert inbox.claim("b", clock.now(), policy.lease) is not None
