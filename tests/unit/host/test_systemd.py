import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.host import systemd
from syncd.host.systemd import Unit, units_of
from syncd.host.units.render import HERE

# systemd 252 (Debian 12): a service that ended with 3, its timer; one whose credential is missing, on its way to a
# second start, with a timer of another kind; and units that are not there.
SHOWN = """\
Result=exit-code
NRestarts=0
ExecMainStartTimestamp=Sat 2026-11-21 02:38:03 UTC
ExecMainExitTimestamp=Sat 2026-11-21 02:38:09 UTC
RestartUSec=100ms
ExecMainStatus=3
Id=syncd-a.service
LoadState=loaded
ActiveState=failed
SubState=failed
InvocationID=2df9e1f258714d8cae56021a70dad9ff

NextElapseUSecRealtime=Sat 2026-11-21 05:00:00 UTC
NextElapseUSecMonotonic=0
Id=syncd-a.timer
LoadState=loaded
UnitFileState=enabled
ActiveState=active
SubState=waiting

Result=exit-code
ExecMainStartTimestamp=@1795228683
ExecMainExitTimestamp=@1795228683
RestartUSec=5min
ExecMainStatus=243
Id=syncd-b.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart

NextElapseUSecRealtime=
NextElapseUSecMonotonic=1month 2h 17min 54.719251s
Id=syncd-b.timer
LoadState=loaded
ActiveState=active
SubState=waiting

Result=success
ExecMainStartTimestamp=
ExecMainStatus=0
Id=syncd-c.service
LoadState=not-found
ActiveState=inactive
SubState=dead

NextElapseUSecRealtime=
NextElapseUSecMonotonic=infinity
Result=success
Id=syncd-c.timer
LoadState=not-found
ActiveState=inactive
"""


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with systemd, whose systemctl is still to be written."""
    monkeypatch.setattr(systemd, "BOOTED", tmp_path)
    monkeypatch.setattr(systemd, "_PLACES", ())
    return tmp_path / "systemctl"


def systemctl(program: Path, script: str) -> dict[str, str]:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_what_systemd_says_of_a_job_is_read(booted: Path) -> None:
    (booted.parent / "shown").write_text(SHOWN)
    environ = systemctl(booted, f'echo "$TZ $LC_ALL $*" >{booted}.asked; cat {booted.parent}/shown')
    found = units_of(["a", "b", "c"], environ)
    assert found.problem == ""
    a, b, c = found.jobs.values()
    assert (a.loaded, a.active, a.sub, a.result, a.exit_status) == (True, "failed", "failed", "exit-code", 3)
    assert (a.failed, a.timer, a.invocation) == (True, True, "2df9e1f258714d8cae56021a70dad9ff")
    assert a.started == datetime(2026, 11, 21, 2, 38, 3, tzinfo=UTC)
    assert a.ended == datetime(2026, 11, 21, 2, 38, 9, tzinfo=UTC)
    assert a.next == datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert (b.failed, b.exit_status, b.next) == (True, 243, b.ended and b.ended + timedelta(minutes=5))
    assert (a.timer_active, a.timer_file, b.timer_file) == ("active", "enabled", "")
    assert c == Unit(
        service="syncd-c.service", active="inactive", sub="dead", result="success", timer_active="inactive"
    )
    asked = Path(f"{booted}.asked").read_text()
    assert asked.startswith("UTC C show --property=Id,")
    assert asked.endswith(
        "-- syncd-a.service syncd-a.timer syncd-b.service syncd-b.timer syncd-c.service syncd-c.timer\n"
    )


def test_what_the_operators_command_has_asked_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "BOOTED", Path("/nowhere"))
    found = units_of(["a"], {systemd.SHOWN: SHOWN})
    assert (found.problem, found.jobs["a"].next) == ("", datetime(2026, 11, 21, 5, tzinfo=UTC))


def test_the_operators_command_asks_for_what_is_read() -> None:
    script = (HERE / "operator.sh").read_text()
    asked = [name for names in re.findall(r"--property=([A-Za-z,]+)", script) for name in names.split(",")]
    assert asked == list(systemd._PROPERTIES)
    assert f"--setenv={systemd.SHOWN}=" in script


def test_a_timer_by_spans_since_boot_has_a_time_of_day(booted: Path) -> None:
    text = SHOWN.replace("SubState=auto-restart", "SubState=dead")
    (booted.parent / "shown").write_text(text)
    found = units_of(["b"], systemctl(booted, f"cat {booted.parent}/shown")).jobs["b"].next
    assert found is not None
    boot = datetime.now(UTC) - timedelta(seconds=time.monotonic())
    assert abs(found - boot - timedelta(days=30.4375, hours=2, minutes=17, seconds=54.7)) < timedelta(minutes=5)


def test_a_timer_that_is_stopped_starts_nothing(booted: Path) -> None:
    stopped = SHOWN.replace("ActiveState=active\n", "ActiveState=inactive\n")
    (booted.parent / "shown").write_text(stopped)
    assert units_of(["a"], systemctl(booted, f"cat {booted.parent}/shown")).jobs["a"].next is None


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'Failed to connect to bus: Host is down' >&2; exit 1", "systemctl says: Failed to connect to bus"),
        ("exit 7", "systemctl says: exit status 7"),
        ("exec sleep 60", "it gave no answer within 0.2 s"),
    ],
)
def test_a_systemd_that_does_not_answer_is_named(
    booted: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    monkeypatch.setattr(systemd, "TIMEOUT", 0.2)
    found = units_of(["a"], systemctl(booted, script))
    assert problem in found.problem
    assert found.jobs == {}


def test_a_systemctl_that_cannot_run_is_named(booted: Path) -> None:
    environ = systemctl(booted, "")
    booted.write_text("#!/no/such/interpreter\n")
    assert "systemctl could not be asked: No such file" in units_of(["a"], environ).problem


def test_a_machine_without_systemd_has_no_units(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(systemd, "BOOTED", tmp_path / "missing")
    assert units_of(["a"], systemctl(tmp_path / "systemctl", "exit 0")).problem == "there is no systemd on this machine"


def test_a_machine_without_systemctl_has_no_units(booted: Path) -> None:
    assert units_of(["a"], {"PATH": str(booted.parent)}).problem == "systemctl is not in the PATH"


@pytest.mark.parametrize("garbage", ["", "no equals sign", "Id=syncd-a.service\nExecMainStatus=x\nRestartUSec=y\n"])
def test_output_that_is_not_understood_is_no_unit(booted: Path, garbage: str) -> None:
    (booted.parent / "shown").write_text(garbage)
    found = units_of(["a"], systemctl(booted, f"cat {booted.parent}/shown")).jobs["a"]
    assert (found.loaded, found.next, found.exit_status, found.failed) == (False, None, 0, False)
