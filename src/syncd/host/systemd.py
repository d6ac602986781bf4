"""What systemd knows of syncd's units: when a timer next starts its job, and how the last start ended.

Asked of ``systemctl show``, whose output is for programs (systemctl(1)). systemd 252 prints times as
``Sat 2026-11-21 05:00:00 UTC``, and with ``--timestamp=unix`` only some of them as ``@1795237200``: both are read.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from syncd.host.spans import parse_span

BOOTED = Path("/run/systemd/system")
"""Exists where systemd is the service manager (sd_booted(3))."""

SHOWN = "SYNCD_UNITS"
"""The variable in which host/units/operator.sh hands over what ``systemctl show`` said outside."""

TIMEOUT = 10.0
# A unit's PATH may lack them: NixOS gives units few programs.
_PLACES = ("/run/current-system/sw/bin", "/usr/bin", "/bin")
_PROPERTIES = (
    "Id",
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "Result",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "ExecMainExitTimestamp",
    "RestartUSec",
    "InvocationID",
    "NextElapseUSecRealtime",
    "NextElapseUSecMonotonic",
)


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """The service and the timer of one job.

    ``active`` and ``sub`` are the service's states, ``result`` and ``exit_status`` how its last start ended. ``next``
    is when systemd starts it next: by the timer, or again after a failure; None where it does not. ``timer_active`` and
    ``timer_file`` are the timer's state and that of its file (``enabled``; systemctl(1), is-enabled).
    """

    service: str
    loaded: bool = False
    active: str = ""
    sub: str = ""
    result: str = ""
    exit_status: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    invocation: str = ""
    timer: bool = False
    timer_active: str = ""
    timer_file: str = ""
    next: datetime | None = None

    @property
    def failed(self) -> bool:
        """Whether the last start ended badly, also while systemd waits before the next one."""
        return self.loaded and self.result not in {"", "success"} and self.active != "active"


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """The units of the jobs by job; ``problem`` says why there are none, where systemd could not be asked."""

    jobs: dict[str, Unit] = {}
    problem: str = ""


def service_of(job: str) -> str:
    """Return the name of a job's service."""
    return f"syncd-{job}.service"


def timer_of(job: str) -> str:
    """Return the name of a job's timer."""
    return f"syncd-{job}.timer"


def units_of(jobs: Sequence[str], environ: Mapping[str, str] = os.environ) -> Units:
    """Ask systemd for the units of jobs. Never raises: a machine without systemd has no units.

    What the operator's command has asked before it entered its sandbox (``$SYNCD_UNITS``) is not asked again.
    """
    if shown := environ.get(SHOWN):
        found = parse_show(shown)
        return Units(jobs={job: unit(job, found) for job in jobs})
    return _asked(jobs, environ) if jobs else Units()


def _asked(jobs: Sequence[str], environ: Mapping[str, str]) -> Units:
    if not BOOTED.is_dir():
        return Units(problem="there is no systemd on this machine")
    path = os.pathsep.join((environ.get("PATH", os.defpath), *_PLACES))
    systemctl = shutil.which("systemctl", path=path)
    if systemctl is None:
        return Units(problem="systemctl is not in the PATH")
    names = [name for job in jobs for name in (service_of(job), timer_of(job))]
    command = [systemctl, "show", f"--property={','.join(_PROPERTIES)}", "--", *names]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the names are those of jobs
            command,
            env={**environ, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Units(problem=f"systemctl could not be asked: {_why(error)}")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return Units(problem=f"systemctl says: {said[-1] if said else f'exit status {done.returncode}'}")
    found = parse_show(done.stdout.decode(errors="replace"))
    return Units(jobs={job: unit(job, found) for job in jobs})


def parse_show(text: str) -> dict[str, dict[str, str]]:
    """Read what ``systemctl show`` prints: properties by unit."""
    found = {}
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        properties = {name: value for name, _, value in pairs if name}
        if properties.get("Id"):
            found[properties["Id"]] = properties
    return found


def unit(job: str, found: Mapping[str, Mapping[str, str]]) -> Unit:
    """Make a unit of the properties of a job's service and timer."""
    service, timer = found.get(service_of(job), {}), found.get(timer_of(job), {})
    status = service.get("ExecMainStatus", "")
    return Unit(
        service=service_of(job),
        loaded=service.get("LoadState") == "loaded",
        active=service.get("ActiveState", ""),
        sub=service.get("SubState", ""),
        result=service.get("Result", ""),
        exit_status=int(status) if status.isdigit() else 0,
        started=_moment(service.get("ExecMainStartTimestamp", "")),
        ended=_moment(service.get("ExecMainExitTimestamp", "")),
        invocation=service.get("InvocationID", ""),
        timer=timer.get("LoadState") == "loaded",
        timer_active=timer.get("ActiveState", ""),
        timer_file=timer.get("UnitFileState", ""),
        next=min(filter(None, (*_elapses(timer), _restart(service))), default=None),
    )


def _elapses(timer: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return the next times of a timer by the calendar, and by spans since the machine was started."""
    if timer.get("ActiveState") != "active":
        return None, None
    calendar, since_boot = timer.get("NextElapseUSecRealtime", ""), timer.get("NextElapseUSecMonotonic", "")
    return _moment(calendar), _after(since_boot, datetime.fromtimestamp(time.time() - time.monotonic(), UTC))


def _restart(service: Mapping[str, str]) -> datetime | None:
    """Return when a failed service is started again."""
    ended = _moment(service.get("ExecMainExitTimestamp", ""))
    if service.get("SubState") != "auto-restart" or ended is None:
        return None
    return _after(service.get("RestartUSec", ""), ended)


def _after(span: str, moment: datetime) -> datetime | None:
    if span in {"", "0", "infinity"}:
        return None
    try:
        return moment + parse_span(span)
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        if text.startswith("@"):
            return datetime.fromtimestamp(float(text[1:]), UTC)
        _, day, clock, zone = text.split()
        return datetime.fromisoformat(f"{day}T{clock}Z") if zone == "UTC" else None
    except (ValueError, OverflowError, OSError):
        return None


def _why(error: OSError | subprocess.TimeoutExpired) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it gave no answer within {TIMEOUT:g} s"
    return error.strerror or type(error).__name__
