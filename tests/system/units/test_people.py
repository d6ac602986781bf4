"""People under a real systemd, from the file that a school leaves to the users of RT and back to a file."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.box import Box
from syncd.host.units.render import Host as UnitHost
from syncd.host.units.render import operator_script, units
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, PROGRAM, SCRIPTS, SECRETS, ZONE, Host

EXPORT = "/var/lib/private/syncd/exports/students.csv"
USERS = "syncd-rt-users.service"
OPTIONS = f"""
[jobs.rt-users]
mode = "apply"

[jobs.rt-users.limits]
create = {{ percent = 100, count = 100000 }}
update = {{ percent = 100, count = 100000 }}
clear = {{ percent = 100, count = 100000 }}
disable = {{ percent = 100, count = 100000 }}

[imports.students]
drop_zone = "{ZONE}"
settle_seconds = 0.5

[exports.students]
catalogs = ["Chromebooks"]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a school with students, whom RT does not know all of."""
    with Sandbox(tmp_path / "sandbox", devices=60, people=40) as site:
        yield site


@pytest.fixture
def host(box: Box, site: Sandbox) -> Iterator[Host]:
    """Return a host with the units that `syncd units` writes for all that is about people."""
    given = {"rt-token": f"{SECRETS}/rt-token"}
    unit_host = UnitHost(
        program=PROGRAM,
        config=CONFIG,
        credentials=given,
        scripts=SCRIPTS,
        drop_zones={"students": ZONE},
        exports=["students"],
    )
    host = Host(box, site, units(unit_host, ["rt-users"]))
    host.configure(more=OPTIONS)
    box.write("/usr/local/bin/syncd", operator_script(unit_host), 0o755)
    host.make_drop_zone()
    host.systemctl("start", "syncd-import-students.path")
    yield host
    host.systemctl("stop", "syncd-import-students.path", check=False)


def test_what_a_school_leaves_in_the_folder_comes_to_rt_and_back_to_a_file(host: Host) -> None:
    roster = host.site.roster_file.read_text()
    host.box.write(f"{ZONE}/students.csv.part", roster)
    host.box.run(
        "sh", "-c", f"chgrp syncd-drop {ZONE}/*; chmod 2770 {ZONE}; mv {ZONE}/students.csv.part {ZONE}/students.csv"
    )
    host.wait_for(lambda: host.box.run("sh", "-c", f"ls {ZONE}/done/*-students.csv", check=False), "the import", 30)
    for result in ("applied", "applied", "in_sync"):  # the second disables who was absent twice
        assert host.box.attempt("systemctl", "start", USERS).returncode == 0, host.log()
        newest = host.runs()[0]
        assert (newest["job"], newest["result"], newest["actor"]) == ("rt-users", result, USERS)
    assert host.box.attempt("systemctl", "start", "syncd-export-students.service").returncode == 0, host.log()
    exported = {row["id"] for row in csv.DictReader(io.StringIO(host.box.run("cat", EXPORT)))}
    assert exported == {row["student_id"] for row in csv.DictReader(io.StringIO(roster))}
