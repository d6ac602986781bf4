"""The whole configuration file as one type, and with it the list of jobs."""

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Protocol, cast, get_args

import msgspec
from msgspec import Meta

from syncd.host.config import Document, decode
from syncd.host.errors import ConfigurationError
from syncd.host.listening import WebhookOptions
from syncd.jobs.batteries.import_options import BatteryImportOptions
from syncd.jobs.batteries.options import BatteryCsvOptions, BatteryGamOptions, BatteryTelemetryOptions
from syncd.jobs.context import RunContext, missing_tables
from syncd.jobs.events import EventsOptions
from syncd.jobs.exporting.fleet_options import BatteryExportOptions
from syncd.jobs.exporting.options import StudentExportOptions
from syncd.jobs.membership.options import GroupsOptions
from syncd.jobs.options import JobOptions
from syncd.jobs.people.options import RtUsersOptions
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.reconcile.run import Job
from syncd.systems.google.options import GoogleOptions
from syncd.systems.rosters.options import StudentImportOptions
from syncd.systems.rt.options import RtOptions


class JobsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The jobs there are: a new one is a module of its name in this folder, and one line here."""

    chromebooks: ChromebooksOptions | None = None
    rt_users: RtUsersOptions | None = msgspec.field(default=None, name="rt-users")
    battery_gam: BatteryGamOptions | None = msgspec.field(default=None, name="battery-gam")
    battery_csv: BatteryCsvOptions | None = msgspec.field(default=None, name="battery-csv")
    battery_telemetry: BatteryTelemetryOptions | None = msgspec.field(default=None, name="battery-telemetry")
    groups: GroupsOptions | None = None

    def of(self, name: str) -> JobOptions | None:
        """Return the options of a job, None where it is not configured."""
        options: JobOptions | None = getattr(self, attribute(name))
        return options


JOBS = JobsOptions.__struct_encode_fields__


def attribute(job: str) -> str:
    """Return how Python spells the name of a job: of its module, and of its options."""
    return job.replace("-", "_")


class StateOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[state]``."""

    directory: Annotated[
        str, Meta(description="Folder of the store, its locks and rate limits; made with mode 0700.")
    ] = "/var/lib/syncd"
    retention_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="Days that runs stay in the audit log, and reports in the history of batteries, but for the "
            "newest of each device; a good run prunes older ones, a few at a time. 0 keeps them for ever.",
        ),
    ] = 400

    @property
    def path(self) -> Path:
        """The folder as a path, with ``~`` expanded."""
        return Path(self.directory).expanduser()


class MetricsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[metrics]``."""

    textfile_directory: Annotated[
        str,
        Meta(
            description="Existing folder that node_exporter's textfile collector reads; empty: no metrics are written."
        ),
    ] = ""


class ImportsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[imports]``."""

    students: StudentImportOptions = StudentImportOptions()
    battery: BatteryImportOptions = BatteryImportOptions()


class ExportsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[exports]``."""

    students: StudentExportOptions | None = None
    battery: BatteryExportOptions | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file."""

    state: StateOptions = StateOptions()
    metrics: MetricsOptions = MetricsOptions()
    google: GoogleOptions | None = None
    rt: RtOptions | None = None
    jobs: JobsOptions = JobsOptions()
    imports: ImportsOptions = ImportsOptions()
    exports: ExportsOptions = ExportsOptions()
    webhooks: WebhookOptions = WebhookOptions()
    events: EventsOptions = EventsOptions()

    def job(self, name: str) -> JobOptions:
        """Return the options of a job, or say how to configure it."""
        options = self.jobs.of(name)
        if options is None:
            raise ConfigurationError(
                f"the job {name} is not configured; add a [jobs.{name}] table to the configuration file",
                code="config.no_job",
            )
        return options


def _tables(name: str, kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """Return the tables directly within a table, by their full names."""
    found = ((field.encode_name, {field.type, *get_args(field.type)}) for field in msgspec.structs.fields(kind))
    return {
        f"{name}.{inner}": one
        for inner, kinds in found
        for one in kinds
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
    }


TABLES: Mapping[str, type[msgspec.Struct]] = {
    "state": StateOptions,
    "metrics": MetricsOptions,
    "google": GoogleOptions,
    "rt": RtOptions,
    **_tables("jobs", JobsOptions),
    **_tables("imports", ImportsOptions),
    **_tables("exports", ExportsOptions),
    "webhooks": WebhookOptions,
    "events": EventsOptions,
    **_tables("events", EventsOptions),
}
"""The tables of the file by name, for the documentation."""


class JobModule(Protocol):
    """What a job's module has besides its options. ``SYSTEMS`` are the tables of the systems that it talks to."""

    SYSTEMS: tuple[str, ...]

    def open_job(self, options: JobOptions, context: RunContext) -> AbstractContextManager[Job]:
        """Connect to the systems that the job needs and return it, ready to observe."""


def job_module(name: str) -> JobModule:
    """Return the module of a job."""
    return cast("JobModule", importlib.import_module(f"syncd.jobs.{attribute(name)}"))


def systems_of(name: str, options: JobOptions | None) -> tuple[str, ...]:
    """Return the systems that a job talks to: those it always does, and those that its options add."""
    return (*job_module(name).SYSTEMS, *(options.systems if options else ()))


def load(document: Document) -> Settings:
    """Return the settings of a configuration file; every mistake in it is named at once."""
    return decode(document, Settings)


def check(settings: Settings) -> list[str]:
    """Return the names of the configured jobs; raise ConfigurationError for one that lacks the table of a system."""
    jobs = {name: options for name in JOBS if (options := settings.jobs.of(name)) is not None}
    for name, options in jobs.items():
        if lacking := [table for table in systems_of(name, options) if getattr(settings, table) is None]:
            raise missing_tables(name, lacking)
    for name in settings.exports.__struct_fields__:
        if getattr(settings.exports, name) is not None and settings.rt is None:
            raise missing_tables(f"export {name}", ["rt"])
    _check_events(settings)
    return [*jobs]


def _check_events(settings: Settings) -> None:
    if settings.events.kinds and settings.rt is None:
        raise missing_tables(settings.events.kinds[0], ["rt"])
    created = settings.events.asset_created
    if created is not None and created.chromebooks and settings.jobs.chromebooks is None:
        raise missing_tables("asset-created", ["jobs.chromebooks"])
