"""Google Workspace as one object: options and credentials in, devices, users and telemetry out."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from syncd.host.circuit import Circuit, CircuitMemory
from syncd.host.clock import Clock, SystemClock
from syncd.host.closing import Closing
from syncd.host.credentials import Credentials
from syncd.host.http import HttpClient, HttpPolicy
from syncd.host.ratelimit import GcraLimiter
from syncd.systems.google import telemetry
from syncd.systems.google.auth import ServiceAccountAuthenticator
from syncd.systems.google.devices import ChromeDevices
from syncd.systems.google.errors import SYSTEM, classify
from syncd.systems.google.options import GoogleOptions
from syncd.systems.google.telemetry import TelemetryDevices
from syncd.systems.google.users import DirectoryUsers


class Google(Closing):
    """An open connection; ``client.stats`` counts its requests. Close it, or use it as a context."""

    def __init__(
        self,
        client: HttpClient,
        authenticator: ServiceAccountAuthenticator,
        limiter: GcraLimiter,
        devices: ChromeDevices,
        users: DirectoryUsers,
        open_telemetry: Callable[[], tuple[GcraLimiter, TelemetryDevices]],
    ) -> None:
        self.client = client
        self.devices = devices
        self.users = users
        self.authenticator = authenticator
        self._open_telemetry = open_telemetry
        self._clients = [client]
        self._limiters = [limiter]

    @cached_property
    def telemetry(self) -> TelemetryDevices:
        """What devices report, from another API of Google's: it has its own quota, and ``telemetry.client.stats``."""
        limiter, devices = self._open_telemetry()
        self._limiters.append(limiter)
        self._clients.append(devices.client)
        return devices

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            client.close()
        self.authenticator.close()
        for limiter in self._limiters:
            limiter.close()


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
    policy = policy_of(options)
    authenticator = ServiceAccountAuthenticator(
        credentials.get(options.credential),
        subject=options.delegated_user,
        scopes=options.scopes or tuple(scopes),
        credential=options.credential,
        policy=policy,
        clock=time,
        ca_file=options.ca_file or None,
        proxy=options.proxy or None,
    )

    def connect(name: str, root: str) -> tuple[GcraLimiter, HttpClient]:
        rate = state_dir / f"{name}.rate" if state_dir else None
        limiter = GcraLimiter(rate, options.rate, burst=options.concurrency, clock=time)
        client = HttpClient(
            SYSTEM,
            root,
            policy=policy,
            classify=classify,
            authenticator=authenticator,
            limiter=limiter,
            circuit=Circuit(name, circuit_memory, time),
            clock=time,
            ca_file=options.ca_file or None,
            proxy=options.proxy or None,
        )
        return limiter, client

    def open_telemetry() -> tuple[GcraLimiter, TelemetryDevices]:
        limiter, client = connect(f"{SYSTEM}-telemetry", telemetry.root(options.api_root))
        return limiter, TelemetryDevices(client, options.customer, clock=time)

    limiter, client = connect(SYSTEM, options.api_root)
    devices = ChromeDevices(client, options.customer, options.page_size, clock=time)
    users = DirectoryUsers(client, options.customer, clock=time)
    return Google(client, authenticator, limiter, devices, users, open_telemetry)


def policy_of(options: GoogleOptions) -> HttpPolicy:
    """Return the HTTP policy that the options ask for."""
    return HttpPolicy(
        connect_timeout=options.connect_timeout,
        read_timeout=options.read_timeout,
        attempts=options.attempts,
        budget_seconds=options.budget_seconds,
        pool=options.concurrency,
    )
