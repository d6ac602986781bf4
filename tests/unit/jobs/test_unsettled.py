"""What a run for one event comes to where its change was not made, or nobody knows."""

import pytest

from syncd.host.errors import Unavailable, WriteRefused
from syncd.jobs.unsettled import unsettled
from syncd.reconcile.model import Outcome, State
from syncd.reconcile.ports import RunSummary
from syncd.reconcile.run import Done
from unit.state.sample import plan


def done(*outcomes: Outcome) -> Done:
    summary = RunSummary(id="20261121T050000-aaaa", job="asset-created", mode="apply", started="", result="partial")
    return Done(summary=summary, plan=plan(), outcomes=[*outcomes])


def outcome(state: State, code: str = "", error: str = "") -> Outcome:
    return Outcome(action="1", state=state, code=code, error=error)


def test_a_run_whose_changes_were_all_read_back_has_no_error() -> None:
    assert unsettled(done(outcome("verified"), outcome("verified")), "it failed:", code="x.unproven") is None


@pytest.mark.parametrize(
    ("given", "kind", "code", "why"),
    [
        (outcome("failed", "rt.write_refused", "RT says no"), WriteRefused, "rt.write_refused", "RT says no"),
        (outcome("unproven", "rt.refused", "RT took one of two"), WriteRefused, "rt.refused", "RT took one of two"),
        (outcome("unproven", "rt.unreachable", "no answer"), Unavailable, "rt.unreachable", "no answer"),
        (outcome("failed", "rt.gave_up", "RT was away"), Unavailable, "rt.gave_up", "RT was away"),
        (outcome("failed", "internal", "internal error: X"), Unavailable, "internal", "internal error: X"),
        (outcome("not_started", "rt.circuit_open", "RT is left alone"), Unavailable, "rt.circuit_open", "left alone"),
        (outcome("unproven"), Unavailable, "x.unproven", "what RT has now is not what was written"),
    ],
)
def test_only_what_rt_refused_is_not_tried_again(
    given: Outcome, kind: type[Unavailable] | type[WriteRefused], code: str, why: str
) -> None:
    error = unsettled(done(outcome("verified"), given), "it was not done:", code="x.unproven", object="asset:17")
    assert type(error) is kind
    assert error is not None
    assert (error.code, error.system, error.object) == (code, "rt", "asset:17")
    assert error.sentence.startswith("it was not done: ")
    assert why in error.sentence
    assert "syncd show 20261121T050000-aaaa" in error.sentence
