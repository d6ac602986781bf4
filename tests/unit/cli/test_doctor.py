"""``syncd doctor``: what can be wrong on this machine, and how all of it is told."""

import json
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.host import journal, systemd
from syncd.host.checks import units as unit_checks
from syncd.host.systemd import Unit, Units
from syncd.sandbox.site import Sandbox
from syncd.state.store import FILE_NAME, open_store
from unit.cli.terminal import on_a_terminal
from unit.cli.ward import GOOGLE, JOB, RT, Ward, no_systemd, states, ward

__all__ = ["no_systemd", "ward"]


# -- health -----------------------------------------------------------------------------------------------------


def test_where_all_is_well_every_area_is_looked_at_and_nothing_is_made_or_changed(ward: Ward) -> None:
    before = len(ward.site.rt.world.transactions)
    found = ward.doctor(0)
    assert {area for area, _ in found} == {"configuration", GOOGLE, RT, JOB, "store", "systemd"}
    assert {check["state"] for key, check in found.items() if key[0] != "systemd"} == {"ok"}
    assert found[JOB, "rt CF.{Serial Number}"]["found"].endswith("Freeform, one value")
    assert "ModifyCustomField" in found[JOB, "rt rights"]["found"]
    assert len(ward.site.rt.world.transactions) == before
    assert not (ward.site.directory / "state").exists()


def test_no_secret_is_printed_whatever_is_wrong(ward: Ward) -> None:
    key = ward.site.google.account.key_file(ward.site.url)
    secrets = {"1-27-wrongwrongwrong", key["private_key"].splitlines()[1], key["private_key_id"]}
    ward.credential("rt-token", "1-27-wrongwrongwrong")
    ward.credential("google-service-account", json.dumps({**key, "token_uri": "no URL"}))
    for told in (ward.cli.ended(77, "doctor", "--json"), ward.cli.ended(77, "--log", "json", "doctor")):
        assert [secret for secret in secrets if secret in told.out + told.err] == []


# -- configuration ----------------------------------------------------------------------------------------------


def test_without_the_configuration_file_this_machine_is_still_looked_at(ward: Ward) -> None:
    found = {
        (check["area"], check["check"]): check
        for check in ward.cli.ended(78, "--config", "/nowhere.toml", "doctor", "--json").json["checks"]
    }
    assert "there is no configuration file /nowhere.toml" in found["configuration", "file"]["found"]
    assert found[RT, "all"]["found"] == "because configuration file failed"
    assert found["store", "all"]["state"] == "skipped"
    assert ("systemd", "journal") in found


def test_a_mistake_in_one_table_leaves_the_checks_of_the_others(ward: Ward) -> None:
    ward.replace("delegated_user =", "delegated_usr =")
    found = ward.doctor(78)
    assert "did you mean google.delegated_user" in found["configuration", "file"]["found"]
    assert found[GOOGLE, "all"]["found"] == found[JOB, GOOGLE]["found"] == "because configuration file failed"
    assert states(found, RT) == states(found, "store") == {"ok"}
    assert found[JOB, "rt catalogs"]["state"] == "ok"


def test_a_mistake_in_a_job_leaves_the_checks_of_the_systems(ward: Ward) -> None:
    ward.configure(job="matches = 1")
    found = ward.doctor(78)
    assert states(found, RT) == states(found, GOOGLE) == {"ok"}
    assert found[JOB, "all"]["state"] == "skipped"


