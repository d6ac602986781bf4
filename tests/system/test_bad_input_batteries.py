"""Bad input of the jobs of batteries: a GAM that fails in every way, and reports that cannot be true."""

import shlex
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.host.errors import ExitStatus
from syncd.sandbox.faults import Rule
from system.batteries import MAPPING, table
from system.commands import Finished
from system.site import Site, wait_until

HEADER = (
    "deviceId,serialNumber,batteryInfo.0.serialNumber,batteryInfo.0.designCapacity,batteryStatusReport.0.reportTime,"
    "batteryStatusReport.0.serialNumber,batteryStatusReport.0.batteryHealth,batteryStatusReport.0.cycleCount,"
    "batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.sample.0.chargeRate"
)
NORMAL, NOW = "BATTERY_HEALTH_NORMAL", "BATTERY_REPLACE_NOW"
JOB = "battery-gam"


def row(
    serial: str = "SYN0000001",
    time: str = "2026-11-18T11:00:00Z",
    health: str = NORMAL,
    cycles: str = "112",
    full: str = "3200",
    design: str = "4000",
    device: str = "",
) -> str:
    """Return a line as GAM prints it: by default a battery with 80 % of its capacity."""
    return f"{device or f'd-{serial}'},{serial},B1,{design},{time},B1,{health},{cycles},{full},50"


class Yard:
    """A site with a program in GAM's place, which is a shell script."""

    def __init__(self, site: Site, directory: Path) -> None:
        self.site = site
        self._program = directory / "gam"
        self._config = site.sandbox.config_file
        self._before = self._config.read_text()
        self.configure()

    def configure(self, more: str = "", program: str = "") -> None:
        """Write the configuration; ``more``: further lines of the job."""
        lines = f'program = "{program or self._program}"\nlimits = {{ update = {{ percent = 100, count = 500 }} }}\n'
        self._config.write_text(self._before + table(JOB, f'{lines}mode = "apply"\n{more}'))

    def gam(self, script: str) -> None:
        """Let this script be GAM."""
        self._program.write_text(f"#!/bin/sh\n{script}\n")
        self._program.chmod(self._program.stat().st_mode | stat.S_IXUSR)

    def prints(self, *lines: str, then: str = "") -> None:
        """Let GAM print lines, and do something else ``then``."""
        self.gam("\n".join([*(f"printf '%s\\n' {shlex.quote(line)}" for line in lines), then]))

    def hangs(self, folder: Path) -> Path:
        """Let GAM print a battery and then hang; return the file into which it writes its pid."""
        self.prints(HEADER, row(), then=f"echo $$ > {folder}/pid; exec sleep 300")
        return folder / "pid"

    def run(self, status: int = 0) -> Finished:
        """Run the job as a timer does."""
        return self.site.syncd("run", JOB, "--json").ended(status)

    def refuses(self, status: int) -> str:
        """Run the job, which has to end with this status and change nothing anywhere; return its sentence."""
        return self.site.refuses(status, "run", JOB).error

    def shown(self, name: str) -> dict[str, str]:
        """Return what RT shows of the battery of an asset."""
        fields = self.site.rest.values(self.site.asset(name))
        return {key: text for key in map(plain, MAPPING) if (text := fields.get(key, [None])[0])}


def is_over(pid: Path) -> bool:
    """Tell whether the process has ended that wrote its pid into a file, or never began."""
    return not pid.exists() or not Path(f"/proc/{pid.read_text().strip()}/exe").exists()


def plain(field: str) -> str:
    return field.removeprefix("CF.{").removesuffix("}")


@pytest.fixture
def yard(site: Site, tmp_path: Path) -> Yard:
    return Yard(site, tmp_path)


# -- GAM itself


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        (50, ExitStatus.CONFIGURATION, "asked for something that Google rejects or does not have"),
        (60, ExitStatus.BAD_DATA, "found nothing that fits; the extra arguments select no device"),
        (61, ExitStatus.NO_PERMISSION, "may not use the domain or the customer"),
        (73, ExitStatus.NO_PERMISSION, "may not use the service for its account"),
        (13, ExitStatus.CONFIGURATION, "is not set up in its configuration directory"),
    ],
)
def test_gams_exit_status_is_told_in_a_sentence_and_nothing_is_used(
    yard: Yard, code: int, status: int, words: str
) -> None:
    yard.prints(HEADER, row(), then=f"exit {code}")
    error = yard.refuses(status)
    assert words in error
    assert f"(exit status {code})" in error


