"""What goes wrong on the way: the places where a request fails, and the ways in which it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.sandbox.faults import Rule

PLACES: Mapping[str, tuple[str, str]] = {
    "google patch": ("PATCH", "/devices/chromeos/"),
    "google move": ("POST", "/moveDevicesToOu"),
    "google list": ("GET", r"/devices/chromeos\?"),
    "google count": ("GET", "countChromeOsDevices"),
    "rt update": ("PUT", r"/asset/\d+$"),
    "rt create": ("POST", "/asset$"),
    "rt assets": ("POST", r"/assets\?"),
    "rt feed": ("POST", r"/transactions\?"),
    "rt users": ("POST", r"/users\?"),
    "everything": ("", ""),
}
"""Method and route of the requests that are meant."""

_GOOGLE_403 = '{"error": {"code": 403, "message": "Not Authorized", "errors": [{"reason": "forbidden"}]}}'
_JSON = {"Content-Type": "application/json; charset=utf-8"}

WAYS: Mapping[str, Mapping[str, Any]] = {
    "reset before": {"reset": "before"},
    "reset after": {"reset": "during"},
    "cut": {"cut": True},
    "500": {"status": 500, "headers": _JSON},
    "500 after": {"status": 500, "headers": _JSON, "effect": True},
    "503": {"status": 503, "headers": {"Retry-After": "2"}, "body": "<html>maintenance</html>"},
    "429": {"status": 429, "body": "<html>too fast</html>"},
    "403": {"status": 403, "headers": _JSON, "body": _GOOGLE_403},
    "404": {"status": 404, "headers": _JSON, "body": '{"error": {"code": 404, "message": "notFound"}}'},
    "409": {"status": 409, "headers": _JSON, "body": '{"message": "conflict"}'},
    "refused with 200": {"status": 200, "headers": _JSON, "body": '["Asset 1: Permission Denied"]'},
    "200 after": {"status": 200, "headers": _JSON, "body": "[]", "effect": True},
    "html": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>please sign in</html>"},
}
"""What happens; "after": the effect has happened by then."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: so many requests pass, then so many fail (None: all)."""

    place: str
    way: str
    passing: int = 0
    times: int | None = None

    def rule(self) -> Rule:
        """Return it as the sandbox takes it."""
        method, route = PLACES[self.place]
        return Rule(method=method, route=route, after=self.passing, times=self.times, **WAYS[self.way])