def test_a_mistake_in_a_job_leaves_the_checks_of_its_units(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    give_units(monkeypatch, result="exit-code", exit_status=78, active="failed")
    ward.configure(job="matches = 1")
    assert "exit status 78" in ward.doctor(78)["systemd", SERVICE]["found"]


def test_a_mistake_about_the_store_leaves_the_checks_of_the_metrics(ward: Ward, tmp_path: Path) -> None:
    ward.replace("[google]", f'[metrics]\ntextfile_directory = "{tmp_path}/none"\n[google]')
    ward.replace("[state]", "[state]\nretention = 1")
    found = ward.doctor(78)
    assert found["store", "all"]["state"] == "skipped"
    assert "is not a folder" in found["metrics", "directory"]["found"]
    ward.replace("textfile_directory", "textfile_folder")
    assert ward.doctor(78)["metrics", "all"]["found"] == "because configuration file failed"


def test_a_job_without_the_table_of_its_system_is_named(ward: Ward) -> None:
    text = ward.site.config_file.read_text()
    ward.site.config_file.write_text(text.partition("[rt]")[0] + "[jobs" + text.partition("[jobs")[2])
    found = ward.doctor(78)
    assert "needs [rt]" in found["configuration", "jobs"]["found"]
    assert found[JOB, RT]["found"] == "because configuration jobs failed"
    assert found[JOB, "google devices"]["state"] == "ok"


def test_without_a_job_that_is_a_warning(ward: Ward) -> None:
    ward.site.config_file.write_text(ward.site.config_file.read_text().partition("[jobs.")[0])
    found = ward.doctor(0)
    assert found["configuration", "jobs"]["state"] == "warning"
    assert states(found, RT) == {"ok"}


# -- credentials ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "area"), [("rt-token", RT), ("google-service-account", GOOGLE)])
def test_a_missing_credential_is_told_with_the_places_it_was_sought(ward: Ward, name: str, area: str) -> None:
    ward.credential(name, None)
    culprit = ward.only(77, area, f"credential {name}")
    assert str(ward.site.credentials_directory) in culprit["found"]
    assert f"LoadCredential={name}:FILE" in culprit["remedy"]


def test_an_empty_credential_is_told_from_a_missing_one(ward: Ward) -> None:
    ward.credential("rt-token", " \n")
    assert "is empty" in ward.only(77, RT, "credential rt-token")["found"]


def test_an_unreadable_credential_is_told_with_the_reason(ward: Ward) -> None:
    ward.credential("rt-token", None).mkdir()
    assert "Is a directory" in ward.only(77, RT, "credential rt-token")["found"]


def test_a_credential_that_others_may_read_is_a_warning(ward: Ward) -> None:
    path = ward.site.credentials_directory / "rt-token"
    path.chmod(0o644)
    culprit = ward.only(0, RT, "credential rt-token", "warning")
    assert "mode 0644" in culprit["found"]
    assert culprit["remedy"] == f"chmod 600 {path}"


def test_a_credential_in_a_variable_is_told_with_its_name(ward: Ward) -> None:
    ward.credential("rt-token", None)
    ward.cli.environment["RT_TOKEN"] = ward.site.rt.token()
    assert ward.doctor(0)[RT, "credential rt-token"]["found"] == "from the environment variable $RT_TOKEN"


def test_credentials_can_be_checked_alone_and_nobody_is_asked(ward: Ward) -> None:
    ward.credential("rt-token", " ")
    told = ward.cli.ended(77, "credentials", "check", "--json").json
    assert [(check["check"], check["state"]) for check in told["checks"]] == [
        ("file", "ok"),
        ("jobs", "ok"),
        ("credential google-service-account", "ok"),
        ("key", "ok"),
        ("credential rt-token", "failed"),
    ]
    assert ward.site.server.requests() == 0
    assert len(ward.cli.ended(77, "credentials", "check").rows) == 1 + 5


def test_a_key_that_is_none_is_told(ward: Ward) -> None:
    ward.credential("google-service-account", "{}")
    culprit = ward.only(77, GOOGLE, "key")
    assert "has no type, not service_account" in culprit["found"]
    assert "Google Cloud console" in culprit["remedy"]


# -- the store --------------------------------------------------------------------------------------------------


@pytest.fixture
def state(site: Sandbox) -> Path:
    """A store that has been used."""
    directory = site.directory / "state"
    open_store(directory).close()
    return directory


def test_a_good_store_is_told_check_by_check(ward: Ward, state: Path) -> None:
    found = ward.doctor(0)
    assert found["store", "directory"]["found"] == f"{state}, mode 0700"
    assert {"integrity", "schema", "records", "orphans"} <= {check for area, check in found if area == "store"}


def test_a_store_of_a_newer_syncd_is_a_matter_of_configuration(ward: Ward, state: Path) -> None:
    with open_store(state) as store, store._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    culprit = ward.only(78, "store", "store")
    assert "of a newer syncd" in culprit["found"] + culprit["remedy"]


def test_a_damaged_store_is_told_with_the_way_back(ward: Ward, state: Path) -> None:
    (state / FILE_NAME).write_bytes(b"x" * 9000)
    assert "restore a backup" in ward.only(1, "store", "file")["remedy"]


def test_a_state_directory_that_others_can_see_is_a_warning(ward: Ward, state: Path) -> None:
    state.chmod(0o755)
    assert ward.only(0, "store", "directory", "warning")["remedy"] == f"chmod 700 {state}"


def test_a_state_directory_that_is_a_file_is_told(ward: Ward) -> None:
    (ward.site.directory / "state").write_text("")
    found = ward.doctor(78)
    assert "is not a directory" in found["store", "directory"]["found"]
    assert found["store", "store"]["state"] == "skipped"


def test_a_state_directory_of_somebody_else_is_a_matter_of_rights(
    ward: Ward, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.state.checks.os.access", lambda path, *_, **__: path != state)
    assert "cannot be read and written by this user" in ward.only(77, "store", "directory")["found"]


@pytest.mark.parametrize(("free", "state", "status"), [(10**7, "failed", 1), (3 * 10**8, "warning", 0)])
def test_a_full_disk_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch, free: int, state: str, status: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - free, free))
    culprit = ward.only(status, "store", "disk space", state)
    assert f"{free // 10**6} MB free" in culprit["found"]
    assert "syncd state prune" in culprit["remedy"]


