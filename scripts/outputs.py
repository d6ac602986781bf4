"""What syncd prints on its own sandbox, for the documentation.

Every text is made by running the real command. What differs from run to run is replaced: run ids are counted, moments
are fixed. What would fill the page is left out, with ``...`` in its place: of a table, actions that take more than
eight lines. Long lines are broken.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from syncd.sandbox.site import Sandbox

WIDTH = 128
"""Columns of the terminal that commands print to."""

SETTLE = 4.5
"""Seconds after which RT's one-second LastUpdated leaves no doubt; reading earlier costs a request more."""

RUN_ID = re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{4}\b")
MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WHEN = re.compile(r"(?<=^ )\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""The first cell of the history of an object."""

BATTERIES = """
[jobs.JOB]
catalogs = ["Chromebooks"]
recent_days = 36500
limits = { update = { percent = 100 } }

[jobs.JOB.to_rt]
"CF.{Battery Health}" = "percent"
"CF.{Battery Status}" = "status"
"CF.{Battery Reported}" = "report_time"
"""
"""A job of batteries to which no report of the sandbox is too old, whenever the documentation is made."""

REPORTS = """\
5CD1234XYZ,4080,2024-09-02T08:00:00Z,BATTERY_HEALTH_NORMAL,12,4110
5CD1234XYZ,4080,2025-03-20T08:00:00Z,BATTERY_HEALTH_NORMAL,181,3940
5CD1234XYZ,4080,2025-09-01T08:00:00Z,BATTERY_HEALTH_NORMAL,260,3720
5CD1234XYZ,4080,2026-01-15T08:00:00Z,BATTERY_HEALTH_NORMAL,402,3380
5CD1234XYZ,4080,2026-05-11T08:00:00Z,BATTERY_REPLACE_SOON,545,3150
5CD1234XYZ,4080,2026-09-14T08:00:00Z,BATTERY_REPLACE_SOON,611,2980
"""
"""What GAM printed of one device in two years, each line in a file of its own."""

REPORT_COLUMNS = (
    "serialNumber,batteryInfo.0.designCapacity,batteryStatusReport.0.reportTime,batteryStatusReport.0.batteryHealth,"
    "batteryStatusReport.0.cycleCount,batteryStatusReport.0.fullChargeCapacity\n"
)

ONE_AT_A_TIME = "concurrency = 1"
"""Keeps the order of the journal's records the same from run to run."""


def output(name: str) -> str:
    """Return the text with this name as a fenced block."""
    return f"```text\n{OUTPUTS[name]()}\n```\n"


class Stage:
    """A sandbox, and commands that are run on it; run ids in what they print are counted from 1."""

    def __init__(self, site: Sandbox) -> None:
        self.site = site
        self._runs: dict[str, str] = {}

    def terminal(self, *arguments: str) -> str:
        """Return what a command prints to a terminal."""
        ours, theirs = os.openpty()
        with self._start(arguments, stdout=theirs, stderr=subprocess.DEVNULL) as process:
            os.close(theirs)
            printed = b"".join(_pieces(ours))
            process.wait()
        os.close(ours)
        text = re.sub(r"\x1b\[[0-9;]*m", "", printed.decode()).replace("\r\n", "\n")
        return self._masked("\n".join(line.rstrip() for line in text.splitlines()).strip("\n"))

    def records(self, *arguments: str) -> list[dict[str, str]]:
        """Return the log records of a command, with the fields that they have in the journal."""
        with self._start(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, log="json") as process:
            _, errors = process.communicate()
        return [json.loads(line) for line in self._masked(errors.decode()).splitlines()]

    def real(self, shown: str) -> str:
        """Return the id of the run that is shown under this one."""
        return next(run for run, fixed in self._runs.items() if fixed == shown)

    def _start(self, arguments: Sequence[str], *, log: str = "plain", **streams: int) -> subprocess.Popen[bytes]:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": str(self.site.directory),
            "LC_ALL": "C.UTF-8",
            "SYNCD_CONFIG": str(self.site.config_file),
            "CREDENTIALS_DIRECTORY": str(self.site.credentials_directory),
            "COLUMNS": str(WIDTH),
            "NO_COLOR": "1",
            "TERM": "xterm",
        }
        command = [sys.executable, "-m", "syncd", "--log", log, *arguments]
        return subprocess.Popen(command, env=environment, **streams)  # noqa: S603 - our own program

    def _masked(self, text: str) -> str:
        for run in RUN_ID.findall(text):
            self._runs.setdefault(run, f"20261121T05{len(self._runs):02d}00-5eed")
        for run, shown in self._runs.items():
            text = text.replace(run, shown)
        return MOMENT.sub("2026-11-21T05:00:00.000Z", text)


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end was closed
            return
        if not piece:
            return
        yield piece


