"""A system that is out is asked again within the budget, and then left for a later run (75)."""

import json
import re
import time

import pytest

from services.ports import free_port
from syncd.sandbox.faults import Rule
from syncd.sandbox.google.presets import PRESETS
from system.site import Site

TRY_LATER = 75
GOOGLE, RT = r"^/admin/", r"^/rt/REST/"


LASTING = {
    "Google is down": (Rule(route=GOOGLE, reset="before"), "google: list devices was given up after 2 attempts"),
    "Google's quota, 403": (PRESETS["user_rate_limit"], "quota is used up for now (403 userRateLimitExceeded)"),
    "Google's quota, 403 in plain text": (PRESETS["rate_text"], "Google's quota is used up for now (403)"),
    "Google's quota, 429": (PRESETS["rate_limit"], "quota is used up for now (429 rateLimitExceeded)"),
    "Google, 500": (PRESETS["backend_error"], "Google failed (500 backendError)"),
    "Google, 502 with HTML": (PRESETS["bad_gateway_html"], "Google failed (502)"),
    "Google, 503": (PRESETS["unavailable"], "Google failed (503"),
    "the token endpoint, 503": (PRESETS["token_unavailable"], "The token endpoint failed (503)"),
    "RT, 503": (Rule(route=RT, status=503), "RT is not available (status 503)"),
    "RT, 502 with HTML": (Rule(route=RT, status=502, body="<html>"), "RT is not available (status 502)"),
    "RT, 429": (Rule(route=RT, status=429), "RT is not available (status 429)"),
    "RT, 500": (Rule(route=RT, status=500), "RT failed inside (status 500)"),
    "RT resets": (Rule(route=RT, reset="during"), "closed the connection without a whole answer"),
}


@pytest.mark.parametrize(("rule", "words"), LASTING.values(), ids=LASTING.keys())
def test_a_system_that_stays_out_is_given_up_after_the_attempts_it_has(site: Site, rule: Rule, words: str) -> None:
    site.fail(rule)
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert words in error
    assert "was given up after 2 attempts" in error
    assert site.struck() == 2


def test_an_rt_that_nobody_answers_for_is_named_by_host_and_port(site: Site) -> None:
    port = free_port()
    site.configure(rt={"url": f"http://127.0.0.1:{port}"})
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert f"127.0.0.1:{port} cannot be connected to: Connection refused; is it up and is the port right?" in error


def test_a_system_that_hangs_is_given_up_after_its_timeout(site: Site) -> None:
    site.configure(rt={"read_timeout": 0.3})
    site.fail(Rule(route=RT, delay=1.0))
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert "took the request but did not answer in time" in error


def test_what_passes_within_the_attempts_is_no_failure_at_all(site: Site) -> None:
    site.configure(google={"attempts": 4, "budget_seconds": 20}, rt={"attempts": 4, "budget_seconds": 20})
    google, rt = r"/devices/chromeos[?]", r"/REST/2\.0/assets"
    presets = (PRESETS["user_rate_limit"], PRESETS["rate_limit"])
    site.fail(
        *(Rule(route=google, status=rule.status, body=rule.body, times=1) for rule in presets),
        Rule(route=google, reset="during", times=1),
        Rule(route=rt, status=503, times=1),
        Rule(route=rt, cut=True, times=1),
        Rule(route=rt, reset="before", times=1),
    )
    finished = site.syncd("plan", "chromebooks", "--json").ended(0)
    assert finished.result == "planned"
    assert [site.struck(number) for number in range(6)] == [1] * 6
    assert all(int(record["PRIORITY"]) > 4 for record in finished.records)


def test_a_wait_that_was_asked_for_is_kept(site: Site) -> None:
    site.fail(Rule(route=RT, status=429, headers={"Retry-After": "1"}, times=1))
    began = time.monotonic()
    site.syncd("plan", "chromebooks").ended(0)
    assert time.monotonic() - began > 1


def test_a_wait_beyond_the_budget_is_not_begun(site: Site) -> None:
    site.configure(google={"attempts": 10, "budget_seconds": 2})
    site.fail(Rule(route=GOOGLE, status=503, headers={"Retry-After": "600"}))
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert "was given up after 1 attempt:" in error
    assert site.struck() == 1


def test_a_quota_of_a_day_is_not_asked_again(site: Site) -> None:
    site.fail(PRESETS["daily_limit"])
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert "Google's daily quota of this project is used up" in error
    assert site.struck() == 1


def test_a_system_that_fails_run_after_run_is_left_alone_for_a_while_and_the_time_is_named(site: Site) -> None:
    site.configure(rt={"attempts": 1})
    site.fail(Rule(route=RT, status=503))
    for _ in range(5):
        site.refuses(TRY_LATER, "plan", "chromebooks")
    asked = site.struck()
    error = site.refuses(TRY_LATER, "plan", "chromebooks").error
    assert re.search(r"rt is left alone until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC after 5 failed calls in a row", error)
    assert site.struck() == asked


def test_a_system_that_goes_down_during_an_apply_stops_only_its_own_writes(site: Site) -> None:
    """What was not written is told; when the system is back, the next run does it."""
    site.configure(rt={"attempts": 1})
    site.fail(Rule(route=RT, method="PUT", status=503))
    finished = site.syncd("apply", "chromebooks", "--json").ended(1)
    states = {(action.system, finished.outcomes[action.id].state) for action in finished.actions}
    assert {state for system, state in states if system == "google"} == {"verified"}
    assert {state for system, state in states if system == "rt"} <= {"unproven", "failed", "not_started"}
    site.heal()
    again = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert {action.system for action in again.actions} == {"rt"}
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_an_answer_to_a_write_that_is_lost_is_found_out_by_reading(site: Site) -> None:
    site.fail(
        Rule(route=r"/devices/chromeos/[^/]+[?]", method="PATCH", reset="during", times=3),
        Rule(route=RT, method="PUT", reset="during", times=1),
    )
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert {outcome.state for outcome in finished.outcomes.values()} == {"verified"}
    assert json.loads(site.syncd("runs", "--failed", "--json").ended(0).stdout) == []
