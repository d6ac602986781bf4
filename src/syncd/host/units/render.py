"""From the unit data to unit files: what ``syncd units`` writes.

The NixOS module (nix/modules) makes the same units from the same data; a test compares the two.
"""

import functools
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from syncd.host.errors import ConfigurationError
from syncd.host.units.lines import Section, Unit, Value, assignment, exec_words, lines_of, one_line, text

HERE = Path(__file__).parent
PING = "syncd-alert-ping@"
STATE = "/var/lib/syncd"
NEVER = "never"
"""The schedule of what has no timer."""

DROP_ZONE = re.compile(r"/(?!(home|root|tmp|var/tmp|run/user)(/|$))[\w./@+=,~-]+", re.ASCII)
"""Folders that a unit can be let into."""

PLAIN_PATH = re.compile(r"-?/[\w./@+=,~-]+", re.ASCII)
"""Paths that a directive holds as they are; one that begins with a minus may be missing (systemd.exec(5))."""

Room: TypeAlias = Literal["imports", "exports"]


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Whom to tell when a job failed; what is left empty is not done."""

    mail_to: str = ""
    mail_from: str = "syncd"
    sendmail: str = "/usr/sbin/sendmail"
    command: Sequence[str] = ()
    ping_url: str = ""
    """``credential`` stands for the address in the credential alert-ping-url."""

    @property
    def units(self) -> list[str]:
        """The template units that tell people how a job ended, without their suffix."""
        return [
            *(["syncd-alert-command@"] if self.command else []),
            *(["syncd-alert-mail@"] if self.mail_to else []),
            *([PING] if self.ping_url else []),
        ]


@dataclass(frozen=True, kw_only=True)
class Daemons:
    """What runs for long, and what looks after it; units/daemons.py has the units.

    ``listen``: address and port of the listener, empty for none. ``poll``: whether to look for new assets that RT did
    not tell of. ``chromebooks``: whether the worker brings new assets in line with Google.
    """

    listen: str = ""
    worker: bool = False
    poll: bool = False
    chromebooks: bool = False

    @property
    def schedules(self) -> dict[str, str]:
        """What has a timer, with the schedule that it has unless another is set."""
        names = {"poll-asset-created": self.worker and self.poll, "events": self.worker}
        return {name: unit_data("daemons")[name]["schedule"] for name, there in names.items() if there}


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the units need to know of the host that they are for."""

    program: str
    config: str = "/etc/syncd/config.toml"
    schedules: Mapping[str, str] = field(default_factory=dict)
    """Job to a calendar event (systemd.time(7)); a job that is not named has its default, ``never`` means no timer."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Name to file; without any, units look in systemd's credential store for ``syncd.NAME``."""
    encrypted: bool = False
    environment_file: str = ""
    metrics_directory: str = ""
    drop_zones: Mapping[str, str] = field(default_factory=dict)
    """What is imported (``students``, ``battery``) to the folder in which others leave it."""
    exports: Sequence[str] = ()
    """What is exported on a timer (``students``, ``battery``)."""
    daemons: Daemons = field(default_factory=Daemons)
    alerts: Alerts = field(default_factory=Alerts)
    scripts: Path | str = HERE

    def __post_init__(self) -> None:
        """Refuse paths in which systemd would read more. Raises ConfigurationError ``units.bad_value``."""
        for what, path in (("environment file", self.environment_file), ("metrics directory", self.metrics_directory)):
            if path and PLAIN_PATH.fullmatch(path) is None:
                raise ConfigurationError(
                    f"{path!r} cannot be the {what} of units: systemd needs an absolute path without spaces, quotes,"
                    " ':' or '%'",
                    code="units.bad_value",
                )


def known_jobs() -> dict[str, dict[str, Any]]:
    """Return what units need to know of each job, by the job's name."""
    return unit_data("jobs")