@contextmanager
def stage(
    *, settled: bool = True, job: str = "", config: Callable[[str], str] = str, **options: object
) -> Iterator[Stage]:
    """Open a sandbox with further lines for its job; ``config`` may change the configuration as a whole."""
    with (
        tempfile.TemporaryDirectory(prefix="syncd-docs-") as folder,
        Sandbox(Path(folder), **options) as site,  # type: ignore[arg-type]
    ):
        site.config_file.write_text(config(site.configuration(job=job, google=ONE_AT_A_TIME, rt=ONE_AT_A_TIME)))
        if settled:
            time.sleep(SETTLE)
        yield Stage(site)


# -- what stands in the documentation --------------------------------------------------------------------------


@cache
def everyday() -> tuple[str, list[dict[str, str]], str, str]:
    """Return a plan, the records of applying it, the run after it, and the way back, on the sandbox as it comes."""
    with stage() as on:
        plan = on.terminal("plan", "chromebooks")
        records = on.records("apply", "chromebooks")
        time.sleep(SETTLE)
        again = on.terminal("run", "chromebooks")
        return plan, records, again, on.terminal("revert", on.real(records[-1]["SYNCD_RUN_ID"]))


@cache
def first_run() -> str:
    """Return the plan of a job that has never run: more than one run may change."""
    with stage(settled=False, devices=100, first_run=True) as on:
        return on.terminal("plan", "chromebooks")


@cache
def of_each_kind() -> str:
    """Return a plan that has an action of every kind that the job knows."""
    with stage(settled=False, devices=40, job='missing_assets = "create"', config=_placed_by_rt) as on:
        _move(on.site, "EX-0000029", "/Staff")
        return on.terminal("plan", "chromebooks")


@cache
def explained() -> tuple[str, str]:
    """Return what is said of a device whose user somebody took away, and of two assets with one serial number."""
    with stage(settled=False, devices=100) as on:
        on.terminal("apply", "chromebooks", "--approve", _approval(on))
        device = on.site.google.device(on.site.fleet.of_kind("user_missing")[0].devices[0])
        on.site.google.edit(device["deviceId"], annotatedUser=None)
        twins = on.site.fleet.of_kind("duplicate_in_rt")[0].assets[0]
        return tuple(_asked(on, name) for name in (device["serialNumber"], twins))  # type: ignore[return-value]


def _approval(on: Stage) -> str:
    """Return the hash of the plan of now."""
    return on.terminal("plan", "chromebooks").rpartition("Plan ")[2].partition(" ")[0]


def _asked(on: Stage, name: str) -> str:
    text = re.sub(r"\n\n\n+", "\n\n", on.terminal("explain", "chromebooks", name))
    lines = [_broken(line) if len(line) > WIDTH else line for line in text.splitlines()]
    return "\n".join(
        [f"$ syncd explain chromebooks {name}", *(WHEN.sub("2026-11-21T05:00:00Z", line) for line in lines)]
    )


def _placed_by_rt(config: str) -> str:
    """Turn the rule about org units round: RT says where a device belongs."""
    by_google, table = '"CF.{OU}" = "orgUnitPath"\n', "[jobs.chromebooks.to_google]\n"
    return config.replace(by_google, "").replace(table, f'{table}orgUnitPath = "CF.{{OU}}"\n')


