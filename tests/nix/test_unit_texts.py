"""The unit data, and the unit files that are made of it: what holds with no nix at hand."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from nix.unit_text import daemon_names, directives
from syncd.host.alerts.ending import TASKS
from syncd.host.errors import ExitStatus
from syncd.host.messages import MessageId
from syncd.host.units.daemons import units as daemon_units
from syncd.host.units.lines import exec_words
from syncd.host.units.render import HERE, Alerts, Daemons, Host, known_jobs, known_kinds, operator_script, units
from syncd.jobs.settings import JOBS


def test_the_unit_data_knows_every_job_and_no_other() -> None:
    assert set(known_jobs()) == set(JOBS)


def test_alerts_know_every_unit_that_is_no_job() -> None:
    assert set(TASKS) == {
        *(f"import-{kind}" for kind in known_kinds("imports")),
        *(f"export-{kind}" for kind in known_kinds("exports")),
        *daemon_names(),
    }


def test_a_job_is_started_again_on_75_and_on_nothing_else() -> None:
    data = json.loads((HERE / "job.json").read_text())["service"]["Service"]
    kept_down = data["RestartPreventExitStatus"].split()
    assert data["Restart"] == "on-failure"
    assert sorted(int(word) for word in kept_down if word.isdecimal()) == [
        status for status in range(1, 256) if status != ExitStatus.TRY_LATER
    ]
    ending = {"SIGABRT", "SIGALRM", "SIGBUS", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGKILL", "SIGPIPE", "SIGQUIT"}
    ending |= {"SIGSEGV", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGXCPU"}
    assert {word for word in kept_down if not word.isdecimal()} == ending
    assert all(hasattr(signal, name) for name in ending)


def test_a_job_follows_only_an_import_that_brought_something_new() -> None:
    zones = {"battery": "/srv/batteries", "students": "/srv/rosters"}
    alerts = Alerts(mail_to="it@example.org")
    texts = units(Host(program="/p", drop_zones=zones, alerts=alerts), ["battery-csv"])
    service = directives(texts["syncd-import-battery.service"])["Unit"]
    for ends, event in (("OnSuccess", "success"), ("OnFailure", "failed")):
        follow = "syncd-after-import-battery.timer"
        assert service[ends] == [f"syncd-alert-mail@import-battery:{event}.service {follow}"]
    timer = directives(texts["syncd-after-import-battery.timer"])
    assert timer["Unit"]["ConditionPathExists"] == ["/var/lib/syncd/imported/battery"]
    assert timer["Timer"]["Unit"] == ["syncd-battery-csv.service"]
    assert not {name for name in texts if "after-import-students" in name}
    without = units(Host(program="/p", drop_zones=zones), ["battery-gam"])
    assert not {name for name in without if "after" in name}
    assert "OnSuccess" not in directives(without["syncd-import-battery.service"])["Unit"]


def test_the_unit_of_gam_has_its_files_and_a_folder_in_memory() -> None:
    given = {name: f"/etc/{name}" for name in ("gam-cfg", "gam-oauth2", "gam-oauth2service", "rt-token")}
    texts = units(Host(program="/p", credentials=given), ["battery-gam", "battery-csv"])
    service = directives(texts["syncd-battery-gam.service"])["Service"]
    assert {line.partition(":")[0] for line in service["LoadCredential"]} == set(given)
    assert (service["RuntimeDirectory"], service["RuntimeDirectoryMode"]) == (["syncd-battery-gam"], ["0700"])
    other = directives(texts["syncd-battery-csv.service"])["Service"]
    assert other["LoadCredential"] == ["rt-token:/etc/rt-token"]
    assert "RuntimeDirectory" not in other


def test_people_are_told_of_imports_and_exports_but_not_by_pings() -> None:
    alerts = Alerts(mail_to="it@example.org", ping_url="https://ping.example.org")
    zones = {"students": "/srv/rosters", "battery": "/srv/batteries"}
    daemons = Daemons(listen="127.0.0.1:8470", worker=True, poll=True)
    host = Host(program="/p", drop_zones=zones, exports=["students", "battery"], daemons=daemons, alerts=alerts)
    texts = units(host, []) | daemon_units(host)
    for name in TASKS:
        unit = directives(texts[f"syncd-{name}.service"])["Unit"]
        assert unit["OnFailure"] == [f"syncd-alert-mail@{name}:failed.service"]
        assert unit["OnSuccess"] == [f"syncd-alert-mail@{name}:success.service"]


def test_a_credential_is_given_only_to_units_that_need_it() -> None:
    given = {"rt-token": "/a", "alert-ping-url": "/b", "other": "/c"}
    texts = units(Host(program="/p", credentials=given, alerts=Alerts(ping_url="credential")), ["chromebooks"])
    assert directives(texts["syncd-chromebooks.service"])["Service"]["LoadCredential"] == ["rt-token:/a"]
    assert directives(texts["syncd-alert-ping@.service"])["Service"]["LoadCredential"] == ["alert-ping-url:/b"]


def test_systemd_expands_nothing_in_a_command_line() -> None:
    assert exec_words(["/bin/x", 'a "b"', "50% of $HOME", "ä"]) == '"/bin/x" "a \\"b\\"" "50%% of $$HOME" "ä"'


def test_the_operators_command_is_shell_and_passes_words_on(tmp_path: Path) -> None:
    token = tmp_path / "rt-token"
    token.touch()
    missing = tmp_path / "google-service-account"
    credentials = {"rt-token": str(token), "google-service-account": str(missing)}
    host = Host(program="/opt/it's here/syncd", credentials=credentials)
    script = tmp_path / "syncd-operator"
    script.write_text(operator_script(host))
    (tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "systemd-run").chmod(0o755)
    (tmp_path / "id").write_text("#!/bin/sh\necho 0\n")
    (tmp_path / "id").chmod(0o755)
    told = subprocess.run(
        ["/bin/sh", str(script), "show", "two words"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        timeout=60,
    )
    words = told.stdout.splitlines()
    end = words.index("--")
    assert words[end:] == ["--", "/opt/it's here/syncd", "--config", "/etc/syncd/config.toml", "show", "two words"]
    assert "--pipe" in words
    assert [word for word in words if "LoadCredential" in word] == [f"--property=LoadCredential=rt-token:{token}"]
    assert told.stderr == f"syncd: going on without the credential google-service-account: {missing} is not there\n"
    assert "--property=User=syncd" in words
    assert "--property=SystemCallFilter=@system-service" in words
    assert "--property=SystemCallFilter=~@privileged @resources" in words


def test_the_operators_runs_may_write_metrics_as_the_units_do() -> None:
    with_metrics = operator_script(Host(program="/p", metrics_directory="/var/lib/syncd-metrics"))
    without = operator_script(Host(program="/p"))
    assert sorted(set(with_metrics.splitlines()) - set(without.splitlines())) == [
        "  --property='ReadWritePaths=-/var/lib/syncd-metrics' \\",
        "  --property='SupplementaryGroups=syncd-metrics' \\",
    ]


def test_journalctl_accepts_the_catalog(tmp_path: Path) -> None:
    if shutil.which("journalctl") is None:
        pytest.skip("there is no journalctl")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "syncd.catalog", folder)
    told = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stderr == ""
    listed = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--list-catalog"], capture_output=True, text=True, check=True, timeout=60
    )
    assert {line.split()[0] for line in listed.stdout.splitlines()} == {str(kind) for kind in MessageId}
