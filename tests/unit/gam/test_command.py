"""GAM as it should not be: a script in its place that hangs, dies, half prints, or is not there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.host.errors import ExitStatus, IntegrationError, Interrupted
from syncd.host.messages import MessageId
from syncd.host.problems import Problems
from syncd.systems.gam.batteries import printed
from syncd.systems.gam.command import Gam, log_line
from syncd.systems.gam.records import DeviceRow

NOW = datetime(2026, 11, 19, tzinfo=UTC)
TABLE = """\
deviceId,serialNumber,batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime
d1,SYN0001A,3920,2026-11-18T11:00:00Z
d2,SYN0002B,3140,2026-11-18T12:00:00Z
"""
FAST = 30.0

Script = Callable[..., Gam]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Return a function that puts a shell script in GAM's place; ``$TABLE`` is a file with a good output."""
    (tmp_path / "table.csv").write_text(TABLE)

    def make(
        body: str,
        *,
        timeout: float = FAST,
        config_dir: str = "",
        stopped: Callable[[], bool] = lambda: False,
        **environ: str,
    ) -> Gam:
        program = tmp_path / "gam"
        program.write_text(f"#!/bin/sh\nTABLE='{tmp_path}/table.csv'\nOUT='{tmp_path}'\n{body}\n")
        program.chmod(0o755)
        return Gam(
            str(program), config_dir, timeout=timeout, stopped=stopped, environ={"PATH": os.environ["PATH"], **environ}
        )

    return make


def read(gam: Gam, *arguments: str) -> list[DeviceRow]:
    problems = Problems()
    with printed(gam, problems, now=NOW, arguments=arguments) as rows:
        found = list(rows)
    assert [*problems] == []
    return found


def failure(gam: Gam) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        read(gam)
    assert caught.value.sentence.count(". ") <= 2
    assert caught.value.system == "gam"
    return caught.value


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    """Wait for the end of a process that was killed."""
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def appears(path: Path) -> str:
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"no {path}"
        time.sleep(0.01)
    return path.read_text()


def test_the_rows_of_a_good_run_are_read(script: Script) -> None:
    rows = read(script('cat "$TABLE"'))
    assert [(row.device_id, row.serial_number) for row in rows] == [("d1", "SYN0001A"), ("d2", "SYN0002B")]


def test_gam_gets_its_arguments_its_configuration_and_no_credential(script: Script, tmp_path: Path) -> None:
    body = 'for each in "$@"; do echo "$each"; done > "$OUT/asked"; env > "$OUT/env"; cat "$TABLE"'
    config = tmp_path / "config"
    config.mkdir()
    secrets = {"CREDENTIALS_DIRECTORY": "/secret", "RT_TOKEN": "secret", "PYTHONPATH": "/elsewhere"}
    read(script(body, config_dir=str(config), HTTPS_PROXY="http://proxy.example.org", **secrets), "ou", "/A B; $(x)")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [
        "print",
        "crostelemetry",
        "fields",
        "serialnumber,orgunitid,batteryinfo,batterystatusreport",
        "ou",
        "/A B; $(x)",
    ]
    environment = (tmp_path / "env").read_text()
    assert f"GAMCFGDIR={config}" in environment
    assert "HTTPS_PROXY=http://proxy.example.org" in environment
    assert not any(name in environment for name in secrets)


@pytest.mark.parametrize(
    ("status", "code", "exit_status"),
    [
        (1, "gam.failed", ExitStatus.TRY_LATER),
        (2, "gam.usage", ExitStatus.CONFIGURATION),
        (5, "gam.network", ExitStatus.TRY_LATER),
        (12, "gam.forbidden", ExitStatus.NO_PERMISSION),
        (16, "gam.not_configured", ExitStatus.CONFIGURATION),
        (18, "gam.token", ExitStatus.NO_PERMISSION),
        (50, "gam.rejected", ExitStatus.CONFIGURATION),
        (60, "gam.nothing", ExitStatus.BAD_DATA),
        (61, "gam.domain", ExitStatus.NO_PERMISSION),
        (73, "gam.service", ExitStatus.NO_PERMISSION),
        (99, "gam.failed", ExitStatus.TRY_LATER),
        (143, "gam.killed", ExitStatus.TRY_LATER),
    ],
)
def test_an_exit_status_is_understood_though_the_table_is_whole(
    script: Script, status: int, code: str, exit_status: ExitStatus
) -> None:
    error = failure(script(f'cat "$TABLE"\nexit {status}'))
    assert (error.code, error.exit_status) == (code, exit_status)


@pytest.mark.parametrize("output", ["", "echo 'deviceId,seri'", 'head -c 150 "$TABLE"'])
def test_an_exit_status_tells_more_than_half_a_table_or_none(script: Script, output: str) -> None:
    error = failure(script(f"{output}\nexit 12"))
    assert (error.code, error.exit_status) == ("gam.forbidden", ExitStatus.NO_PERMISSION)


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_a_gam_that_was_killed_gives_nothing(script: Script, name: str) -> None:
    error = failure(script(f'cat "$TABLE"\nkill -{name} $$'))
    assert (error.code, error.exit_status) == ("gam.killed", ExitStatus.TRY_LATER)
    assert f"SIG{name}" in error.sentence


