"""What a run gives to its job: the options of the systems, credentials, the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.host.clock import Clock
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError
from syncd.reconcile.ports import Progress
from syncd.state.store import Store
from syncd.systems.google.options import GoogleOptions
from syncd.systems.rt.options import RtOptions


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Everything around a job that is not its own."""

    google: GoogleOptions | None
    rt: RtOptions | None
    credentials: Credentials
    store: Store
    clock: Clock
    progress: Progress
    full_read: bool = False

    def need_google(self, job: str) -> GoogleOptions:
        """Return Google's options, which a job cannot do without."""
        if self.google is None:
            raise missing_tables(job, ["google"])
        return self.google

    def need_rt(self, job: str) -> RtOptions:
        """Return RT's options, which a job cannot do without."""
        if self.rt is None:
            raise missing_tables(job, ["rt"])
        return self.rt


def missing_tables(job: str, tables: Sequence[str]) -> ConfigurationError:
    """Return the error for a job whose systems are not configured."""
    named = " and ".join(f"[{table}]" for table in tables)
    return ConfigurationError(
        f"the job {job} needs {named} in the configuration file; add {'it' if len(tables) == 1 else 'them'}",
        code="config.missing_table",
    )
