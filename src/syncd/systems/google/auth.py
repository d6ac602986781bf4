"""Sign in as a service account that acts for an administrator (domain-wide delegation).

google-auth makes and signs the assertion; the request to the token endpoint goes through syncd's own HTTP policy,
because google-auth neither locks a refresh nor leaves the environment's ``.netrc`` alone (2.59.1, observed).
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account

from syncd.host.circuit import Circuit
from syncd.host.clock import Clock, SystemClock
from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError, IntegrationError, NotPermitted
from syncd.host.http import HttpClient, HttpPolicy, Reply, Request
from syncd.host.ratelimit import Unlimited
from syncd.systems.google import signin
from syncd.systems.google.errors import SYSTEM, quotable

_NEEDED = ("client_email", "private_key", "token_uri")
_EARLY_SECONDS = 300.0


class ServiceAccountAuthenticator:
    """Access tokens for one subject and one set of scopes, shared by all threads of a run.

    One thread fetches, the others wait for it and share its outcome. A token is fetched anew five minutes before it
    expires (a short-lived one at half its life), and after a 401. ``credential`` is what sentences call the key.
    ``client_id`` is the service account's, ``endpoint`` the URL of the host that gives tokens.

    Raises NotPermitted (``google.key`` for the key file, ``google.clock``, ``google.subject``, ``google.delegation``,
    ``google.sign_in``), Unavailable when the token endpoint is out, ConfigurationError without subject or scopes.
    """

    def __init__(
        self,
        key: Secret,
        *,
        subject: str,
        scopes: Sequence[str],
        credential: str = "google-service-account",
        policy: HttpPolicy | None = None,
        clock: Clock | None = None,
        ca_file: str | None = None,
        proxy: str | None = None,
    ) -> None:
        info = _key_info(key, credential)
        if not subject.strip() or not scopes:
            # Without a subject google-auth would ask a metadata service, and Google would answer with a 503.
            raise ConfigurationError(
                "google.delegated_user must name the administrator that the service account acts as, "
                "and at least one scope must be asked for.",
                code="google.subject",
                system=SYSTEM,
            )
        self._who = signin.Identity(credential, str(info.get("client_id") or "of the service account"), tuple(scopes))
        self._signer = _signer(info, credential).with_scopes([*scopes]).with_subject(subject)
        self._clock: Clock = clock or SystemClock()
        endpoint = urlsplit(str(info["token_uri"]))
        self.client_id = self._who.client_id
        self.endpoint = f"{endpoint.scheme}://{endpoint.netloc}"
        self._path = endpoint.path
        self._client = HttpClient(
            SYSTEM,
            self.endpoint,
            policy=policy or HttpPolicy(),
            classify=self._classify,
            authenticator=None,
            limiter=Unlimited(),
            circuit=Circuit(SYSTEM, clock=self._clock),
            clock=self._clock,
            ca_file=ca_file,
            proxy=proxy,
        )
        self._lock = threading.Lock()
        self._handed_out = threading.local()
        self._token: Secret | None = None
        self._good_until = 0.0
        self._failure: IntegrationError | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header; fetches a token when there is none or it is about to expire."""
        token = self._token
        if token is None or self._clock.monotonic() >= self._good_until:
            token = self._fetch_once()
        self._handed_out.token = token
        return {"Authorization": f"Bearer {token.reveal()}"}

    def renew(self) -> bool:
        """Drop the token this thread was refused with, unless another thread has replaced it already."""
        with self._lock:
            if self._token is getattr(self._handed_out, "token", None):
                self._token = None
        return True

    def close(self) -> None:
        """Close the connections to the token endpoint."""
        self._client.close()

    def _fetch_once(self) -> Secret:
        failure = self._failure
        with self._lock:
            if self._token is not None and self._clock.monotonic() < self._good_until:
                return self._token
            if self._failure is not None and self._failure is not failure:
                # Another thread asked while this one waited; asking again at once would not help.
                raise self._failure
            try:
                token = self._token = self._fetch()
            except IntegrationError as problem:
                self._failure = problem
                raise
            return token

    def _fetch(self) -> Secret:
        self._token = None
        try:
            self._signer.refresh(self._transport)
        except GoogleAuthError as problem:
            # Its text may quote the endpoint's answer. What an endpoint can answer was read before (signin.read).
            raise NotPermitted(
                f"Google sign-in failed in google-auth ({type(problem).__name__}); "
                f"check the service account key in {self._who.credential}.",
                code="google.sign_in",
                system=SYSTEM,
            ) from None
        return Secret(str(self._signer.token))

    def _transport(
        self,
        url: str,  # noqa: ARG002 - the client holds it
        method: str = "POST",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> "_Answer":
        """Send google-auth's token request through the HTTP policy (``google.auth.transport.Request``)."""
        asked = self._clock.monotonic()
        sent = {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}
        reply = self._client.send(
            Request(
                method,
                self._path,
                "fetch an access token",
                headers=sent,
                body=body,
                content_type="application/x-www-form-urlencoded",
            )
        )
        life = signin.life(reply)
        self._good_until = asked + max(life - _EARLY_SECONDS, life / 2)
        return _Answer(reply)

    def _classify(self, request: Request, reply: Reply) -> IntegrationError | None:  # noqa: ARG002
        return signin.read(reply, self._who, self._clock.now())


class _Answer:
    """A reply as google-auth reads it (``google.auth.transport.Response``)."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self.data = reply.body


def _key_info(key: Secret, credential: str) -> dict[str, Any]:
    try:
        info = msgspec.json.decode(key.reveal())
    except msgspec.DecodeError:
        raise _bad_key(credential, "is not JSON") from None
    if not isinstance(info, dict):
        raise _bad_key(credential, "is not a JSON object")
    kind = info.get("type")
    if kind != "service_account":
        what = f"is of type {quotable(kind)}" if isinstance(kind, str) else "has no type"
        raise _bad_key(credential, f"{what}, not service_account")
    missing = [name for name in _NEEDED if not (isinstance(info.get(name), str) and info[name])]
    if missing:
        raise _bad_key(credential, f"lacks {', '.join(missing)}")
    if not info["token_uri"].startswith(("https://", "http://")):
        raise _bad_key(credential, "has a token_uri that is no URL")
    if info.get("universe_domain", "googleapis.com") != "googleapis.com":
        raise _bad_key(credential, "is for another universe_domain, which knows no delegation")
    return info


def _signer(info: Mapping[str, Any], credential: str) -> service_account.Credentials:
    try:
        signer: service_account.Credentials = service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, GoogleAuthError):
        # The cause may quote the key.
        raise _bad_key(credential, "has a private_key that cannot be read") from None
    return signer


def _bad_key(credential: str, why: str) -> NotPermitted:
    return NotPermitted(
        f"The credential {credential} {why}; put the JSON key of the service account there, "
        "as downloaded from the Google Cloud console (Service accounts > Keys).",
        code="google.key",
        system=SYSTEM,
        object=credential,
    )
