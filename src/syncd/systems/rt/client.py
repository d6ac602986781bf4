"""Request Tracker as one object: preflight, reader and writer over one HTTP client."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from syncd.host.circuit import CircuitMemory
from syncd.host.clock import Clock, SystemClock
from syncd.host.closing import Closing
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError
from syncd.host.reach import open_client
from syncd.systems.rt.auth import PasswordAuthenticator, TokenAuthenticator
from syncd.systems.rt.errors import classify
from syncd.systems.rt.groups import Groups
from syncd.systems.rt.lookup import AssetLookup
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.pages import people_by
from syncd.systems.rt.preflight import preflight
from syncd.systems.rt.reader import AssetReader
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import Need, Schema
from syncd.systems.rt.snapshot import SnapshotStore
from syncd.systems.rt.users.preflight import user_preflight
from syncd.systems.rt.users.reader import UserReader
from syncd.systems.rt.users.schema import UserNeed, UserSchema
from syncd.systems.rt.users.writer import UserWriter
from syncd.systems.rt.write import AssetWriter


class _Closeable(Protocol):
    def close(self) -> None: ...


class Connection(Closing):
    """REST 2.0 of an RT, for those who keep nothing of what it says."""

    def __init__(self, rest: Rest, closing: tuple[_Closeable, ...]) -> None:
        self.rest = rest
        self.closing = closing

    def close(self) -> None:
        """Close all connections."""
        for thing in self.closing:
            thing.close()


class RequestTracker(Connection):
    """One RT. ``client.stats`` counts its requests; the readers keep their snapshots in the store of ``open_rt``."""

    def __init__(
        self,
        rest: Rest,
        reader: AssetReader,
        user_reader: UserReader,
        timezone: str,
        closing: tuple[_Closeable, ...],
    ) -> None:
        super().__init__(rest, closing)
        self.client = rest.client
        self.groups = Groups(rest)
        self.reader = reader
        self.user_reader = user_reader
        self._timezone = timezone

    def preflight(self, need: Need) -> Schema:
        """Find out whether RT has what a job needs and lets the API user do it; raises one error with all problems."""
        return preflight(self.rest, need, self._timezone)

    def writer(self, schema: Schema) -> AssetWriter:
        """Return a writer for a job's fields."""
        return AssetWriter(self.rest, schema)

    def user_preflight(self, need: UserNeed) -> UserSchema:
        """Find out whether RT has what a job needs of users; raises one error with all problems."""
        return user_preflight(self.rest, need, self._timezone)

    def user_writer(self, schema: UserSchema) -> UserWriter:
        """Return a writer for a job's fields of users."""
        return UserWriter(self.rest, schema, partial(self.user_reader.names, schema))

    def lookup(self, schema: Schema) -> AssetLookup:
        """Return what finds single assets."""
        return AssetLookup(self.rest, schema)

    def users_by_email(self, addresses: Iterable[str]) -> dict[str, str]:
        """Return RT's spelling of the addresses that exactly one user has; keys are casefolded. 100 a request."""
        wanted = {address for address in addresses if address}
        found = [person.email for person in people_by(self.rest, "EmailAddress", wanted)]
        times = Counter(address.casefold() for address in found)
        return {address.casefold(): address for address in found if times[address.casefold()] == 1}


def open_rt(
    options: RtOptions,
    credentials: Credentials,
    *,
    snapshots: SnapshotStore,
    state_dir: Path | None = None,
    circuit_memory: CircuitMemory | None = None,
    clock: Clock | None = None,
) -> RequestTracker:
    """Return an RT for these options; no request is made yet.

    Raises NotPermitted for a credential that is missing, ConfigurationError for options that do not fit together.
    """
    opened = connect(options, credentials, state_dir=state_dir, circuit_memory=circuit_memory, clock=clock)
    reader = AssetReader(opened.rest, snapshots, options.url, options.full_read_days)
    user_reader = UserReader(opened.rest, snapshots, options.url, options.full_read_days)
    return RequestTracker(opened.rest, reader, user_reader, options.timezone, opened.closing)


def connect(
    options: RtOptions,
    credentials: Credentials,
    *,
    state_dir: Path | None = None,
    circuit_memory: CircuitMemory | None = None,
    clock: Clock | None = None,
) -> Connection:
    """Return an RT for those who keep nothing of it; otherwise as ``open_rt``."""
    clock = clock or SystemClock()
    authenticator = _authenticator(options, credentials)
    client, limiter = open_client(
        "rt",
        options.url,
        options,
        classify=classify,
        authenticator=authenticator,
        state_dir=state_dir,
        circuit_memory=circuit_memory,
        clock=clock,
    )
    closing = (client, limiter, *((authenticator,) if isinstance(authenticator, PasswordAuthenticator) else ()))
    return Connection(Rest(client, authenticator, clock), closing)


def _authenticator(options: RtOptions, credentials: Credentials) -> TokenAuthenticator | PasswordAuthenticator:
    if options.auth == "token":
        return TokenAuthenticator(credentials.get(options.token_credential))
    if not options.username:
        raise ConfigurationError('rt.auth = "password" needs rt.username.', code="rt.username")
    return PasswordAuthenticator(
        options.url,
        options.username,
        credentials.get(options.password_credential),
        timeout=(options.connect_timeout, options.read_timeout),
        ca_file=options.ca_file,
        proxy=options.proxy,
    )
