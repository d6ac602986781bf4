"""The host's side: systemd's units of the jobs and the daemons, and the journal."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from syncd.host import journal, systemd
from syncd.host.checks.engine import Finding, Probe, failed, ok, skipped, warning
from syncd.host.systemd import Unit, timer_of, units_of

AREA = "systemd"
NOT_HERE = "not here: "


def units(jobs: Sequence[str], daemons: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> Iterator[Probe]:
    """Yield the probes of the units of jobs and daemons; they are asked for together, when the first one is."""
    yield Probe(AREA, "units", lambda: _units(jobs, daemons, environ))
    yield Probe(AREA, "journal", _journal)


def _units(jobs: Sequence[str], daemons: Sequence[str], environ: Mapping[str, str]) -> Iterator[Finding]:
    found = units_of([*jobs, *daemons], environ)
    if found.problem and not systemd.BOOTED.is_dir():
        yield skipped(f"{NOT_HERE}{found.problem}")
    elif found.problem:
        yield warning(found.problem, "ask it yourself: systemctl status 'syncd-*'")
    elif not jobs and not daemons:
        yield skipped("no job is configured that could have a unit")
    for name, unit in found.jobs.items():
        if name in daemons:
            yield _daemon(name, unit)
            continue
        yield _service(unit, f"nothing runs {name} by itself", f"jobs.{name}", "`syncd units`")
        if unit.loaded:
            yield _timer(name, unit)


def _daemon(name: str, unit: Unit) -> Finding:
    found = _service(unit, f"no {name} runs", name, f"`syncd units --{name}`")
    if found.state == "ok" and unit.active != "active":
        return warning("installed, and not started", f"systemctl enable --now {unit.service}", name=unit.service)
    return found


def _service(unit: Unit, then: str, option: str, command: str) -> Finding:
    """Look at a service; without it ``then`` holds, and the option of the module or the command makes it."""
    if not unit.loaded:
        return warning(
            f"there is no {unit.service}: {then}",
            f"on NixOS set services.syncd.{option}.enable = true; elsewhere write the units with {command}",
            name=unit.service,
        )
    if unit.failed:
        how = f"exit status {unit.exit_status}" if unit.result == "exit-code" else unit.result
        return warning(
            f"installed; its last start failed ({how})",
            f"journalctl --catalog --unit={unit.service} --lines=20",
            name=unit.service,
        )
    return ok(f"installed, {unit.active or 'inactive'}; its last start did not fail", name=unit.service)


def _timer(job: str, unit: Unit) -> Finding:
    timer = timer_of(job)
    if not unit.timer:
        return ok("none: the job is started by hand or by something else", name=timer)
    if unit.timer_active != "active":
        return warning("installed, and not started", f"systemctl enable --now {timer}", name=timer)
    then = f"next start {_utc(unit.next)}" if unit.next else "no next start is known"
    if unit.timer_file in {"disabled", "masked"}:
        return warning(f"{then}; {unit.timer_file}: gone after a reboot", f"systemctl enable {timer}", name=timer)
    if unit.next is None and unit.active not in {"active", "activating"}:
        return warning("active, but it never elapses again", f"systemctl list-timers {timer}", name=timer)
    return ok(f"{unit.timer_file or 'active'}, {then}", name=timer)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _journal() -> Finding:
    """Knock at journald's socket; nothing is written."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(journal.JOURNAL_SOCKET)
    except OSError as error:
        if not systemd.BOOTED.is_dir():
            return skipped(f"{NOT_HERE}there is no systemd on this machine; records go to the standard error")
        return failed(
            f"{journal.JOURNAL_SOCKET} takes no records: {error.strerror}",
            "systemctl status systemd-journald; until then records go to the standard error",
        )
    return ok(f"{journal.JOURNAL_SOCKET} takes records")
