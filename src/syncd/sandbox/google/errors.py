"""Google's error bodies, for the stand-in's own refusals and for injected faults."""

from dataclasses import dataclass

import msgspec

from syncd.sandbox.server import HTML, JSON, Answer, json_answer

HEADERS = {"Content-Type": JSON, "Cache-Control": "private", "Vary": "Origin, X-Origin, Referer", "Server": "ESF"}
"""What every answer of an API has."""
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
NOT_DELEGATED = (
    "Client is unauthorized to retrieve access tokens using this method, "
    "or client not authorized for any of the scopes requested."
)

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_LOST = (
    "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
    "<p><b>404.</b> That's an error.<p>The requested URL was not found on this server."
)


@dataclass
class ApiError(Exception):
    """A refusal. ``detail`` is the message inside ``errors``, where that differs from the outer one.

    ``location`` names the parameter (or header) that is meant; ``with_status`` adds the newer ``error.status``. With
    ``bare`` there is the status and no ``errors``, as in newer APIs.
    """

    code: int
    reason: str
    message: str
    detail: str = ""
    location: str = ""
    location_type: str = "parameter"
    with_status: bool = False
    bare: bool = False

    def answer(self, route: str = "") -> Answer:
        """Return the answer that carries the refusal."""
        return Answer(self.code, HEADERS, self.body(), route)

    def body(self) -> bytes:
        """Return the JSON body: ``{"error": {"code", "message", "errors": [{"message", "domain", "reason"}]}}``."""
        if self.bare:
            return msgspec.json.encode(
                {"error": {"code": self.code, "message": self.message, "status": _STATUS[self.code]}}
            )
        inner = {"message": self.detail or self.message, "domain": "global", "reason": self.reason}
        if self.location:
            inner |= {"locationType": self.location_type, "location": self.location}
        error: dict[str, object] = {"code": self.code, "message": self.message, "errors": [inner]}
        if self.with_status:
            error["status"] = _STATUS[self.code]
        return msgspec.json.encode({"error": error})


def invalid(what: str) -> ApiError:
    """Refuse input, the way the Directory API mostly does."""
    return ApiError(400, "invalid", f"Invalid Input: {what}")


def bad_payload(what: str) -> ApiError:
    """Refuse a body or a query that does not fit the method's schema (the front end's own check)."""
    return ApiError(400, "badRequest", what, with_status=True)


def not_found(what: str) -> ApiError:
    """Say that there is no such object."""
    return ApiError(404, "notFound", f"Resource Not Found: {what}")


def forbidden() -> ApiError:
    """Refuse a user who has no right, or is no admin of this customer."""
    return ApiError(403, "forbidden", "Not Authorized to access this resource/api")


def too_few_scopes() -> ApiError:
    """Refuse a token that was not made for the method."""
    text = "Request had insufficient authentication scopes."
    return ApiError(403, "insufficientPermissions", text, "Insufficient Permission", with_status=True)


def bad_token() -> ApiError:
    """Refuse an access token that is unknown or too old."""
    text = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(401, "authError", text, "Invalid Credentials", "Authorization", "header", with_status=True)


def no_token() -> ApiError:
    """Refuse a call without an access token."""
    text = "Request is missing required authentication credential. Expected OAuth 2 access token."
    return ApiError(401, "required", text, "Login Required.", "Authorization", "header", with_status=True)


def unavailable() -> ApiError:
    """Say what Google says for an outage, a page sequence that is too old, and an empty page token."""
    return ApiError(503, "backendError", "Service unavailable. Please try again")


def no_grant(error: str, description: str, status: int = 400) -> Answer:
    """Return the token endpoint's refusal (RFC 6749, section 5.2)."""
    return json_answer({"error": error, "error_description": description}, status, "token")


def lost() -> Answer:
    """Return the front end's answer to a path that no API has: HTML."""
    return Answer(404, {"Content-Type": HTML}, _LOST.encode(), "unknown")
