"""A walk over all verbs, through good days and bad ones, that keeps everything that comes out."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from security.school import GIVEN, HOSTILE_FROM, PROXY_PASSWORD, School
from syncd.host import logs
from syncd.host.credentials import Credentials
from syncd.jobs import chromebooks
from syncd.sandbox.server import Answer
from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from unit.cli.commands import Cli, Result
from unit.cli.journal_stub import listening
from unit.webhooks.listener import ASSET, JSON, Listener, signed

GOOD = 0
USER = "rt-sync"
CARELESS = {"Location": "https://login.example.org/@sent@?token=@sent@", "Retry-After": "0"}
BODIES = {
    "": b'{"error": {"code": 1, "message": "you sent @sent@", "errors": [{"reason": "you sent @sent@"}]}}',
    "/rt": b'{"message": "you sent @sent@"}',
}
BAD_CELL = "=\x1b[2J\u202e"
REFUSAL = b'["Could not take @sent@"]'
REPORTS = """\
deviceId,serialNumber,batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime
d1,SYN0000001,3920,2026-11-18T11:00:00Z
"""

WRITTEN = ("site/state", "out", "metrics", "drop/students", "alerts", "listener/state")
"""Where syncd writes; all else is the stand-ins' own, or was put there by this test."""


@dataclass
class Walk:
    """What came out: ``printed`` and ``logged`` by command, ``records`` of the journal, and the folder of all files."""

    school: School
    printed: dict[str, str] = field(default_factory=dict)
    logged: dict[str, str] = field(default_factory=dict)
    records: list[Mapping[str, str]] = field(default_factory=list)
    verbs: set[str] = field(default_factory=set)

    def files(self) -> Iterator[Path]:
        """Yield every file and folder that syncd wrote."""
        for name in WRITTEN:
            yield from (self.school.folder / name).rglob("*")

    def outputs(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything that came out, with its place."""
        for where, texts in (("stdout", self.printed), ("stderr", self.logged)):
            yield from ((f"{where} of {command}", text.encode()) for command, text in texts.items())
        yield from (("journal", repr(dict(record)).encode()) for record in self.records)
        yield from ((str(path), path.read_bytes()) for path in self.files() if path.is_file())

    def __call__(self, status: int | None, *arguments: str | Path, **environment: str) -> Result:
        """Run a command with every request logged, which has to end with this status; None for any."""
        cli = Cli(self.school.site)
        cli.environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **environment}
        words = [str(argument) for argument in arguments]
        result = cli("--log", "json", "--verbose", *words) if words[0] != "--log" else cli(*words)
        name = f"{len(self.printed)}: {' '.join(words)}"
        self.printed[name], self.logged[name] = result.out, result.err
        assert status in (None, result.status), f"{name} ended with {result.status}\n{result.out}\n{result.err}"[-3000:]
        self.verbs |= {words[0], " ".join(words[:2])}
        return result


def walk(school: School) -> Walk:
    """Go through all verbs."""
    on = Walk(school)
    with _logging_restored(), _without_umask(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(school.folder)
        for part in (_imports, _jobs, _looks, _exports, _events, _units_and_alerts, _listener):
            part(on)
        _careless_servers(on)
        _bad_days(on, patch)
        with listening() as on.records:
            on(GOOD, "--log", "journal", "--verbose", "run", "chromebooks")
        _keeping(on)
    return on


@contextmanager
def _logging_restored() -> Iterator[None]:
    names = ("", "syncd", "syncd.reconcile.chronicle", "keyring")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.getLogger().handlers)
    try:
        yield
    finally:
        for handler in [handler for handler in logging.getLogger().handlers if handler not in handlers]:
            logging.getLogger().removeHandler(handler)
            handler.close()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        logs.set_run()


@contextmanager
def _without_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


# -- good days


def _imports(on: Walk) -> None:
    folder = on.school.folder
    (folder / "drop/students/bad.csv").write_text(f'id,first_name,last_name,grade\n"{BAD_CELL}",Ann,B,{BAD_CELL}\n')
    (folder / f"drop/students/{BAD_CELL}.csv").write_text("id\n")
    (folder / "battery.csv").write_text(REPORTS)
    on(GOOD, "import", "students", on.school.site.roster_file)
    on(65, "import", "students", "--drop-zone")
    on(GOOD, "import", "battery", folder / "battery.csv", "--json")


def _jobs(on: Walk) -> None:
    on(GOOD, "config", "check", "--json")
    on(GOOD, "credentials", "check")
    for job in ("chromebooks", "rt-users", "groups", "battery-csv", "battery-telemetry", "battery-gam"):
        planned = on(None, "plan", job, "--json", "--full-read", "-o", f"out/{job}.json")
        on(GOOD, "apply", job, "--all", "--approve", planned.json["plan"]["hash"])
    on(GOOD, "run", "chromebooks", "--json")
    on.school.configure(rt=f'auth = "password"\nusername = "{USER}"\n')
    on(GOOD, "plan", "chromebooks", "--full-read")
    on.school.configure()


def _looks(on: Walk) -> None:
    runs = [run["id"] for run in on(GOOD, "runs", "--json").json]
    applied = next(run for run in reversed(runs) if on(GOOD, "show", run, "--json").json["run"]["mode"] == "apply")
    on(GOOD, "show", applied, "--all")
    on(GOOD, "diff", runs[-1], runs[-2], "--json")
    on(None, "revert", applied, "--json")
    on(GOOD, "status", "--json")
    on(None, "doctor", "--json")
    on(GOOD, "explain", "chromebooks", on.school.site.fleet.devices[HOSTILE_FROM]["serialNumber"])
    for look in ("fields", "assets", "org-units", "devices"):
        on(GOOD, look, *(["--catalog", "Chromebooks"] if look in ("fields", "assets") else []), "--csv")


def _exports(on: Walk) -> None:
    for kind in ("students", "drift", "battery", "checkins"):
        for form in ("csv", "json", "xlsx") if kind != "checkins" else ("csv",):
            on(GOOD, "export", kind, "-o", f"out/{kind}.{form}")
    on(GOOD, "export", "battery", "-o", "out/battery.svg")


def _events(on: Walk) -> None:
    on(GOOD, "poll", "asset-created")
    on(GOOD, "work", "--until-idle")
    on(GOOD, "tags", "show", "--given")
    on(GOOD, "tags", "next", "W12-")
    on(GOOD, "tags", "set", "W12-", "90")
    (on.school.folder / "tags.sqlite").write_text("50")
    on(None, "tags", "import", on.school.folder / "tags.sqlite", "--prefix", "W12-", "--dry-run")
    on(None, "events", "check")
    found = on(GOOD, "events", "list", "--all", "--json").json
    on(GOOD, "events", "show", found[0]["id"])
    on(None, "events", "retry", "--dead")
    on(None, "events", "drop", found[-1]["id"])


def _keeping(on: Walk) -> None:
    on(GOOD, "state", "check", "--json")
    on(GOOD, "state", "backup", "out/backup.db")
    on(GOOD, "state", "prune", "--older-than", "9999d")
    on(GOOD, "state", "rebuild", "--yes")


def _units_and_alerts(on: Walk) -> None:
    on(
        GOOD,
        "units",
        "--output",
        "out/units",
        "--webhooks",
        "--worker",
        "--export-students",
        "--alert-ping",
        "credential",
    )
    for way in ("command", "mail", "ping"):
        to = {"SYNCD_ALERT_SENDMAIL": "/bin/true", "SYNCD_ALERT_TO": "it@example.org", "SYNCD_ALERT_FROM": "syncd"}
        ended = {
            "MONITOR_UNIT": "syncd-chromebooks.service",
            "MONITOR_EXIT_STATUS": "77",
            "MONITOR_SERVICE_RESULT": "x",
        }
        ended["STATE_DIRECTORY"] = str(on.school.folder / "alerts")
        more = [sys.executable, "-c", "print(1)"] if way == "command" else []
        on(None, "alert", way, "chromebooks:failed", *more, **to, **ended)


def _listener(on: Walk) -> None:
    """Let senders come with good and bad signatures and tokens, and with a body that is none."""
    folder = on.school.folder / "listener"
    folder.mkdir()
    given = {name: GIVEN[name] for name in ("webhook-secret", "webhook-token")}
    with Listener(folder, credentials=given) as listener:
        token = {**JSON, "Authorization": f"Bearer {GIVEN['webhook-token']}"}
        wrong = {**JSON, "Authorization": f"Bearer {GIVEN['webhook-token'][:-1]}"}
        for headers, body in ((token, b'{"asset_id": 7}'), (token, b"{"), (wrong, b"{}"), (signed(b"{}"), b"{}")):
            listener.post(ASSET, body, headers)
        seen = [listener.get(path, token).body for path in ("/metrics", "/health", "/openapi.json")]
        assert listener.stop() == GOOD
    on.printed["serve webhooks"], on.logged["serve webhooks"] = repr(seen), "\n".join(map(json.dumps, listener.log))
    on.verbs |= {"serve", "serve webhooks"}


# -- bad days


def _careless_servers(on: Walk) -> None:
    """Meet servers that put what they were sent into errors, refusals, login pages and redirects."""
    for prefix, echo in on.school.echo.items():
        for status in (302, 400, 401, 403, 404, 422, 429, 500):
            echo.answer, echo.method = Answer(status, CARELESS, BODIES[prefix]), ""
            on(None, "plan", "chromebooks", "--json")
        on(None, "doctor", "--json")
        echo.answer = None
    on.school.configure(rt=f'auth = "password"\nusername = "{USER}"\n')
    on.school.echo["/rt"].answer, on.school.echo["/rt"].method = Answer(422, CARELESS, BODIES["/rt"]), "GET"
    on(None, "assets", "--catalog", "Chromebooks")
    on.school.echo["/rt"].answer = None
    on.school.configure()
    for prefix, status in (("/rt", 200), ("/rt", 422), ("", 400), ("", 403)):
        _undo(on)
        echo = on.school.echo[prefix]
        echo.method = "PUT" if prefix else "PATCH"
        echo.answer = Answer(status, CARELESS, REFUSAL if status == 200 else BODIES[prefix])
        done = on(1, "apply", "chromebooks", "--json")
        assert any(each["error"] for each in done.json["outcomes"])
        on(GOOD, "show", done.json["run"]["id"], "--all")
        on(GOOD, "status")
        echo.answer = None
    rt = on.school.echo["/rt"]
    rt.answer, rt.method = Answer(422, CARELESS, BODIES["/rt"]), "PUT"
    with open_inbox(on.school.state / DIRECTORY_NAME) as inbox:
        inbox.accept([asset_created(18, "webhook")], datetime.now(UTC))
    on(GOOD, "work", "--until-idle")
    on(GOOD, "events", "list", "--all")
    rt.answer = None


def _undo(on: Walk) -> None:
    """Let both sides differ again."""
    for device in on.school.site.fleet.devices[20:30]:
        on.school.site.google.edit(device["deviceId"], annotatedAssetId="elsewhere", osVersion="1.2.3")


def _bad_days(on: Walk, patch: pytest.MonkeyPatch) -> None:
    dead = f'proxy = "http://proxy:{PROXY_PASSWORD}@127.0.0.1:9"\n'
    on.school.configure(google=dead, rt=dead)
    for command in (("plan", "chromebooks"), ("doctor",), ("assets",), ("config", "check")):
        on(None, *command, "--json")
    on.school.configure()
    for name in ("rt-token", "google-service-account"):
        path = on.school.site.credentials_directory / name
        good = path.read_text()
        path.write_text(good.strip()[:-9] + "\r\nX: y")
        on(None, "plan", "chromebooks")
        path.write_text(good)
    with patch.context() as broken:
        broken.setattr(chromebooks, "open_job", _defect)
        on(70, "plan", "chromebooks")


def _defect(*_: object) -> None:
    """Fail as a defect would that has a request at hand."""
    credentials = Credentials()
    raise RuntimeError(*(credentials.get(name).reveal() for name in ("rt-token", "google-service-account")))