def test_a_gam_that_is_missing_is_named(yard: Yard) -> None:
    assert "no program" in yard.refuses(ExitStatus.CONFIGURATION)
    yard.configure(program="gam-of-nowhere")
    assert "'gam-of-nowhere'" in yard.refuses(ExitStatus.CONFIGURATION)


def test_a_configuration_directory_that_is_missing_is_named(yard: Yard) -> None:
    yard.prints(HEADER, row())
    yard.configure('config_dir = "/nowhere/gam"')
    assert "'/nowhere/gam'" in yard.refuses(ExitStatus.CONFIGURATION)


def test_a_gam_that_hangs_is_ended(yard: Yard) -> None:
    yard.configure("timeout_minutes = 0.02")
    yard.prints(HEADER, row(), then="sleep 300 & wait")
    assert "did not end within 1.2 seconds, and was stopped" in yard.refuses(ExitStatus.TRY_LATER)


def test_a_gam_that_is_killed_is_said_so(yard: Yard) -> None:
    yard.prints(HEADER, row(), then="kill -KILL $$")
    assert "was killed by SIGKILL" in yard.refuses(ExitStatus.TRY_LATER)


def test_half_a_table_is_not_used(yard: Yard) -> None:
    yard.gam(f"printf '%s\\n%s' '{HEADER}' '{row()[:40]}'")
    assert "printed half a line at its end" in yard.refuses(ExitStatus.TRY_LATER)
    yard.gam("printf 'nothing to see here\\n'")
    assert "GAM printed what is no table of batteries" in yard.refuses(ExitStatus.TRY_LATER)


def test_a_warning_among_the_data_goes_to_the_log(yard: Yard) -> None:
    yard.prints("WARNING: token of admin@example.org expires soon", HEADER, row(), "Getting page 2")
    done = yard.run()
    assert done.result == "applied"
    told = [record["MESSAGE"] for record in done.records if "GAM: " in record["MESSAGE"]]
    assert "GAM: WARNING: token of <address> expires soon" in told
    assert any("Getting page 2" in text for text in told)


def test_gam_gets_its_arguments_and_directory_and_no_credential(yard: Yard, tmp_path: Path) -> None:
    yard.gam(f"env > {tmp_path}/env; echo \"$@\" > {tmp_path}/arguments; printf '%s\\n' '{HEADER}' '{row()}'")
    yard.configure(f'config_dir = "{tmp_path}"\narguments = ["ou", "/Students"]')
    yard.run()
    asked = (tmp_path / "arguments").read_text().split()
    assert asked[:2] == ["print", "crostelemetry"]
    assert asked[-2:] == ["ou", "/Students"]
    environment = (tmp_path / "env").read_text()
    assert "GAMCFGDIR=" in environment
    assert "CREDENTIALS_DIRECTORY" not in environment


def test_a_stop_ends_gam_at_once(yard: Yard, tmp_path: Path) -> None:
    pid = yard.hangs(tmp_path)
    before = yard.site.whole()
    running = yard.site.syncd.start("run", JOB)
    wait_until("GAM's start", lambda: pid.exists() and bool(pid.read_text()))
    finished = running.end(signal.SIGTERM, timeout=20).ended(ExitStatus.TRY_LATER)
    assert "GAM was stopped before its end" in finished.told
    assert is_over(pid)
    assert yard.site.whole() == before


def test_gam_is_ended_when_rt_cannot_be_read(yard: Yard, tmp_path: Path) -> None:
    pid = yard.hangs(tmp_path)
    yard.site.fail(Rule(route=".*/transactions", status=500))
    assert "RT failed inside (status 500)" in yard.refuses(ExitStatus.TRY_LATER)
    assert is_over(pid)


