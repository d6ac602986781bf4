"""RT's answers as errors.

RT 5.0.3, observed: refused updates answer 200 with an English sentence (``write`` reads those); here are the
answers that are not 200. A 500 has an empty body; after one, part of a PUT may be written.
"""

from http import HTTPStatus

import msgspec

from syncd.host.errors import (
    ConfigurationError,
    IntegrationError,
    NotFound,
    NotPermitted,
    Unavailable,
    WriteRefused,
)
from syncd.host.http import Reply, Request

UNAVAILABLE = frozenset({408, 425, 429, 502, 503, 504})
REFUSED = frozenset({400, 406, 409, 412, 415, 422})


class Forbidden(NotPermitted):
    """RT knows the API user, and does not let it."""


class _Message(msgspec.Struct):
    message: str = ""


def classify(request: Request, reply: Reply) -> IntegrationError | None:
    """Return None for a success with a JSON body, else the error that the reply means."""
    if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED):
        return None if _is_json(reply) else _not_json()
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return unauthorized()
    if reply.status == HTTPStatus.FORBIDDEN:
        return _forbidden(request, reply)
    if reply.status == HTTPStatus.NOT_FOUND:
        return _not_found(request, reply)
    if reply.status in REFUSED:
        return _refused(request, reply)
    return _other(request, reply)


def unauthorized() -> NotPermitted:
    """Return the error for credentials that RT does not accept."""
    return NotPermitted(
        "RT does not accept the credentials: the token or password is wrong or was revoked, or the user is disabled; "
        "make a new token as the API user (Logged in as > Settings > Auth Tokens) and put it into the credential.",
        code="rt.unauthorized",
    )


def no_rest2() -> ConfigurationError:
    """Return the error for an address that is not RT's."""
    return ConfigurationError(
        "RT's REST 2.0 is not at this address (404): rt.url must be the address of RT's web interface, with its path "
        "where it has one, and without /REST/2.0.",
        code="rt.no_rest2",
    )


def incomplete(why: str, operation: str) -> Unavailable:
    """Return the error for an answer that cannot be trusted to be whole."""
    return Unavailable(
        f"RT gave an incomplete answer to {operation}: {why}; nothing was changed, try again later.",
        code="rt.incomplete",
        operation=operation,
    )


def answer_lost(why: str, operation: str, label: str) -> Unavailable:
    """Return the error for a write that may have happened."""
    return Unavailable(
        f"{operation} {label}: it is not known whether RT did it: {why}.",
        code="rt.answer_lost",
        operation=operation,
        object=label,
    )


def create_unknown(label: str, blind: Unavailable) -> Unavailable:
    """Return the error for a create whose answer was lost, and that cannot be looked for either."""
    return Unavailable(
        f"create {label}: RT's answer was lost, and whether it is there could not be asked: {blind.sentence}",
        code="rt.create_unknown",
        operation="create",
        object=label,
    )


def said(reply: Reply) -> str:
    """Return RT's own sentence from an error body, at most 300 characters."""
    try:
        return msgspec.json.decode(reply.body, type=_Message).message.strip()[:300]
    except msgspec.MsgspecError:
        return ""


def _is_json(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("application/json")


def _not_json() -> Unavailable:
    return Unavailable(
        "RT answered with something that is not JSON; a maintenance or login page may stand before REST 2.0 "
        "(check rt.url and the web server in front of RT).",
        code="rt.not_json",
    )


def _forbidden(request: Request, reply: Reply) -> IntegrationError:
    sentence = said(reply)
    if _is_write(request) and sentence and sentence != "Forbidden":
        return WriteRefused(f"RT refused to {_what(request)}: {sentence}.", code="rt.refused")
    return Forbidden(
        f"RT does not let the API user {_what(request)}; grant it the right (see the job's page for the list).",
        code="rt.forbidden",
    )


def _not_found(request: Request, reply: Reply) -> IntegrationError:
    if _is_json(reply) and not request.operation.startswith("search "):
        return NotFound(f"RT has no such object: {_what(request)}.", code="rt.not_found")
    return no_rest2()


def _refused(request: Request, reply: Reply) -> IntegrationError:
    sentence = said(reply) or f"status {reply.status}"
    if _is_write(request):
        return WriteRefused(f"RT refused to {_what(request)}: {sentence}.", code="rt.refused")
    return ConfigurationError(
        f"RT rejects a request to {_what(request)}: {sentence}; is it RT 5, or does a web server before it refuse it?",
        code="rt.rejected",
    )


def _other(request: Request, reply: Reply) -> IntegrationError:
    if reply.status in UNAVAILABLE:
        return Unavailable(f"RT is not available (status {reply.status}).", code="rt.unavailable")
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = Unavailable(
            f"RT failed inside (status {reply.status}) on: {_what(request)}; its own log says why.",
            code="rt.server_error",
        )
        # Reads may be repeated; a write that broke RT once breaks it again, and may be half done.
        error.retryable = not request.object
        return error
    return ConfigurationError(
        f"RT answered status {reply.status} to: {_what(request)}; is a web server in front of RT refusing it?",
        code="rt.unexpected",
    )


def _is_write(request: Request) -> bool:
    """Tell a write from a search, which is a POST too but names no object."""
    return request.method in ("PUT", "POST") and request.object != ""


def _what(request: Request) -> str:
    return f"{request.operation} {request.object}".strip()
