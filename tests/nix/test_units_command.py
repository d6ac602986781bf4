"""``syncd units``: what each option does, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from nix.unit_text import directives
from nix.writing import service, write_units
from syncd.host.errors import ConfigurationError
from syncd.host.units.render import known_jobs

KNOWN = ", ".join(sorted(known_jobs()))


def _timer(output: Path) -> str:
    return directives((output / "syncd-chromebooks.timer").read_text())["Timer"]["OnCalendar"][0]


def test_without_options_it_writes_service_timer_and_operator_command(tmp_path: Path) -> None:
    result = write_units("--output", str(tmp_path))
    assert result.exit_code == 0, result.output
    made = [f"syncd-{job}.{kind}" for job in known_jobs() for kind in ("service", "timer")]
    names = [*made, "syncd-operator", "syncd.catalog"]
    assert result.output.split() == [str(tmp_path / name) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert (tmp_path / "syncd-operator").stat().st_mode & 0o111
    assert service(tmp_path)["LoadCredential"] == [
        f"{name}:syncd.{name}" for name in ("google-service-account", "rt-token", "rt-password")
    ]
    assert service(tmp_path)["ExecStart"][0].endswith('/syncd" "--config" "/etc/syncd/config.toml" "run" "chromebooks"')
    assert _timer(tmp_path) == "*-*-* 05:00:00"
    assert service(tmp_path, "syncd-rt-users.service")["LoadCredential"] == [
        f"{name}:syncd.{name}" for name in ("rt-token", "rt-password", "google-service-account")
    ]


def test_json_lists_the_written_files(tmp_path: Path) -> None:
    result = write_units("--output", str(tmp_path), "--json")
    assert sorted(json.loads(result.output)) == sorted(str(path) for path in tmp_path.iterdir())


def test_a_job_may_have_no_timer(tmp_path: Path) -> None:
    assert write_units("--output", str(tmp_path), "--schedule", "chromebooks=never").exit_code == 0
    assert not (tmp_path / "syncd-chromebooks.timer").exists()


def test_the_variable_of_old_sets_the_schedule_and_the_option_wins(tmp_path: Path) -> None:
    environ: dict[str, str | None] = {"SYNC_SCHEDULE": "Mon..Fri 06:30"}
    assert write_units("--output", str(tmp_path), environ=environ).exit_code == 0
    assert _timer(tmp_path) == "Mon..Fri 06:30"
    assert write_units("--output", str(tmp_path), "--schedule", "chromebooks=hourly", environ=environ).exit_code == 0
    assert _timer(tmp_path) == "hourly"


def test_a_schedule_that_systemd_cannot_read_is_refused(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    result = write_units("--output", str(tmp_path), "--schedule", "chromebooks=0 5 * * *")
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
    result = write_units("--output", str(tmp_path), *arguments)
    assert isinstance(result.exception, ConfigurationError), result.output
    assert says in str(result.exception)


def test_the_units_of_the_import_watch_the_folder_that_the_program_looks_at(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[imports.students]\ndrop_zone = "/srv/rosters"\n')
    assert write_units("--output", str(tmp_path), environ={"SYNCD_CONFIG": str(config)}).exit_code == 0
    assert not list(tmp_path.glob("*import*"))
    result = write_units("--output", str(tmp_path), "--import-students", environ={"SYNCD_CONFIG": str(config)})
    assert result.exit_code == 0, result.output
    assert directives((tmp_path / "syncd-import-students.path").read_text())["Path"] == {
        "PathChanged": ["/srv/rosters"]
    }
    assert (tmp_path / "syncd-import-students.timer").exists()
    unit = service(tmp_path, "syncd-import-students.service")
    assert unit["ExecStart"][0].endswith('"import" "students" "--drop-zone" "--linger" "2"')
    assert unit["ReadWritePaths"] == ["-/srv/rosters"]
    assert unit["PrivateNetwork"] == ["yes"]
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert not {"LoadCredential", "LoadCredentialEncrypted", "EnvironmentFile", "WatchdogSec"} & unit.keys()
    operator = (tmp_path / "syncd-operator").read_text()
    assert "'ReadWritePaths=-/srv/rosters'" in operator
    assert "'SupplementaryGroups=syncd-drop'" in operator


def test_the_units_of_the_export_have_a_timer_and_the_credentials_of_rt_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[exports.students]\ncatalogs = ["Chromebooks"]\n')
    environ: dict[str, str | None] = {"SYNCD_CONFIG": str(config)}
    given = ["--credential", "rt-token=/etc/rt-token", "--credential", "google-service-account=/etc/key"]
    arguments = ["--output", str(tmp_path), "--export-students", "--environment-file", "/etc/environment", *given]
    result = write_units(*arguments, environ=environ)
    assert result.exit_code == 0, result.output
    unit = service(tmp_path, "syncd-export-students.service")
    assert unit["ExecStart"][0].endswith('"export" "students" "--output" "/var/lib/syncd/exports"')
    assert unit["StateDirectory"] == ["syncd syncd/exports"]
    assert unit["LoadCredential"] == ["rt-token:/etc/rt-token"]
    assert unit["EnvironmentFile"] == ["/etc/environment"]
    timer = tmp_path / "syncd-export-students.timer"
    assert directives(timer.read_text())["Timer"]["OnCalendar"] == ["*-*-* 05:30:00"]
    assert write_units(*arguments, "--schedule", "export-students=weekly", environ=environ).exit_code == 0
    assert directives(timer.read_text())["Timer"]["OnCalendar"] == ["weekly"]
    timer.unlink()
    assert write_units(*arguments, "--schedule", "export-students=never", environ=environ).exit_code == 0
    assert not timer.exists()


def test_an_export_that_is_not_configured_has_no_units(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.touch()
    result = write_units("--output", str(tmp_path), "--export-students", environ={"SYNCD_CONFIG": str(config)})
    assert "--export-students needs [exports.students]" in str(result.exception)
    result = write_units("--output", str(tmp_path), "--schedule", "export-students=weekly")
    assert "there is no job export-students" in str(result.exception)


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
    result = write_units("--output", str(output), "--import-students", environ={"SYNCD_CONFIG": str(config)})
    assert isinstance(result.exception, ConfigurationError), result.output
    assert says in str(result.exception)
    assert not output.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = write_units("--output", str(tmp_path / "file" / "units"))
    assert isinstance(result.exception, ConfigurationError)
    assert "file/units: Not a directory" in str(result.exception)


def test_a_pair_without_equals_sign_is_a_usage_error(tmp_path: Path) -> None:
    result = write_units("--output", str(tmp_path), "--credential", "rt-token")
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
    result = write_units("--output", str(tmp_path), *arguments, environ={"SYNCD_CONFIG": "/srv/syncd.toml"})
    assert result.exit_code == 0, result.output
    job = service(tmp_path)
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
    assert service(tmp_path, "syncd-alert-command@.service")["ExecStart"] == [
        '"/opt/syncd/bin/syncd" "alert" "command" %i "logger" "--priority" "user.alert"'
    ]
    assert service(tmp_path, "syncd-alert-mail@.service")["Environment"] == [
        '"SYNCD_ALERT_TO=it@example.org"',
        '"SYNCD_ALERT_FROM=syncd@example.org"',
        '"SYNCD_ALERT_SENDMAIL=/usr/lib/sendmail"',
    ]
    assert service(tmp_path, "syncd-alert-ping@.service")["Environment"] == [
        '"SYNCD_ALERT_URL=https://ping.example.org/100%%"'
    ]