@pytest.mark.parametrize("output", ["", 'cat "$TABLE"', 'head -c 150 "$TABLE"', "trap '' TERM"])
def test_a_gam_that_hangs_is_stopped_with_all_that_it_started(
    script: Script, tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.systems.gam.command._GRACE", 0.2)
    error = failure(script(f'{output}\nsleep 300 &\necho $! > "$OUT/pid"\nwait\nsleep 300', timeout=0.8))
    assert (error.code, error.exit_status) == ("gam.timeout", ExitStatus.TRY_LATER)
    assert "0.8 seconds" in error.sentence
    assert gone(int(appears(tmp_path / "pid")))


def test_what_gam_left_running_ends_with_it(script: Script, tmp_path: Path) -> None:
    read(script('sleep 300 > /dev/null 2>&1 &\necho $! > "$OUT/pid"\ncat "$TABLE"'))
    assert gone(int(appears(tmp_path / "pid")))


def test_what_gam_left_running_is_not_waited_for(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.systems.gam.command._GRACE", 0.2)
    began = time.monotonic()
    assert len(read(script('sleep 300 &\necho $! > "$OUT/pid"\ncat "$TABLE"'))) == 2
    assert time.monotonic() - began < FAST / 2
    assert gone(int(appears(tmp_path / "pid")))


def test_a_reader_that_is_interrupted_takes_gam_along_at_once(script: Script, tmp_path: Path) -> None:
    gam = script('echo $$ > "$OUT/pid"\ncat "$TABLE"\nexec sleep 300')
    began = time.monotonic()

    def interrupted() -> None:
        with printed(gam, Problems(), now=NOW) as rows:
            next(rows)
            raise Interrupted("Stopped.", code="stopped")

    with pytest.raises(Interrupted):
        interrupted()
    assert time.monotonic() - began < FAST / 2
    assert gone(int(appears(tmp_path / "pid")))


def test_a_stop_that_is_asked_for_ends_a_gam_that_is_waited_for(script: Script, tmp_path: Path) -> None:
    gam = script('echo $$ > "$OUT/pid"\nexec sleep 300', stopped=(tmp_path / "pid").exists)
    error = failure(gam)
    assert isinstance(error, Interrupted)
    assert (error.code, error.exit_status) == ("gam.interrupted", ExitStatus.TRY_LATER)
    assert gone(int(appears(tmp_path / "pid")))


def test_gam_and_all_that_it_started_die_with_a_syncd_that_is_killed(script: Script, tmp_path: Path) -> None:
    script('sleep 300 &\necho $! $$ > "$OUT/pids"\nwait')
    code = (
        "import sys; from syncd.systems.gam.command import Gam\n"
        "with Gam(sys.argv[1], timeout=300, environ={'PATH': sys.argv[2]}).lines() as lines: list(lines)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "gam"), os.environ["PATH"]]
    with subprocess.Popen(command) as syncd:
        try:
            pids = [int(pid) for pid in appears(tmp_path / "pids").split()]
            assert all(map(is_alive, pids))
        finally:
            os.kill(syncd.pid, signal.SIGKILL)
    assert all(map(gone, pids))


def test_a_gam_that_is_missing_or_no_program_is_said_so(tmp_path: Path) -> None:
    error = failure(Gam("no-such-gam", environ={"PATH": "/nowhere"}))
    assert (error.code, error.exit_status) == ("gam.missing", ExitStatus.CONFIGURATION)
    assert "'no-such-gam'" in error.sentence
    program = tmp_path / "gam"
    program.touch(mode=0o600)
    assert "that may be run" in failure(Gam(str(program), environ={})).sentence
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    assert failure(Gam(str(program), environ={})).code == "gam.missing"


def test_a_configuration_directory_that_is_not_there_is_said_so(script: Script, tmp_path: Path) -> None:
    error = failure(script("exit 0", config_dir=str(tmp_path / "nowhere")))
    assert (error.code, error.exit_status) == ("gam.not_configured", ExitStatus.CONFIGURATION)


@pytest.mark.parametrize(
    "output",
    [
        'head -c 150 "$TABLE"',
        "true",
        "echo nothing that is a table",
        "printf 'deviceId,serialNumber\\n\\377\\376\\n'",
    ],
)
def test_half_a_table_or_none_gives_nothing_though_gam_says_that_all_is_well(script: Script, output: str) -> None:
    error = failure(script(output))
    assert (error.code, error.exit_status) == ("gam.incomplete", ExitStatus.TRY_LATER)


def test_warnings_on_stdout_and_stderr_go_to_the_log_without_addresses(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    body = (
        "echo 'WARNING: admin@example.org is old'\nhead -2 \"$TABLE\"\necho 'WARNING: in the middle'\n"
        "tail -1 \"$TABLE\"\necho 'Getting all for admin@example.org' >&2"
    )
    assert [row.serial_number for row in read(script(body))] == ["SYN0001A", "SYN0002B"]
    assert {record.getMessage() for record in caplog.records} == {
        "GAM: WARNING: <address> is old",
        "GAM: WARNING: in the middle",
        "GAM: Getting all for <address>",
    }
    assert all(record.__dict__["message_id"] is MessageId.GAM_SAID for record in caplog.records)


def test_tokens_and_keys_do_not_get_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    kept = "/etc/syncd/credentials/some-long-name/of/a/folder/oauth2.txt 1d296588-571c-4eee-96be-fa395e3c536c"
    scope = "https://www.googleapis.com/auth/chrome.management.telemetry.readonly"
    for secret in ("ya29.a0Af_H6-x", "1//0gAB-cdef", "GOCSPX-abcDEF", "eyJhbGci.eyJpc3Mi.c2ln", "MIIE+vQ/" * 8):
        log_line(f"ERROR: {kept} '{secret}' {scope}")
    assert {record.getMessage() for record in caplog.records} == {f"GAM: ERROR: {kept} '<secret>' {scope}"}


def test_a_flood_on_stderr_blocks_nothing_and_is_not_all_logged(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert len(read(script('yes warning | head -100000 >&2\ncat "$TABLE"'))) == 2
    assert 0 < len(caplog.records) <= 50
    caplog.clear()
    assert len(read(script('cat "$TABLE"\nyes warning | head -100000'))) == 2
    assert 0 < len(caplog.records) <= 50
