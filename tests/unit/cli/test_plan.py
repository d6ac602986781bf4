"""``syncd plan``: shows, writes a file, and changes nothing."""

import stat
from pathlib import Path

import pytest

from syncd.jobs.settings import JOBS
from syncd.reconcile.plan import decode_plan
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.site import Sandbox
from unit.cli.commands import DEVICES, Cli, configure, start


def test_a_plan_is_shown_and_nothing_is_changed(planner: Cli, shared_site: Sandbox) -> None:
    before = shared_site.server.counts.copy()
    result = planner.ended(0, "plan", "chromebooks")
    assert result.rows[0] == ["action", "system", "object", "field", "before", "after", "why"]
    assert {row[0] for row in result.rows[1:] if len(row) == len(result.rows[0])} == {"clear", "update"}
    assert "planned, nothing was changed" in result.out
    assert "\nOnly in RT: " in result.out
    written = shared_site.server.counts - before
    assert written
    assert {method for method, _ in written} <= {"GET", "POST"}, "RT is searched by POST"


def test_every_count_of_the_fleet_is_told(planner: Cli) -> None:
    counts = planner.ended(0, "plan", "chromebooks", "--json").json["plan"]["report"]["counts"]
    expected = make_fleet(DEVICES).expected
    assert counts["in_sync"] + counts["changed"] == counts["matched"]
    assert counts["only_google"] == expected["only_in_google"] + expected["other_catalog"]
    told = planner.ended(0, "plan", "chromebooks").out
    assert f"{counts['matched']} matched, {counts['only_google']} only in Google" in told


def test_json_is_one_document_with_run_plan_and_outcomes(planner: Cli) -> None:
    document = planner.ended(0, "plan", "chromebooks", "--json").json
    assert document.keys() == {"run", "plan", "refusals", "error", "outcomes"}
    assert (document["run"]["result"], document["error"], document["outcomes"]) == ("planned", None, [])
    assert document["plan"]["hash"].startswith(planner.ended(0, "plan", "chromebooks").found(r"Plan (\w+) of job"))


def test_changes_can_be_told_by_the_exit_status(planner: Cli) -> None:
    planner.ended(2, "plan", "chromebooks", "--detailed-exitcode")
    planner.ended(0, "plan", "chromebooks")


def test_no_change_is_0_in_either_way(tmp_path: Path) -> None:
    with start(tmp_path / "in-sync", drift=False) as site:
        result = Cli(site).ended(0, "plan", "chromebooks", "--detailed-exitcode")
    assert "nothing to do" in result.out


def test_all_lists_every_record_and_every_action(tmp_path: Path) -> None:
    with start(tmp_path / "new", 'statuses = ["ACTIVE"]', first_run=True) as site:
        few = Cli(site).ended(3, "plan", "chromebooks")
        every = Cli(site).ended(3, "plan", "chromebooks", "--all")
    assert "more update in rt; --all lists them" in few.out
    assert "\n... and 1 more; --all lists them.\n" in few.out
    assert "--all lists" not in every.out
    assert len(every.rows) > len(few.rows) + DEVICES


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_full_read_finds_what_no_change_announced(site: Sandbox, syncd: Cli, verb: str) -> None:
    for one in site.rt.world.assets.values():
        one.updated = "2026-01-01 00:00:00"  # what changed seconds ago is read again anyway
    syncd.ended(0, verb, "chromebooks")
    asset = next(one for one in site.rt.world.assets.values() if site.fleet.kind_of(one.name) == "")
    asset.name = "SILENTLY-RENAMED"
    assert "RT asset" not in syncd.ended(0, verb, "chromebooks").err
    assert f"RT asset {asset.id} has changed" in syncd.ended(0, verb, "chromebooks", "--full-read").err


def test_a_plan_file_is_for_its_owner_only_and_can_be_read_again(planner: Cli, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    document = planner.ended(0, "plan", "chromebooks", "--json", "-o", path).json
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert decode_plan(path.read_bytes()).hash == document["plan"]["hash"]


def test_a_file_that_others_could_read_is_closed_to_them(planner: Cli, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("x" * 1_000_000)
    path.chmod(0o644)
    planner.ended(0, "plan", "chromebooks", "--output", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert decode_plan(path.read_bytes()).job == "chromebooks"


def test_a_plan_that_cannot_be_written_is_still_shown(planner: Cli, tmp_path: Path) -> None:
    result = planner.ended(65, "plan", "chromebooks", "-o", tmp_path / "no-such-folder" / "plan.json")
    assert "planned, nothing was changed" in result.out
    assert "no-such-folder/plan.json: No such file or directory; name another file" in result.err


def test_a_plan_above_a_limit_is_shown_and_refused_with_the_command_that_lifts_it(tmp_path: Path) -> None:
    with start(tmp_path / "it's here", "limits.update.count = 1") as site:
        result = Cli(site).ended(3, "--config", site.config_file, "plan", "chromebooks")
        document = Cli(site).ended(3, "plan", "chromebooks", "--json").json
    quoted = str(site.config_file).replace("'", "'\"'\"'")
    assert f"syncd --config '{quoted}' apply chromebooks --approve {document['plan']['hash'][:16]}" in result.out
    assert "jobs.chromebooks.limits.update.count = 1" in result.out
    assert document["error"]["code"] == "guard.refused"
    assert {refusal["system"] for refusal in document["refusals"]} == {"google", "rt"}
    assert "refused, nothing was changed" in result.out


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_job_that_there_is_not_is_answered_with_those_there_are(planner: Cli, verb: str) -> None:
    result = planner.ended(65, "--log", "json", verb, "chromebook")
    (record,) = result.records
    assert record["MESSAGE"] == f"there is no job 'chromebook'; the jobs are: {', '.join(JOBS)}."


def test_two_plans_of_the_same_drift_have_one_hash(planner: Cli) -> None:
    hashes = {planner.ended(0, "plan", "chromebooks", "--json").json["plan"]["hash"] for _ in range(2)}
    assert len(hashes) == 1


def test_the_options_of_the_job_make_the_plan(site: Sandbox, syncd: Cli) -> None:
    configure(site, 'statuses = ["DEPROVISIONED"]\nmatch = ["serial"]')
    counts = syncd.ended(0, "plan", "chromebooks", "--json").json["plan"]["report"]["counts"]
    deprovisioned = [one for one in site.fleet.devices if one["status"] == "DEPROVISIONED"]
    assert counts["excluded"] == DEVICES - len(deprovisioned)
