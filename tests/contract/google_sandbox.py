"""A running Google stand-in for tests, with a checker on everything that passes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from contract.discovery import Discovery
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.server import Server

FIXTURES = Path(__file__).parent.parent / "fixtures" / "gam"
ADMIN = "admin@example.org"


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


def tenant() -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "tenant.json").read_text(encoding="utf-8")))


@contextmanager
def running(app: GoogleApp | None = None) -> Iterator[Running]:
    """Run a stand-in; at the end, no app may have failed. ``discovery.violations`` is for the test to look at."""
    app = app or GoogleApp.from_tenant(tenant())
    discovery = Discovery.installed()
    app.observers.append(discovery.watch)
    with Server({"": app}) as server:
        sandbox = Running(app, server, discovery)
        try:
            yield sandbox
        finally:
            sandbox.close()
    assert server.failures == []