def known_kinds(room: Room) -> dict[str, dict[str, Any]]:
    """Return what can be imported, or exported, by units, and what they need to know of it."""
    kinds: dict[str, dict[str, Any]] = unit_data(room)["kinds"]
    return kinds


def units(host: Host, jobs: Sequence[str]) -> dict[str, str]:
    """Return the text of each unit file by its name.

    Raises ConfigurationError ``units.unknown_job``, ``units.bad_value``.
    """
    known = known_jobs()
    unknown = sorted({*jobs, *host.schedules} - known.keys() - _tasks(host))
    if unknown:
        raise ConfigurationError(
            f"there is no job {', '.join(unknown)}; known: {', '.join(sorted(known))}", code="units.unknown_job"
        )
    files: dict[str, str] = {}
    for job in jobs:
        files[f"syncd-{job}.service"] = text(_job_service(host, job))
        timer = _job_timer(host, job)
        if timer:
            files[f"syncd-{job}.timer"] = text(timer)
    for kind in host.drop_zones:
        files.update(_import_units(host, kind, jobs))
    for kind in host.exports:
        files.update(_export_units(host, kind))
    for template in host.alerts.units:
        files[f"{template}.service"] = text(_alert_service(host, template))
    return files


def _tasks(host: Host) -> set[str]:
    """Return what has a schedule besides jobs."""
    return {*(f"export-{kind}" for kind in host.exports), *host.daemons.schedules}


def operator_script(host: Host) -> str:
    """Return the text of a command that runs ``syncd`` as the units do: same user, state, credentials and sandbox."""
    service = {**unit_data("hardening")["Service"], **unit_data("job")["operator"]}
    names = sorted({name for job in known_jobs().values() for name in _names(job)})
    sections = (service, _metrics(host), _let_in(host, host.drop_zones), environment(host))
    properties = [line for section in sections for line in lines_of(section)]
    arguments = "".join(f"  --property={_shell_word(line)} \\\n" for line in properties)
    template = (HERE / "operator.sh").read_text()
    for place, value in {"program": host.program, "config": host.config}.items():
        template = template.replace(f"@{place}@", _shell_word(value))
    loads = (line.partition("=") for line in _credential_lines(host, names))
    credentials = "".join(f"load {directive} {shlex.quote(value)}\n" for directive, _, value in loads)
    return template.replace("@properties@ \\\n", arguments).replace("@credentials@\n", credentials)


def _job_service(host: Host, job: str) -> Unit:
    known, service = known_jobs()[job], unit_data("job")["service"]
    more: dict[str, Value] = {
        "ExecStart": exec_words([host.program, "--config", host.config, "run", job]),
        **load_credentials(host, _names(known)),
        **environment(host),
    }
    if host.metrics_directory:
        script = f"{host.scripts}/metrics.sh"
        # "-": metrics that cannot be written make no unit fail
        more["ExecStopPost"] = "-" + exec_words(["/bin/sh", script, host.metrics_directory, job])
        more.update(_metrics(host))
    return {
        "Unit": filled(service["Unit"], known) | _alerts(host, job, service["Unit"]),
        "Service": {**unit_data("hardening")["Service"], **service["Service"], **known.get("service", {}), **more},
    }


def _alerts(host: Host, name: str, section: Mapping[str, str]) -> dict[str, Value]:
    """Return what makes systemd tell how a job ends; an instance for each event, so that it says of which it is."""
    templates = host.alerts.units
    if not templates:
        return {}
    ends: dict[str, Value] = {
        directive: " ".join(f"{template}{name}:{event}.service" for template in templates)
        for directive, event in (("OnFailure", "failed"), ("OnSuccess", "success"))
    }
    if PING not in templates:
        return ends
    # The job waits for the ping of its start, so that the pings arrive in order, and does not mind if it fails.
    start = f"{PING}{name}:start.service"
    return ends | {directive: f"{section[directive]} {start}" for directive in ("Wants", "After")}


