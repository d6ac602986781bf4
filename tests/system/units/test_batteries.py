"""Batteries under a real systemd: by the real GAM, from a file that somebody leaves, and from Google's telemetry."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.real_gam import NO_WAY_OUT, configure, program
from services.box import Box
from syncd.host.messages import MessageId
from syncd.host.units.render import Host as UnitHost
from syncd.host.units.render import operator_script, units
from syncd.sandbox.site import Sandbox
from syncd.systems.gam.command import BATTERIES, Gam
from system.batteries import table
from system.units import gam
from system.units.host import CONFIG, PROGRAM, SCRIPTS, SECRETS, SYSTEMD, Host

ZONE = "/var/lib/syncd-drop/battery"
JOBS = ("battery-gam", "battery-csv", "battery-telemetry")
IMPORT = "syncd-import-battery.service"
FOLLOW = "syncd-after-import-battery.timer"
PATH = "syncd-import-battery.path"
APPLY = 'mode = "apply"\nlimits = { update = { percent = 100, count = 100000 } }\n'
OF_GAM = f'program = "{gam.PROGRAM}"\n'
OPTIONS = f"""
{table("battery-gam", APPLY + OF_GAM)}
{table("battery-csv", APPLY)}
{table("battery-telemetry", APPLY)}
[imports.battery]
drop_zone = "{ZONE}"
settle_seconds = 0.5

[exports.battery]
catalogs = ["Chromebooks"]
"""


@pytest.fixture
def host(box: Box, site: Sandbox, tmp_path: Path) -> Iterator[Host]:
    """Return a host with the units that `syncd units` writes for all that is about batteries."""
    given = {name: f"{SECRETS}/{name}" for name in ("rt-token", "google-service-account")} | gam.credentials()
    unit_host = UnitHost(
        program=PROGRAM,
        config=CONFIG,
        credentials=given,
        scripts=SCRIPTS,
        drop_zones={"battery": ZONE},
        exports=["battery"],
    )
    host = Host(box, site, units(unit_host, JOBS))
    host.configure(more=OPTIONS)
    box.write("/usr/local/bin/syncd", operator_script(unit_host), 0o755)
    gam.install(box, site, tmp_path / "documents")
    gam.set_up(host)
    host.make_drop_zone(ZONE)
    yield host
    for unit in (PATH, FOLLOW, IMPORT):
        host.systemctl("stop", unit, check=False)


def start(host: Host, job: str) -> str:
    """Start a job; return how its run ended."""
    assert host.box.attempt("systemctl", "start", f"syncd-{job}.service").returncode == 0, host.log()
    newest = host.runs()[0]
    assert (newest["job"], newest["actor"]) == (job, f"syncd-{job}.service")
    return str(newest["result"])


def health(host: Host) -> dict[str, str]:
    """Return the percentages that RT has, by the name of the asset."""
    assets = json.loads(host.operator("assets", "--json"))
    fields = {asset["name"]: asset["custom_fields"].get("Battery Health", []) for asset in assets}
    return {name: values[0] for name, values in fields.items() if values}


def test_the_real_gam_works_in_the_sandbox_of_its_unit(host: Host) -> None:
    before = health(host)
    assert start(host, "battery-gam") == "applied"
    after = health(host)
    assert len(after.keys() - before.keys()) > 40
    assert start(host, "battery-gam") == "in_sync"
    # what another source tells of the same devices is the same
    assert start(host, "battery-telemetry") == "in_sync"
    assert health(host) == after


def test_gams_secrets_are_in_memory_for_its_unit_and_nowhere_else(host: Host) -> None:
    assert start(host, "battery-gam") == "applied"
    key = json.loads((host.site.credentials_directory / "google-service-account").read_text())["private_key"]
    line = key.splitlines()[1]
    places = ("/run", "/tmp", "/var", "/etc")  # noqa: S108 - to be looked through
    left = host.box.run("grep", "-rlF", line, *places, check=False).split()
    assert [place for place in left if not place.startswith(SECRETS)] == []
    assert host.box.run("ls", "-A", "/run/private", check=False) == ""
    assert line not in json.dumps(host.records())
    loaded = host.show("LoadCredential", unit="syncd-battery-csv.service")["LoadCredential"]
    assert "gam" not in loaded


def test_gam_may_be_run_by_the_operator_too(host: Host) -> None:
    assert "Plan " in host.operator("plan", "battery-gam")


def test_a_gam_that_is_not_set_up_fails_its_unit_with_what_to_do(host: Host) -> None:
    host.put_secret("gam-cfg", "[DEFAULT]\nno_update_check = true\n")
    done = host.box.attempt("systemctl", "start", "syncd-battery-gam.service")
    assert done.returncode != 0
    assert host.show("ExecMainStatus", unit="syncd-battery-gam.service")["ExecMainStatus"] in {"77", "78"}
    assert any("`gam checkconn`" in message for message in host.messages("PRIORITY=3")), host.log()


def test_the_timer_of_the_telemetry_starts_its_job(host: Host) -> None:
    timer = "syncd-battery-telemetry.timer"
    host.drop_in(timer, "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nAccuracySec=100ms\nRandomizedDelaySec=0\n")
    host.systemctl("start", timer)
    unit = "UNIT=syncd-battery-telemetry.service"
    host.wait_for(lambda: host.records(SYSTEMD, unit, "JOB_RESULT=done"), "a run that ended well")
    host.systemctl("stop", timer)
    host.wait_for(lambda: host.show("ActiveState", unit=unit[5:])["ActiveState"] == "inactive", "its end")
    assert {run["job"] for run in host.runs()} == {"battery-telemetry"}
    assert len(health(host)) > 40


# -- files that somebody leaves


class Zone:
    """The drop zone, and `it`, who may leave files there."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.box.run("sh", "-c", "id it 2>/dev/null || useradd --system --groups syncd-drop it")
        host.systemctl("start", PATH)

    def leave(self, name: str, text: str) -> None:
        command = ["runuser", "--user", "it", "--", "sh", "-euc", f'cat >"{ZONE}/$1"', "sh", name]
        self.host.box.run(*command, stdin=text)

    def wait_for(self, verdict: str, name: str) -> None:
        found = f"ls {ZONE}/{verdict}/*-{name}.report.txt"
        self.host.wait_for(lambda: self.host.box.run("sh", "-c", found, check=False), f"{name} in {verdict}/", 30)

    def wait_for_runs(self, number: int) -> None:
        """Wait for so many runs of the job, and see that there are no more."""
        self.host.wait_for(lambda: len(self.runs()) >= number, f"{number} runs of the job")
        time.sleep(3)
        assert len(self.runs()) == number, self.host.log()

    def runs(self) -> list[str]:
        """Return how the runs of the job ended, the oldest first."""
        ends = [f"MESSAGE_ID={kind}" for kind in (MessageId.RUN_FINISHED, MessageId.RUN_FAILED)]
        records = self.host.records("_SYSTEMD_UNIT=syncd-battery-csv.service", *ends)
        return [record["SYNCD_RESULT"] for record in records]


