"""What happens beside a job: somebody is told of its failure."""

import re
import threading
import time
from collections.abc import Collection, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.box import Box
from syncd.host.messages import MessageId
from syncd.host.units.render import Alerts, units
from syncd.host.units.render import Host as UnitHost
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, PATCH, PROGRAM, SCRIPTS, SECRETS, SERVICE, Host

REFUSE = '{"error": {"code": 400, "message": "no", "errors": []}}'
SECRET = "5e7c3d1a"


class Pings:
    """An HTTP server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.pause = 0.0
        pings = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                time.sleep(pings.pause)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pings.got.append((self.path, body.decode()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/{SECRET}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def pings() -> Iterator[Pings]:
    pings = Pings()
    yield pings
    pings.server.shutdown()
    pings.server.server_close()


@pytest.fixture
def host(box: Box, site: Sandbox, pings: Pings) -> Host:
    """Return a host whose job tells of its failures in all ways."""
    names = ("google-service-account", "rt-token", "alert-ping-url")
    alerts = Alerts(
        mail_to="it@example.org",
        mail_from="syncd@example.org",
        sendmail="/usr/sbin/sendmail",
        command=["/usr/bin/systemd-cat", "--identifier=alert-command"],
        ping_url="credential",
    )
    unit_host = UnitHost(
        program=PROGRAM,
        config=CONFIG,
        credentials={name: f"{SECRETS}/{name}" for name in names},
        alerts=alerts,
        scripts=SCRIPTS,
    )
    host = Host(box, site, units(unit_host, ["chromebooks"]))
    host.put_secret("alert-ping-url", pings.url)
    host.serve_mail()
    return host


def _told(host: Host, event: str, number: int = 1, *, ways: Collection[str] = ("command", "mail", "ping")) -> None:
    """Wait until an ending was told of in these ways, this often."""
    texts = [f"told of {SERVICE} by {way}: {event}" for way in ways]

    def all_told() -> bool:
        messages = host.messages(f"MESSAGE_ID={MessageId.ALERT_SENT}")
        return all(sum(message.startswith(text) for message in messages) == number for text in texts)

    host.wait_for(all_told, f"{number} alerts of {event}")


def _withheld(host: Host, number: int) -> list[str]:
    match = f"MESSAGE_ID={MessageId.ALERT_WITHHELD}"
    host.wait_for(lambda: len(host.messages(match)) == number, f"{number} alerts that are withheld")
    return host.messages(match)


def _command(host: Host) -> str:
    """Return what the command got; journald has no empty lines."""
    return "\n".join(host.messages("SYSLOG_IDENTIFIER=alert-command"))


def _dense(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


def test_a_failed_job_is_told_of_by_mail_ping_and_command(host: Host, pings: Pings) -> None:
    host.fail(**PATCH, status=400, times=1, body=REFUSE)
    assert host.start() != 0
    _told(host, "failed")
    run = host.run_id()
    [mail] = host.mails()
    assert (mail["From"], mail["To"]) == ("syncd@example.org", "it@example.org")
    assert mail["Subject"].startswith("[syncd] chromebooks failed on ")
    assert mail["Subject"].endswith(": some actions failed")
    text = mail.get_content()
    assert f"Run:      {run}\nUnit:     {SERVICE} (exit-code, exit status 1)\n" in text
    assert f"What to type:\n  sudo syncd show {run}\n  sudo systemctl start {SERVICE}\n" in text
    assert _command(host) == _dense(text)
    assert [path for path, _ in pings.got] == [f"/ping/{SECRET}/start", f"/ping/{SECRET}/fail"]
    assert pings.got[1][1].partition("\n\n")[2] in text
    assert host.box.run("stat", "--format=%U:%G %a", host.letters()[0]) == "root:mail 600\n"


def test_repeated_failures_are_told_of_once_and_then_the_success(host: Host, pings: Pings) -> None:
    host.fail(**PATCH, status=400, body=REFUSE)
    for number in (1, 2):
        assert host.start() != 0
        _told(host, "failed", number, ways=["ping"])
    _told(host, "failed", ways=["mail", "command"])
    assert all("fails like this since" in message for message in _withheld(host, 2))
    host.systemctl("reset-failed", SERVICE)
    host.put_secret("rt-token", "wrong")
    assert host.start() != 0  # in another way
    _told(host, "failed", 2, ways=["mail", "command"])
    assert "Failing:  since 20" in host.mails()[1].get_content()
    host.put_secret("rt-token", (host.site.credentials_directory / "rt-token").read_text())
    host.heal()
    for number in (1, 2):
        assert host.start() == 0, host.log()
        _told(host, "success", number, ways=["ping"])
    _told(host, "success", ways=["mail", "command"])
    subjects = [mail["Subject"].partition(" on ")[0] for mail in host.mails()]
    assert subjects == ["[syncd] chromebooks failed"] * 2 + ["[syncd] chromebooks works again"]
    ends = ["/fail", "/fail", "/fail", "", ""]
    assert [path for path, _ in pings.got] == [f"/ping/{SECRET}{part}" for end in ends for part in ("/start", end)]


def test_a_job_that_never_started_is_told_of_too(host: Host, pings: Pings) -> None:
    host.box.run("rm", f"{SECRETS}/rt-token")
    assert host.start() != 0
    _told(host, "failed")
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "243", "NRestarts": "0"}
    assert any("Failed to set up credentials" in message for message in host.messages(f"UNIT={SERVICE}"))
    [mail] = host.mails()
    assert mail["Subject"].endswith(": systemd could not load a credential")
    assert "Run:      none" in mail.get_content()
    assert re.search(r"Reason:  .*(credentials|CREDENTIALS)", mail.get_content()), mail
    assert f"What to type:\n  systemctl cat {SERVICE}\n" in mail.get_content()
    assert len(pings.got) == 2


def test_retries_that_are_used_up_are_told_of_once(host: Host, pings: Pings) -> None:
    host.drop_in(SERVICE, "[Service]\nRestartSec=200ms\n[Unit]\nStartLimitBurst=2\n")
    host.configure(google="attempts = 1")
    host.fail(route="/devices/chromeos", method="GET", status=503)
    assert host.start() != 0
    _told(host, "failed")
    [mail] = host.mails()
    assert mail["Subject"].endswith("all retries are used up")
    assert "Reason:   apply of chromebooks failed: " in mail.get_content()
    assert (host.state(), host.results()) == ("failed", ["failed", "failed"])
    # The third start is the one that the limit of starts keeps from coming about.
    assert [path.rpartition("/")[2] for path, _ in pings.got] == ["start", "start", "start", "fail"]


def test_who_stops_a_job_is_not_told_of_it(host: Host, pings: Pings) -> None:
    host.slow_down(0.7)
    host.start(wait=False)
    host.wait_for_patches(1)
    host.systemctl("stop", SERVICE)
    assert _withheld(host, 3) == [f"{SERVICE} was stopped on request: no alert"] * 3
    assert [path for path, _ in pings.got] == [f"/ping/{SECRET}/start"]


def test_a_ping_that_gets_no_answer_changes_nothing_for_the_job_and_tells_no_secret(host: Host, pings: Pings) -> None:
    pings.server.shutdown()
    pings.server.server_close()
    assert host.start() == 0, host.log()
    host.wait_for(lambda: len(host.messages(f"MESSAGE_ID={MessageId.ALERT_FAILED}")) == 2, "two pings that fail")
    told = host.messages(f"MESSAGE_ID={MessageId.ALERT_FAILED}")
    assert told == ["no alert by ping: the ping got no answer: ConnectionError"] * 2
    assert host.show("Result", unit="syncd-alert-ping@chromebooks:start.service") == {"Result": "success"}
    assert host.show("Result", unit="syncd-alert-ping@chromebooks:success.service") == {"Result": "exit-code"}
    assert SECRET not in host.box.run("journalctl", "--all", "--output=export", "--no-pager")


def test_the_address_of_the_ping_is_seen_by_its_unit_alone(host: Host, pings: Pings) -> None:
    host.fail(**PATCH, status=400, body=REFUSE)
    pings.pause = 1.0
    host.start(wait=False)
    seen = ""
    deadline = time.monotonic() + 20
    while not host.mails() and time.monotonic() < deadline:
        seen += host.box.run("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    _told(host, "failed")
    assert "chromebooks:start" in seen
    assert "MONITOR_SERVICE_RESULT" in seen
    assert SECRET not in seen
    assert SECRET not in host.box.run("journalctl", "--all", "--output=export", "--no-pager")
    assert SECRET not in str(host.mails()[0])
