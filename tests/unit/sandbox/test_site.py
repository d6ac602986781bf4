"""A whole sandbox: what it writes, keeps, and leads to."""

import json
import os
import stat
import tomllib
import urllib.request
from pathlib import Path

import pytest

from syncd.host.errors import Refused
from syncd.sandbox.faults import Faults, Rule
from syncd.sandbox.site import GOOGLE_OWNED, Sandbox
from unit.sandbox.runs import run, settings_of


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Sandbox(tmp_path / "site", devices=40) as site:
            assert mode(site.directory) == 0o700
            assert mode(site.credentials_directory) == 0o700
            names = {path.name: mode(path) for path in site.credentials_directory.iterdir()}
    finally:
        os.umask(before)
    assert names == {"google-service-account": 0o600, "rt-token": 0o600}


def test_the_configuration_is_whole_and_maps_all_that_google_knows(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40) as site:
        settings = settings_of(site)
        assert settings.jobs.chromebooks is not None
        assert settings.jobs.chromebooks.asset_rules.keys() == GOOGLE_OWNED.keys()
        assert settings.state.path == tmp_path / "state"
        assert settings.rt is not None
        assert settings.rt.url == f"{site.url}/rt"


def test_a_folder_with_any_name_makes_a_good_configuration(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "here"\\ßé'
    with Sandbox(folder, devices=40) as site:
        assert settings_of(site).state.path == folder / "state"


def test_further_lines_go_into_their_tables(tmp_path: Path) -> None:
    site = Sandbox(tmp_path, devices=40)
    text = site.configuration(job='mode = "apply"', google="page_size = 7", rt="full_read_days = 2.0")
    tables = tomllib.loads(text)
    site.stop()
    assert tables["jobs"]["chromebooks"]["mode"] == "apply"
    assert (tables["google"]["page_size"], tables["rt"]["full_read_days"]) == (7, 2.0)


@pytest.mark.parametrize(("given", "in_sync"), [({"drift": False}, True), ({}, False)])
def test_a_fleet_in_sync_leaves_nothing_to_do_and_one_with_drift_does(
    tmp_path: Path, given: dict[str, bool], *, in_sync: bool
) -> None:
    with Sandbox(tmp_path, devices=40, **given) as site:  # type: ignore[arg-type]
        assert (run(site).summary.result == "in_sync") == in_sync


def test_before_the_first_run_rt_knows_nothing_that_google_owns_but_the_model(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40, first_run=True) as site:
        done = run(site)
    assert isinstance(done.error, Refused), "so much is refused until somebody approves it"
    changes = [action for action in done.plan.actions if action.system == "rt"]
    assert len(changes) == done.plan.report.counts["matched"]
    assert {name for action in changes for name in action.after} == GOOGLE_OWNED.keys() - {"CF.{Model}"}
    assert all(value is None for action in changes for value in action.before.values())


def test_what_was_written_is_there_when_it_is_served_again(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40) as site:
        assert run(site, write=True).summary.result == "applied"
        token = (site.credentials_directory / "rt-token").read_text()
    with Sandbox(tmp_path, devices=77, seed=9, drift=False) as again:
        done = run(again)
        assert (again.credentials_directory / "rt-token").read_text() == token
    assert done.summary.result == "in_sync"
    assert done.plan.report.sources["google"] == 40


def test_another_seed_makes_another_fleet(tmp_path: Path) -> None:
    sites = [Sandbox(tmp_path / str(seed), devices=40, seed=seed) for seed in (1, 2)]
    for site in sites:
        site.stop()
    assert sites[0].fleet.devices != sites[1].fleet.devices


def test_a_configuration_that_somebody_changed_stays_as_long_as_it_leads_here(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40) as site:
        port = int(site.url.rpartition(":")[2])
        changed = site.configuration(job='query = "sync:2026-01-01.."')
        site.config_file.write_text(changed)
    with Sandbox(tmp_path, port=port) as site:
        assert site.config_file.read_text() == changed
    with Sandbox(tmp_path) as site:
        if site.url.rpartition(":")[2] != str(port):
            assert site.config_file.read_text() == site.configuration()


def test_it_fails_as_it_is_told_to(tmp_path: Path) -> None:
    faults = Faults()
    with Sandbox(tmp_path, devices=40, faults=faults) as site:
        faults.add(Rule(route="/rt/", status=418))
        with pytest.raises(urllib.request.HTTPError) as caught:
            urllib.request.urlopen(f"{site.url}/rt/REST/2.0/rt", timeout=10)  # noqa: S310
        assert caught.value.code == 418
        caught.value.close()
        with urllib.request.urlopen(f"{site.url}/_requests", timeout=10) as answer:  # noqa: S310
            counted = json.load(answer)["requests"]
    assert [(one["method"], one["count"]) for one in counted] == [("GET", 1)]


def test_after_its_end_nothing_answers(tmp_path: Path) -> None:
    with Sandbox(tmp_path, devices=40) as site:
        url = site.url
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)  # noqa: S310
