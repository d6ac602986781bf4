"""kill -9 at any moment of an apply: the next run converges, nothing happens twice, and the audit log knows it all."""

import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from syncd.sandbox.faults import Rule
from system.conftest import StartSite
from system.site import Audited, Site, Whole, wait_until

PATCH = r"/devices/chromeos/[^/]+[?]"
LIST = r"/devices/chromeos[?]"
PUT = r"/REST/2\.0/asset/\d+"
CREATE = r"/REST/2\.0/asset$"
SEARCH = r"/REST/2\.0/assets\?"
HOLD = 60.0
JOB = {"missing_assets": "create", "limits": {"create": {"percent": 100, "count": 100}}}


@dataclass(frozen=True)
class Moment:
    """When the kill comes: when the first of the rules has struck so often."""

    rules: tuple[Rule, ...]
    strikes: int = 1


MOMENTS = {
    "while devices are read": Moment((Rule(route=LIST, delay=HOLD),)),
    "while assets are read": Moment((Rule(route=SEARCH, delay=HOLD, after=1),)),
    "before the first write arrives": Moment((Rule(route=PATCH, method="PATCH", delay=HOLD, reset="before"),)),
    "while writes are on their way": Moment((Rule(route=PATCH, method="PATCH", delay=HOLD),), strikes=4),
    "after a write, before its answer": Moment((Rule(route=PATCH, method="PATCH", slow=HOLD, after=3),)),
    "after writes to RT, before their answers": Moment((Rule(route=PUT, method="PUT", slow=HOLD),), strikes=2),
    "before a create arrives": Moment((Rule(route=CREATE, method="POST", delay=HOLD, reset="before"),)),
    "while a create is on its way": Moment((Rule(route=CREATE, method="POST", delay=HOLD),)),
    "after a create, before its answer": Moment((Rule(route=CREATE, method="POST", slow=HOLD),)),
}


@pytest.fixture
def creating(site: Site) -> Site:
    """Return a site whose job makes assets, too."""
    site.configure(job=JOB)
    return site


@dataclass(frozen=True)
class Undisturbed:
    """What both systems hold after an apply that nobody killed, and how often it searched for assets."""

    fields: Whole
    searches: int


@pytest.fixture(scope="module")
def undisturbed(start_site: StartSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    with start_site(tmp_path_factory.mktemp("undisturbed") / "site") as site:
        site.configure(job=JOB)
        site.syncd("apply", "chromebooks").ended(0)
        searches = [line for line in site.sandbox.server.log if re.search(SEARCH, line.target)]
        yield Undisturbed(fields(site.whole()), len(searches))


def fields(whole: Whole) -> Whole:
    """Return what matters: assets and devices without their stamps; assets by name, since ids depend on the order."""
    stamps = {"etag", "id", "created", "updated", "creator", "updated_by"}
    assets = {asset["name"]: asset for asset in whole["rt.assets"].values()}
    assert len(assets) == len(whole["rt.assets"])
    kept = {"devices": whole["google.devices"], "assets": assets}
    return {name: {key: without(stamps, record) for key, record in records.items()} for name, records in kept.items()}


def without(names: set[str], record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def killed(site: Site, moment: Moment) -> None:
    """Kill an apply at a moment, and let what was on its way arrive."""
    site.fail(*moment.rules)
    doomed = site.syncd.start("apply", "chromebooks")
    wait_until("the moment", lambda: site.struck() >= moment.strikes)
    doomed.end(signal.SIGKILL).ended(-signal.SIGKILL)
    site.heal()
    wait_until("the end of what was under way", lambda: site.sandbox.server.connections == 0)
    assert [each.run.result for each in site.audit()] == ["running"]


def touched(site: Site, runs: Sequence[Audited]) -> set[tuple[str, str]]:
    """Return the objects that runs changed, or may have changed, as the log says; a lost create names the serial."""
    ids = {serial(site, asset): str(asset["id"]) for asset in site.whole()["rt.assets"].values()}
    return {
        (action.system, result.object or ids.get(action.object, "") if action.kind == "create" else action.object)
        for each in runs
        for action, result in each.actions
        if result.state in {"verified", "unproven"}
    }


def changed(before: Whole, after: Whole) -> set[tuple[str, str]]:
    return {
        (system, key)
        for system, collection in (("google", "google.devices"), ("rt", "rt.assets"))
        for key in after[collection]
        if before[collection].get(key) != after[collection][key]
    }


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_after_a_kill_the_next_run_ends_where_an_undisturbed_one_does(
    creating: Site, undisturbed: Undisturbed, moment: Moment
) -> None:
    converges(creating, undisturbed, moment)


def test_a_kill_during_the_read_back_leaves_unproven_what_the_next_run_finds_done(
    creating: Site, undisturbed: Undisturbed
) -> None:
    read_back = Rule(route=SEARCH, delay=HOLD, after=undisturbed.searches - 1)
    dead = converges(creating, undisturbed, Moment((read_back,)))
    assert dead.states == {("google", "verified"), ("rt", "unproven")}


def converges(site: Site, undisturbed: Undisturbed, moment: Moment) -> Audited:
    """Kill at a moment, apply again, look at everything, and return what the log says of the killed run."""
    before = site.whole()
    killed(site, moment)
    site.syncd("apply", "chromebooks").ended(0)
    after = site.whole()
    assert fields(after) == undisturbed.fields
    again, dead = site.audit()
    assert (again.run.result, dead.run.result) == ("applied" if again.actions else "in_sync", "interrupted")
    assert "the run was killed" in dead.run.error
    assert {state for _, state in dead.states} <= {"verified", "unproven", "not_started"}
    assert changed(before, after) <= touched(site, (again, dead))
    return dead


def test_a_killed_run_is_shown_as_what_it_is_and_can_be_reverted(site: Site) -> None:
    site.configure(job={"limits": {"clear": {"percent": 100}}})
    before = fields(site.whole())
    killed(site, MOMENTS["after writes to RT, before their answers"])
    assert fields(site.whole()) != before
    (dead,) = site.audit()
    reverted = site.syncd("revert", dead.run.id, "--apply", "--json").ended(0)
    assert reverted.result == "applied"
    assert {action.system for action in reverted.actions} == {"google", "rt"}
    assert fields(site.whole()) == before
    shown = site.syncd("show", dead.run.id, "--json").ended(0).json
    assert shown["run"]["result"] == "interrupted"
    assert "the run was killed" in shown["run"]["error"]


def serial(site: Site, asset: dict[str, Any]) -> str:
    values = asset["values"].get(str(site.field("Serial Number").id)) or [""]
    return str(values[0])
