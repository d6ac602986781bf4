"""A running Google stand-in for tests, with a checker on everything that passes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import requests

from contract.discovery import Discovery
from syncd.host.credentials import Credentials
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.server import Server
from syncd.systems.google import Google, open_google
from syncd.systems.google.options import GoogleOptions
from unit.virtual_clock import START, VirtualClock

FIXTURES = Path(__file__).parent.parent / "fixtures" / "gam"
ADMIN = "admin@example.org"
TELEMETRY = [f"/v1/customers/{customer}/telemetry/devices" for customer in ("my_customer", "C0synth01")]


class Running:
    """The stand-in, its server, and a plain HTTP client that is signed in as the admin."""

    def __init__(self, app: GoogleApp, server: Server, discovery: Discovery) -> None:
        self.app = app
        self.server = server
        self.discovery = discovery
        self.chromeos = f"{server.url}/admin/directory/v1/customer/my_customer/devices/chromeos"
        self.token = app.account.issue(ADMIN, app.settings.scopes)
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        url = path if path.startswith("http") else f"{self.server.url}{path}"
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self._session.request(method, url, params=params, json=json, data=data, headers=signed, timeout=10)

    def devices(self, **query: str) -> list[dict[str, Any]]:
        """Return the devices of a one-page list."""
        answer = self.ask("GET", self.chromeos, params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json().get("chromeosdevices", []))

    def close(self) -> None:
        self._session.close()


def refused(answer: requests.Response) -> tuple[int, str]:
    """Return the status and the reason of an answer that refuses."""
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def tenant() -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "tenant.json").read_text(encoding="utf-8")))


@contextmanager
def running(app: GoogleApp | None = None) -> Iterator[Running]:
    """Run a stand-in. At the end, no app may have failed, and every answer has to be as Google describes it.

    What is wrong with requests is in ``discovery.violations``, for the test to look at.
    """
    app = app or GoogleApp.from_tenant(tenant())
    discovery, telemetry = Discovery.installed(), Discovery.installed("chromemanagement.v1")
    telemetry.violations = discovery.violations
    app.observers.append(lambda call, answer: (telemetry if call.path in TELEMETRY else discovery).watch(call, answer))
    with Server({"": app}) as server:
        sandbox = Running(app, server, discovery)
        try:
            yield sandbox
        finally:
            sandbox.close()
    assert server.failures == []
    assert [each for each in discovery.violations if ": answer" in each] == []


@contextmanager
def connecting(
    google: Running, directory: Path, scopes: Sequence[str], now: datetime = START
) -> Iterator[Callable[..., Google]]:
    """Yield what opens the project's own adapter, with options besides those that lead to the stand-in."""
    google.app.write_credentials(directory, google.server.url)
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(directory)}, keyring=False)
    with ExitStack() as opened:

        def connect(**options: object) -> Google:
            known = {"delegated_user": ADMIN, "api_root": f"{google.server.url}/", **options}
            return opened.enter_context(
                open_google(
                    msgspec.convert(known, GoogleOptions),
                    credentials,
                    scopes=scopes,
                    state_dir=None,
                    clock=VirtualClock(now),
                )
            )

        yield connect
