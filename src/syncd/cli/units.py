"""``syncd units``: the systemd units of the NixOS module, for hosts without NixOS."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from syncd.cli.output import print_json
from syncd.host.catalog import catalog
from syncd.host.config import read_document
from syncd.host.errors import ConfigurationError
from syncd.host.units.daemons import units as daemon_texts
from syncd.host.units.render import NEVER, Alerts, Daemons, Host, known_jobs, known_kinds, operator_script
from syncd.host.units.render import units as unit_texts

if TYPE_CHECKING:
    from syncd.jobs.settings import Settings

OPERATOR = "syncd-operator"
CATALOG = "syncd.catalog"
UNIT_MODE, PROGRAM_MODE = 0o644, 0o755
Command = TypeVar("Command", bound=Callable[..., Any])


def _pairs(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Take ``NAME=VALUE`` options apart."""
    pairs = {}
    for value in values:
        name, _, right = value.partition("=")
        if not (name and right):
            raise click.BadParameter(f"{value!r} is not {parameter.metavar}", param=parameter)
        pairs[name] = right
    return pairs


def _words(_context: click.Context, parameter: click.Parameter, value: str) -> Sequence[str]:
    """Take a command line apart as a shell does."""
    try:
        return shlex.split(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no command line: {error}", param=parameter) from None


def _tasks(command: Command) -> Command:
    """Add a flag for each kind of thing that units can import or export."""
    for kind, known in reversed(known_kinds("exports").items()):
        what = f"Units that export {known['description']}, as exports.{kind} says."
        command = click.option(f"--export-{kind}", is_flag=True, help=what)(command)
    for kind, known in reversed(known_kinds("imports").items()):
        what = f"Units that import {known['description']} left in the folder imports.{kind}.drop_zone."
        command = click.option(f"--import-{kind}", is_flag=True, help=what)(command)
    return command


@click.command("units")
@click.option(
    "--output", "directory", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to."
)
@click.option("--job", "jobs", multiple=True, metavar="JOB", help="Only this job; may be repeated [all jobs].")
@click.option(
    "--schedule",
    "schedules",
    multiple=True,
    callback=_pairs,
    metavar="JOB=WHEN",
    help="When a job starts (systemd.time(7)), or JOB=never for no timer [$SYNC_SCHEDULE, else the job's own].",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    callback=_pairs,
    metavar="NAME=FILE",
    help="Where a credential lies; without any, units look for syncd.NAME in systemd's credential store.",
)
@click.option("--encrypted", is_flag=True, help="The credentials are encrypted by systemd-creds.")
@click.option("--environment-file", default="", metavar="FILE", help="File with environment variables for the jobs.")
@click.option(
    "--metrics-directory",
    default="",
    metavar="DIR",
    help="Folder of metrics.textfile_directory, for units to write to.",
)
@_tasks
@click.option("--webhooks", is_flag=True, help="Socket and service that take webhooks, on webhooks.listen.")
@click.option("--worker", is_flag=True, help="Units that work on events, as [events] says, and look for dead letters.")
@click.option(
    "--alert-mail", default="", metavar="ADDRESS", help="Whom to mail when a job failed, and when it works again."
)
@click.option("--alert-mail-from", default="syncd", metavar="ADDRESS", show_default=True, help="Sender of that mail.")
@click.option(
    "--sendmail", default="/usr/sbin/sendmail", metavar="FILE", show_default=True, help="The host's sendmail program."
)
@click.option(
    "--alert-command",
    default="",
    metavar="COMMAND",
    callback=_words,
    help="What to run when a job failed, and when it works again.",
)
@click.option(
    "--alert-ping",
    default="",
    metavar="URL",
    help="Address to POST to when a job starts, is done, or failed; 'credential': it is in alert-ping-url.",
)
@click.option("--program", default="", metavar="FILE", help="The syncd that the units start [this one].")
@click.option("--json", "as_json", is_flag=True, help="Print the written files as JSON.")
@click.pass_obj
def units(  # noqa: PLR0913 - one for each option
    obj: Mapping[str, object],
    /,
    *,
    directory: Path,
    jobs: Sequence[str],
    schedules: dict[str, str],
    credentials: dict[str, str],
    environment_file: str,
    metrics_directory: str,
    alert_mail: str,
    alert_mail_from: str,
    sendmail: str,
    alert_command: Sequence[str],
    alert_ping: str,
    program: str,
    encrypted: bool,
    webhooks: bool,
    worker: bool,
    as_json: bool,
    **tasks: bool,
) -> None:
    """Write systemd units for hosts without NixOS.

    With them come `syncd-operator`, which runs syncd as they do, and `syncd.catalog`, which explains their records to
    `journalctl --catalog`.
    """
    wanted = list(jobs) or list(known_jobs())
    host = Host(
        program=program or _this_program(),
        config=str(obj["config"] or os.environ.get("SYNCD_CONFIG") or "/etc/syncd/config.toml"),
        schedules=_schedules(wanted, schedules),
        credentials=credentials,
        encrypted=encrypted,
        environment_file=environment_file,
        metrics_directory=metrics_directory,
        drop_zones={
            kind: _drop_zone(_settings(obj), kind) for kind in known_kinds("imports") if tasks[f"import_{kind}"]
        },
        exports=[kind for kind in known_kinds("exports") if tasks[f"export_{kind}"] and _has(_settings(obj), kind)],
        daemons=_daemons(obj, webhooks=webhooks, worker=worker),
        alerts=Alerts(
            mail_to=alert_mail,
            mail_from=alert_mail_from,
            sendmail=sendmail,
            command=alert_command,
            ping_url=alert_ping,
        ),
    )
    more = {OPERATOR: operator_script(host), CATALOG: catalog()}
    written = _write(directory, unit_texts(host, wanted) | daemon_texts(host) | more)
    if as_json:
        print_json([str(path) for path in written])
        return
    for path in written:
        click.echo(path)


def _daemons(obj: Mapping[str, object], *, webhooks: bool, worker: bool) -> Daemons:
    if not (webhooks or worker):
        return Daemons()
    settings = _settings(obj)
    created = settings.events.asset_created
    if worker and not settings.events.kinds:
        raise ConfigurationError(
            "--worker needs [events.asset-created] or [events.student-check] in the configuration file, which say what"
            " to do with events",
            code="units.bad_value",
        )
    return Daemons(
        listen=settings.webhooks.listen if webhooks else "",
        worker=worker,
        poll=created is not None,
        chromebooks=created is not None and created.chromebooks,
    )


def _schedules(jobs: Sequence[str], schedules: dict[str, str]) -> dict[str, str]:
    common = os.environ.get("SYNC_SCHEDULE", "")
    found = {job: common for job in jobs if common} | schedules
    for job, schedule in found.items():
        _check_schedule(job, schedule)
    return found


def _settings(obj: Mapping[str, object]) -> "Settings":
    from syncd.jobs.settings import load  # noqa: PLC0415 - the units of jobs need no configuration

    config = obj["config"]
    return load(read_document(config if isinstance(config, str) else None, os.environ))


def _has(settings: "Settings", kind: str) -> bool:
    if getattr(settings.exports, kind) is None:
        raise ConfigurationError(
            f"--export-{kind} needs [exports.{kind}] in the configuration file, with the catalogs of the devices",
            code="units.bad_value",
        )
    return True


def _drop_zone(settings: "Settings", kind: str) -> str:
    """Return the drop zone of the configuration file, so that the units watch the folder that the program looks at."""
    folder = str(getattr(settings.imports, kind).drop_zone)
    if not folder:
        raise ConfigurationError(
            f"--import-{kind} needs imports.{kind}.drop_zone in the configuration file: a folder, such as"
            f" {known_kinds('imports')[kind]['drop_zone']}, in which others than root can leave files, as in the state"
            " folder they cannot",
            code="units.bad_value",
        )
    return folder


def _check_schedule(job: str, schedule: str) -> None:
    """Let systemd judge a calendar event, where it is at hand: a timer with a wrong one silently never starts."""
    judge = shutil.which("systemd-analyze")
    if schedule == NEVER or judge is None:
        return
    verdict = subprocess.run([judge, "calendar", "--", schedule], capture_output=True, text=True, check=False)  # noqa: S603
    if verdict.returncode != 0:
        raise ConfigurationError(
            f"the schedule {schedule!r} of {job} is no calendar event of systemd.time(7); write it like 'hourly',"
            " '*-*-* 05:00:00' or 'Mon..Fri 06:30'",
            code="units.bad_value",
        )


def _write(directory: Path, files: Mapping[str, str]) -> list[Path]:
    try:
        for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
            missing.mkdir(PROGRAM_MODE)
        for name, text in files.items():
            (directory / name).write_text(text)
            # whatever the umask: whoever can write there tells root what to start
            (directory / name).chmod(PROGRAM_MODE if name == OPERATOR else UNIT_MODE)
    except OSError as error:
        raise ConfigurationError(
            f"units cannot be written to {directory}: {error.strerror}", code="units.cannot_write"
        ) from None
    return [directory / name for name in files]


def _this_program() -> str:
    called = Path(sys.argv[0])
    return str(called.absolute() if called.name == "syncd" else Path(sys.executable).parent / "syncd")
