"""Every action gets exactly one outcome, and its intent is kept before its request."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.host.errors import NotPermitted, Unavailable
from syncd.reconcile.apply import apply
from syncd.reconcile.model import Action, Outcome
from unit.reconcile.stand_ins import MemoryLedger, MemoryWriter, plan_of, states, update

BEHAVIOURS = ["do", "trust", "drop", "fail", "mangle", "crash", "crash_after", "silent", "out", "out_after", "circuit"]


def by_object(**behaviours: str) -> Callable[[Action], str]:
    return lambda action: behaviours.get(f"o{action.object}", "do")


def test_one_failing_action_stops_no_other() -> None:
    writer = MemoryWriter(behave=by_object(o2="fail"))
    outcomes = apply(plan_of(*map(update, (1, 2, 3))), {"rt": writer}, MemoryLedger(), "run")
    assert states(outcomes) == ["verified", "failed", "verified"]


def test_a_system_that_cannot_even_prepare_its_batches_starts_nothing_and_stops_no_other() -> None:
    class Unprepared(MemoryWriter):
        def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:  # noqa: ARG002
            raise Unavailable("people cannot be looked up", code="rt.gave_up")

    unprepared, other = Unprepared(), MemoryWriter(system="google")
    plan = plan_of(update(1), update(2), update(3, system="google"))
    outcomes = apply(plan, {"rt": unprepared, "google": other}, MemoryLedger(), "run")
    found = {action.object: outcome for action, outcome in zip(plan.actions, outcomes, strict=True)}
    assert {number: found[number].state for number in "123"} == {
        "1": "not_started",
        "2": "not_started",
        "3": "verified",
    }
    assert (found["1"].code, found["1"].error) == ("rt.gave_up", "people cannot be looked up")
    assert unprepared.written == []


def test_an_outcome_tells_how_long_its_write_took() -> None:
    class Slow(MemoryWriter):
        def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
            time.sleep(0.02)
            return super().write(batch)

    [outcome] = apply(plan_of(update(1)), {"rt": Slow()}, MemoryLedger(), "run")
    assert 20 <= outcome.duration_ms < 5000


def test_intents_are_kept_before_requests_and_outcomes_after_all_from_one_thread() -> None:
    ledger = MemoryLedger()
    writer = MemoryWriter(events=ledger.events, size=2)
    plan = plan_of(*map(update, range(9)))
    apply(plan, {"rt": writer}, ledger, "run")
    for action in plan.actions:
        assert [event for event, of in ledger.events if of == action.id] == ["intend", "write", "settle"]
    assert ledger.threads == {threading.get_ident()}


def test_an_unexpected_exception_fails_its_batch_with_a_traceback_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer = MemoryWriter(size=2, behave=by_object(o2="crash"))
    with caplog.at_level(logging.ERROR):
        outcomes = apply(plan_of(*map(update, (1, 2, 3, 4))), {"rt": writer}, MemoryLedger(), "run")
    assert [(outcome.state, outcome.code) for outcome in outcomes[:2]] == [("failed", "internal")] * 2
    assert states(outcomes[2:]) == ["verified", "verified"]
    assert caplog.records[0].exc_info


def test_a_system_that_is_out_is_left_alone_and_the_other_goes_on() -> None:
    rt = MemoryWriter(behave=by_object(o2="out"), concurrency=1)
    google = MemoryWriter("google", concurrency=1)
    plan = plan_of(*map(update, range(1, 5)), *(update(n, system="google") for n in range(5)))
    outcomes = apply(plan, {"rt": rt, "google": google}, MemoryLedger(), "run")
    assert states(outcomes) == ["verified"] * 5 + ["verified", "unproven", "not_started", "not_started"]
    assert {outcome.code for outcome in outcomes[6:]} == {"rt.unreachable"}


def test_an_open_circuit_proves_that_nothing_was_sent() -> None:
    writer = MemoryWriter(behave=by_object(o1="circuit"), concurrency=1)
    outcomes = apply(plan_of(update(1), update(2)), {"rt": writer}, MemoryLedger(), "run")
    assert states(outcomes) == ["not_started", "not_started"]


def test_an_expected_error_fails_the_batch_with_its_code() -> None:
    class Strict(MemoryWriter):
        def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
            raise NotPermitted(f"no right to write {len(batch)} objects", code="rt.forbidden")

    [outcome] = apply(plan_of(update(1)), {"rt": Strict()}, MemoryLedger(), "run")
    assert (outcome.state, outcome.code) == ("failed", "rt.forbidden")


def test_after_a_stop_nothing_new_is_started_and_what_runs_is_finished() -> None:
    writer = MemoryWriter(concurrency=2)
    ledger = MemoryLedger()
    outcomes = apply(plan_of(*map(update, range(9))), {"rt": writer}, ledger, "run", stop=lambda: bool(writer.written))
    started = {of for event, of in ledger.events if event == "intend"}
    assert set(writer.written) == started
    assert 1 <= len(started) <= 4
    assert states(outcomes).count("verified") == len(started)
    assert states(outcomes).count("not_started") == 9 - len(started)
    assert {outcome.code for outcome in outcomes if outcome.state == "not_started"} == {"interrupted"}


def test_no_more_requests_run_side_by_side_than_the_writer_takes() -> None:
    gauge = threading.Semaphore(3)
    meeting = threading.Barrier(3, timeout=10)

    class Gauged(MemoryWriter):
        def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
            assert gauge.acquire(blocking=False)
            meeting.wait()  # nobody goes on unless three are here at the same time
            gauge.release()
            return super().write(batch)

    outcomes = apply(plan_of(*map(update, range(9))), {"rt": Gauged(concurrency=3)}, MemoryLedger(), "run")
    assert states(outcomes) == ["verified"] * 9


def test_systems_go_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    class Meeting(MemoryWriter):
        def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
            meeting.wait()
            return super().write(batch)

    writers = {name: Meeting(name, concurrency=1) for name in ("google", "rt")}
    outcomes = apply(plan_of(update(1), update(1, system="google")), writers, MemoryLedger(), "run")
    assert states(outcomes) == ["verified", "verified"]


def test_a_writer_that_forgets_repeats_or_invents_actions_changes_no_count() -> None:
    class Careless(MemoryWriter):
        def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
            return [[actions[0], actions[0]], [], [update(99), actions[1]], [actions[0]]]

        def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
            done = super().write(batch)
            again = [Outcome(action=outcome.action, state="failed") for outcome in done]
            return [*done, *again, Outcome(action="invented", state="verified")]

    writer = Careless()
    outcomes = apply(plan_of(*map(update, (1, 2, 3))), {"rt": writer}, MemoryLedger(), "run")
    assert [(outcome.state, outcome.code) for outcome in outcomes] == [
        ("verified", ""),
        ("verified", ""),
        ("failed", "internal"),
    ]
    assert len(writer.written) == 2


def test_a_writer_that_cannot_group_or_is_missing_fails_its_actions_only() -> None:
    class Broken(MemoryWriter):
        def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
            raise RuntimeError(f"a defect with {len(actions)} actions")

    plan = plan_of(update(1), update(1, system="google"), update(1, system="absent"))
    outcomes = apply(plan, {"rt": Broken(), "google": MemoryWriter("google")}, MemoryLedger(), "run")
    assert {action.system: outcome.state for action, outcome in zip(plan.actions, outcomes, strict=True)} == {
        "absent": "failed",
        "google": "verified",
        "rt": "failed",
    }


def test_progress_ends_at_the_number_of_actions() -> None:
    told: list[tuple[str, int, int | None]] = []
    apply(
        plan_of(*map(update, range(5))),
        {"rt": MemoryWriter()},
        MemoryLedger(),
        "run",
        progress=lambda *step: told.append(step),
    )
    assert told[-1] == ("apply", 5, 5)
    assert told == sorted(told)


@given(
    st.lists(st.tuples(st.sampled_from(["google", "rt", "absent"]), st.sampled_from(BEHAVIOURS)), max_size=12),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(0, 15),
)
@settings(max_examples=60, deadline=None)
def test_every_action_has_exactly_one_outcome(
    wanted: list[tuple[str, str]], size: int, concurrency: int, stop_after: int
) -> None:
    actions = [update(number, system=system) for number, (system, _) in enumerate(wanted)]
    behaviours = {action.id: behaviour for action, (_, behaviour) in zip(actions, wanted, strict=True)}
    ledger = MemoryLedger()
    writers = {
        name: MemoryWriter(
            name, size=size, concurrency=concurrency, behave=lambda action: behaviours[action.id], events=ledger.events
        )
        for name in ("google", "rt")
    }
    plan = plan_of(*actions)
    outcomes = apply(plan, writers, ledger, "run", stop=lambda: len(ledger.events) > 3 * stop_after)
    assert [outcome.action for outcome in outcomes] == [action.id for action in plan.actions]
    assert ledger.outcomes.get("run", {}) == {outcome.action: outcome for outcome in outcomes}
    for name in ("intend", "write", "settle"):
        times = [of for event, of in ledger.events if event == name]
        assert len(times) == len(set(times))
    assert {of for event, of in ledger.events if event == "write"} <= {
        of for event, of in ledger.events if event == "intend"
    }
    for outcome in outcomes:
        if outcome.state == "verified":
            assert behaviours[outcome.action] == "do"
