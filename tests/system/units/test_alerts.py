"""What happens beside a job: somebody is told of its failure."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.box import Box
from syncd.host.units.render import Alerts, units
from syncd.host.units.render import Host as UnitHost
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, PATCH, PROGRAM, SCRIPTS, SECRETS, SERVICE, Host

QUEUE = "/var/spool/maildrop"
REFUSE = '{"error": {"code": 400, "message": "no", "errors": []}}'


class Pings:
    """An HTTP server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        pings = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pings.got.append((self.path, body.decode()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/5e7c3d1a"
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
    # A mail server as Postfix is one: sendmail is for everybody, and only a setgid program may write to its queue.
    box.run("rm", "-rf", QUEUE)
    box.run("install", "--directory", "--mode=0730", "--group=mail", QUEUE)
    box.run("install", "--mode=2755", "--group=mail", "/usr/bin/tee", "/usr/sbin/postdrop")
    box.write(
        "/usr/sbin/sendmail", f'#!/bin/sh\n[ "$*" = "-t -i" ] && /usr/sbin/postdrop {QUEUE}/letter >/dev/null\n', 0o755
    )
    return host


def _alerts(host: Host) -> tuple[str, str]:
    """Return the letter and the text that the command got, once all alerts are out."""
    told = [f"told of {SERVICE} by {how}" for how in ("command", "mail", "ping")]
    host.wait_for(
        lambda: all(any(text in message for message in host.messages("SYSLOG_IDENTIFIER=sh")) for text in told),
        "alerts",
    )
    text = "\n".join(host.messages("SYSLOG_IDENTIFIER=alert-command"))
    return host.box.run("cat", f"{QUEUE}/letter"), text


def _dense(text: str) -> str:
    """Return a text as systemd-cat logs it: without empty lines."""
    return "\n".join(line for line in text.splitlines() if line)


def test_a_failed_job_is_told_of_by_mail_ping_and_command(host: Host, pings: Pings) -> None:
    host.fail(**PATCH, status=400, times=1, body=REFUSE)
    assert host.start() != 0
    letter, text = _alerts(host)
    run = host.records("SYNCD_JOB=chromebooks")[-1]["SYNCD_RUN_ID"]
    headers, _, body = letter.partition("\n\n")
    assert "From: syncd@example.org\nTo: it@example.org\nSubject: [syncd] chromebooks failed on " in headers
    assert _dense(body) == text
    assert [(path, _dense(posted)) for path, posted in pings.got] == [("/ping/5e7c3d1a", text)]
    assert text.splitlines()[0].endswith(": some actions failed")
    assert f"Run:     {run}" in text
    assert f"Unit:    {SERVICE} (exit-code, exit status 1)" in text
    assert re.search(r"Reason:  apply of chromebooks partial: .*failed 1", text)
    assert f"Then:    syncd show {run}" in text
    assert "5e7c3d1a" not in host.box.run("journalctl", "--all", "--output=export", "--no-pager"), "it is a secret"
    assert host.box.run("stat", "--format=%U:%G", f"{QUEUE}/letter") == "root:mail\n"


def test_a_job_that_never_started_is_told_of_too(host: Host, pings: Pings) -> None:
    host.box.run("rm", f"{SECRETS}/rt-token")
    assert host.start() != 0
    _, text = _alerts(host)
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "243", "NRestarts": "0"}
    assert any("Failed to set up credentials" in message for message in host.messages(f"UNIT={SERVICE}"))
    assert "systemd could not load a credential" in text.splitlines()[0]
    assert "Run:     none" in text
    assert re.search(r"Reason:  .*(credentials|CREDENTIALS)", text), text
    assert len(pings.got) == 1


def test_retries_that_are_used_up_are_told_of_once(host: Host, pings: Pings) -> None:
    host.drop_in(SERVICE, "[Service]\nRestartSec=200ms\n[Unit]\nStartLimitBurst=2\n")
    host.configure(google="attempts = 1")
    host.fail(route="/devices/chromeos", method="GET", status=503)
    assert host.start() != 0
    _, text = _alerts(host)
    assert text.count("all retries are used up") == 1
    assert "Reason:  apply of chromebooks failed: " in text
    assert (host.state(), host.results()) == ("failed", ["failed", "failed"])
    assert len(pings.got) == 1


def test_who_stops_a_job_is_not_told_of_it(host: Host, pings: Pings) -> None:
    host.slow_down(0.7)
    host.start(wait=False)
    host.wait_for_patches(1)
    host.systemctl("stop", SERVICE)
    quiet = f"{SERVICE} was stopped on request: no alert"
    host.wait_for(lambda: host.messages("SYSLOG_IDENTIFIER=sh").count(quiet) == 3, "three alert units that keep quiet")
    assert pings.got == []
