"""The OpenAPI document of the listener; the schemas are made of the records that read and write."""

from typing import Any

import msgspec

from syncd import __version__
from syncd.daemons.webhooks import bodies
from syncd.daemons.webhooks.answers import JSON, PROBLEM, Problem
from syncd.daemons.webhooks.records import Health, Shown, Told

ASSET_CREATED_PATH = "/webhook/asset-created"
STUDENT_CHECK_PATH = "/webhook/student-check"

STATUSES = {
    400: "A header is there twice or makes no sense, or the body is not what this path takes.",
    401: "No signature and no token, or one that does not fit.",
    403: "The token is not taken from where the request comes from.",
    404: "There is no such event, or no such path.",
    405: "The path takes another method.",
    408: "The request took too long to arrive; the connection is closed.",
    413: "The body is too long.",
    415: "The body is not said to be JSON.",
    429: "Too many requests from one source; `Retry-After` says when to try again.",
    431: "The headers are too long; the connection is closed.",
    503: "The event cannot be kept now (a full disk), or there are too many connections; `Retry-After` says when.",
}
"""What each refusal means."""

_BOTH = (400, 401, 403, 405, 408, 429, 431, 503)
_SIGNATURE = (
    ("webhook-id", "Names the message: the same one again has the same answer, and one effect."),
    ("webhook-timestamp", "Seconds since 1970, as they are signed."),
    (
        "webhook-signature",
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; several are separated by a space.",
    ),
)
_ID = {"minLength": 1, "maxLength": 256, "pattern": r"^[!-\-/-~]+$"}


def document() -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "syncd webhooks", "version": __version__},
        "paths": {
            ASSET_CREATED_PATH: {"post": _intake("RT has made an asset.", "AssetCreated")},
            STUDENT_CHECK_PATH: {"post": _intake("Ask what a student has, or take devices back.", "StudentCheck")},
            "/events/{event_id}": {"get": _event()},
            "/health": {"get": _plain("Whether events can be kept.", JSON.decode(), _ref("Health"))},
            "/metrics": {"get": _plain("Metrics for Prometheus.", "text/plain", {"type": "string"})},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "signature": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    """Return the schemas of all records by name, with what a record checks by itself."""
    _, schemas = msgspec.json.schema_components(
        [bodies.AssetCreated, bodies.StudentCheck, Told, Shown, Health, Problem],
        ref_template="#/components/schemas/{name}",
    )
    ids = ("student_id", "asset_id", "serial")
    # Null is as good as missing.
    schemas["StudentCheck"]["oneOf"] = [
        {"required": [name], "properties": {name: {"not": {"type": "null"}}, **_null(*(set(ids) - {name}))}}
        for name in ids
    ]
    schemas["StudentCheck"]["anyOf"] = [
        {"properties": {"action": {"const": "check-in"}}, "required": ["action"]},
        {"properties": {"damage": {"const": ""}, "broken_screen": {"const": False}}},
    ]
    for name in ("student_id", "serial"):
        schemas["StudentCheck"]["properties"][name]["anyOf"][0]["pattern"] = r"\S"
    return schemas


def _null(*names: str) -> dict[str, Any]:
    return {name: {"type": "null"} for name in sorted(names)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _problems(*statuses: int) -> dict[str, Any]:
    found = {str(status): _content(STATUSES[status], PROBLEM.decode(), _ref("Problem")) for status in statuses}
    for status in found.keys() & {"429", "503"}:
        found[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return found


def _headers(*, about_id: str = "") -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": about_id or what if name == "webhook-id" else what,
            "schema": {"type": "string", **(_ID if name == "webhook-id" else {})},
        }
        for name, what in _SIGNATURE
    ]


def _intake(summary: str, body: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "security": [{"signature": []}, {"token": []}],
        "parameters": _headers(),
        "requestBody": {"required": True, "content": {JSON.decode(): {"schema": _ref(body)}}},
        "responses": {
            "202": _content("The event is on disk, this time or before.", JSON.decode(), _ref("Told")),
            **_problems(*sorted((*_BOTH, 413, 415))),
        },
    }


def _event() -> dict[str, Any]:
    signed = "The id of the event: of a signed request it has to be that, and the body is empty."
    return {
        "summary": "What became of an event.",
        "security": [{"signature": []}, {"token": []}],
        "parameters": [
            {"name": "event_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
            *_headers(about_id=signed),
        ],
        "responses": {"200": _content("The event.", JSON.decode(), _ref("Shown")), **_problems(*sorted((*_BOTH, 404)))},
    }


def _plain(summary: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {"200": _content(summary, media_type, schema), **_problems(400, 405, 408, 431, 503)},
    }
