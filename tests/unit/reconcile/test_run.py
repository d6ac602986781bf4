"""A run from observing to its summary."""

import logging

import msgspec
import pytest

from syncd.host.errors import ConfigurationError, ExitStatus, Interrupted, NotFound, Unavailable
from syncd.reconcile.guard import Limits
from syncd.reconcile.plan import decode_plan, encode_plan
from syncd.reconcile.ports import Traffic
from syncd.reconcile.run import Done, Runner
from unit.reconcile.stand_ins import MemoryLedger, MemoryWriter, Table, copy
from unit.reconcile.two_sides import TwoSides
from unit.virtual_clock import VirtualClock

SECRET_NAME = "Zoë Example"


def table(count: int, user: str = "a") -> Table:
    return {f"{user}{n}": {"serial": f"5CD{n}", "user": user, "name": f"CB-{n}"} for n in range(count)}


class Demo:
    """Two tables of the same devices, and a ledger."""

    def __init__(self, count: int = 10, differing: int = 0) -> None:
        self.writer = MemoryWriter(table=table(count, "t"))
        self.job = TwoSides(table(count, "t"), self.writer)
        self.ledger = MemoryLedger()
        self.stopped = False
        for row in list(self.job.directory.values())[:differing]:
            row["user"] = SECRET_NAME

    @property
    def runner(self) -> Runner:
        return Runner(self.job, self.ledger, Limits(), stop=lambda: self.stopped, clock=VirtualClock())

    def kept(self, done: Done) -> bool:
        return self.ledger.summaries[done.summary.id] == done.summary and done.summary.finished != ""


def test_two_sides_in_sync_need_nothing() -> None:
    demo = Demo()
    for done in (demo.runner.plan(), demo.runner.apply()):
        assert (done.summary.result, done.exit_status, done.plan.actions) == ("in_sync", ExitStatus.OK, ())
        assert demo.kept(done)
    assert demo.writer.written == []


def test_a_dry_run_plans_and_writes_nothing() -> None:
    demo = Demo(differing=2)
    before = copy(demo.writer.table)
    done = demo.runner.plan()
    assert (done.summary.result, done.exit_status, len(done.plan.actions)) == ("planned", ExitStatus.OK, 2)
    assert demo.writer.table == before
    assert demo.ledger.plans[done.summary.id] == done.plan
    assert done.summary.counts["matched"] == 10
    assert (done.summary.counts["actions"], done.summary.counts["update"]) == (2, 2)


def test_applying_writes_verifies_and_leaves_nothing_for_a_second_run() -> None:
    demo = Demo(differing=2)
    demo.writer.behave = lambda action: "trust" if action.label == "5CD1" else "do"
    dry = demo.runner.plan()
    done = demo.runner.apply()
    assert done.plan.hash == dry.plan.hash
    assert (done.summary.result, done.summary.counts["verified"]) == ("applied", 2)
    assert done.summary.requests == {"rt": 3}
    assert done.summary.traffic == {"rt": Traffic(requests=3, retries=1, codes={"200": 3})}
    assert done.summary.sources == {"directory": 10, "rt": 10}
    assert demo.runner.apply().summary.result == "in_sync"
    assert len(demo.writer.written) == 2


def test_times_are_rfc_3339_in_utc() -> None:
    summary = Demo().runner.plan().summary
    assert (summary.started, summary.finished) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")


def test_some_failures_are_a_partial_run() -> None:
    demo = Demo(differing=3)
    demo.writer.behave = lambda action: {"5CD0": "fail", "5CD1": "drop"}.get(action.label, "do")
    done = demo.runner.apply()
    assert (done.summary.result, done.exit_status) == ("partial", ExitStatus.SOME_FAILED)
    assert (done.summary.counts["failed"], done.summary.counts["verified"]) == (2, 1)


@pytest.mark.parametrize(("differing", "write"), [(0, False), (2, False), (0, True), (2, True)])
def test_a_part_that_could_not_be_compared_stops_no_other_and_makes_the_run_partial(
    monkeypatch: pytest.MonkeyPatch, *, differing: int, write: bool
) -> None:
    demo = Demo(differing=differing)
    whole = demo.job.observe_and_compare
    troubles = ["The part A is not there.", "The part B neither."]
    monkeypatch.setattr(demo.job, "observe_and_compare", lambda: msgspec.structs.replace(whole(), troubles=troubles))
    done = demo.runner.apply() if write else demo.runner.plan()
    assert (done.summary.result, done.exit_status) == ("partial", ExitStatus.SOME_FAILED)
    assert (done.summary.error, done.summary.code) == (" ".join(troubles), "run.incomparable")
    assert len(demo.writer.written) == (differing if write else 0)
    assert demo.kept(done)


