"""A plan above a limit is refused (3) with the numbers, the setting, and the one command that lifts the limit."""

import json
import shlex
from pathlib import Path

import pytest

from system.commands import Finished
from system.conftest import MakeSite
from system.site import Site

REFUSED = 3


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Return a site that never synced: every asset lacks what Google knows."""
    return make_site(first_run=True)


def advice(finished: Finished) -> list[str]:
    """Return the arguments of the command that a refusal tells people to type."""
    before, _, command = finished.error.partition("approve this plan and no other: ")
    assert "Refused, nothing was changed" in before
    program, *arguments = shlex.split(command)
    assert program == "syncd"
    return arguments


def approved(finished: Finished) -> str:
    return advice(finished)[-1]


def test_a_plan_above_a_limit_is_refused_by_plan_and_apply_alike_and_the_command_given_lifts_it(site: Site) -> None:
    planned = site.refuses(REFUSED, "plan", "chromebooks")
    refused = site.refuses(REFUSED, "apply", "chromebooks", "--json")
    assert advice(refused) == advice(planned)
    assert refused.json["error"]["code"] == "guard.refused"
    (refusal,) = refused.json["refusals"]
    assert refusal["system"] == "rt"
    for words in (
        f"{refusal['count']} update actions in rt of {refusal['population']} objects, the limit is {refusal['limit']}",
        "(jobs.chromebooks.limits.update.percent = 30)",
    ):
        assert words in refused.error
    assert refused.outcomes == {}
    lifted = site.syncd(*advice(refused), "--json").ended(0)
    assert lifted.result == "applied"
    assert {outcome.state for outcome in lifted.outcomes.values()} == {"verified"}
    assert site.syncd("apply", "chromebooks", "--json").ended(0).result == "in_sync"


def test_the_advice_names_the_configuration_file_that_was_given(site: Site, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a folder" / "config.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(site.sandbox.config_file.read_text())
    site.sandbox.config_file.unlink()
    refused = site.refuses(REFUSED, "--config", str(elsewhere), "apply", "chromebooks")
    assert advice(refused)[:2] == ["--config", str(elsewhere)]
    site.syncd(*advice(refused)).ended(0)


def test_what_the_timer_runs_is_refused_like_all_else(site: Site) -> None:
    site.configure(job={"mode": "apply"})
    refused = site.refuses(REFUSED, "run", "chromebooks")
    site.syncd(*advice(refused)).ended(0)


def test_an_approval_is_for_one_plan_only(site: Site) -> None:
    refused = site.refuses(REFUSED, "apply", "chromebooks")
    device = site.sandbox.fleet.of_kind("user_differs")[0].devices[0]
    site.sandbox.google.edit(device, annotatedUser="somebody.else@example.org")
    moved = site.refuses(REFUSED, *advice(refused))
    assert f"The approval {approved(refused)} is not for the plan of chromebooks as it is now" in moved.error
    assert "look at the plan again and approve its hash" in moved.error


@pytest.mark.parametrize("approval", ["0" * 16, "", "abc"])
def test_an_approval_of_nothing_lifts_nothing(site: Site, approval: str) -> None:
    error = site.refuses(REFUSED, "apply", "chromebooks", "--approve", approval).error
    assert "is not for the plan of chromebooks" in error
    assert "at least 12 characters of it" in error


def test_limits_can_be_set_and_the_refusal_names_the_one_that_decided(site: Site) -> None:
    limits = {"update": {"percent": 100, "count": 5}, "clear": {"percent": 0, "count": 0}}
    site.configure(job={"limits": limits})
    refused = site.refuses(REFUSED, "apply", "chromebooks", "--json")
    assert {(refusal["system"], refusal["what"]) for refusal in refused.json["refusals"]} == {
        ("google", "update"),
        ("google", "clear"),
        ("rt", "update"),
    }
    assert "the limit is 5 (jobs.chromebooks.limits.update.count = 5)" in refused.error
    assert "the limit is 0 (jobs.chromebooks.limits.clear.count = 0)" in refused.error


def test_a_revert_above_a_limit_is_refused_and_its_command_works(site: Site) -> None:
    first = site.whole()["rt.assets"]
    applied = site.syncd(*advice(site.refuses(REFUSED, "apply", "chromebooks"))).ended(0)
    shown = site.refuses(REFUSED, "revert", applied.run)
    refused = site.refuses(REFUSED, "revert", applied.run, "--apply")
    assert approved(shown) == approved(refused)
    assert site.syncd(*advice(refused), "--json").ended(0).result == "applied"
    assert values(site.whole()["rt.assets"]) == values(first)


def values(assets: dict[str, dict[str, object]]) -> dict[str, object]:
    return {number: asset["values"] for number, asset in assets.items()}


def test_a_source_that_shrank_is_refused_until_a_person_says_that_it_is_right(site: Site) -> None:
    site.configure(to_rt={})
    site.syncd("apply", "chromebooks").ended(0)
    for device in list(site.sandbox.google.tenant.devices)[:15]:
        site.sandbox.google.remove(device)
    refused = site.refuses(REFUSED, "apply", "chromebooks")
    assert "google has 25 objects, and had 40 in the last good run: 38 % fewer" in refused.error
    assert "(jobs.chromebooks.limits.shrink = 20)" in refused.error
    site.syncd(*advice(refused)).ended(0)
    site.syncd("apply", "chromebooks").ended(0)


def test_a_source_that_is_suddenly_empty_is_refused_and_one_that_always_was_is_not(site: Site) -> None:
    site.configure(job={"query": "asset_id:nowhere"}, to_rt={})
    assert site.syncd("apply", "chromebooks", "--json").ended(0).result == "in_sync"
    site.configure(to_rt={})
    site.syncd("apply", "chromebooks").ended(0)
    site.configure(job={"query": "asset_id:nowhere", "limits": {"shrink": 100}}, to_rt={})
    assert "google has 0 objects, and had 40" in site.refuses(REFUSED, "apply", "chromebooks").error


def test_a_refused_run_is_in_the_audit_log_with_its_plan(site: Site) -> None:
    refused = site.refuses(REFUSED, "apply", "chromebooks", "--json")
    shown = site.syncd("show", refused.run, "--json").ended(0).json
    assert shown["run"]["result"] == "refused"
    assert shown["run"]["plan_hash"] == refused.json["plan"]["hash"]
    assert [recorded["action"]["id"] for recorded in shown["actions"]] == [action.id for action in refused.actions]
    assert {recorded["result"]["state"] for recorded in shown["actions"]} == {"planned"}
    assert json.loads(site.syncd("runs", "--failed", "--json").stdout)[0]["id"] == refused.run
