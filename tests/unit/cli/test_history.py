"""``syncd runs``, ``syncd show`` and ``syncd revert``."""

from collections.abc import Iterator

import pytest

from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store
from unit.cli.commands import Cli, column, configure, start


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, list[str]]]:
    """Return a sandbox with a plan, a refused apply and an applied one, and the ids of these runs, newest first."""
    with start(tmp_path_factory.mktemp("history")) as site:
        syncd = Cli(site)
        planned = syncd.ended(0, "plan", "chromebooks")
        configure(site, "limits.update.count = 1")
        refused = syncd.ended(3, "apply", "chromebooks")
        applied = syncd.ended(0, "apply", "chromebooks", "--approve", refused.approval)
        yield site, [applied.run, refused.run, planned.run]


@pytest.fixture
def past(history: tuple[Sandbox, list[str]]) -> list[str]:
    return history[1]


@pytest.fixture
def reader(history: tuple[Sandbox, list[str]]) -> Cli:
    """Return the command line for commands that only look back."""
    return Cli(history[0])


def test_runs_are_listed_newest_first(reader: Cli, past: list[str]) -> None:
    rows = reader.ended(0, "runs").rows
    assert column(rows, "run") == past
    assert column(rows, "result") == ["applied", "refused", "planned"]
    assert column(rows, "mode") == ["apply", "apply", "plan"]
    assert all(column(rows, name) for name in ("started", "finished", "by"))
    assert len(set(column(rows, "actions"))) == 1


def test_runs_can_be_chosen_by_job_by_failure_and_by_number(reader: Cli, past: list[str]) -> None:
    assert column(reader.ended(0, "runs", "--failed").rows, "run") == [past[1]]
    assert column(reader.ended(0, "runs", "--limit", "2").rows, "run") == past[:2]
    assert column(reader.ended(0, "runs", "--job", "chromebooks").rows, "run") == past
    assert "there is no job 'others'" in reader.ended(65, "runs", "--job", "others").err


def test_runs_of_another_job_are_left_out(site: Sandbox, syncd: Cli) -> None:
    ours = syncd.ended(0, "plan", "chromebooks").run
    with open_store(site.directory / "state") as store:
        other = store.ledger.start("rosters", "plan")
    assert sorted(column(syncd.ended(0, "runs").rows, "run")) == sorted([other, ours])
    assert column(syncd.ended(0, "runs", "--job", "chromebooks").rows, "run") == [ours]


def test_runs_as_json_have_all_that_is_kept(reader: Cli, past: list[str]) -> None:
    found = reader.ended(0, "runs", "--json").json
    assert [run["id"] for run in found] == past
    assert found[0]["counts"]["verified"] == found[0]["counts"]["actions"]
    assert found[0]["requests"].keys() == {"google", "rt"}


def test_without_runs_there_is_nothing_to_list(syncd: Cli) -> None:
    assert syncd.ended(0, "runs").out == ""
    assert syncd.ended(0, "runs", "--json").json == []


def test_a_run_is_shown_with_its_actions_and_outcomes(reader: Cli, past: list[str]) -> None:
    shown = reader.ended(0, "show", past[0])
    assert shown.rows[0][-1] == "outcome"
    assert "verified" in column(shown.rows[:3], "outcome")
    assert f"Run {past[0]}: applied and read back" in shown.out
    assert f"journalctl SYNCD_RUN_ID={past[0]}" in shown.out


def test_a_refused_run_is_shown_with_its_refusal(reader: Cli, past: list[str]) -> None:
    shown = reader.ended(0, "show", past[1]).out
    assert "Refused, nothing was changed" in shown
    assert "planned" in shown


def test_a_run_as_json(reader: Cli, past: list[str]) -> None:
    document = reader.ended(0, "show", "--json", past[0]).json
    assert document.keys() >= {"run", "report", "actions"}
    assert document["run"]["id"] == past[0]
    assert {item["result"]["state"] for item in document["actions"]} == {"verified"}
    assert all(item["result"]["run"] == past[0] for item in document["actions"])


def test_a_run_can_be_named_by_its_beginning_where_only_one_begins_so(reader: Cli, past: list[str]) -> None:
    assert f"Run {past[0]}:" in reader.ended(0, "show", past[0][:-1]).out or past[0][:-1] == past[1][:-1]
    assert "several runs begin with '2'" in reader.ended(65, "show", "2").err
    assert "there is no run 'x'" in reader.ended(65, "show", "x").err


def test_all_shows_every_record(reader: Cli, past: list[str]) -> None:
    few, every = reader.ended(0, "show", past[2]), reader.ended(0, "show", past[2], "--all")
    assert "--all lists them" in few.out
    assert len(every.rows) > len(few.rows)


def test_personal_data_of_a_run_is_made_safe_to_show(site: Sandbox, syncd: Cli) -> None:
    device = next(one for one in site.fleet.devices if site.fleet.kind_of(one["serialNumber"]) == "asset_id_differs")
    annotate(site, device["deviceId"], "\x1b[2Jgone")
    planned = syncd.ended(0, "plan", "chromebooks")
    for shown in (planned.out, syncd.ended(0, "show", planned.run).out):
        assert "\x1b" not in shown
        assert r"\x1b[2Jgone" in shown


def annotate(site: Sandbox, device_id: str, asset_id: str) -> None:
    """Change a device as somebody does in the Admin console."""
    tenant = site.google.tenant
    tenant.change(tenant.devices.get(device_id) or {}, {"annotatedAssetId": asset_id})


# -- the way back -----------------------------------------------------------------------------------------------


def test_a_revert_is_shown_first_and_then_done(site: Sandbox, syncd: Cli) -> None:
    before = syncd.ended(0, "plan", "chromebooks", "--json").json["plan"]["hash"]
    run = syncd.ended(0, "apply", "chromebooks").run
    configure(site, "limits.clear.percent = 100")
    shown = syncd.ended(0, "revert", run)
    assert "planned, nothing was changed" in shown.out
    assert "back to what it was" in shown.out
    assert "nothing to do" in syncd.ended(0, "plan", "chromebooks").out
    syncd.ended(0, "revert", run, "--apply")
    assert syncd.ended(0, "plan", "chromebooks", "--json").json["plan"]["hash"] == before


def test_a_revert_above_a_limit_is_refused_until_it_is_approved(site: Sandbox, syncd: Cli) -> None:
    run = syncd.ended(0, "apply", "chromebooks").run
    configure(site, "limits.update.count = 1")
    refused = syncd.ended(3, "--config", site.config_file, "revert", run, "--apply")
    assert f"syncd --config {site.config_file} revert {run} --apply --approve {refused.approval}" in refused.out
    done = syncd.ended(0, "revert", run, "--apply", "--approve", refused.approval, "--json").json
    assert (done["run"]["mode"], done["run"]["result"]) == ("revert", "applied")


def test_what_changed_since_is_left_alone_and_listed(site: Sandbox, syncd: Cli) -> None:
    applied = syncd.ended(0, "apply", "chromebooks", "--json").json
    action = next(one for one in applied["plan"]["actions"] if "annotatedAssetId" in one["after"])
    annotate(site, action["object"], "BY-HAND")
    configure(site, "limits.clear.percent = 100")
    shown = syncd.ended(0, "revert", applied["run"]["id"], "--all")
    assert "\nChanged since: 1\n" in shown.out
    assert "1 changed since" in shown.out


def test_a_revert_of_no_run_is_bad_data(syncd: Cli) -> None:
    assert "there is no run 'x'; no run has been recorded yet" in syncd.ended(65, "revert", "x").err