def _move(site: Sandbox, name: str, unit: str) -> None:
    """Do what a person does in RT's web interface: write another org unit into an asset."""
    asset = next(asset.id for asset in site.rt.world.assets.values() if asset.name == name)
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{site.url}/rt/REST/2.0/asset/{asset}",
        method="PUT",
        data=json.dumps({"CustomFields": {"OU": unit}}).encode(),
        headers={"Authorization": f"token {site.rt.token()}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()  # noqa: S310


def _plan() -> str:
    """Return the actions of a plan, and how it ends."""
    actions, rest = _split(everyday()[0])
    return f"$ syncd plan chromebooks\n{_short(actions)}\n...\n\n{_end(rest)}"


def _listings() -> str:
    """Return the records of a plan that were not reconciled."""
    rest = _split(everyday()[0])[1].rpartition("\n\n")[0]
    return re.sub(r"\n\n\n+", "\n\n", rest).strip("\n")


def _again() -> str:
    return f"$ syncd run chromebooks\n...\n{_end(everyday()[2])}"


def _revert() -> str:
    actions, rest = _split(everyday()[3])
    run = everyday()[1][-1]["SYNCD_RUN_ID"]
    return f"$ syncd revert {run}\n{_short(actions)}\n\n{_end(rest)}"


def _refused() -> str:
    return f"$ syncd plan chromebooks\n...\n{_end(first_run())}"


def _actions() -> str:
    """Return the rows of the shortest action of each kind."""
    lines = _split(of_each_kind())[0].splitlines()
    shortest: dict[tuple[str, ...], list[str]] = {}
    for action in _by_action(lines[2:]):
        kind = tuple(_cells(action[0])[:2])
        shortest[kind] = min(shortest.get(kind, action), action, key=len)
    return "\n".join([*lines[:2], *(line for action in shortest.values() for line in action)])


def _journal() -> str:
    """Return the records of a run as ``journalctl`` shows them."""
    lines = [f"Nov 21 05:00:04 sync syncd[812]: {record['MESSAGE']}" for record in everyday()[1]]
    return "\n".join(["$ journalctl --unit syncd-chromebooks.service", *map(_broken, lines)])


def _record() -> str:
    """Return one record with its own fields, those of the journal left out."""
    record = next(record for record in everyday()[1] if record.get("SYNCD_SYSTEM") == "rt")
    left_out = ("CODE_", "TIMESTAMP", "SYNCD_LOGGER", "SYNCD_DURATION_MS")
    return "\n".join(f"{name}={value}" for name, value in record.items() if not name.startswith(left_out))


@cache
def looks() -> tuple[str, str]:
    """Return what the doctor says of a sandbox whose RT lacks a custom field, and its fields."""
    with stage(settled=False, devices=40, config=lambda text: text.replace("CF.{Last User}", "CF.{Seen With}")) as on:
        return on.terminal("doctor"), on.terminal("fields")


@cache
def batteries() -> tuple[str, str]:
    """Return the plan of a job of batteries, and what is known of one device."""
    jobs = "".join(BATTERIES.replace("JOB", job) for job in ("battery-telemetry", "battery-csv"))
    keep = "[state]\nretention_days = 36500\n"
    with stage(settled=False, devices=60, config=lambda text: text.replace("[state]\n", keep) + jobs) as on:
        plan = on.terminal("plan", "battery-telemetry", "--all")
        for report in REPORTS.splitlines():
            file = on.site.directory / "batteries.csv"
            file.write_text(f"{REPORT_COLUMNS}{report}\n")
            on.terminal("import", "battery", str(file))
        on.terminal("plan", "battery-csv")
        return plan, on.terminal("explain", "battery", "5CD1234XYZ")


def _battery_plan() -> str:
    """Return the first actions, and what is told of devices without data."""
    actions, rest = _split(batteries()[0])
    lines = actions.splitlines()
    first = [line for action in _by_action(lines[2:])[:2] for line in action]
    tables = re.findall(r"^((?:Without a (?:recent|battery)|Not in).*)\n\n((?:.+\n)+)", rest, re.MULTILINE)
    told = [line for title, table in tables for line in ("", title, "", *table.splitlines())]
    return "\n".join(["$ syncd plan battery-telemetry", *lines[:2], *first, " ...", *told, "", _end(rest)])


def _battery_history() -> str:
    return f"$ syncd explain battery 5CD1234XYZ\n{batteries()[1]}"


def _doctor() -> str:
    """Return what the doctor says of the job, and what to do; the rest is of this machine."""
    table, _, rest = looks()[0].partition("\n\n")
    header, checks = table.splitlines()[:2], _by_action(table.splitlines()[2:])
    told = [row for check in checks if re.match(r" *(rt +(token|version)|chromebooks) ", check[0]) for row in check]
    remedy = next(line for line in rest.splitlines() if line.startswith("chromebooks, "))
    return "\n".join(["$ syncd doctor", *header, " ...", *told, " ...", "", _broken(remedy)])


def _fields() -> str:
    lines = looks()[1].splitlines()
    return "\n".join(["$ syncd fields", *lines[: 2 + MOST_LINES], " ..."])


OUTPUTS: dict[str, Callable[[], str]] = {
    "plan": _plan,
    "listings": _listings,
    "again": _again,
    "revert": _revert,
    "refused": _refused,
    "actions": _actions,
    "journal": _journal,
    "record": _record,
    "doctor": _doctor,
    "fields": _fields,
    "battery-plan": _battery_plan,
    "battery-history": _battery_history,
    "explain": lambda: explained()[0],
    "explain-conflict": lambda: explained()[1],
}

# -- cutting ---------------------------------------------------------------------------------------------------

MOST_LINES = 8


def _split(text: str) -> tuple[str, str]:
    """Split what a plan prints after its table of actions."""
    actions, _, rest = text.partition("\n\n")
    return actions, rest.strip("\n")


def _end(text: str) -> str:
    """Return the last paragraph: the counts, the run, the plan or the refusal."""
    return "\n".join(map(_broken, text.rpartition("\n\n")[2].splitlines()))


def _short(table: str) -> str:
    """Leave long actions out of a table; its first two lines are the header."""
    lines = table.splitlines()
    actions = [action if len(action) <= MOST_LINES else [" ..."] for action in _by_action(lines[2:])]
    return "\n".join([*lines[:2], *(line for action in actions for line in action)])


def _by_action(lines: Sequence[str]) -> list[list[str]]:
    """Group the lines of a table by action: in the lines of one, the first three cells are the same or empty."""
    actions: list[list[str]] = []
    for line in lines:
        same = line.startswith("  ") or (actions and _cells(line) == _cells(actions[-1][0]))
        if same and actions:
            actions[-1].append(line)
        else:
            actions.append([line])
    return actions


def _cells(line: str) -> list[str]:
    return line.split()[:3]


def _broken(line: str) -> str:
    """Break a long line between words."""
    lines = [""]
    for word in line.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) > WIDTH and lines[-1]:
            lines.append(f"    {word}")
        else:
            lines[-1] = joined
    return "\n".join(lines)