def test_a_guard_refuses_a_dry_run_and_a_real_one_alike_and_the_plan_is_kept() -> None:
    demo = Demo(differing=4)
    for done in (demo.runner.plan(), demo.runner.apply()):
        assert (done.summary.result, done.exit_status) == ("refused", ExitStatus.REFUSED)
        assert len(done.plan.actions) == 4
        assert len(done.refusals) == 1
        assert done.error
        assert done.summary.error == done.error.sentence
        assert len(demo.ledger.plans[done.summary.id].actions) == 4
        assert demo.kept(done)
    assert demo.writer.written == []


def test_an_approval_is_good_for_this_plan_only() -> None:
    demo = Demo(differing=4)
    approval = demo.runner.plan().plan.hash[:16]
    demo.job.directory["t9"]["user"] = "b"
    wrong = demo.runner.apply(approve=approval)
    assert wrong.error
    assert (wrong.error.code, demo.writer.written) == ("guard.wrong_approval", [])
    demo.job.directory["t9"]["user"] = "t"
    assert demo.runner.apply(approve=approval).summary.result == "applied"


def test_a_source_that_shrank_is_refused_until_it_is_approved_or_back() -> None:
    demo = Demo()
    demo.runner.plan()
    gone = dict(demo.job.directory)
    demo.job.directory.clear()
    for _ in range(2):
        done = demo.runner.apply()
        assert [(refusal.what, refusal.system) for refusal in done.refusals] == [("shrink", "directory")]
        assert done.summary.result == "refused"
    demo.job.directory.update(gone)
    assert demo.runner.apply().summary.result == "in_sync"
    demo.job.directory.clear()
    assert demo.runner.apply(approve=done.plan.hash).summary.result == "in_sync"
    assert demo.runner.apply().summary.result == "in_sync"


def test_a_saved_plan_is_applied_exactly_and_later_drift_is_not() -> None:
    demo = Demo(differing=2)
    saved = decode_plan(encode_plan(demo.runner.plan().plan))
    demo.job.directory["t9"]["user"] = "later"
    done = demo.runner.apply(saved=saved)
    assert (done.summary.result, done.plan.hash) == ("applied", saved.hash)
    assert demo.writer.table["t9"]["user"] == "t"


def test_a_stale_saved_plan_is_refused_and_nothing_is_written() -> None:
    demo = Demo(differing=2)
    saved = demo.runner.plan().plan
    demo.writer.table["t0"]["user"] = "theirs"
    done = demo.runner.apply(saved=saved)
    assert done.error
    assert (done.error.code, done.summary.result, demo.writer.written) == ("plan.stale", "refused", [])


def test_sizes_in_a_plan_file_do_not_lift_the_limits() -> None:
    demo = Demo(differing=4)
    saved = msgspec.structs.replace(demo.runner.plan().plan, populations={"rt": 1_000_000})
    assert demo.runner.apply(saved=decode_plan(encode_plan(saved))).summary.result == "refused"


@pytest.mark.parametrize(
    ("failure", "result"),
    [
        (Unavailable("rt is down", code="rt.unreachable"), "failed"),
        (ConfigurationError("no such catalog", code="rt.no_catalog"), "failed"),
        (Interrupted("stopped while reading", code="interrupted"), "interrupted"),
        (RuntimeError("a defect"), "failed"),
    ],
)
def test_a_run_that_cannot_observe_ends_without_a_plan_and_says_why(failure: Exception, result: str) -> None:
    demo = Demo(differing=2)
    demo.job.failure = failure
    with pytest.raises(type(failure)) as caught:
        demo.runner.apply()
    assert caught.value is failure
    [summary] = demo.ledger.summaries.values()
    assert (summary.result, summary.plan_hash) == (result, "")
    assert summary.error
    assert demo.ledger.plans == {}
    assert demo.ledger.last_good("demo") is None


def test_an_unexpected_error_is_kept_by_its_class_only() -> None:
    demo = Demo()
    demo.job.failure = ValueError(SECRET_NAME)
    with pytest.raises(ValueError, match=SECRET_NAME):
        demo.runner.plan()
    [summary] = demo.ledger.summaries.values()
    assert summary.error == "internal error: ValueError (internal)"


