"""``syncd status``: what an operator finds in the morning."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench import status as bench
from syncd.cli import overview as overview_module
from syncd.host.circuit import CircuitState
from syncd.reconcile.ports import RunSummary
from syncd.sandbox.site import Sandbox
from syncd.state.lock import JobLock
from syncd.state.store import FILE_NAME, open_store
from unit.cli.commands import Cli, configure
from unit.cli.desk import HOUR, Desk, desk, give_units, no_systemd, on_a_terminal
from unit.state.sample import action, outcome, plan

__all__ = ["desk", "no_systemd"]

REFUSED = (
    "Refused, nothing was changed: 512 update actions in google of 900 objects, the limit is 270 "
    "(jobs.chromebooks.limits.update.percent = 30). If the plan is right, approve this plan and no other: "
)


# -- jobs -------------------------------------------------------------------------------------------------------


def test_before_the_first_run_every_job_is_there_and_nothing_is_made(desk: Desk) -> None:
    shown = desk.cli.ended(0, "status")
    assert shown.rows[1][:6] == ["chromebooks", "never", "-", "-", "-", "-"]
    assert ["google", "not read yet", "closed", "0", "-", "-"] in shown.rows
    assert not desk.state.exists()


def test_without_any_job_that_is_said(desk: Desk) -> None:
    desk.configure(mode="")
    assert "No job is configured, and none has run." in desk.cli.ended(0, "status").out


def test_a_job_that_is_not_configured_any_more_is_still_told_of(desk: Desk) -> None:
    desk.run("applied")
    desk.configure(mode="")
    assert (desk.job()["mode"], desk.job()["result"]) == ("", "applied")


def test_a_job_is_told_with_its_last_run_its_last_success_and_what_is_left_to_do(desk: Desk) -> None:
    good = desk.run("applied", actions=3, verified=3)
    bad = desk.run("partial", actions=5, verified=3)
    job = desk.job()
    assert (job["result"], job["last_run"]["id"], job["last_success"]["id"]) == ("partial", bad, good)
    assert (job["drift"]["actions"], job["drift"]["open"], job["drift"]["run"]) == (5, 2, bad)
    assert job["drift"]["counts"]["matched"] == 30
    rows = desk.cli.ended(0, "status").rows
    row = dict(zip(rows[0], rows[1], strict=True))
    assert (row["job"], row["result"], row["to do"], row["mode"], row["run"]) == (
        "chromebooks",
        "partial",
        "2",
        "apply",
        bad,
    )
    assert datetime.fromisoformat(row["last run"]) == desk.now - timedelta(hours=46)
    assert datetime.fromisoformat(row["last success"]) == desk.now - timedelta(hours=47)
    assert "matched=30" in row["counts"].split()


@pytest.mark.parametrize(("mode", "success"), [("apply", False), ("plan", True)])
def test_a_plan_is_a_success_for_a_job_that_only_plans(desk: Desk, mode: str, success: bool) -> None:  # noqa: FBT001
    desk.configure(mode=mode)
    run = desk.run("planned", mode="plan", actions=2)
    found = desk.job()["last_success"]
    assert (found and found["id"]) == (run if success else None)


def test_a_revert_is_no_success_of_the_job_and_no_comparison(desk: Desk) -> None:
    run = desk.run("in_sync")
    revert = desk.run("applied", mode="revert", actions=4, verified=4)
    job = desk.job()
    assert (job["last_run"]["id"], job["last_success"]["id"], job["drift"]["run"]) == (revert, run, run)


@pytest.mark.parametrize(
    ("result", "error", "what"),
    [
        ("failed", "RT cannot be reached (rt.unreachable)", "apply: RT cannot be reached (rt.unreachable)"),
        ("partial", "", "apply: some actions failed"),
        ("interrupted", "stopped by SIGTERM (run.stopped)", "apply: stopped by SIGTERM (run.stopped)"),
    ],
)
def test_a_bad_run_is_named_with_the_command_that_tells_more(desk: Desk, result: str, error: str, what: str) -> None:
    run = desk.run(result, error=error)
    assert desk.attention() == [("chromebooks", what, [f"syncd show {run}"])]
    desk.run("in_sync")
    assert desk.attention() == []


# -- refusals ---------------------------------------------------------------------------------------------------


def test_a_refused_plan_waits_with_the_exact_command(desk: Desk) -> None:
    command = "syncd apply chromebooks --approve 0123456789abcdef"
    run = desk.run("refused", actions=512, code="guard.refused", error=REFUSED + command)
    reason = (
        "512 update actions in google of 900 objects, the limit is 270 (jobs.chromebooks.limits.update.percent = 30)"
    )
    expected = [("chromebooks", f"waits for approval: {reason}", [f"syncd show {run}", command])]
    assert desk.attention() == expected
    assert desk.job()["approve"] == command
    desk.run("failed", error="RT is down (rt.unreachable)")
    (waits, failed) = desk.attention()
    assert (waits[1], waits[2]) == (f"the plan of run {run} waits for approval", expected[0][2])
    assert "RT is down" in failed[1]
    desk.run("applied", actions=512, verified=512)
    assert desk.attention() == []


def test_the_command_that_is_shown_lifts_the_refusal(site: Sandbox, syncd: Cli) -> None:
    configure(site, 'mode = "apply"\nlimits.update.count = 1')
    syncd.ended(3, "run", "chromebooks")
    (item,) = syncd.ended(0, "--config", site.config_file, "status", "--json").json["attention"]
    look, approve = (shlex.split(command) for command in item["next"])
    assert (look[0], approve[0]) == ("syncd", "syncd")
    assert "refused" in syncd.ended(0, *look[1:]).out
    assert "applied and read back" in syncd.ended(0, *approve[1:]).out
    assert syncd.ended(0, "status", "--json").json["attention"] == []


def test_a_stale_plan_does_not_wait_for_approval(desk: Desk) -> None:
    run = desk.run("refused", code="plan.stale", error="The saved plan is stale")
    assert desk.job()["approve"] == ""
    assert desk.attention() == [("chromebooks", "apply: The saved plan is stale", [f"syncd show {run}"])]


def test_a_refused_revert_waits_with_its_own_command(desk: Desk) -> None:
    desk.run("applied", actions=5, verified=5)
    command = "syncd revert 20260101T000000-aaaa --apply --approve 0123456789abcdef"
    run = desk.run("refused", mode="revert", code="guard.refused", error=REFUSED + command)
    ((_, what, following),) = desk.attention()
    assert "waits for approval: 512 update actions" in what
    assert following == [f"syncd show {run}", command]


# -- what is under way ------------------------------------------------------------------------------------------


def open_run(desk: Desk, verified: int) -> str:
    with desk.store() as store:
        run = store.ledger.start("chromebooks", "apply")
        store.ledger.planned(run, plan(*(action(number) for number in range(7))))
        store.ledger.settle(run, [outcome(number) for number in range(verified)])
    return run


def test_a_run_under_way_is_told_with_who_runs_it(desk: Desk) -> None:
    run = open_run(desk, verified=3)
    with JobLock(desk.state, "chromebooks", run):
        job = desk.job()
        rows = desk.cli.ended(0, "status").rows
    assert (job["result"], job["holder"]["run"], job["holder"]["pid"]) == ("running", run, os.getpid())
    assert (job["under_way"]["actions"], job["under_way"]["verified"]) == (7, 3)
    assert next(row for row in rows if row[:2] == ["chromebooks", run])[2].startswith(f"{os.getpid()} on ")


def test_a_run_that_nobody_runs_any_more_was_killed(desk: Desk) -> None:
    run = open_run(desk, verified=3)
    assert (desk.job()["result"], desk.job()["holder"]) == ("killed", None)
    ((_, what, following),) = desk.attention()
    assert f"run {run} was killed" in what
    assert following == [f"syncd show {run}"]


# -- systems and snapshots --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "open_for", "health", "circuit", "trouble"),
    [
        (0, None, "good", "closed", ""),
        (2, None, "failing", "closed", "the last 2 calls failed"),
        (5, 600, "left alone", "open", "left alone after 5 failed calls in a row; tried again in "),
        (5, -60, "failing", "on trial", "the last 5 calls failed"),
    ],
)
def test_a_system_is_told_with_its_health_and_its_circuit(
    desk: Desk, failures: int, open_for: float | None, health: str, circuit: str, trouble: str
) -> None:
    desk.run("in_sync")
    open_until = desk.now.timestamp() + open_for if open_for else 0.0
    with desk.store() as store:
        store.circuits.save("rt", CircuitState(failures=failures, open_until=open_until, cooldown=600))
    google, rt = desk.status()["systems"]
    assert (google["system"], google["health"], google["circuit"]) == ("google", "good", "closed")
    assert (rt["health"], rt["circuit"], rt["failures"]) == (health, circuit, failures)
    assert datetime.fromisoformat(rt["last_read"]) == desk.now - timedelta(hours=47)
    assert bool(rt["open_until"]) == bool(open_for)
    assert [(about, trouble in what) for about, what, _ in desk.attention()] == ([("rt", True)] if trouble else [])


def test_a_system_was_read_though_the_source_has_another_name(desk: Desk) -> None:
    desk.configure(mode="")
    with desk.config.open("a") as file:
        file.write('[jobs.battery-telemetry]\ncatalogs = ["Chromebooks"]\n[jobs.battery-telemetry.to_rt]\n')
        file.write('"CF.{Health}" = "percent"\n"CF.{Reported}" = "report_time"\n')
    desk.run("in_sync", mode="plan", job="battery-telemetry", sources={"telemetry": 40, "rt": 38})
    assert [(each["system"], each["health"]) for each in desk.status()["systems"]] == [
        ("google", "good"),
        ("rt", "good"),
    ]


def test_the_age_of_a_snapshot_is_told(syncd: Cli) -> None:
    syncd.ended(0, "plan", "chromebooks")
    (snapshot,) = syncd.ended(0, "status", "--json").json["snapshots"]
    assert (snapshot["system"], snapshot["job"]) == ("rt", "chromebooks")
    age = datetime.now(UTC) - datetime.fromisoformat(snapshot["as_of"])
    assert timedelta(0) <= age < timedelta(minutes=5)
    assert snapshot["full_read"] == snapshot["as_of"]


# -- systemd ----------------------------------------------------------------------------------------------------


def test_the_next_start_is_that_of_systemd(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    give_units(monkeypatch, next=desk.now + timedelta(hours=3))
    assert datetime.fromisoformat(desk.job()["next_start"]) == desk.now + timedelta(hours=3)
    row = desk.cli.ended(0, "status").rows[1]
    assert datetime.fromisoformat(row[4]) == desk.now + timedelta(hours=3)


def test_a_start_that_failed_before_a_run_could_be_recorded_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run("in_sync")
    failed = {"active": "failed", "result": "exit-code", "exit_status": 243}
    give_units(monkeypatch, **failed, started=desk.now - timedelta(minutes=5))
    ((about, what, following),) = desk.attention()
    assert about == "chromebooks"
    assert what == "syncd-chromebooks.service failed before it could record a run (exit-code, exit status 243)"
    assert following == ["journalctl --catalog --unit=syncd-chromebooks.service --lines=20"]


def test_a_run_by_hand_does_not_hide_a_start_that_failed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    give_units(
        monkeypatch, active="failed", result="exit-code", exit_status=243, started=desk.now - timedelta(hours=49)
    )
    with open_store(desk.state, actor="root", clock=desk.clock) as store:
        run = store.ledger.start("chromebooks", "plan")
        store.ledger.finish(RunSummary(id=run, job="chromebooks", mode="plan", started="", result="in_sync"))
    ((_, what, _),) = desk.attention()
    assert "failed before it could record a run" in what


def test_a_failed_start_whose_run_is_known_is_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.run("failed", error="RT is down (rt.unreachable)")
    started = desk.now - timedelta(hours=48, seconds=2)
    give_units(monkeypatch, active="failed", result="exit-code", exit_status=75, started=started)
    assert [following for _, _, following in desk.attention()] == [[f"syncd show {run}"]]


def test_without_systemd_that_is_said_to_people_only(desk: Desk) -> None:
    assert desk.status()["systemd"] == "there is no systemd on this machine"
    assert "systemd" not in desk.cli.ended(0, "status").out
    assert "When jobs start next is not known: there is no systemd on this machine." in on_a_terminal(desk, 100)


# -- terminals and pipes ----------------------------------------------------------------------------------------


@pytest.fixture
def busy(desk: Desk) -> Desk:
    desk.run("applied", actions=3, verified=3)
    desk.run("partial", actions=5, verified=3)
    with desk.store() as store:
        store.circuits.save("rt", CircuitState(failures=5, open_until=desk.now.timestamp() + HOUR, cooldown=900))
    return desk


def test_a_terminal_gets_tables_with_relative_times_and_colours(busy: Desk) -> None:
    shown = on_a_terminal(busy, 100)
    assert "\t" not in shown
    assert "\x1b[31mpartial" in shown
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert re.search(r"chromebooks +partial +46 h ago +47 h ago +- +2 ", plain)
    assert "chromebooks found 46 h ago: 30 matched, 2 only in RT." in plain
    assert re.search(r"rt +left alone +open +5 +in 5\d min +46 h ago", plain)
    assert "\n    syncd " in plain


def test_a_terminal_of_40_columns_gets_a_line_for_each_cell(busy: Desk) -> None:
    shown = on_a_terminal(busy, 40, NO_COLOR="1")
    lines = [line.split("  ") for line in shown.splitlines()]
    assert ["last success", "47 h ago"] in [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert re.search(r"^to do +2 *$", shown, re.MULTILINE)
    assert re.search(r"^health +left alone *$", shown, re.MULTILINE)


def test_colours_can_be_switched_off(busy: Desk) -> None:
    assert "\x1b[" not in on_a_terminal(busy, 100, NO_COLOR="1")


def test_a_run_under_way_is_shown_with_its_progress(desk: Desk) -> None:
    run = open_run(desk, verified=3)
    with JobLock(desk.state, "chromebooks", run):
        assert "chromebooks has settled 3 of 7 actions." in on_a_terminal(desk, 100)


def test_what_a_system_said_cannot_drive_the_terminal(desk: Desk) -> None:
    desk.run("failed", error="RT said \x1b[2J\x1b]0;owned\x07")
    assert "\x1b[2J" not in on_a_terminal(desk, 100, NO_COLOR="1")
    assert "\x1b" not in desk.cli.ended(0, "status").out


@pytest.mark.parametrize("redirection", ["| :", ">&-"])
def test_a_reader_that_is_gone_is_no_failure(busy: Desk, redirection: str) -> None:
    command = f"{sys.executable} -m syncd --config {busy.config} status {redirection}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_journal_that_does_not_answer_changes_nothing(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.host.journal.JOURNAL_SOCKET", "/nowhere")
    shown = busy.cli.ended(0, "--log", "journal", "status")
    assert shown.rows[1][:2] == ["chromebooks", "partial"]
    assert shown.err == ""


# -- a store that is not as it should be ------------------------------------------------------------------------


def test_a_store_of_a_newer_syncd_is_a_matter_of_configuration(desk: Desk) -> None:
    with desk.store() as store, store._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    told = desk.cli.ended(78, "--log", "json", "status")
    (record,) = told.records
    assert (record["SYNCD_ERROR"], "use the newer syncd" in record["MESSAGE"], told.out) == ("state.newer", True, "")


def test_a_damaged_store_is_named_with_its_remedy(desk: Desk) -> None:
    desk.run("applied")
    (desk.state / FILE_NAME).write_bytes(b"x" * 9000)
    told = desk.cli.ended(65, "--log", "json", "status")
    (record,) = told.records
    assert (record["SYNCD_ERROR"], "restore a backup" in record["MESSAGE"]) == ("state.damaged", True)


def test_json_is_one_document_with_the_time_it_was_made(desk: Desk) -> None:
    document = desk.status()
    assert document.keys() == {"now", "systemd", "jobs", "systems", "snapshots", "daemons", "inbox", "attention"}
    assert abs(datetime.fromisoformat(document["now"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_rest_of_a_refusal_is_understood_as_the_guard_spells_it() -> None:
    found = overview_module._APPROVE_BY.search(REFUSED + "syncd apply 'my plan' --approve 0123")
    assert found is not None
    assert found["command"] == "syncd apply 'my plan' --approve 0123"


# -- cost -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bench.configure(tmp_path_factory.mktemp("empty") / "state")


@pytest.fixture
def long_history(tmp_path: Path) -> Iterator[Path]:
    config = bench.configure(tmp_path / "full")
    yield config
    (tmp_path / "full" / FILE_NAME).unlink()


@pytest.mark.parametrize(("actions", "result"), [(10, "applied"), (0, "failed")])
def test_a_long_history_costs_no_more_than_twice_an_empty_one(
    empty: Path, long_history: Path, actions: int, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "TIMES", 3)
    bench.fill(long_history.parent / FILE_NAME, actions=actions, result=result)
    (job,) = Cli().ended(0, "--config", long_history, "status", "--json").json["jobs"]
    assert (job["result"], bool(job["drift"])) == (result, actions > 0)
    without, with_history = bench.compare(empty, long_history)
    assert with_history <= 2 * without
