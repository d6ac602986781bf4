"""What the token endpoint's answers mean (RFC 6749 5.2 and 5.1; descriptions as Google words them)."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from syncd.host.dates import http_date
from syncd.host.errors import IntegrationError, NotPermitted, Unavailable
from syncd.host.http import Reply
from syncd.systems.google.errors import quotable

_HARMLESS_SKEW_SECONDS = 60.0
_TRY_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_TRANSIENT = frozenset(("server_error", "internal_failure", "temporarily_unavailable"))
_CLOCK = ("reasonable timeframe", "iat and exp")
_NO_ACCOUNT = ("invalid email", "not a valid email", "user id", "account not found", "not found")


class _Answer(msgspec.Struct):
    access_token: Any = None
    expires_in: Any = 3600
    error: Any = None
    error_description: Any = None


class Identity(msgspec.Struct, frozen=True):
    """Who signs in, for sentences: credential name, client ID of the service account, scopes asked for."""

    credential: str
    client_id: str
    scopes: tuple[str, ...]


def life(reply: Reply) -> float:
    """Return for how many seconds the token of an answer is good; some endpoints send the number as a string."""
    expires_in = _decode(reply).expires_in
    try:
        return max(0.0, float(expires_in)) if isinstance(expires_in, int | float | str) else 0.0
    except ValueError:
        return 0.0


def read(reply: Reply, who: Identity, now: datetime) -> IntegrationError | None:
    """Return None for an answer with a token, else the error that it stands for."""
    said = _decode(reply)
    if reply.status < HTTPStatus.BAD_REQUEST:
        if isinstance(said.access_token, str) and said.access_token:
            return None
        return Unavailable("The token endpoint's answer holds no token.", code="google.no_token")
    error, description = _text(said.error), _text(said.error_description)
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status in _TRY_AGAIN or error in _TRANSIENT:
        return Unavailable(f"The token endpoint failed ({reply.status}).", code="google.token_endpoint")
    quoted = " ".join(part for part in (error or f"HTTP {reply.status}", description and f'"{description}"') if part)
    code = _code(error, description.lower())
    return NotPermitted(_SENTENCES[code].format(who=who, said=quoted, **_more(who, reply, now)), code=code)


def _code(error: str, description: str) -> str:
    if error in ("unauthorized_client", "access_denied", "invalid_scope"):
        return "google.delegation"
    if error == "invalid_grant":
        if any(words in description for words in _CLOCK):
            return "google.clock"
        if any(words in description for words in _NO_ACCOUNT):
            return "google.subject"
        if "signature" in description:
            return "google.key"
    return "google.sign_in"


_SENTENCES = {
    "google.delegation": "The service account may not act for users with the scopes of this job ({said}); in the "
    "Admin console under Security > API controls > Domain-wide delegation, client ID {who.client_id} needs {scopes}.",
    "google.clock": "Google takes the sign-in for too old or too early ({said}); {clock}.",
    "google.subject": "Google knows no such account ({said}); google.delegated_user must be the primary address of an "
    "active administrator of the domain, and the service account must not have been deleted.",
    "google.key": "Google does not accept the signature of the key in {who.credential} ({said}); the key was deleted "
    "or belongs to another service account: make a new JSON key.",
    "google.sign_in": "The token endpoint refuses the service account ({said}); check the key in {who.credential}, "
    "and that the service account is enabled.",
}


def _more(who: Identity, reply: Reply, now: datetime) -> dict[str, str]:
    return {"scopes": ", ".join(who.scopes), "clock": _skew(reply, now)}


def _skew(reply: Reply, now: datetime) -> str:
    """Compare this machine's clock with the answer's Date."""
    date = http_date(reply.headers.get("date", ""))
    if date is None:
        return "set this machine's clock (timedatectl)"
    off = (now - date).total_seconds()
    if abs(off) < _HARMLESS_SKEW_SECONDS:
        return "this machine's clock agrees with Google's now; try again, and see that it is kept right (timedatectl)"
    return f"this machine's clock is {abs(off):.0f} seconds {'fast' if off > 0 else 'slow'}: set it (timedatectl)"


def _decode(reply: Reply) -> _Answer:
    try:
        return msgspec.json.decode(reply.body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Answer()


def _text(value: object) -> str:
    return quotable(value) if isinstance(value, str) else ""
