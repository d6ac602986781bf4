"""All checks of a configured syncd, in the order in which one depends on another.

A system contributes by a module ``checks`` in its package, with ``open_checks(options, means)`` whose ``probes()``
hold for every job; a job by a module of its name in this folder, with ``probes(options, systems)``. Neither is named
here.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeAlias

from syncd.host.checks.engine import Check, Finding, Means, Probe, examine, failed, from_error, ok, warning
from syncd.host.checks.units import units
from syncd.host.clock import SystemClock
from syncd.host.config import DEFAULT_PATH, Document, read_document
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError
from syncd.host.listening import WebhookOptions
from syncd.host.plain_files import is_folder
from syncd.host.units.daemons import WEBHOOKS, WORKER
from syncd.jobs import settings as settings_module
from syncd.jobs.checks import asset_created, battery_export, student_check, student_export
from syncd.jobs.settings import JOBS, Settings, attribute, job_module, load, systems_of
from syncd.state import checks as state_checks

AREA = "configuration"
FILE = f"{AREA} file"


ListenerProbes: TypeAlias = Callable[[WebhookOptions, Means], Iterator[Probe]]
"""What `syncd doctor` looks at of the listener; a daemon, which this room does not know."""


class SystemChecks(Protocol):
    """The checks of a system; what else it has is between it and the jobs that use it."""

    def probes(self) -> Iterator[Probe]:
        """Yield what holds for every job."""


def check_everything(
    config: str | None, environ: Mapping[str, str], listener: ListenerProbes, *, credentials_only: bool = False
) -> list[Check]:
    """Make all checks of the configuration at a path (None: where it usually is).

    ``listener`` gives the probes of the listener. ``credentials_only``: those of the credentials and of the
    configuration that names them; nobody else is asked.
    """
    with ExitStack() as closing:
        means = Means(credentials=Credentials(environ), environ=environ, clock=SystemClock(), closing=closing)
        probes = _Everything(config, means, listener).probes()
        return [*examine(p for p in probes if not credentials_only or p.of_credentials or p.area == AREA)]


class _Everything:
    def __init__(self, config: str | None, means: Means, listener: ListenerProbes) -> None:
        self._config = config
        self._means = means
        self._listener = listener
        self._document: Document | None = None
        self._settings = Settings()
        self._good: Mapping[str, Any] = {}

    def probes(self) -> Iterator[Probe]:
        """Yield all probes; each part is put together when those before it are done."""
        yield Probe(AREA, "file", self._read)
        yield Probe(AREA, "jobs", self._jobs, (FILE,))
        yield from self._system_probes()
        yield from self._listener_probes()
        yield from self._store_probes()
        yield from units(self._named(), self._daemons(), self._means.environ)

    # -- the configuration

    def _read(self) -> Finding:
        self._document = document = read_document(self._config, self._means.environ)
        self._good = salvage(document)
        self._settings = load(Document(path=document.path, tree=dict(self._good)))
        try:
            load(document)
        except ConfigurationError as error:  # which names all mistakes at once
            return from_error(error, "correct them; `syncd config check` tells when it is right")
        return ok(document.path or f"there is no {DEFAULT_PATH}; the environment is taken")

    def _jobs(self) -> Finding:
        configured = [*self._configured(), *self._settings.events.kinds]
        if not configured:
            return warning("no job is configured", "add a table of a job, for example [jobs.chromebooks]")
        try:
            settings_module.check(self._settings)
            return ok(", ".join(configured))
        except ConfigurationError as error:
            return from_error(error)

    def _configured(self) -> list[str]:
        return [job for job in JOBS if self._settings.jobs.of(job) is not None]

    def _named(self) -> list[str]:
        """Return the jobs that the file has a table of, right or wrong: a unit may run them."""
        tables = self._document.tree.get("jobs") if self._document else None
        return [job for job in JOBS if isinstance(tables, dict) and job in tables]

    def _daemons(self) -> list[str]:
        """Return the daemons that the file has a table for, right or wrong."""
        wanted = {WEBHOOKS: "webhooks", WORKER: "events"}
        return [name for name, table in wanted.items() if self._document and table in self._document.tree]

    def _spoilt(self, table: str) -> bool:
        """Tell whether a table is there, and could not be read."""
        return self._document is None or (table in self._document.tree and table not in self._good)

    # -- systems and jobs

    def _system_probes(self) -> Iterator[Probe]:
        systems: dict[str, SystemChecks] = {}
        for system in dict.fromkeys(system for job in JOBS for system in job_module(job).SYSTEMS):
            options, module = getattr(self._settings, system, None), _module(f"syncd.systems.{system}.checks")
            if options is not None and module is not None:
                systems[system] = module.open_checks(options, self._means)
                yield from systems[system].probes()
            elif self._spoilt(system):
                yield _unknown(system)
        for job in JOBS:
            yield from self._job_probes(job, systems)
        yield from self._export_probes(systems)
        yield from self._event_probes(systems)

    def _export_probes(self, systems: Mapping[str, Any]) -> Iterator[Probe]:
        exports = self._settings.exports
        if self._spoilt("exports"):
            yield _unknown("exports")
        if exports.students is not None:
            yield from student_export.probes(exports.students, systems)
        if exports.battery is not None:
            yield from battery_export.probes(exports.battery, systems)

    def _event_probes(self, systems: Mapping[str, Any]) -> Iterator[Probe]:
        events = self._settings.events
        if self._spoilt("events"):
            yield _unknown("events")
        if events.asset_created is not None:
            yield from asset_created.probes(events.asset_created, self._settings.jobs.chromebooks, systems)
        if events.student_check is not None:
            yield from student_check.probes(events.student_check, systems)

    def _job_probes(self, job: str, systems: Mapping[str, SystemChecks]) -> Iterator[Probe]:
        options, module = self._settings.jobs.of(job), _module(f"{__package__}.{attribute(job)}")
        if options is None:
            if self._document is not None and job in self._document.tree.get("jobs", {}):
                yield _unknown(job)
            return
        lacking = [system for system in systems_of(job, options) if getattr(self._settings, system, None) is None]
        yield from (Probe(job, system, lambda: (), (f"{AREA} jobs",)) for system in lacking)
        if module is not None:
            yield from module.probes(options, systems)

    # -- this machine

    def _listener_probes(self) -> Iterator[Probe]:
        if self._spoilt("webhooks"):
            yield _unknown("webhooks")
        elif WEBHOOKS in self._daemons():
            yield from self._listener(self._settings.webhooks, self._means)

    def _store_probes(self) -> Iterator[Probe]:
        if self._spoilt("state"):
            yield _unknown(state_checks.AREA)
        else:
            yield from state_checks.probes(self._settings.state.path)
            yield from state_checks.inbox_probes(self._settings.state.path, wanted=bool(self._daemons()))
        if self._spoilt("metrics"):
            yield _unknown("metrics")
        elif self._settings.metrics.textfile_directory:
            yield Probe("metrics", "directory", lambda: _metrics(Path(self._settings.metrics.textfile_directory)))


def salvage(document: Document) -> dict[str, Any]:
    """Return the tables of a configuration that are right by themselves; of ``jobs``, each job by itself."""
    good: dict[str, Any] = {}
    for table, value in document.tree.items():
        parts = value.items() if table == "jobs" and isinstance(value, dict) else [("", value)]
        for name, part in parts:
            tree = {table: {name: part}} if name else {table: part}
            if _is_right(Document(path=document.path, tree=tree)):
                good[table] = {**good.get(table, {}), **tree[table]} if name else part
    return good


def _is_right(document: Document) -> bool:
    try:
        load(document)
    except ConfigurationError:
        return False
    return True


def _unknown(area: str) -> Probe:
    return Probe(area, "all", lambda: (), (FILE,))


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _metrics(directory: Path) -> Finding:
    if not is_folder(directory):
        return failed(f"{directory} is not a folder", "make it, or correct metrics.textfile_directory", "configuration")
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=True):
        return failed(
            f"{directory} cannot be written by this user", "let the user that syncd runs as write it", "rights"
        )
    return ok(f"{directory} can be written")