@pytest.fixture
def zone(host: Host) -> Zone:
    return Zone(host)


def printed(host: Host, folder: Path) -> str:
    """Return what GAM prints of the tenant."""
    environ = {"PATH": os.environ["PATH"], **NO_WAY_OUT}
    home = configure(host.site.google, host.site.server.url, folder / "gam")
    with Gam(str(program()), str(home), environ=environ, timeout=60).lines(*BATTERIES) as lines:
        return "".join(lines)


def test_what_gam_printed_is_in_rt_a_moment_after_somebody_left_it(zone: Zone, tmp_path: Path) -> None:
    host, text = zone.host, printed(zone.host, tmp_path)
    zone.leave("batteries.csv", text)
    zone.wait_for("done", "batteries.csv")
    zone.wait_for_runs(1)
    assert zone.runs() == ["applied"]
    assert len(health(host)) > 40
    # RT has by now what GAM tells itself
    assert start(host, "battery-gam") == "in_sync"
    # nothing new: no run
    zone.leave("again.csv", text)
    zone.wait_for("done", "again.csv")
    zone.wait_for_runs(1)
    # a good file beside a bad one
    newer = text.replace("T14:", "T15:")
    zone.leave("bad.csv", "no table\n")
    zone.leave("newer.csv", newer)
    zone.wait_for("done", "newer.csv")
    zone.wait_for("rejected", "bad.csv")
    zone.wait_for_runs(2)


def test_an_import_that_is_tried_again_and_again_starts_the_job_once(zone: Zone, tmp_path: Path) -> None:
    host = zone.host
    host.drop_in(IMPORT, "[Service]\nRestartSec=1s\n")
    text = printed(host, tmp_path)
    host.configure(more=OPTIONS.replace("settle_seconds = 0.5", "settle_seconds = 4"))
    zone.leave("batteries.csv", text)
    # it grows while it is looked at, so that the service ends with 75 and is started again
    writer = f'for n in 1 2 3 4 5 6 7; do printf " " >>"{ZONE}/growing.csv"; sleep 1; done; rm "{ZONE}/growing.csv"'
    host.box.run("runuser", "--user", "it", "--", "sh", "-euc", writer)
    host.wait_for(lambda: host.show("ActiveState", unit=IMPORT)["ActiveState"] == "inactive", "the end of it", 30)
    scheduled = "MESSAGE_ID=5eb03494b6584870a536b337290809b3"  # sd-messages.h
    assert host.records(SYSTEMD, f"UNIT={IMPORT}", scheduled)
    zone.wait_for_runs(1)
