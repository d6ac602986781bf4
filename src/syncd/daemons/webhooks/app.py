"""The application: its routes, and how what goes wrong is answered."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException

from syncd.daemons.webhooks import bodies
from syncd.daemons.webhooks.answers import JSON, PROBLEM, Problem, Rejected
from syncd.daemons.webhooks.intake import Front, Intake, defect
from syncd.daemons.webhooks.openapi import ASSET_CREATED_PATH, STUDENT_CHECK_PATH, document
from syncd.daemons.webhooks.records import Health, shown
from syncd.host.errors import IntegrationError
from syncd.host.metrics import exposition

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Call = Request[Any, Any, Any]


class App:
    """The application. Routes that take events go past Litestar, which would cost each request half as much again."""

    def __init__(self, front: Front, connections: Callable[[], int]) -> None:
        """Make the routes; ``connections`` says how many there are."""
        kinds: dict[str, type[bodies.Body]] = {
            ASSET_CREATED_PATH: bodies.AssetCreated,
            STUDENT_CHECK_PATH: bodies.StudentCheck,
        }
        self.intakes = {path: Intake(front, path, kind) for path, kind in kinds.items()}
        self._rest = _looks(front, connections)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - two libraries' names for it
        """Answer one request."""
        await (self.intakes.get(scope["path"]) or self._rest)(scope, receive, send)


def _looks(front: Front, connections: Callable[[], int]) -> Litestar:
    """Return the routes that take nothing."""

    @get("/events/{event_id:str}")
    async def event(event_id: str, request: Call) -> Response[bytes]:
        return _json(shown(await front.event(event_id, request.scope)))

    @get("/health")
    async def health() -> Response[bytes]:
        await _asked(front, front.inbox.next_due)
        if front.committer.stuck:
            raise Rejected(503, "webhook.unavailable", "the disk does not answer")
        return _json(Health())

    @get("/metrics")
    async def metrics() -> Response[bytes]:
        counts, oldest = await _asked(front, lambda: (front.inbox.counts(), front.inbox.oldest_waiting()))
        committer, now = front.committer, datetime.now(UTC)
        samples = front.figures.samples(
            counts, oldest, now, connections=connections(), commits=committer.commits, seconds=committer.seconds
        )
        return Response(exposition(samples), media_type=METRICS_TYPE)

    @get("/openapi.json")
    async def openapi() -> Response[bytes]:
        return _json(document())

    return Litestar(
        [event, health, metrics, openapi],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Rejected: _rejected, HTTPException: _http, Exception: _defect},
    )


async def _asked(front: Front, look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the look gives
    """Look into the inbox, in a thread; raise Rejected (503) where that cannot be done."""
    try:
        return await asyncio.get_running_loop().run_in_executor(front.readers, look)
    except IntegrationError as error:
        raise front.unavailable(error) from error


def _json(content: Any) -> Response[bytes]:  # noqa: ANN401 - whatever msgspec can encode
    return Response(msgspec.json.encode(content), media_type=JSON.decode())


def _rejected(_request: Call, rejected: Rejected) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in rejected.headers}
    return _problem(rejected.problem, headers)


def _http(_request: Call, error: HTTPException) -> Response[bytes]:
    return _problem(Problem(error.status_code, "webhook.request", error.detail), dict(error.headers or {}))


def _defect(request: Call, error: Exception) -> Response[bytes]:
    return _rejected(request, defect(request.scope["path"], error))


def _problem(problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=PROBLEM.decode(), headers=headers
    )
