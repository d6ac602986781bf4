"""A client of Google's API in front of a server whose answers are scripted."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from syncd.host.circuit import Circuit
from syncd.host.http import HttpClient, HttpPolicy
from syncd.host.ratelimit import Unlimited
from syncd.systems.google.errors import classify
from unit.http_server import Answer, Script, Seen, Stub, json_answer, serving
from unit.virtual_clock import VirtualClock


@contextmanager
def connected(script: Script, clock: VirtualClock) -> Iterator[tuple[HttpClient, Stub]]:
    """Yield a client that signs in nowhere and waits for nothing, and the server that it asks."""
    with (
        serving(script) as stub,
        closing(
            HttpClient(
                "google",
                stub.url,
                policy=HttpPolicy(attempts=3),
                classify=classify,
                authenticator=None,
                limiter=Unlimited(),
                circuit=Circuit("google", clock=clock),
                clock=clock,
            )
        ) as client,
    ):
        yield client, stub


def error(status: int, reason: str, message: str) -> Answer:
    """Return a refusal as the Directory API writes it."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return json_answer({"error": {"code": status, "message": message, "errors": errors}}, status)


def paged(pages: dict[str, Answer]) -> Callable[[Seen], Answer]:
    """Return a script that answers each page token (the empty one first) with its page."""
    return lambda seen: pages[seen.query.get("pageToken", "")]
