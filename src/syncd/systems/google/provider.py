"""Google Workspace as one object: options and credentials in, devices, users, members of groups and telemetry out."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from syncd.host.circuit import CircuitMemory
from syncd.host.clock import Clock, SystemClock
from syncd.host.closing import Closing
from syncd.host.credentials import Credentials
from syncd.host.http import HttpClient
from syncd.host.ratelimit import GcraLimiter
from syncd.host.reach import open_client, policy_of
from syncd.systems.google import telemetry
from syncd.systems.google.auth import ServiceAccountAuthenticator
from syncd.systems.google.devices import ChromeDevices
from syncd.systems.google.errors import SYSTEM, classify
from syncd.systems.google.members import GroupMembers
from syncd.systems.google.options import GoogleOptions
from syncd.systems.google.telemetry import TelemetryDevices
from syncd.systems.google.users import DirectoryUsers

Connect: TypeAlias = Callable[[str, str], tuple[HttpClient, GcraLimiter]]
"""Opens a client: the root of an API, and its name, empty for the Admin SDK's."""


class Google(Closing):
    """An open connection; ``client.stats`` counts its requests. Close it, or use it as a context."""

    def __init__(
        self, options: GoogleOptions, authenticator: ServiceAccountAuthenticator, connect: Connect, clock: Clock
    ) -> None:
        """Take what opens a client of one of Google's APIs."""
        self.authenticator = authenticator
        self._options = options
        self._connect = connect
        self._clock = clock
        self._opened: list[HttpClient | GcraLimiter] = []
        self.client = self._open(options.api_root, "")
        self.devices = ChromeDevices(self.client, options.customer, options.page_size, clock=clock)
        self.users = DirectoryUsers(self.client, options.customer, clock=clock)
        self.members = GroupMembers(self.client, clock=clock)

    @cached_property
    def telemetry(self) -> TelemetryDevices:
        """What devices report, from another API of Google's: it has its own quota, and ``telemetry.client.stats``."""
        client = self._open(telemetry.root(self._options.api_root), "telemetry")
        return TelemetryDevices(client, self._options.customer, clock=self._clock)

    def _open(self, root: str, part: str) -> HttpClient:
        client, limiter = self._connect(root, part)
        self._opened += [client, limiter]
        return client

    def close(self) -> None:
        """Close all connections."""
        self.authenticator.close()
        for each in self._opened:
            each.close()


def open_google(
    options: GoogleOptions,
    credentials: Credentials,
    *,
    scopes: Sequence[str],
    state_dir: Path | None,
    circuit_memory: CircuitMemory | None = None,
    clock: Clock | None = None,
) -> Google:
    """Return Google Workspace, without a request: the token is fetched by the first call.

    ``scopes`` are those that the job needs; ``google.scopes`` replaces them. ``state_dir`` holds the rate limit that
    the jobs of this machine share; None limits this process alone. Raises NotPermitted for a key that is missing or
    unusable, ConfigurationError for options that cannot work.
    """
    time: Clock = clock or SystemClock()
    authenticator = ServiceAccountAuthenticator(
        credentials.get(options.credential),
        subject=options.delegated_user,
        scopes=options.scopes or tuple(scopes),
        credential=options.credential,
        policy=policy_of(options),
        clock=time,
        ca_file=options.ca_file or None,
        proxy=options.proxy or None,
    )

    def connect(root: str, part: str) -> tuple[HttpClient, GcraLimiter]:
        return open_client(
            SYSTEM,
            root,
            options,
            classify=classify,
            authenticator=authenticator,
            state_dir=state_dir,
            circuit_memory=circuit_memory,
            clock=time,
            part=part,
        )

    return Google(options, authenticator, connect, time)