def _job_timer(host: Host, job: str) -> Unit | None:
    known, timer = known_jobs()[job], unit_data("job")["timer"]
    schedule = host.schedules.get(job, known["schedule"])
    if schedule == NEVER:
        return None
    return {
        "Unit": filled(timer["Unit"], known),
        "Timer": {"OnCalendar": one_line(schedule, "schedule"), **timer["Timer"]},
        "Install": timer["Install"],
    }


def _import_units(host: Host, kind: str, jobs: Sequence[str]) -> dict[str, str]:
    """Return what imports from a drop zone: the service, what watches the folder, another look later, what follows."""
    data, name = _task("imports", kind), f"import-{kind}"
    service = task_service(host, name, data, _let_in(host, [kind]))
    watch = {**data["path"], "Path": {"PathChanged": host.drop_zones[kind]}}
    made = {f"syncd-{name}.path": watch, f"syncd-{name}.timer": data["timer"]}
    if known_kinds("imports")[kind].get("starts") in jobs:
        timer = f"syncd-after-{name}.timer"
        made |= {f"syncd-{name}.service": _followed(service, timer), timer: data["follow"]}
    else:
        made[f"syncd-{name}.service"] = service
    return {unit: text(content) for unit, content in made.items()}


def _export_units(host: Host, kind: str) -> dict[str, str]:
    """Return what exports to a file: the service and its timer."""
    data, name, timer = _task("exports", kind), f"export-{kind}", unit_data("job")["timer"]
    more = load_credentials(host, data["credentials"]) | environment(host)
    made = {f"syncd-{name}.service": text(task_service(host, name, data, more))}
    schedule = host.schedules.get(name, data["kinds"][kind]["schedule"])
    if schedule != NEVER:
        when = {"OnCalendar": one_line(schedule, "schedule"), **timer["Timer"]}
        made[f"syncd-{name}.timer"] = text({**data["timer"], "Timer": when, "Install": timer["Install"]})
    return made


def _task(room: Room, kind: str) -> dict[str, Any]:
    """Return the data of the units that import or export one kind of thing."""
    words = {"starts": "", **known_kinds(room)[kind], "kind": kind, "state": STATE}
    data: dict[str, Any] = filled(unit_data(room), words)
    return data


def task_service(host: Host, name: str, data: Mapping[str, Any], more: Section) -> Unit:
    """Return a service that is no job; its directives are those of a job, but for what its data says."""
    # It may find nothing to do, so that a ping says nothing.
    quiet = replace(host, alerts=replace(host.alerts, ping_url=""))
    return {
        "Unit": data["service"]["Unit"] | _alerts(quiet, name, data["service"]["Unit"]),
        "Service": {
            **unit_data("hardening")["Service"],
            **unit_data("job")["service"]["Service"],
            **data["service"]["Service"],
            **more,
            "ExecStart": exec_words([host.program, "--config", host.config, *data["arguments"]]),
        },
    }


def _followed(service: Unit, by: str) -> Unit:
    """Return the service as one at whose end, good or bad, systemd starts another unit."""
    section = service["Unit"]
    ends = {name: f"{section.get(name, '')} {by}".lstrip() for name in ("OnFailure", "OnSuccess")}
    return {**service, "Unit": {**section, **ends}}


def _alert_service(host: Host, template: str) -> Unit:
    data = unit_data("alert")
    kind = template.removeprefix("syncd-alert-").removesuffix("@")
    special = data.get(kind, {})
    alerts = host.alerts
    # %i, the job and the event, is for systemd to expand
    command = exec_words([host.program, "alert", kind]) + " %i"
    more: dict[str, Value] = {}
    if kind == "command":
        command += " " + exec_words(alerts.command)
    elif kind == "mail":
        letter = {"TO": alerts.mail_to, "FROM": alerts.mail_from, "SENDMAIL": alerts.sendmail}
        more["Environment"] = [assignment(f"SYNCD_ALERT_{name}", value) for name, value in letter.items()]
    elif alerts.ping_url == "credential":
        more.update(load_credentials(host, ["alert-ping-url"]))
    else:
        more["Environment"] = [assignment("SYNCD_ALERT_URL", alerts.ping_url)]
    return {
        "Unit": {**data["service"]["Unit"], **special.get("Unit", {})},
        "Service": {
            **unit_data("hardening")["Service"],
            **data["service"]["Service"],
            **special.get("Service", {}),
            "ExecStart": command,
            **more,
        },
    }


