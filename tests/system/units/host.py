"""A host that runs syncd: units under a real systemd, and the sandbox as Google and RT."""

import json
import re
import time
from collections.abc import Callable, Mapping
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from services.box import Box
from syncd.host.messages import MessageId
from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox

SERVICE = "syncd-chromebooks.service"
PROGRAM = "/opt/syncd/bin/syncd"
SCRIPTS = "/opt/syncd/src/syncd/host/units"
CONFIG = "/etc/syncd/config.toml"
SECRETS = "/run/secrets/syncd"
SYSTEMD = "_SYSTEMD_UNIT=init.scope"
"""Matches systemd's own records."""

_ENDS = [
    f"MESSAGE_ID={kind}"
    for kind in MessageId
    if kind.name in {"RUN_FINISHED", "RUN_PARTIAL", "RUN_REFUSED", "GUARD_REFUSED", "RUN_INTERRUPTED", "RUN_FAILED"}
]

# All that one run of a small fleet changes; a person would approve it.
NO_LIMITS = """
[jobs.chromebooks.limits]
update = { percent = 100, count = 100000 }
clear = { percent = 100, count = 100000 }
"""
APPLY = 'mode = "apply"'
ZONE = "/var/lib/syncd-drop/students"
QUEUE = "/var/spool/maildrop"
PATCH: dict[str, Any] = {"route": "/devices/chromeos/", "method": "PATCH"}
"""Matches changes of devices."""

_LAUNCHER = "#!/opt/syncd/venv/bin/python\nimport sys\nfrom syncd.cli import main\nsys.exit(main())\n"


def prepare(box: Box) -> None:
    """Put the program into a new box: an environment of Debian's Python that sees this tree and its packages."""
    box.run("python3", "-m", "venv", "--without-pip", "/opt/syncd/venv")
    paths = "/opt/syncd/src\n/opt/syncd/site-packages\n"
    box.write("/opt/syncd/venv/lib/python3.11/site-packages/syncd.pth", paths)
    box.write(PROGRAM, _LAUNCHER, 0o755)


