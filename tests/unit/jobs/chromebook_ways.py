"""The job chromebooks as its options let it read, and opened on a sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncd.host.clock import SystemClock
from syncd.host.config import read_document
from syncd.host.credentials import Credentials
from syncd.jobs.chromebooks import ChromebookJob, open_job
from syncd.jobs.context import RunContext
from syncd.jobs.settings import load
from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store

FAST = "rate = 10000.0\nattempts = 1\n"
WAYS = {
    "as it comes": "",
    "with new assets": 'missing_assets = "create"',
    "by serial alone": 'match = ["serial"]',
    "by address first": 'match = ["mac", "serial"]',
    "by a field that RT cannot be asked for": 'mac_fields = ["CF.{MAC Address}", "HeldBy.Name"]',
    "some places": 'org_units = ["/Chromebooks", "/Staff"]',
    "a query": 'query = "status:provisioned"\nmissing_assets = "create"',
    "all statuses": 'statuses = ["ACTIVE", "DISABLED", "DEPROVISIONED"]\nmissing_assets = "create"',
}


@contextmanager
def job_of(site: Sandbox, lines: str = "") -> Iterator[ChromebookJob]:
    """Open the job of a sandbox with further lines in its table."""
    site.config_file.write_text(site.configuration(job=lines, google=FAST, rt=FAST))
    settings = load(read_document(str(site.config_file), {}))
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(site.credentials_directory)}, keyring=False)
    assert settings.jobs.chromebooks
    with open_store(settings.state.path) as store:
        context = RunContext(
            google=settings.google,
            rt=settings.rt,
            credentials=credentials,
            store=store,
            clock=SystemClock(),
            progress=lambda *_: None,
        )
        with open_job(settings.jobs.chromebooks, context) as job:
            yield job