def test_a_metrics_folder_that_is_not_there_is_told(ward: Ward, tmp_path: Path) -> None:
    ward.replace("[google]", f'[metrics]\ntextfile_directory = "{tmp_path}/none"\n[google]')
    assert "is not a folder" in ward.only(78, "metrics", "directory")["found"]
    (tmp_path / "none").mkdir()
    assert ward.doctor(0)["metrics", "directory"]["state"] == "ok"


# -- systemd ----------------------------------------------------------------------------------------------------

SERVICE, TIMER = "syncd-chromebooks.service", "syncd-chromebooks.timer"


def give_units(monkeypatch: pytest.MonkeyPatch, **given: Any) -> None:  # noqa: ANN401
    """Let systemd have the units of the job, in good health but for what is given."""
    good = {"loaded": True, "active": "inactive", "result": "success", "timer": True, "timer_active": "active"}
    unit = Unit(
        service=SERVICE, **{**good, "timer_file": "enabled", "next": datetime(2026, 11, 22, 5, tzinfo=UTC), **given}
    )
    monkeypatch.setattr(unit_checks, "units_of", lambda jobs, _: Units(jobs=dict.fromkeys(jobs, unit)))


def test_without_systemd_it_is_said_to_be_not_here(ward: Ward) -> None:
    found = ward.doctor(0)
    assert found["systemd", "units"]["found"] == "not here: there is no systemd on this machine"
    assert states(found, "systemd") == {"skipped"}


def test_good_units_are_told_with_the_next_start(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    give_units(monkeypatch)
    found = ward.doctor(0)
    assert found["systemd", SERVICE]["state"] == "ok"
    assert found["systemd", TIMER]["found"] == "enabled, next start 2026-11-22 05:00 UTC"


@pytest.mark.parametrize(
    ("given", "check", "words", "remedy"),
    [
        ({"loaded": False}, SERVICE, "nothing runs chromebooks", "syncd units"),
        (
            {"result": "exit-code", "exit_status": 77, "active": "failed"},
            SERVICE,
            "exit status 77",
            f"--unit={SERVICE}",
        ),
        ({"result": "oom-kill", "active": "failed"}, SERVICE, "oom-kill", "journalctl"),
        ({"timer_active": "inactive"}, TIMER, "not started", f"systemctl enable --now {TIMER}"),
        ({"timer_file": "disabled"}, TIMER, "gone after a reboot", f"systemctl enable {TIMER}"),
        ({"next": None}, TIMER, "never elapses again", "list-timers"),
    ],
)
def test_units_that_are_not_as_they_should_be_are_warnings(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], check: str, words: str, remedy: str
) -> None:
    give_units(monkeypatch, **given)
    culprit = ward.doctor(0)["systemd", check]
    assert (culprit["state"], words in culprit["found"], remedy in culprit["remedy"]) == ("warning", True, True)


