"""What `syncd doctor` looks at in Google Workspace."""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from syncd.host.checks.credentials import credential
from syncd.host.checks.engine import Finding, Means, Probe, failed, from_error, ok, warning
from syncd.host.checks.network import Address, network
from syncd.host.errors import NotFound, NotPermitted
from syncd.systems.google.options import GoogleOptions
from syncd.systems.google.provider import Google, open_google

AREA = "google"
_SKEW = "Google refuses to sign in whoever's clock is off by more than a few minutes"
_ANY = "https://www.googleapis.com/auth/admin.directory.device.chromeos.readonly"
"""To open a client whose token nobody asks for."""


class GoogleChecks:
    """The probes of Google; they share the key."""

    def __init__(self, options: GoogleOptions, means: Means) -> None:
        self._options = msgspec.structs.replace(options, attempts=1, budget_seconds=0.0)
        self._means = means
        self._token_endpoint = ""

    def probes(self) -> Iterator[Probe]:
        """Yield what holds for every job."""
        secret = credential(AREA, self._options.credential, self._means)
        yield secret
        yield Probe(AREA, "key", self._key, (secret.key,), of_credentials=True)
        yield from network(self._api, self._means)
        # By now the key was looked at, where it could be.
        if self._token_endpoint and self._other_host():
            yield from network(self._tokens, self._means)

    def for_job(
        self, job: str, scope: str, *, org_units: Sequence[str] = (), include_children: bool = True, query: str = ""
    ) -> Iterator[Probe]:
        """Yield what a job needs: a token with its scope, and devices to see."""
        google, token = self._with_token(job, scope)

        def devices() -> Finding:
            number = google[0].devices.count(org_units=org_units, include_children=include_children, query=query)
            return ok(f"{number} in reach of the job; only a write can show that the admin role may change them")

        yield token
        yield Probe(job, "google devices", devices, (token.key, self._api.answers))

    def for_users(self, job: str, scope: str, *, org_units: Sequence[str] = (), query: str = "") -> Iterator[Probe]:
        """Yield what a job needs that reads users: a token with its scope, and users to see in each org unit."""
        google, token = self._with_token(job, scope)

        def users() -> Finding:
            empty = google[0].users.nobody_in(org_units=org_units, query=query)
            if empty:
                return warning(f"nobody is found in {', '.join(empty)}", "check org_units and query of the source")
            return ok(f"somebody is found in {', '.join(org_units) or 'the tenant'}")

        yield token
        yield Probe(job, "google users", users, (token.key, self._api.answers))

    def for_members(self, job: str, scope: str, groups: Sequence[str]) -> Iterator[Probe]:
        """Yield what a job needs that reads members of groups: a token with its scope, and each group to see."""
        google, token = self._with_token(job, scope)

        def members(group: str) -> Finding:
            try:
                some = google[0].members.has_any(group)
            except NotFound as error:
                return from_error(error, "make the group in the Admin console, or correct its address")
            return ok("it has members" if some else "it has no member yet")

        yield token
        for group in groups:
            yield Probe(job, f"google group {group}", partial(members, group), (token.key, self._api.answers))

    def for_telemetry(self, job: str, scope: str) -> Iterator[Probe]:
        """Yield what a job needs that reads what devices report: a token with its scope, and a device to see."""
        google, token = self._with_token(job, scope)

        def devices() -> Finding:
            if not google[0].telemetry.seen():
                return warning(
                    "the telemetry API is asked and has no device", "let the policies of devices report their status"
                )
            return ok("the telemetry API gives devices")

        yield token
        yield Probe(job, "google telemetry", devices, (token.key, self._api.answers))

    def _with_token(self, job: str, scope: str) -> tuple[list[Google], Probe]:
        """Return the probe of a token with a scope, and what will hold the client that got it."""
        google: list[Google] = []
        answers = (self._tokens if self._token_endpoint and self._other_host() else self._api).answers

        def token() -> Iterator[Finding]:
            opened = self._open([scope])
            yield from self._scope(scope)
            google.append(opened)
            yield self._token(opened, self._options.scopes or (scope,))

        return google, Probe(job, "google token", token, (f"{AREA} key", answers))

    @property
    def _api(self) -> Address:
        return self._address(self._options.api_root, "google.api_root")

    @property
    def _tokens(self) -> Address:
        return self._address(self._token_endpoint, "token_uri in the key", "token endpoint ")

    def _address(self, url: str, option: str, label: str = "") -> Address:
        options = self._options
        return Address(AREA, url, option, options.ca_file, options.proxy, options.connect_timeout, label, _SKEW)

    def _other_host(self) -> bool:
        return self._token_endpoint.rstrip("/") != self._options.api_root.rstrip("/")

    def _open(self, scopes: Sequence[str]) -> Google:
        google = open_google(
            self._options, self._means.credentials, scopes=scopes, state_dir=None, clock=self._means.clock
        )
        self._means.closing.callback(google.close)
        return google

    def _key(self) -> Finding:
        signing = self._open([_ANY]).authenticator
        self._token_endpoint = signing.endpoint
        return ok(f"of a service account with client ID {signing.client_id}")

    def _scope(self, scope: str) -> Iterator[Finding]:
        """Complain of configured scopes that lack the one that a job needs."""
        wider = scope.removesuffix(".readonly")
        if self._options.scopes and not {scope, wider} & {*self._options.scopes}:
            yield failed(
                f"google.scopes has no {scope}",
                "add it, or leave google.scopes out: then each job asks for what it needs",
                "configuration",
                name="google scopes",
            )

    def _token(self, google: Google, scopes: Sequence[str]) -> Finding:
        try:
            google.authenticator.headers()
        except NotPermitted as error:
            if error.code != "google.delegation" or len(scopes) == 1:
                raise
            return from_error(error, f"add to the client ID there: {', '.join(self._refused(scopes)) or 'all of them'}")
        return ok(f"Google gives one for {', '.join(scopes)}")

    def _refused(self, scopes: Sequence[str]) -> Iterator[str]:
        """Yield the scopes that are refused when each is asked for alone: Google does not say which it is."""
        for scope in scopes:
            one = GoogleChecks(msgspec.structs.replace(self._options, scopes=(scope,)), self._means)
            try:
                one._open([scope]).authenticator.headers()
            except NotPermitted:
                yield scope


open_checks = GoogleChecks
