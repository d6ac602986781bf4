"""``syncd apply`` and ``syncd run``: by plan, by file, by approval, and what they end with."""

import json
from pathlib import Path

import msgspec
import pytest

from syncd.reconcile.model import Report
from syncd.reconcile.plan import encode_plan, make_plan
from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from syncd.state.lock import JobLock
from unit.cli.commands import Cli, configure


def test_a_plan_is_applied_read_back_and_then_there_is_nothing_to_do(syncd: Cli) -> None:
    first = syncd.ended(0, "apply", "chromebooks")
    assert "applied and read back" in first.out
    assert first.rows[0][-1] == "outcome"
    assert {row[-1] for row in first.rows[1:] if row[0] in {"update", "clear"} and row[-1]} == {"verified"}
    second = syncd.ended(0, "apply", "chromebooks")
    assert "nothing to do (no action;" in second.out


def test_json_has_the_outcome_of_every_action(syncd: Cli) -> None:
    document = syncd.ended(0, "apply", "chromebooks", "--json").json
    assert document["run"]["result"] == "applied"
    outcomes = {outcome["action"]: outcome["state"] for outcome in document["outcomes"]}
    assert outcomes == {action["id"]: "verified" for action in document["plan"]["actions"]}


def test_run_plans_by_default_and_applies_where_the_mode_says_so(site: Sandbox, syncd: Cli) -> None:
    assert syncd.ended(0, "run", "chromebooks", "--json").json["run"]["mode"] == "plan"
    configure(site, 'mode = "apply"')
    document = syncd.ended(0, "run", "chromebooks", "--json").json
    assert (document["run"]["mode"], document["run"]["result"]) == ("apply", "applied")


@pytest.mark.parametrize("verb", ["apply", "run"])
def test_every_record_is_listed_when_asked_for(site: Sandbox, syncd: Cli, verb: str) -> None:
    configure(site, 'mode = "apply"\nlimits.update.count = 0')
    few, every = syncd.ended(3, verb, "chromebooks"), syncd.ended(3, verb, "chromebooks", "--all")
    assert "--all lists them" in few.out
    assert "--all lists" not in every.out
    assert len(every.rows) > len(few.rows)


# -- limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["apply", "run"])
def test_a_plan_above_a_limit_is_refused_until_it_is_approved(site: Sandbox, syncd: Cli, verb: str) -> None:
    configure(site, 'mode = "apply"\nlimits.update.count = 1')
    refused = syncd.ended(3, verb, "chromebooks")
    assert "refused, nothing was changed" in refused.out
    syncd.ended(3, "apply", "chromebooks", "--approve", "0" * 16)
    syncd.ended(3, "apply", "chromebooks", "--approve", refused.approval[:11])
    syncd.ended(0, "apply", "chromebooks", "--approve", refused.approval)
    syncd.ended(0, verb, "chromebooks")


def test_the_command_of_a_refusal_keeps_the_configuration_and_the_file(
    site: Sandbox, syncd: Cli, tmp_path: Path
) -> None:
    configure(site, "limits.update.count = 1")
    plan = tmp_path / "my plan.json"
    syncd.ended(3, "plan", "chromebooks", "-o", plan)
    refused = syncd.ended(3, "--config", site.config_file, "apply", plan)
    assert f"syncd --config {site.config_file} apply '{plan}' --approve {refused.approval}" in refused.out
    syncd.ended(0, "apply", plan, "--approve", refused.approval)


# -- saved plans ------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_applied_exactly(syncd: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    planned = syncd.ended(0, "plan", "chromebooks", "--json", "-o", plan).json
    applied = syncd.ended(0, "apply", plan, "--json").json
    assert applied["plan"]["hash"] == planned["plan"]["hash"]
    assert len(applied["outcomes"]) == len(planned["plan"]["actions"]) > 0