def test_a_job_without_a_timer_is_said_to_be_started_otherwise(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    give_units(monkeypatch, timer=False)
    assert "started by hand" in ward.doctor(0)["systemd", TIMER]["found"]


def test_a_systemd_that_does_not_answer_is_a_warning(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(systemd, "BOOTED", tmp_path)
    problem = "systemctl says: Failed to connect to bus"
    monkeypatch.setattr(unit_checks, "units_of", lambda *_: Units(problem=problem))
    found = ward.doctor(1)
    assert (found["systemd", "units"]["state"], found["systemd", "units"]["found"]) == ("warning", problem)
    assert "takes no records" in found["systemd", "journal"]["found"]


def test_a_journal_that_takes_records_is_told_and_gets_none(ward: Ward) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(journal.JOURNAL_SOCKET)
        journald.setblocking(False)  # noqa: FBT003
        assert ward.doctor(0)["systemd", "journal"]["state"] == "ok"
        with pytest.raises(BlockingIOError):
            journald.recv(1)


# -- terminals, pipes, the journal --------------------------------------------------------------------------------


@pytest.fixture
def ill(ward: Ward) -> Ward:
    ward.credential("rt-token", "1-27-wrong")
    return ward


def test_a_pipe_gets_a_row_for_each_check_with_its_remedy(ill: Ward) -> None:
    header, *rows = ill.cli.ended(77, "doctor").rows
    assert header == ["area", "check", "state", "found", "remedy"]
    (row,) = [row for row in rows if row[:2] == ["rt", "token"]]
    assert (row[2], "Auth Tokens" in row[4]) == ("failed", True)
    assert all(len(row) == len(header) for row in rows)


def terminal(ward: Ward, columns: int, **environment: str) -> str:
    arguments = ["--config", str(ward.site.config_file), "doctor"]
    program = f"from syncd.cli import _run; _run({arguments!r})"
    credentials = str(ward.site.credentials_directory)
    return on_a_terminal(program, columns, CREDENTIALS_DIRECTORY=credentials, **environment)


def test_a_terminal_gets_a_table_with_colours_and_the_remedies_below(ill: Ward) -> None:
    shown = terminal(ill, 160)
    assert "\x1b[31mfailed" in shown
    assert "\t" not in shown
    assert "rt, token: make a new token as the API user" in shown
    assert "1 failed" in shown.splitlines()[-1]


def test_a_terminal_of_40_columns_gets_a_line_for_each_cell(ill: Ward) -> None:
    shown = terminal(ill, 40, NO_COLOR="1")
    assert "\x1b[" not in shown
    cells = [line.split() for line in shown.splitlines()]
    assert ["check", "token"] in cells
    assert ["state", "failed"] in cells


def test_the_journal_gets_records_of_what_is_wrong_and_no_table(ill: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.doctor.is_the_journal", lambda _: True)
    told = ill.cli.ended(77, "--log", "json", "doctor")
    assert told.out == ""
    (record,) = told.records
    assert (record["PRIORITY"], "rt, token: " in record["MESSAGE"]) == ("3", True)
    assert "Auth Tokens" in record["MESSAGE"]
    assert ill.cli.ended(77, "--log", "json", "doctor", "--json").json["status"] == 77


@pytest.mark.parametrize(
    ("redirection", "token", "status"),
    [("| :", "", 0), ("| :", "1-27-wrong", 77), (">&-", "1-27-wrong", 77), ("--json | :", "1-27-wrong", 77)],
)
def test_a_reader_that_is_gone_changes_no_verdict(ward: Ward, redirection: str, token: str, status: int) -> None:
    if token:
        ward.credential("rt-token", token)
    command = (
        f"CREDENTIALS_DIRECTORY={ward.site.credentials_directory} {sys.executable} -m syncd"
        f" --config {ward.site.config_file} doctor {redirection}; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (status, "")
