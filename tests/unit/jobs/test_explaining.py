"""What is said of single Chromebooks is what a run does: told of every device and asset of a fleet."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncd.host.clock import SystemClock
from syncd.host.config import read_document
from syncd.host.credentials import Credentials
from syncd.jobs.chromebooks import ChromebookJob, open_job
from syncd.jobs.context import RunContext
from syncd.jobs.settings import load
from syncd.reconcile.explain import Id
from syncd.reconcile.model import Comparison
from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store

FAST = "rate = 10000.0\nattempts = 1\n"
WAYS = {
    "as it comes": "",
    "with new assets": 'missing_assets = "create"',
    "by serial alone": 'match = ["serial"]',
    "by address first": 'match = ["mac", "serial"]',
    "some places": 'org_units = ["/Chromebooks", "/Staff"]',
    "a query": 'query = "status:provisioned"\nmissing_assets = "create"',
    "all statuses": 'statuses = ["ACTIVE", "DISABLED", "DEPROVISIONED"]\nmissing_assets = "create"',
}


@contextmanager
def job_of(site: Sandbox, lines: str = "") -> Iterator[ChromebookJob]:
    """Open the job of a sandbox with further lines in its table."""
    site.config_file.write_text(site.configuration(job=lines, google=FAST, rt=FAST))
    settings = load(read_document(str(site.config_file), {}))
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(site.credentials_directory)}, keyring=False)
    assert settings.jobs.chromebooks
    with open_store(settings.state.path) as store:
        context = RunContext(
            google=settings.google,
            rt=settings.rt,
            credentials=credentials,
            store=store,
            clock=SystemClock(),
            progress=lambda *_: None,
        )
        with open_job(settings.jobs.chromebooks, context) as job:
            yield job


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("site"), devices=60) as sandbox:
        yield sandbox


def everybody(site: Sandbox) -> list[Id]:
    devices = [("google", device["deviceId"]) for device in site.fleet.devices]
    return [*devices, *(("rt", str(number)) for number in site.rt.world.assets)]


def verdicts(comparison: Comparison) -> dict[Id, str]:
    """Return the state of each record that a run lists; the others are matched or take no part."""
    states = ("only_google", "only_rt", "conflict", "rejected", "superseded", "not_created")
    return {(each.system, each.object): each.state for each in comparison.listings if each.state in states}


def about(comparison: Comparison, one: Id) -> set[str]:
    """Return the ids of the actions that write an object, or are made from it."""
    return {
        action.id
        for action in comparison.actions
        if (action.system, action.object) == one or (action.source == one[1] and action.system != one[0])
    }


@pytest.mark.parametrize("way", WAYS)
def test_every_verdict_and_every_action_is_that_of_a_run(site: Sandbox, way: str) -> None:
    with job_of(site, WAYS[way]) as job:
        run = job.observe_and_compare()
        states = verdicts(run)
        told = Counter[str]()
        for one in everybody(site):
            [case] = [
                case for case in job.explain(one[1]).cases if (one, True) in [(_id(r), r.sought) for r in case.records]
            ]
            [record] = [record for record in case.records if _id(record) == one]
            told[record.state] += 1
            assert record.state == states.get(one, record.state)
            assert (record.state in states.values()) == (one in states)
            assert {action.id for action in case.actions} == about(run, one), case
            for listing in run.listings:
                if (listing.system, listing.object, listing.state) == (*one, record.state):
                    assert record.why == listing.why
    assert told["matched"] > 40
    assert {"conflict", "only_rt"} <= told.keys()


def _id(record: object) -> Id:
    return record.system, record.id  # type: ignore[attr-defined]
