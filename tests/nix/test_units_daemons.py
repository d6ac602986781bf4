"""``syncd units --webhooks --worker``: what runs for long, and what looks after it."""

from pathlib import Path

from click.testing import Result

from nix.unit_text import directives
from nix.writing import service, write_units

EVENTS = """
[webhooks]
listen = "127.0.0.1:9470"
[events.asset-created]
chromebooks = true
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
"""
NAMES_OF_SECRETS = ("webhook-secret", "webhook-token", "rt-token", "google-service-account")
SECRETS = [word for name in NAMES_OF_SECRETS for word in ("--credential", f"{name}=/etc/{name}")]


def _daemons(tmp_path: Path, *arguments: str, config: str = EVENTS) -> Result:
    (tmp_path / "config.toml").write_text(config)
    environ: dict[str, str | None] = {"SYNCD_CONFIG": str(tmp_path / "config.toml")}
    given = ["--environment-file", "/etc/environment", *SECRETS, *arguments]
    return write_units("--output", str(tmp_path / "units"), "--job", "rt-users", *given, environ=environ)


def test_the_listener_has_a_socket_and_sees_neither_the_store_nor_a_credential_of_others(tmp_path: Path) -> None:
    result = _daemons(tmp_path, "--webhooks")
    assert result.exit_code == 0, result.output
    made = {path.name for path in (tmp_path / "units").glob("syncd-w*")}
    assert made == {"syncd-webhooks.socket", "syncd-webhooks.service"}
    socket = directives((tmp_path / "units/syncd-webhooks.socket").read_text())
    assert socket["Socket"]["ListenStream"] == ["127.0.0.1:9470"]
    assert socket["Install"] == {"WantedBy": ["sockets.target"]}
    listener = service(tmp_path / "units", "syncd-webhooks.service")
    assert listener["ExecStart"][0].endswith('"serve" "webhooks" "--inbox" "/run/syncd-webhooks"')
    assert listener["LoadCredential"] == ["webhook-secret:/etc/webhook-secret", "webhook-token:/etc/webhook-token"]
    assert listener["BindPaths"] == ["/var/lib/private/syncd/webhooks:/run/syncd-webhooks"]
    assert listener["InaccessiblePaths"] == ["/var/lib/private"]
    assert (listener["PrivateNetwork"], listener["RestrictAddressFamilies"]) == (["yes"], ["AF_UNIX"])
    assert (listener["Type"], listener["Restart"]) == (["notify"], ["on-failure"])
    assert "EnvironmentFile" not in listener


def test_the_worker_has_the_key_of_google_where_it_reconciles_and_polls_where_assets_are_tagged(tmp_path: Path) -> None:
    result = _daemons(tmp_path, "--worker")
    assert result.exit_code == 0, result.output
    worker = service(tmp_path / "units", "syncd-worker.service")
    assert worker["LoadCredential"] == [
        "rt-token:/etc/rt-token",
        "google-service-account:/etc/google-service-account",
    ]
    assert worker["RestartPreventExitStatus"] == ["64 77 78"]
    assert worker["EnvironmentFile"] == ["/etc/environment"]
    poll = service(tmp_path / "units", "syncd-poll-asset-created.service")
    assert poll["LoadCredential"] == ["rt-token:/etc/rt-token"]
    assert "LoadCredential" not in service(tmp_path / "units", "syncd-events.service")
    for name in ("poll-asset-created", "events"):
        timer = directives((tmp_path / f"units/syncd-{name}.timer").read_text())
        assert timer["Timer"]["OnCalendar"] == ["*:00/5"]
    assert not list((tmp_path / "units").glob("syncd-webhooks*"))


def test_without_tags_nothing_is_polled_and_schedules_are_those_of_the_options(tmp_path: Path) -> None:
    checks = '[events.student-check]\ncatalogs = ["Chromebooks"]\n'
    result = _daemons(tmp_path, "--worker", "--schedule", "events=hourly", config=checks)
    assert result.exit_code == 0, result.output
    assert not list((tmp_path / "units").glob("*poll*"))
    assert service(tmp_path / "units", "syncd-worker.service")["LoadCredential"] == ["rt-token:/etc/rt-token"]
    timer = directives((tmp_path / "units/syncd-events.timer").read_text())["Timer"]
    assert timer["OnCalendar"] == ["hourly"]
    (tmp_path / "units/syncd-events.timer").unlink()
    assert _daemons(tmp_path, "--worker", "--schedule", "events=never", config=checks).exit_code == 0
    assert not (tmp_path / "units/syncd-events.timer").exists()


def test_a_worker_that_had_nothing_to_do_has_no_units(tmp_path: Path) -> None:
    assert "--worker needs [events.asset-created]" in str(_daemons(tmp_path, "--worker", config="").exception)
    assert "no job events" in str(_daemons(tmp_path, "--schedule", "events=hourly").exception)
