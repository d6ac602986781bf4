"""A run that is stopped, or that meets another one, says so (75), and the next one goes on from there."""

import json
import re
import signal
import socket
from collections import Counter

from syncd.sandbox.faults import Rule
from system.commands import Finished
from system.site import Site, wait_until

TRY_LATER = 75
PATCH = Rule(route=r"/devices/chromeos/[^/]+[?]", method="PATCH", delay=0.3)
HELD = Rule(route=r"/devices/chromeos/[^/]+[?]", method="PATCH", delay=60)


def slow_apply(site: Site, *rules: Rule, after: int = 1) -> Finished:
    """Start an apply that the rules make slow, and send SIGTERM when they have struck."""
    site.fail(*rules)
    running = site.syncd.start("apply", "chromebooks", "--json")
    wait_until("the first write", lambda: site.struck() >= after)
    finished = running.end(signal.SIGTERM)
    site.heal()
    return finished


def told(finished: Finished) -> str:
    """Return the record of the run."""
    (record,) = [record for record in finished.records if "SYNCD_RESULT" in record]
    assert record["SYNCD_RESULT"] == "interrupted"
    return record["MESSAGE"]


def test_sigterm_during_an_apply_stops_between_actions_and_says_where(site: Site) -> None:
    site.configure(google={"concurrency": 1}, rt={"concurrency": 1})
    stopped = slow_apply(site, PATCH, after=2).ended(TRY_LATER)
    assert stopped.result == "interrupted"
    states = Counter(outcome.state for outcome in stopped.outcomes.values())
    assert states["verified"] >= 2
    assert states["not_started"] > 0
    assert states.keys() <= {"verified", "unproven", "not_started"}
    begun = len(stopped.actions) - states["not_started"]
    assert f"apply of chromebooks interrupted: stopped after {begun} of {len(stopped.actions)} actions" in told(stopped)
    assert f"{states['not_started']} were not started: run it again to go on" in told(stopped)


def test_the_next_run_does_what_the_stopped_one_left_and_nothing_twice(site: Site) -> None:
    site.configure(google={"concurrency": 1}, rt={"concurrency": 1})
    stopped = slow_apply(site, PATCH).ended(TRY_LATER)
    done = {number for number, outcome in stopped.outcomes.items() if outcome.state == "verified"}
    again = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert {action.id for action in again.actions}.isdisjoint(done)
    assert {action.id for action in again.actions} <= {action.id for action in stopped.actions}
    assert {action.id for action in stopped.actions} - {action.id for action in again.actions} >= done
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_sigterm_while_reading_changes_nothing_and_says_how_far_it_came(site: Site) -> None:
    site.configure(google={"page_size": 10})
    before = site.whole()
    site.fail(Rule(route=r"/devices/chromeos[?]", delay=0.5))
    running = site.syncd.start("apply", "chromebooks")
    wait_until("the first page", lambda: site.struck() >= 1)
    stopped = running.end(signal.SIGTERM).ended(TRY_LATER)
    assert site.whole() == before
    where = r"apply of chromebooks interrupted: stopped by SIGTERM after \d+ (Google devices|RT assets); run it again"
    assert re.match(where, told(stopped))


def test_sigint_is_as_polite_as_sigterm(site: Site) -> None:
    site.fail(PATCH)
    running = site.syncd.start("apply", "chromebooks", "--json")
    wait_until("the first write", lambda: site.struck() >= 1)
    assert running.end(signal.SIGINT).ended(TRY_LATER).result == "interrupted"


def test_a_second_run_ends_at_once_and_names_the_first(site: Site) -> None:
    site.fail(HELD)
    first = site.syncd.start("apply", "chromebooks", "--json")
    wait_until("the first write", lambda: site.struck() >= 1)
    asked = site.sandbox.server.requests("token")
    seconds = [site.syncd(*command).ended(TRY_LATER) for command in (("apply", "chromebooks"), ("plan", "chromebooks"))]
    assert site.sandbox.server.requests("token") == asked
    (run,) = json.loads(site.syncd("runs", "--json").ended(0).stdout)
    first.end(signal.SIGKILL)
    for second in seconds:
        assert "chromebooks is already running: " in second.error
        assert f"run {run['id']}, process {first.process.pid} on {socket.gethostname()} since 20" in second.error
        assert "try again when it is done" in second.error


def test_what_is_only_looked_at_does_not_wait_for_a_run(site: Site) -> None:
    site.configure(google={"concurrency": 1})
    site.fail(HELD)
    running = site.syncd.start("apply", "chromebooks", "--json")
    wait_until("the first write", lambda: site.struck() >= 1)
    (run,) = json.loads(site.syncd("runs", "--json").ended(0).stdout)
    shown = site.syncd("show", run["id"], "--json").ended(0).json
    running.end(signal.SIGKILL)
    assert run["result"] == shown["run"]["result"] == "running"
    assert {"started", "planned"} <= {recorded["result"]["state"] for recorded in shown["actions"]}
