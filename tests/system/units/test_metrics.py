"""Metrics from within the units' sandbox: by the program, and by the unit when the program can say nothing any more."""

import re

import pytest

from services.box import Box
from syncd.host.units.render import Host as UnitHost
from syncd.host.units.render import operator_script, units
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, NO_LIMITS, PATCH, PROGRAM, SCRIPTS, SECRETS, SERVICE, Host

FOLDER = "/var/lib/syncd-metrics"
METRICS = f"""
[metrics]
textfile_directory = "{FOLDER}"
"""
SUCCESS = "syncd_run_last_success_timestamp_seconds"
STATUS = "syncd_unit_last_exit_status"


@pytest.fixture
def host(box: Box, site: Sandbox) -> Host:
    """Return a host as docs/monitoring says: a group, a folder of it, units in it."""
    names = ("google-service-account", "rt-token")
    unit_host = UnitHost(
        program=PROGRAM,
        config=CONFIG,
        credentials={name: f"{SECRETS}/{name}" for name in names},
        metrics_directory=FOLDER,
        scripts=SCRIPTS,
    )
    host = Host(box, site, units(unit_host, ["chromebooks"]))
    box.write("/usr/local/bin/syncd", operator_script(unit_host), 0o755)
    host.make_metrics_folder(FOLDER)
    host.configure(more=METRICS + NO_LIMITS)
    return host


def _value(host: Host, name: str, file: str = "syncd-chromebooks.prom") -> float:
    found = re.search(rf'^{name}{{job="chromebooks"}} (.*)$', host.box.run("cat", f"{FOLDER}/{file}"), re.MULTILINE)
    assert found, name
    return float(found[1])


def _status(host: Host) -> float:
    return _value(host, STATUS, "syncd-chromebooks-unit.prom")


def test_program_and_unit_write_for_everybody_to_read(host: Host) -> None:
    assert host.start() == 0, host.log()
    listed = host.box.run("find", FOLDER, "-mindepth", "1", "-printf", "%m %f\n").splitlines()
    assert sorted(listed) == ["644 syncd-chromebooks-unit.prom", "644 syncd-chromebooks.prom"]
    assert _value(host, SUCCESS) > 0
    assert _status(host) == 0
    assert host.messages("PRIORITY=4", f"_SYSTEMD_UNIT={SERVICE}") == []


def test_a_failed_run_leaves_the_last_success_and_the_operators_success_moves_it(host: Host) -> None:
    assert host.start() == 0, host.log()
    good = _value(host, SUCCESS)
    host.put_secret("rt-token", "")
    assert host.start() != 0
    assert (_value(host, SUCCESS), _status(host)) == (good, 77)
    for path in host.site.credentials_directory.iterdir():
        host.put_secret(path.name, path.read_text())
    host.operator("apply", "chromebooks")
    assert _value(host, SUCCESS) > good


def test_of_a_killed_run_the_unit_tells(host: Host) -> None:
    host.configure(google="concurrency = 1", more=METRICS + NO_LIMITS)
    host.fail(**PATCH, delay=1)
    host.start(wait=False)
    host.wait_for_patches(1)
    host.systemctl("kill", "--signal=KILL", SERVICE)
    host.settled()
    assert _status(host) == -1
    assert host.box.run("ls", FOLDER) == "syncd-chromebooks-unit.prom\n"


@pytest.mark.parametrize("spoil", ["rm -r", "chmod 755"])
def test_a_folder_that_cannot_be_written_makes_no_unit_fail(host: Host, spoil: str) -> None:
    host.box.run("sh", "-c", f"{spoil} {FOLDER}")
    assert host.start() == 0, host.log()
    [warning] = host.messages("PRIORITY=4", f"_SYSTEMD_UNIT={SERVICE}")
    assert warning.startswith(f"the metrics of chromebooks cannot be written to {FOLDER}: ")
    assert host.show("Result") == {"Result": "success"}