def test_a_stale_plan_is_refused(syncd: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    syncd.ended(0, "plan", "chromebooks", "-o", plan)
    syncd.ended(0, "apply", plan)
    refused = syncd.ended(3, "apply", plan)
    assert "The saved plan is stale, nothing was changed" in refused.out


def test_an_edited_plan_is_refused(syncd: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    syncd.ended(0, "plan", "chromebooks", "-o", plan)
    content = json.loads(plan.read_text())
    content["actions"][0]["after"] = {"annotatedUser": "somebody@example.org"}
    plan.write_text(json.dumps(content))
    refused = syncd.ended(3, "--log", "json", "apply", plan)
    (record,) = refused.records
    assert (record["SYNCD_ERROR"], record["PRIORITY"]) == ("plan.edited", "3")


@pytest.mark.parametrize("content", ["{}", "\0", None])
def test_what_is_no_plan_is_bad_data(syncd: Cli, tmp_path: Path, content: str | None) -> None:
    plan = tmp_path / "plan.json"
    if content is not None:
        plan.write_text(content)
    (record,) = syncd.ended(65, "--log", "json", "apply", plan).records
    assert record["SYNCD_ERROR"] == "plan.unreadable"


def test_a_plan_of_a_job_that_there_is_no_more_is_bad_data(syncd: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(encode_plan(make_plan("chromebox", [], {}, Report())))
    (record,) = syncd.ended(65, "--log", "json", "apply", plan).records
    assert record["SYNCD_ERROR"] == "job.unknown"


# -- how a run ends ---------------------------------------------------------------------------------------------


PATCH = Rule(method="PATCH", route="/devices/chromeos/", status=400, times=1)
LIST = Rule(method="GET", route=r"/devices/chromeos\?", status=503)


@pytest.mark.parametrize("status", [400, 500])
def test_one_write_that_fails_ends_with_1_and_the_others_are_made(site: Sandbox, syncd: Cli, status: int) -> None:
    site.server.faults.add(msgspec.structs.replace(PATCH, status=status))
    document = syncd.ended(1, "apply", "chromebooks", "--json").json
    states = [outcome["state"] for outcome in document["outcomes"]]
    assert document["run"]["result"] == "partial"
    assert (states.count("failed"), set(states)) == (1, {"failed", "verified"})
    assert "1 failed" in syncd.ended(0, "show", document["run"]["id"]).out
    assert [run["id"] for run in syncd.ended(0, "runs", "--failed", "--json").json] == [document["run"]["id"]]


def test_a_system_that_is_down_ends_with_75_without_a_plan(site: Sandbox, syncd: Cli) -> None:
    site.server.faults.add(LIST)
    result = syncd.ended(75, "--log", "json", "apply", "chromebooks", "--json")
    assert result.out == ""
    assert len([record for record in result.records if record["PRIORITY"] == "3"]) == 1
    assert syncd.ended(0, "runs", "--json").json[0]["result"] == "failed"


def test_a_job_that_is_running_ends_with_75_and_names_who_runs_it(site: Sandbox, syncd: Cli) -> None:
    syncd.ended(0, "plan", "chromebooks")
    with JobLock(site.directory / "state", "chromebooks") as lock:
        lock.name_run("20261121T010203-abcd")
        result = syncd.ended(75, "apply", "chromebooks")
    assert "20261121T010203-abcd" in result.err
    syncd.ended(0, "apply", "chromebooks")


@pytest.mark.parametrize("name", ["google-service-account", "rt-token"])
def test_a_missing_credential_ends_with_77(site: Sandbox, syncd: Cli, name: str) -> None:
    (site.credentials_directory / name).unlink()
    result = syncd.ended(77, "apply", "chromebooks")
    assert name in result.err


def test_the_actor_of_a_run_is_the_unit_where_there_is_one(syncd: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "operator")
    syncd.ended(0, "plan", "chromebooks")
    monkeypatch.setenv("SYNCD_UNIT", "syncd-chromebooks.service")
    syncd.ended(0, "run", "chromebooks")
    assert [run["actor"] for run in syncd.ended(0, "runs", "--json").json] == ["syncd-chromebooks.service", "operator"]
