"""Everything in syncd that sends a credential over HTTP, made to do it once."""

from collections.abc import Callable, Mapping
from contextlib import closing

from syncd.host.alerts.ping import ping
from syncd.host.circuit import Circuit
from syncd.host.credentials import Secret
from syncd.host.http import Authenticator, HttpClient, HttpPolicy, Request
from syncd.host.ratelimit import Unlimited
from syncd.systems.google.auth import ServiceAccountAuthenticator
from syncd.systems.google.errors import classify as read_google
from syncd.systems.rt.auth import PasswordAuthenticator, TokenAuthenticator
from syncd.systems.rt.errors import classify as read_rt
from unit.google.key import key
from unit.virtual_clock import VirtualClock

TOKEN = "1-27-0123456789abcdef"
ONCE = HttpPolicy(attempts=1)

Caller = Callable[[str], None]
"""Calls a URL."""


class Badge:
    """An access token at hand, as after a sign-in at Google."""

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    def renew(self) -> bool:
        return False


def _ask(system: str, url: str, authenticator: Authenticator) -> None:
    classify = read_rt if system == "rt" else read_google
    client = HttpClient(
        system,
        url,
        policy=ONCE,
        classify=classify,
        authenticator=authenticator,
        limiter=Unlimited(),
        circuit=Circuit(system),
        clock=VirtualClock(),
    )
    with closing(client):
        client.send(Request("PUT", "things/1", "update thing", body=b"{}"))


def _log_in(url: str) -> None:
    login = PasswordAuthenticator(url, "rt-sync", Secret(TOKEN), timeout=(5, 5), ca_file="", proxy="")
    with closing(login):
        login.headers()


def _sign_in(url: str) -> None:
    signer = ServiceAccountAuthenticator(
        key(f"{url}/token"), subject="admin@example.org", scopes=["scope"], policy=ONCE, clock=VirtualClock()
    )
    with closing(signer):
        signer.headers()


CALLERS: Mapping[str, Caller] = {
    "RT": lambda url: _ask("rt", url, TokenAuthenticator(Secret(TOKEN))),
    "RT's login": _log_in,
    "Google": lambda url: _ask("google", url, Badge()),
    "Google's token endpoint": _sign_in,
    "the ping": lambda url: ping(f"{url}/{TOKEN}", "start", "it starts"),
}