def _metrics(host: Host) -> dict[str, Value]:
    """Return what lets a unit write to the folder of metrics; one that is missing is no reason not to start."""
    if not host.metrics_directory:
        return {}
    return {**unit_data("job")["metrics"], "ReadWritePaths": f"-{host.metrics_directory}"}


def _let_in(host: Host, kinds: Iterable[str]) -> dict[str, Value]:
    """Return what lets a unit take files from drop zones; one that is missing is told by the program."""
    folders = [_drop_zone(host, kind) for kind in kinds]
    group = unit_data("imports")["service"]["Service"]["SupplementaryGroups"]
    return {"SupplementaryGroups": group, "ReadWritePaths": [f"-{folder}" for folder in folders]} if folders else {}


def _drop_zone(host: Host, kind: str) -> str:
    folder, usual = host.drop_zones[kind], known_kinds("imports")[kind]["drop_zone"]
    if DROP_ZONE.fullmatch(folder) is None:
        raise ConfigurationError(
            f"{folder} cannot be the drop zone of units: they see no home and no temporary folders, and systemd"
            f" needs an absolute path without spaces, quotes, ':' or '%'; take {usual}, say",
            code="units.bad_value",
        )
    return folder


def environment(host: Host) -> dict[str, Value]:
    """Return what gives a unit the host's variables."""
    return {"EnvironmentFile": host.environment_file} if host.environment_file else {}


def load_credentials(host: Host, names: Sequence[str]) -> dict[str, Value]:
    """Return what loads those of the named credentials that the host has."""
    lines = [line.partition("=") for line in _credential_lines(host, names)]
    return {lines[0][0]: [value for _, _, value in lines]} if lines else {}


def _credential_lines(host: Host, names: Sequence[str]) -> list[str]:
    """Return one directive per credential. A name without a folder is looked up in the store, and may be missing."""
    directive = "LoadCredentialEncrypted" if host.encrypted else "LoadCredential"
    files = host.credentials or {name: f"syncd.{name}" for name in names}
    wrong = sorted(name for name, file in files.items() if re.search(r"[\x00-\x20\x7f:\"'\\%]", name + file))
    if wrong:
        raise ConfigurationError(
            f"systemd cannot load the credential {', '.join(wrong)}: its name or path has a space, a quote, ':', '%'"
            " or a backslash; move the file",
            code="units.bad_value",
        )
    return [f"{directive}={name}:{files[name]}" for name in names if name in files]


def _names(known: Mapping[str, Any]) -> list[str]:
    """Return the credentials of a job: it needs one of each group, and takes others where they are there."""
    needed = [name for group in known["credentials"] for name in group]
    return [*needed, *known.get("optional_credentials", [])]


def filled(data: Any, words: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of the unit data
    """Return unit data with a word in each ``@place@``."""
    if isinstance(data, Mapping):
        return {name: filled(value, words) for name, value in data.items()}
    if isinstance(data, list):
        return [filled(value, words) for value in data]
    if isinstance(data, str):
        return re.sub(r"@(\w+)@", lambda place: str(words[place[1]]), data)
    return data


def _shell_word(word: str) -> str:
    """Return a word in quotes; directives look as nixpkgs' ``escapeShellArg`` leaves them."""
    return "'" + word.replace("'", "'\\''") + "'"


@functools.cache
def unit_data(name: str) -> dict[str, Any]:
    """Return the unit data of a file beside this one."""
    content: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return content