def test_a_stopped_run_is_interrupted_and_the_next_one_does_the_rest() -> None:
    demo = Demo(count=40, differing=9)
    demo.writer.concurrency = 1

    def stop_after_first(_: object) -> str:
        demo.stopped = True
        return "do"

    demo.writer.behave = stop_after_first
    done = demo.runner.apply()
    assert (done.summary.result, done.exit_status) == ("interrupted", ExitStatus.TRY_LATER)
    assert (done.summary.counts["verified"], done.summary.counts["not_started"]) == (1, 8)
    assert done.summary.error == "stopped after 1 of 9 actions; 8 were not started: run it again to go on"
    assert done.summary.code == "run.stopped"
    demo.stopped = False
    demo.writer.behave = lambda _: "do"
    assert demo.runner.apply().summary.counts["verified"] == 8


def test_a_revert_is_planned_first_guarded_and_then_done() -> None:
    demo = Demo(differing=2)
    before = copy(demo.writer.table)
    applied = demo.runner.apply()
    planned = demo.runner.revert(applied.summary.id)
    assert (planned.summary.mode, planned.summary.result, len(planned.plan.actions)) == ("revert", "planned", 2)
    assert demo.writer.table != before
    reverted = demo.runner.revert(applied.summary.id, write=True)
    assert reverted.summary.result == "applied"
    assert demo.writer.table == before
    again = demo.runner.revert(reverted.summary.id, write=True)
    assert again.summary.result == "applied"
    assert demo.writer.table["t0"]["user"] == SECRET_NAME


def test_a_large_revert_is_refused_with_its_own_command() -> None:
    demo = Demo(differing=6)
    applied = demo.runner.apply(approve=demo.runner.plan().plan.hash)
    refused = demo.runner.revert(applied.summary.id, write=True)
    assert f"syncd revert {applied.summary.id} --apply --approve" in refused.summary.error
    done = demo.runner.revert(applied.summary.id, write=True, approve=refused.plan.hash)
    assert done.summary.result == "applied"


def test_a_run_of_another_job_is_not_reverted() -> None:
    demo = Demo()
    run = demo.ledger.start("other", "apply")
    with pytest.raises(NotFound, match="of the job other"):
        demo.runner.revert(run)


def test_a_revert_is_no_good_run_to_compare_sources_with() -> None:
    demo = Demo(differing=2)
    applied = demo.runner.apply()
    demo.runner.revert(applied.summary.id, write=True)
    good = demo.ledger.last_good("demo")
    assert good
    assert good.id == applied.summary.id


def test_the_journal_has_one_record_for_each_changed_object_and_one_for_the_run_and_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    demo = Demo(differing=3)
    demo.job.directory["t0"]["unit"] = "/to"
    demo.writer.behave = lambda action: {"5CD1": "fail", "5CD2": "mangle"}.get(action.label, "do")
    with caplog.at_level(logging.INFO):
        done = demo.runner.apply()
    told = sorted((record.message_id, record.syncd["OBJECT"]) for record in caplog.records[1:-1])  # type: ignore[attr-defined]
    assert told == [("ACTION_DONE", "t0"), ("ACTION_FAILED", "t1"), ("ACTION_UNPROVEN", "t2")]
    first, last = caplog.records[0], caplog.records[-1]
    assert first.message_id == "RUN_STARTED"  # type: ignore[attr-defined]
    assert last.message_id == "RUN_PARTIAL"  # type: ignore[attr-defined]
    assert last.syncd["RUN_ID"] == done.summary.id  # type: ignore[attr-defined]
    t0 = next(record for record in caplog.records if "rt t0" in record.getMessage())
    assert t0.getMessage() == "rt t0: move, update of unit, user verified"
    for record in caplog.records:
        assert SECRET_NAME not in repr(record.__dict__)
        assert SECRET_NAME not in record.getMessage()


def test_a_run_with_nothing_to_do_leaves_that_it_started_and_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Demo().runner.apply()
    started, record = caplog.records
    assert started.message_id == "RUN_STARTED"  # type: ignore[attr-defined]
    assert started.getMessage() == "apply of demo started"
    assert record.message_id == "RUN_FINISHED"  # type: ignore[attr-defined]
    assert record.getMessage() == (
        "apply of demo in sync: matched 10, only_directory 0, only_rt 0, conflict 0, rejected 0, actions 0"
    )


def test_whoever_starts_the_run_learns_its_id_before_anything_is_read() -> None:
    demo = Demo()
    demo.job.failure = Unavailable("rt is down", code="rt.unreachable")
    told: list[str] = []
    with pytest.raises(Unavailable):
        Runner(demo.job, demo.ledger, Limits(), on_start=told.append).plan()
    assert told == list(demo.ledger.summaries)
