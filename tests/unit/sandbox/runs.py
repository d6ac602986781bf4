"""Runs of the job that a sandbox is configured for, in this process."""

import msgspec

from syncd.host.clock import SystemClock
from syncd.host.config import read_document
from syncd.host.credentials import Credentials
from syncd.jobs.chromebooks import open_job
from syncd.jobs.context import RunContext
from syncd.jobs.settings import Settings, load
from syncd.reconcile.apply import no_progress
from syncd.reconcile.run import Done, Runner
from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store


def settings_of(site: Sandbox) -> Settings:
    return load(read_document(str(site.config_file), {}))


def run(site: Sandbox, *, write: bool = False) -> Done:
    """Plan, or apply, the job that the sandbox is configured for."""
    settings = settings_of(site)
    options = settings.jobs.chromebooks
    assert options is not None
    assert settings.google is not None
    assert settings.rt is not None
    with open_store(settings.state.path) as store:
        context = RunContext(
            google=msgspec.structs.replace(settings.google, rate=1000.0),
            rt=msgspec.structs.replace(settings.rt, rate=1000.0),
            credentials=Credentials({"CREDENTIALS_DIRECTORY": str(site.credentials_directory)}, keyring=False),
            store=store,
            clock=SystemClock(),
            progress=no_progress,
        )
        with open_job(options, context) as job:
            runner = Runner(job, store.ledger, options.limits)
            return runner.apply() if write else runner.plan()