class Host:
    """The box with one set of units, a configuration that leads to a sandbox of its own, and the credentials."""

    def __init__(self, box: Box, site: Sandbox, units: Mapping[str, str]) -> None:
        self.box = box
        self.site = site
        self._clean()
        self._since = time.time_ns() // 1000  # the box has this machine's clock
        for name, text in units.items():
            box.write(f"/etc/systemd/system/{name}", text)
        for credential in site.credentials_directory.iterdir():
            self.put_secret(credential.name, credential.read_text())
        self.configure()

    # -- set up --------------------------------------------------------------------------------------------------

    def configure(self, *, job: str = APPLY, google: str = "", rt: str = "", more: str = NO_LIMITS) -> None:
        """Write the configuration file."""
        text = self.site.configuration(job=job, google=google, rt=rt) + more
        self.box.write(CONFIG, re.sub(r"(?m)^directory = .*$", 'directory = "/var/lib/syncd"', text))

    def put_secret(self, name: str, content: str) -> None:
        self.box.write(f"{SECRETS}/{name}", content, 0o400)
        self.box.run("chmod", "700", SECRETS)

    def drop_in(self, unit: str, text: str) -> None:
        """Change some directives of a unit, as an admin would."""
        self.box.write(f"/etc/systemd/system/{unit}.d/test.conf", text)
        self.systemctl("daemon-reload")

    def fail(self, **rule: Any) -> None:  # noqa: ANN401 - the fields of a fault
        self.site.server.faults.add(Rule(**rule))

    def serve_mail(self) -> None:
        """Set up mail as Postfix does: sendmail is for everybody, and only a setgid program may write to its queue."""
        self.box.run("rm", "-rf", QUEUE)
        self.box.run("install", "--directory", "--mode=0730", "--group=mail", QUEUE)
        self.box.run("install", "--mode=2755", "--group=mail", "/usr/bin/tee", "/usr/sbin/postdrop")
        letter = f"{QUEUE}/letter-$(date +%s%N)"
        script = f'#!/bin/sh\n[ "$*" = "-t -i" ] && /usr/sbin/postdrop {letter} >/dev/null\n'
        self.box.write("/usr/sbin/sendmail", script, 0o755)

    def make_metrics_folder(self, folder: str) -> None:
        """Make the group and the folder as docs/monitoring says."""
        self.box.run("sh", "-c", "getent group syncd-metrics || groupadd --system syncd-metrics")
        self.box.run("rm", "-rf", folder)
        self.box.run("install", "-d", "-g", "syncd-metrics", "-m", "775", folder)

    def make_drop_zone(self, zone: str = ZONE) -> None:
        """Make the group and the folder as the page for Debian does."""
        self.box.run("sh", "-c", "getent group syncd-drop || groupadd --system syncd-drop")
        self.box.run("rm", "-rf", "/var/lib/syncd-drop")
        self.box.run("install", "-d", "/var/lib/syncd-drop")
        self.box.run("install", "-d", "-g", "syncd-drop", "-m", "2770", zone)

    def slow_down(self, seconds: float) -> None:
        """Let every change of a device take this long, one after the other."""
        self.configure(google="concurrency = 1")
        self.fail(**PATCH, delay=seconds)

    def heal(self) -> None:
        """End all faults, and go back to the usual configuration."""
        self.site.server.faults.clear()
        self.configure()

    def _clean(self) -> None:
        kinds = "syncd-*.socket syncd-*.path syncd-*.service syncd-*.timer"
        units = f"$(cd /etc/systemd/system; ls -d {kinds} 2>/dev/null | grep -v @)"
        self.box.run("sh", "-c", f"for unit in {units}; do systemctl stop $unit; done; systemctl reset-failed")
        places = "/etc/systemd/system/syncd-* /etc/syncd /run/secrets /etc/credstore /var/lib/private/syncd*"
        self.box.run("sh", "-c", f"rm -rf {places} /var/lib/syncd* /var/lib/systemd/timers/stamp-syncd-*")
        self.systemctl("daemon-reload")

    # -- act -----------------------------------------------------------------------------------------------------

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        return self.box.run("systemctl", *arguments, check=check)

    def start(self, *, wait: bool = True) -> int:
        """Start the job; return the exit status of ``systemctl start``."""
        extra = () if wait else ("--no-block",)
        return self.box.attempt("systemctl", "daemon-reload").returncode or (
            self.box.attempt("systemctl", "start", *extra, SERVICE).returncode
        )

    def operator(self, *arguments: str, status: int | None = 0) -> str:
        """Run syncd as the operator does."""
        done = self.box.attempt("/usr/local/bin/syncd", *arguments)
        if status is not None:
            assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:  # noqa: ANN401
        """Return the condition's first true value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.log()}")

    def wait_for_patches(self, number: int = 1) -> None:
        self.wait_for(lambda: self.patches() >= number or self.state() == "failed", f"{number} changes of devices")
        assert self.patches() >= number, self.log()

    def patches(self) -> int:
        return self.site.server.requests(method="PATCH")

    # -- look ----------------------------------------------------------------------------------------------------

    def show(self, *properties: str, unit: str = SERVICE) -> dict[str, str]:
        """Return properties of a unit."""
        lines = self.systemctl("show", unit, f"--property={','.join(properties)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def state(self) -> str:
        return self.show("ActiveState")["ActiveState"]

    def settled(self) -> dict[str, str]:
        """Wait until the job is over, retries included, and return how it ended."""
        self.wait_for(lambda: self.state() in {"inactive", "failed"}, "the end of the job", 40)
        return self.show("ActiveState", "Result", "ExecMainStatus", "NRestarts")

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs in the store, newest first."""
        answer: list[dict[str, Any]] = json.loads(self.operator("runs", "--json"))
        return answer

    def results(self) -> list[str]:
        """Return how the runs since the last boot ended, newest first, as the journal has it."""
        return [record["SYNCD_RESULT"] for record in reversed(self.records(f"_SYSTEMD_UNIT={SERVICE}", *_ENDS))]

    def run_id(self) -> str:
        """Return the id of the last run."""
        return self.records(f"_SYSTEMD_UNIT={SERVICE}", *_ENDS)[-1]["SYNCD_RUN_ID"]

    def letters(self) -> list[str]:
        """Return the files in the queue of the mail server, oldest first."""
        return self.box.run("sh", "-c", f"ls -d {QUEUE}/* 2>/dev/null", check=False).split()

    def mails(self) -> list[EmailMessage]:
        """Return the mails in the queue, oldest first."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(self.box.run("cat", path).encode()) for path in self.letters()]

    def records(self, *matches: str) -> list[dict[str, str]]:
        """Return journal records of this test."""
        self.box.run("journalctl", "--sync")
        since = f"--since=@{self._since // 1_000_000}"
        lines = self.box.run("journalctl", "--quiet", "--all", "--output=json", since, *matches, check=False)
        records = [json.loads(line) for line in lines.splitlines()]
        return [record for record in records if int(record["__REALTIME_TIMESTAMP"]) > self._since]

    def log(self) -> str:
        """Return what the journal has of this test, as text."""
        return "\n".join(str(record.get("MESSAGE")) for record in self.records())

    def messages(self, *matches: str) -> list[str]:
        return [record["MESSAGE"] for record in self.records(*matches)]


def golden_units(folder: Path) -> dict[str, str]:
    """Return the units of the NixOS example, with the paths of the box."""
    from nix.unit_text import as_elsewhere  # noqa: PLC0415

    return {
        path.name: as_elsewhere(path.read_text(), program=PROGRAM, config=CONFIG, scripts=SCRIPTS)
        for path in folder.iterdir()
        if path.name != "syncd-catalog.service"
    }