# -- reports that cannot be true


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"full": "lots"}, {"Battery Status": "Normal", "Battery Cycle Count": "112"}),
        ({"design": "-4000"}, {"Battery Status": "Normal", "Battery Cycle Count": "112"}),
        ({"full": "999999999"}, {"Battery Status": "Normal", "Battery Cycle Count": "112"}),
        ({"design": "0"}, {"Battery Status": "Normal", "Battery Cycle Count": "112"}),
        ({"cycles": ""}, {"Battery Status": "Normal", "Battery Health": "80.0", "Battery Category": "Good"}),
        ({"cycles": "-3"}, {"Battery Status": "Normal", "Battery Health": "80.0", "Battery Category": "Good"}),
        ({"health": "SPLENDID"}, {"Battery Health": "80.0", "Battery Category": "Good", "Battery Cycle Count": "112"}),
    ],
    ids=["text", "negative", "absurd", "no design", "no cycles", "negative cycles", "no such health"],
)
def test_what_cannot_be_true_is_not_written_and_the_rest_is(
    yard: Yard, changes: dict[str, str], expected: dict[str, str]
) -> None:
    clear(yard, "EX-0000001")
    yard.prints(HEADER, row(**changes))
    done = yard.run()
    reported = {"Battery Reported": "2026-11-18T11:00:00Z"}
    assert yard.shown("EX-0000001") == expected | reported
    if "" not in changes.values() and changes.get("design") != "0":
        (told,) = [record["MESSAGE"] for record in done.records if "cells or rows are of no use" in record["MESSAGE"]]
        assert "row 2" in told


def test_a_time_that_is_still_to_come_is_passed_over(yard: Yard) -> None:
    yard.prints(HEADER, row(time="2099-01-01T00:00:00Z"), row("SYN0000002"))
    done = yard.run()
    assert "Battery Reported" not in yard.shown("EX-0000001")
    assert any("is still to come" in record["MESSAGE"] for record in done.records)
    assert "EX-0000002" in {action.label for action in done.actions}


def test_a_serial_number_in_another_case_is_the_same_and_an_unknown_one_is_listed(yard: Yard) -> None:
    yard.prints(HEADER, row(" syn0000001"), row("SYN9999999"))
    done = yard.run()
    assert yard.shown("EX-0000001")["Battery Health"] == "80.0"
    assert [item.label for item in done.listings if item.state == "only_gam"] == ["SYN9999999"]


@pytest.mark.parametrize("order", [lambda rows: rows, lambda rows: rows[::-1]])
def test_of_two_reports_of_one_device_the_newest_counts(yard: Yard, order: Callable[[list[str]], list[str]]) -> None:
    old = row(time="2026-11-17T11:00:00Z", full="400", health=NOW)
    yard.prints(HEADER, *order([old, row("syn0000001 ")]))
    yard.run()
    shown = yard.shown("EX-0000001")
    assert (shown["Battery Health"], shown["Battery Status"]) == ("80.0", "Normal")


def test_a_select_that_lacks_a_value_is_named_with_all_others(yard: Yard) -> None:
    yard.prints(HEADER, row())
    for name, lacking in (("Battery Status", "Replace now"), ("Battery Category", "Poor")):
        field = yard.site.field(name)
        field.values = [(number, text) for number, text in field.values if text != lacking]
        yard.site.keep(field)
    error = yard.refuses(ExitStatus.CONFIGURATION)
    assert "CF.{Battery Status} is a Select without the value 'Replace now'" in error
    assert "CF.{Battery Category} is a Select without the value 'Poor'" in error


def test_a_number_in_a_select_and_a_time_in_a_field_of_several_values_are_refused(yard: Yard) -> None:
    config = yard.site.sandbox.config_file
    text = config.read_text().replace("CF.{Battery Health}", "CF.{Type}")
    config.write_text(text.replace("CF.{Battery Reported}", "CF.{Recent Users}"))
    yard.prints(HEADER, row())
    error = yard.refuses(ExitStatus.CONFIGURATION)
    assert "CF.{Type} is a Select, and what is written there is a number or a time of any value" in error
    assert "CF.{Recent Users} is of type Freeform with several values" in error


def clear(yard: Yard, name: str) -> None:
    """Empty what the sandbox's RT knows of a battery from the start."""
    body: dict[str, Any] = {"CustomFields": {"Battery Cycle Count": ""}}
    yard.site.rest.put(f"/asset/{yard.site.asset(name)}", **body)
