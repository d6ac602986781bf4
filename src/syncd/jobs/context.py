"""What a run gives to its job: the options of the systems, credentials, the store."""

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
            raise _missing("google", job)
        return self.google

    def need_rt(self, job: str) -> RtOptions:
        """Return RT's options, which a job cannot do without."""
        if self.rt is None:
            raise _missing("rt", job)
        return self.rt


def _missing(table: str, job: str) -> ConfigurationError:
    return ConfigurationError(
        f"the job {job} needs a [{table}] table in the configuration file; add it", code="config.missing_table"
    )
