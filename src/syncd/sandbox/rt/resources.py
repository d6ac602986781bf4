"""What all single objects have in common: bodies, ETags, conditional requests."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.wire import JSON_MESSAGE, Json, Refusal, crash, decode_body, refuse, success
from syncd.sandbox.server import Answer


def body_of(context: Context) -> dict[str, Any]:
    """Return the JSON object of a write; query parameters count as fields of it, and win."""
    call = context.call
    if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise refuse(415, "Unsupported Media Type")
    decoded = decode_body(call.body)
    if not isinstance(decoded, dict):
        raise refuse(400, "JSON object must be a HASH")
    return decoded | dict(call.query)


def check_if_match(context: Context, etag: str) -> None:
    """Refuse a request whose If-Match names another state (``""``: there is no object)."""
    wanted = context.call.headers.get("if-match")
    if wanted is None:
        return
    if not etag or wanted.strip().strip('"') not in {"*", etag}:
        raise refuse(412, "Precondition Failed")


def show(context: Context, body: Json, *, etag: str, updated: str) -> Answer:
    """Answer a GET of one object, conditional headers obeyed as RT does."""
    headers = {"ETag": f'"{etag}"', "Last-Modified": updated}
    check_if_match(context, etag)
    sent = context.call.headers
    if "if-unmodified-since" in sent or _is_past(sent.get("if-modified-since", "")):
        raise crash()
    if sent.get("if-none-match", "").strip().strip('"') in {"*", etag}:
        raise Refusal(Answer(304, headers))
    return success(body, headers)


def _is_past(date: str) -> bool:
    # RT passes over a date in the future, and over what is no date.
    try:
        return bool(date) and parsedate_to_datetime(date) <= datetime.now(UTC)
    except ValueError:
        return False


def created(context: Context, kind: str, number: int, name: str = "") -> Answer:
    """Answer a create: a reference, and where the object is."""
    reference = context.reference(kind, name or number)
    answer = success(reference, {"Location": f"{context.api_path}/{kind}/{number}"})
    return Answer(201, {**answer.headers, "Content-Type": JSON_MESSAGE}, answer.body)
