"""How much passes without a person's approval."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.host.errors import ExitStatus, Refused
from syncd.reconcile.guard import Limit, Limits, Refusal, allowed, check, enforce, short_hash
from syncd.reconcile.model import Kind, Plan, Report, make_action
from syncd.reconcile.plan import make_plan
from syncd.reconcile.ports import RunSummary

KINDS: list[Kind] = ["create", "update", "clear", "move", "disable", "delete"]


def plan(
    count: int = 0,
    *,
    kind: Kind = "update",
    population: int = 100,
    reversible: bool = True,
    sources: dict[str, int] | None = None,
) -> Plan:
    actions = [
        make_action(
            kind=kind,
            system="rt",
            object=str(number),
            label="",
            before={"name": "a"},
            after={"name": "b"},
            reason="",
            reversible=reversible,
        )
        for number in range(count)
    ]
    return make_plan("chromebooks", actions, {"rt": population}, Report(sources=sources or {}))


def last(**sources: int) -> RunSummary:
    return RunSummary(id="1", job="chromebooks", mode="apply", started="", sources=sources)


def refused(count: int, limits: Limits | None = None, **more: object) -> list[str]:
    return [item.what for item in check(plan(count, **more), limits or Limits(), None)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "population", "most"),
    [
        ("update", 100, 30),
        ("update", 10_000, 500),
        ("update", 1, 1),
        ("update", 0, 1),
        ("update", 7, 2),
        ("move", 100, 30),
        ("move", 10_000, 500),
        ("create", 100, 10),
        ("create", 10_000, 100),
        ("create", 0, 1),
        ("clear", 100, 5),
        ("clear", 10_000, 25),
        ("disable", 100, 5),
        ("disable", 10_000, 25),
        ("delete", 10_000, 0),
    ],
)
def test_the_default_limits_hold_from_the_first_object_on(kind: Kind, population: int, most: int) -> None:
    assert refused(most, kind=kind, population=population) == []
    assert refused(most + 1, kind=kind, population=population) == [kind]


def test_the_smaller_of_percentage_and_count_decides_and_the_refusal_names_it() -> None:
    [by_percent] = check(plan(40), Limits(), None)
    assert by_percent.setting == "jobs.chromebooks.limits.update"
    assert by_percent.why == (
        "40 update actions in rt of 100 objects, the limit is 30 (jobs.chromebooks.limits.update.percent = 30)"
    )
    [by_count] = check(plan(501, population=100_000), Limits(), None)
    assert by_count.why.endswith("the limit is 500 (jobs.chromebooks.limits.update.count = 500)")


def test_a_limit_of_zero_lets_nothing_pass() -> None:
    for changed in ({"percent": 0.0}, {"count": 0}):
        limits = msgspec.convert({"update": changed}, Limits)
        assert refused(1, limits) == ["update"]


def test_changing_one_half_of_a_limit_keeps_the_other_default() -> None:
    limits = msgspec.convert({"clear": {"percent": 50.0}}, Limits)
    assert (limits.clear.percent, limits.clear.count) == (50.0, 25)
    assert (limits.update.percent, limits.update.count) == (30.0, 500)


@pytest.mark.parametrize("wrong", [{"percent": 101}, {"percent": -1}, {"count": -1}, {"counts": 1}])
def test_an_impossible_limit_is_an_error(wrong: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"update": wrong}, Limits)


def test_what_cannot_be_taken_back_is_capped_at_one_whatever_its_kind() -> None:
    assert refused(1, reversible=False) == []
    assert refused(2, reversible=False) == ["irreversible"]
    assert refused(2, msgspec.convert({"irreversible": 2}, Limits), reversible=False) == []
    assert refused(1, msgspec.convert({"irreversible": 0}, Limits), reversible=False) == ["irreversible"]


@given(st.floats(0, 100), st.integers(0, 1000), st.integers(0, 20_000))
def test_never_more_than_the_limit_passes(percent: float, count: int, population: int) -> None:
    most = allowed(Limit(percent=percent, count=count), population)
    assert most <= count
    assert most <= max(1, math.floor(percent * population / 100 + 1e-6))
    assert (most >= 1) == (percent > 0 and count > 0)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100), st.sampled_from(KINDS))
def test_a_smaller_plan_never_meets_more_resistance(one: int, other: int, population: int, kind: Kind) -> None:
    smaller, larger = sorted((one, other))
    if refused(smaller, kind=kind, population=population):
        assert refused(larger, kind=kind, population=population)


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 50), st.integers(0, 50), st.integers(0, 1000))
def test_a_looser_limit_never_lets_less_pass(one: float, other: float, few: int, more: int, population: int) -> None:
    tight = Limit(percent=min(one, other), count=min(few, more))
    loose = Limit(percent=max(one, other), count=max(few, more))
    assert allowed(tight, population) <= allowed(loose, population)


@pytest.mark.parametrize(
    ("before", "now", "stopped"),
    [(100, 80, False), (100, 79, True), (100, 0, True), (1, 0, True), (0, 0, False), (0, 9, False), (4, 3, True)],
)
def test_a_source_that_shrank_is_refused_and_two_empty_ones_are_fine(before: int, now: int, *, stopped: bool) -> None:
    refusals = check(plan(sources={"google": now}), Limits(), last(google=before))
    assert [item.what for item in refusals] == (["shrink"] if stopped else [])


def test_a_source_that_is_gone_counts_as_empty_and_is_refused_at_any_percentage() -> None:
    [refusal] = check(plan(), msgspec.convert({"shrink": 100.0}, Limits), last(google=3))
    assert refusal.why == (
        "google has 0 objects, and had 3 in the last good run: 100 % fewer (jobs.chromebooks.limits.shrink = 100)"
    )


def test_a_first_run_has_nothing_to_have_shrunk_from() -> None:
    assert check(plan(sources={"google": 0}), Limits(), None) == []


def over() -> tuple[Plan, list[Refusal]]:
    found = plan(40)
    return found, check(found, Limits(), None)


def test_a_refusal_says_the_number_the_limit_the_setting_and_the_one_command() -> None:
    found, refusals = over()
    with pytest.raises(Refused) as caught:
        enforce(found, refusals, None)
    assert (caught.value.code, caught.value.exit_status) == ("guard.refused", ExitStatus.REFUSED)
    for part in ("40 update", "limit is 30", "jobs.chromebooks.limits.update", "nothing was changed"):
        assert part in caught.value.sentence
    assert caught.value.sentence.endswith(f"syncd apply chromebooks --approve {found.hash[:16]}")


def test_the_command_of_a_refusal_is_the_one_that_makes_this_plan_again() -> None:
    found, refusals = over()
    with pytest.raises(Refused, match="syncd revert run-1 --approve"):
        enforce(found, refusals, None, "syncd revert run-1")


def test_the_hash_or_its_beginning_lifts_the_limits_for_this_plan() -> None:
    found, refusals = over()
    for approval in (found.hash, found.hash[:12], found.hash.upper(), short_hash(found)):
        enforce(found, refusals, approval)


@pytest.mark.parametrize("approval", ["", "0" * 64, "0" * 12])
def test_another_approval_is_refused_also_when_none_is_needed(approval: str) -> None:
    for found, refusals in (over(), (plan(1), [])):
        with pytest.raises(Refused) as caught:
            enforce(found, refusals, approval)
        assert caught.value.code == "guard.wrong_approval"


def test_a_short_beginning_of_the_hash_is_no_approval() -> None:
    found, refusals = over()
    with pytest.raises(Refused, match="at least 12"):
        enforce(found, refusals, found.hash[:11])


def test_an_approval_given_again_after_the_work_is_done_does_no_harm() -> None:
    enforce(plan(0), [], plan(40).hash)
