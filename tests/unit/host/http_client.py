"""A client of no system, and what it is asked."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.host.circuit import Circuit
from syncd.host.clock import Clock
from syncd.host.errors import (
    IntegrationError,
    NotFound,
    NotPermitted,
    Unavailable,
)
from syncd.host.http import HttpClient, HttpPolicy, Reply, Request
from syncd.host.ratelimit import Unlimited
from unit.http_server import Answer, Script, Stub, serving
from unit.virtual_clock import VirtualClock

GET = Request("GET", "things", "list things")
POST = Request("POST", "things", "create thing", "T1", body=b"{}", idempotent=False)
TOKEN = "ya29.very-secret"


def classify(request: Request, reply: Reply) -> IntegrationError | None:  # noqa: ARG001
    if reply.status in (403, 429) or reply.status >= 500:
        return Unavailable(f"It said {reply.status}.", code="test.busy")
    if reply.status == 401:
        return NotPermitted("It said 401.", code="test.unauthenticated")
    return NotFound("No such thing.", code="test.not_found") if reply.status >= 400 else None


@contextmanager
def client_of(url: str, clock: Clock | None = None, **changes: Any) -> Iterator[HttpClient]:  # noqa: ANN401
    settings = {"attempts": 4, **changes.pop("policy", {})}
    options: dict[str, Any] = {
        "policy": HttpPolicy(**settings),
        "classify": classify,
        "authenticator": None,
        "limiter": Unlimited(),
        "circuit": Circuit("test", clock=clock, threshold=100),
        "clock": clock or VirtualClock(),
        **changes,
    }
    with closing(HttpClient("test", url, **options)) as client:
        yield client


@contextmanager
def talking(script: Script, clock: Clock | None = None, **changes: Any) -> Iterator[tuple[HttpClient, Stub]]:  # noqa: ANN401
    with serving(script) as stub, client_of(stub.url, clock, **changes) as client:
        yield client, stub


def failure(client: HttpClient, request: Request = GET) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        client.send(request)
    return caught.value


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving_tls(certificate: Path) -> Iterator[str]:
    with serving([Answer(body=b"safe")], certificate) as stub:
        yield stub.url
