"""Google's error answers in the words of the error taxonomy.

Bodies differ: the Directory API gives ``errors[].reason``, newer surfaces only ``status``, the front end HTML or
plain text. The reason is read first, then the status, then the HTTP code ("Troubleshoot error codes" and "Limits and
quotas" of the Directory API guides).
"""

import re
from http import HTTPStatus

import msgspec

from syncd.host.errors import ConfigurationError, IntegrationError, NotFound, NotPermitted, Unavailable, WriteRefused
from syncd.host.http import Reply, Request
from syncd.host.redaction import without_addresses

SYSTEM = "google"
INCOMPLETE = "google.incomplete"
INVALID = "google.invalid"
MEMBER = "group member"
"""What requests about members of groups name in their operation."""
EXISTS = "google.exists"
"""The code of an insert of what is there already."""

_QUOTA = frozenset(("userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded", "RESOURCE_EXHAUSTED"))
_RIGHTS = {
    "insufficientPermissions": "grant the service account's client ID the scopes this job needs, under Security > "
    "API controls > Domain-wide delegation in the Admin console",
    "accessNotConfigured": "enable the {api} in the Google Cloud project of the service account",
    "domainCannotUseApis": "turn on API access for the domain in the Admin console",
}
_RIGHTS_OTHERWISE = (
    "give the account in google.delegated_user an admin role that covers {objects}, "
    "and check the scopes under Domain-wide delegation"
)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_LONGEST_QUOTE = 200


class _Item(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""
    errors: list[_Item] = []


class _Body(msgspec.Struct):
    error: _Error


class Refusal(msgspec.Struct, frozen=True):
    """What an error answer says. ``reason`` is "" for a body that is not Google's JSON; ``message`` is quotable."""

    reason: str
    message: str
    from_api: bool


_decoder = msgspec.json.Decoder(_Body)


def refusal(reply: Reply) -> Refusal:
    """Read an error answer of any shape."""
    try:
        error = _decoder.decode(reply.body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refusal("", quotable(reply.body.decode("utf-8", "replace")), from_api=False)
    reason = error.errors[0].reason if error.errors else ""
    return Refusal(reason or error.status, quotable(error.message), from_api=True)


def quotable(text: str) -> str:
    """Return text of an answer fit for a sentence: no markup, no e-mail addresses, one line, at most 200 characters."""
    line = " ".join(without_addresses(_TAG.sub(" ", text)).split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 3] + "..."


def classify(request: Request, reply: Reply) -> IntegrationError | None:
    """Return the error that an answer stands for, or None for success."""
    if reply.status < HTTPStatus.BAD_REQUEST:
        return None
    said = refusal(reply)
    return (
        _try_later(reply.status, said) or _rights(request, reply.status, said) or _rejected(request, reply.status, said)
    )


def _try_later(status: int, said: Refusal) -> Unavailable | None:
    if said.reason == "dailyLimitExceeded":
        error = _unavailable("google.daily_limit", "Google's daily quota of this project is used up", said)
        error.retryable = False
        return error
    if status == HTTPStatus.TOO_MANY_REQUESTS or _is_rate(status, said):
        return _unavailable("google.quota", f"Google's quota is used up for now ({_named(status, said)})", said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return _unavailable("google.backend", f"Google failed ({_named(status, said)})", said)
    if status == HTTPStatus.CONFLICT and said.reason in ("ABORTED", "aborted"):
        return _unavailable(
            "google.aborted", f"Google aborted the request in favour of another ({_named(status, said)})", said
        )
    return None


def _is_rate(status: int, said: Refusal) -> bool:
    """Tell a 403 that means "too fast"; the front end says so in plain text, without a reason."""
    if status != HTTPStatus.FORBIDDEN:
        return False
    return said.reason in _QUOTA or (not said.from_api and "rate higher than configured" in said.message)


def _rights(request: Request, status: int, said: Refusal) -> NotPermitted | None:
    if status == HTTPStatus.UNAUTHORIZED:
        return NotPermitted(
            f"Google does not accept the access token, not even a fresh one ({_named(status, said)})"
            f"{_quote(said)}; check that google.api_root is Google's and the service account is enabled.",
            code="google.unauthenticated",
        )
    if status == HTTPStatus.FORBIDDEN:
        remedy = _RIGHTS.get(said.reason, _RIGHTS_OTHERWISE).format(api=_api(request), objects=_objects(request))
        return NotPermitted(
            f"Google refuses access ({_named(status, said)}){_quote(said)}; {remedy}.", code="google.forbidden"
        )
    return None


def _api(request: Request) -> str:
    return "Chrome Management API" if "telemetry" in request.operation else "Admin SDK API"


def _objects(request: Request) -> str:
    """Name what an admin role must cover for a request."""
    if "telemetry" in request.operation:
        return "Chrome management with its telemetry API (device and battery reports)"
    if MEMBER in request.operation:
        return "groups"
    return f"{'users' if 'user' in request.operation else 'ChromeOS devices'} (and org units)"


def _rejected(request: Request, status: int, said: Refusal) -> IntegrationError:
    what = f"{request.operation} {request.object}".strip()
    named = f"{_named(status, said)}{_quote(said)}"
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) and not said.from_api:
        return ConfigurationError(
            f"{what}: there is no {_api(request)} behind google.api_root ({named}).", code="google.api_root"
        )
    if status == HTTPStatus.NOT_FOUND and request.object:
        return NotFound(f"{what}: Google has no such object ({named}).", code="google.not_found")
    if request.method != "GET":
        exists = status == HTTPStatus.CONFLICT and request.method == "POST" and MEMBER in request.operation
        return WriteRefused(f"{what}: Google refused it ({named}).", code=EXISTS if exists else _code(said))
    return ConfigurationError(f"{what}: Google rejects {_asked(request)} ({named}).", code=_code(said))


def _code(said: Refusal) -> str:
    return {"invalidParameter": "google.invalid_parameter", "conditionNotMet": "google.condition"}.get(
        said.reason, INVALID
    )


def _asked(request: Request) -> str:
    """Name what an administrator can have got wrong in a read: customer, org unit, query."""
    asked = dict(request.params)
    named = [f"{label} {asked[name]!r}" for name, label in _ASKED if asked.get(name)]
    return ", ".join(named) or "the request; check google.customer"


_ASKED = (("orgUnitPath", "org unit"), ("query", "query"), ("filter", "filter"))


def _unavailable(code: str, sentence: str, said: Refusal) -> Unavailable:
    return Unavailable(f"{sentence}{_quote(said)}.", code=code)


def _named(status: int, said: Refusal) -> str:
    return f"{status} {said.reason}".strip()


def _quote(said: Refusal) -> str:
    return f': "{said.message}"' if said.message else ""
