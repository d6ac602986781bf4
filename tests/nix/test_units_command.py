"""``syncd units`` and the unit data: what holds with no nix at hand."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nix.evaluation import ROOT
from nix.unit_text import daemon_names, directives
from syncd.cli import VERBS
from syncd.cli.units import units as command
from syncd.host.alerts.ending import TASKS
from syncd.host.errors import ConfigurationError, ExitStatus
from syncd.host.messages import MessageId
from syncd.host.units.daemons import units as daemon_units
from syncd.host.units.lines import exec_words
from syncd.host.units.render import (
    HERE,
    Alerts,
    Daemons,
    Host,
    known_jobs,
    known_kinds,
    operator_script,
    units,
)
from syncd.jobs.settings import JOBS

KNOWN = ", ".join(sorted(known_jobs()))
MANUAL = ROOT / "docs/man/syncd.1"
VERB_SECTION = re.compile(r"(?<=^\.SH VERBS\n).*?(?=^\.SH )", re.MULTILINE | re.DOTALL)


def _run(*arguments: str, environ: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(command, arguments, obj={"config": None}, env=environ or {})


def _service(output: Path, name: str = "syncd-chromebooks.service") -> dict[str, list[str]]:
    return directives((output / name).read_text())["Service"]


def _timer(output: Path) -> str:
    return directives((output / "syncd-chromebooks.timer").read_text())["Timer"]["OnCalendar"][0]


# -- the data ----------------------------------------------------------------------------------------------------


def test_the_unit_data_knows_every_job_and_no_other() -> None:
    assert set(known_jobs()) == set(JOBS)


def test_alerts_know_every_unit_that_is_no_job() -> None:
    assert set(TASKS) == {
        *(f"import-{kind}" for kind in known_kinds("imports")),
        *(f"export-{kind}" for kind in known_kinds("exports")),
        *daemon_names(),
    }


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


def test_the_manual_page_has_every_verb() -> None:
    shown = VERB_SECTION.search(MANUAL.read_text())
    fresh = "".join(f".TP\n.B {name}\n{verb.summary}\n" for name, verb in VERBS.items())
    assert shown is not None
    if os.environ.get("SYNCD_UPDATE_GOLDEN") == "1":
        MANUAL.write_text(VERB_SECTION.sub(lambda _: fresh, MANUAL.read_text()))
    else:
        assert shown[0] == fresh, "SYNCD_UPDATE_GOLDEN=1 writes it anew"


def test_the_manual_page_has_every_exit_status() -> None:
    statuses = MANUAL.read_text().partition(".SH EXIT STATUS")[2].partition(".SH FILES")[0]
    assert {int(number) for number in re.findall(r"^\.B (\d+)$", statuses, re.MULTILINE)} == set(ExitStatus)


# -- the command -------------------------------------------------------------------------------------------------


def test_without_options_it_writes_service_timer_and_operator_command(tmp_path: Path) -> None:
    result = _run("--output", str(tmp_path))
    assert result.exit_code == 0, result.output
    made = [f"syncd-{job}.{kind}" for job in known_jobs() for kind in ("service", "timer")]
    names = [*made, "syncd-operator", "syncd.catalog"]
    assert result.output.split() == [str(tmp_path / name) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert (tmp_path / "syncd-operator").stat().st_mode & 0o111
    assert _service(tmp_path)["LoadCredential"] == [
        f"{name}:syncd.{name}" for name in ("google-service-account", "rt-token", "rt-password")
    ]
    assert _service(tmp_path)["ExecStart"][0].endswith(
        '/syncd" "--config" "/etc/syncd/config.toml" "run" "chromebooks"'
    )
    assert _timer(tmp_path) == "*-*-* 05:00:00"
    assert _service(tmp_path, "syncd-rt-users.service")["LoadCredential"] == [
        f"{name}:syncd.{name}" for name in ("rt-token", "rt-password", "google-service-account")
    ]


def test_json_lists_the_written_files(tmp_path: Path) -> None:
    result = _run("--output", str(tmp_path), "--json")
    assert sorted(json.loads(result.output)) == sorted(str(path) for path in tmp_path.iterdir())


def test_a_job_may_have_no_timer(tmp_path: Path) -> None:
    assert _run("--output", str(tmp_path), "--schedule", "chromebooks=never").exit_code == 0
    assert not (tmp_path / "syncd-chromebooks.timer").exists()


def test_the_variable_of_old_sets_the_schedule_and_the_option_wins(tmp_path: Path) -> None:
    environ: dict[str, str | None] = {"SYNC_SCHEDULE": "Mon..Fri 06:30"}
    assert _run("--output", str(tmp_path), environ=environ).exit_code == 0
    assert _timer(tmp_path) == "Mon..Fri 06:30"
    assert _run("--output", str(tmp_path), "--schedule", "chromebooks=hourly", environ=environ).exit_code == 0
    assert _timer(tmp_path) == "hourly"


def test_a_schedule_that_systemd_cannot_read_is_refused(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    result = _run("--output", str(tmp_path), "--schedule", "chromebooks=0 5 * * *")
    assert isinstance(result.exception, ConfigurationError)
    assert "'0 5 * * *' of chromebooks is no calendar event" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--job", "chromebok"], f"there is no job chromebok; known: {KNOWN}"),
        (["--schedule", "chromebok=hourly"], f"there is no job chromebok; known: {KNOWN}"),
        (["--credential", "rt-token=/run/my secrets/token"], "systemd cannot load the credential rt-token"),
        (["--credential", "rt token=/run/token"], "systemd cannot load the credential rt token"),
        (["--alert-mail", "it@example.org\nBcc: all@example.org"], "SYNCD_ALERT_TO must be one line of text"),
    ],
)
def test_what_systemd_would_stumble_over_is_refused(tmp_path: Path, arguments: list[str], says: str) -> None:
    if arguments[0] == "--credential":
        arguments = [*arguments, "--credential", "google-service-account=/x"]
    result = _run("--output", str(tmp_path), *arguments)
    assert isinstance(result.exception, ConfigurationError), result.output
    assert says in str(result.exception)


def test_the_units_of_the_import_watch_the_folder_that_the_program_looks_at(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[imports.students]\ndrop_zone = "/srv/rosters"\n')
    assert _run("--output", str(tmp_path), environ={"SYNCD_CONFIG": str(config)}).exit_code == 0
    assert not list(tmp_path.glob("*import*"))
    result = _run("--output", str(tmp_path), "--import-students", environ={"SYNCD_CONFIG": str(config)})
    assert result.exit_code == 0, result.output
    assert directives((tmp_path / "syncd-import-students.path").read_text())["Path"] == {
        "PathChanged": ["/srv/rosters"]
    }
    assert (tmp_path / "syncd-import-students.timer").exists()
    service = _service(tmp_path, "syncd-import-students.service")
    assert service["ExecStart"][0].endswith('"import" "students" "--drop-zone" "--linger" "2"')
    assert service["ReadWritePaths"] == ["-/srv/rosters"]
    assert service["PrivateNetwork"] == ["yes"]
    assert service["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert not {"LoadCredential", "LoadCredentialEncrypted", "EnvironmentFile", "WatchdogSec"} & service.keys()
    operator = (tmp_path / "syncd-operator").read_text()
    assert "'ReadWritePaths=-/srv/rosters'" in operator
    assert "'SupplementaryGroups=syncd-drop'" in operator


def test_the_units_of_the_export_have_a_timer_and_the_credentials_of_rt_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[exports.students]\ncatalogs = ["Chromebooks"]\n')
    environ: dict[str, str | None] = {"SYNCD_CONFIG": str(config)}
    given = ["--credential", "rt-token=/etc/rt-token", "--credential", "google-service-account=/etc/key"]
    arguments = ["--output", str(tmp_path), "--export-students", "--environment-file", "/etc/environment", *given]
    result = _run(*arguments, environ=environ)
    assert result.exit_code == 0, result.output
    service = _service(tmp_path, "syncd-export-students.service")
    assert service["ExecStart"][0].endswith('"export" "students" "--output" "/var/lib/syncd/exports"')
    assert service["StateDirectory"] == ["syncd syncd/exports"]
    assert service["LoadCredential"] == ["rt-token:/etc/rt-token"]
    assert service["EnvironmentFile"] == ["/etc/environment"]
    timer = tmp_path / "syncd-export-students.timer"
    assert directives(timer.read_text())["Timer"]["OnCalendar"] == ["*-*-* 05:30:00"]
    assert _run(*arguments, "--schedule", "export-students=weekly", environ=environ).exit_code == 0
    assert directives(timer.read_text())["Timer"]["OnCalendar"] == ["weekly"]
    timer.unlink()
    assert _run(*arguments, "--schedule", "export-students=never", environ=environ).exit_code == 0
    assert not timer.exists()


def test_an_export_that_is_not_configured_has_no_units(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.touch()
    result = _run("--output", str(tmp_path), "--export-students", environ={"SYNCD_CONFIG": str(config)})
    assert "--export-students needs [exports.students]" in str(result.exception)
    result = _run("--output", str(tmp_path), "--schedule", "export-students=weekly")
    assert "there is no job export-students" in str(result.exception)


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


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("", "--import-students needs imports.students.drop_zone"),
        ("/home/sis/students", "cannot be the drop zone of units"),
        ("/srv/our students", "cannot be the drop zone of units"),
    ],
)
def test_a_drop_zone_that_units_could_not_use_is_refused(tmp_path: Path, folder: str, says: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[imports.students]\ndrop_zone = "{folder}"\n')
    output = tmp_path / "units"
    result = _run("--output", str(output), "--import-students", environ={"SYNCD_CONFIG": str(config)})
    assert isinstance(result.exception, ConfigurationError), result.output
    assert says in str(result.exception)
    assert not output.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _run("--output", str(tmp_path / "file" / "units"))
    assert isinstance(result.exception, ConfigurationError)
    assert "file/units: Not a directory" in str(result.exception)


def test_a_pair_without_equals_sign_is_a_usage_error(tmp_path: Path) -> None:
    result = _run("--output", str(tmp_path), "--credential", "rt-token")
    assert result.exit_code == 2
    assert "'rt-token' is not NAME=FILE" in result.output


def test_every_option_shows_in_a_unit(tmp_path: Path) -> None:
    arguments = [
        *("--job", "chromebooks"),
        *("--credential", "google-service-account=/etc/a.cred"),
        "--encrypted",
        *("--environment-file", "/etc/syncd/environment"),
        *("--metrics-directory", "/var/lib/metrics"),
        *(
            "--alert-mail",
            "it@example.org",
            "--alert-mail-from",
            "syncd@example.org",
            "--sendmail",
            "/usr/lib/sendmail",
        ),
        *("--alert-command", "logger --priority 'user.alert'"),
        *("--alert-ping", "https://ping.example.org/100%"),
        *("--program", "/opt/syncd/bin/syncd"),
    ]
    result = _run("--output", str(tmp_path), *arguments, environ={"SYNCD_CONFIG": "/srv/syncd.toml"})
    assert result.exit_code == 0, result.output
    job = _service(tmp_path)
    assert job["ExecStart"] == ['"/opt/syncd/bin/syncd" "--config" "/srv/syncd.toml" "run" "chromebooks"']
    assert job["LoadCredentialEncrypted"] == ["google-service-account:/etc/a.cred"]
    assert "LoadCredential" not in job
    assert job["EnvironmentFile"] == ["/etc/syncd/environment"]
    assert job["ReadWritePaths"] == ["-/var/lib/metrics"]
    assert job["SupplementaryGroups"] == ["syncd-metrics"]
    assert job["ExecStopPost"][0].endswith('metrics.sh" "/var/lib/metrics" "chromebooks"')
    unit = directives((tmp_path / "syncd-chromebooks.service").read_text())["Unit"]
    for directive, event in {"OnFailure": "failed", "OnSuccess": "success"}.items():
        ways = ("command", "mail", "ping")
        assert unit[directive] == [" ".join(f"syncd-alert-{how}@chromebooks:{event}.service" for how in ways)]
    for directive in ("Wants", "After"):
        assert unit[directive] == ["network-online.target syncd-alert-ping@chromebooks:start.service"]
    assert _service(tmp_path, "syncd-alert-command@.service")["ExecStart"] == [
        '"/opt/syncd/bin/syncd" "alert" "command" %i "logger" "--priority" "user.alert"'
    ]
    assert _service(tmp_path, "syncd-alert-mail@.service")["Environment"] == [
        '"SYNCD_ALERT_TO=it@example.org"',
        '"SYNCD_ALERT_FROM=syncd@example.org"',
        '"SYNCD_ALERT_SENDMAIL=/usr/lib/sendmail"',
    ]
    assert _service(tmp_path, "syncd-alert-ping@.service")["Environment"] == [
        '"SYNCD_ALERT_URL=https://ping.example.org/100%%"'
    ]


# -- the text ----------------------------------------------------------------------------------------------------


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


def test_a_credential_is_given_only_to_units_that_need_it() -> None:
    given = {"rt-token": "/a", "alert-ping-url": "/b", "other": "/c"}
    texts = units(Host(program="/p", credentials=given, alerts=Alerts(ping_url="credential")), ["chromebooks"])
    assert directives(texts["syncd-chromebooks.service"])["Service"]["LoadCredential"] == ["rt-token:/a"]
    assert directives(texts["syncd-alert-ping@.service"])["Service"]["LoadCredential"] == ["alert-ping-url:/b"]
