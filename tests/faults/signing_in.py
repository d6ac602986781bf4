"""Signing in: to Google by a token from its endpoint, to RT by a token, or a password and a session."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from faults.breaks import BELOW, BREAKS
from faults.kinds import FINE, Expect, Fault, Row, alike, at_once, given_up
from faults.lab import Route, Systems
from faults.operation import Operation
from faults.statuses import GOOGLE as STATUSES
from faults.statuses import OF_GOOGLE as OF_STATUSES
from faults.statuses import RT
from syncd.host.errors import ConfigurationError, NotPermitted, Unavailable
from syncd.sandbox.server import HTML, JSON, Answer
from syncd.systems.rt.inspection import server_version

_BETWEEN = "Look at what stands between: a proxy, a firewall, a maintenance page."

# -- Google's token endpoint


def _fetch(of: Systems) -> object:
    signing = of.google.authenticator
    signing._token = None
    return signing.headers()


FETCH = Operation("read", Route("POST", "^/token$"), _fetch)


def _grant(status: int, error: str, description: str, remedy: str) -> Fault:
    body = msgspec.json.encode({"error": error, "error_description": description})
    return Fault(answer=lambda _: Answer(status, {"Content-Type": JSON}, body), effect=False, remedy=remedy)


_REFUSALS = {
    "400 invalid_grant, the clock": _grant(
        400, "invalid_grant", "Token must be in a reasonable timeframe", "Set the machine's clock."
    ),
    "400 invalid_grant, the account": _grant(
        400, "invalid_grant", "Invalid email or User ID", "Correct `google.delegated_user`."
    ),
    "400 invalid_grant, the signature": _grant(400, "invalid_grant", "Invalid JWT Signature.", "Make a new key."),
    "400 with another error": _grant(400, "invalid_request", "", "Read the sentence; check the key."),
    "401 unauthorized_client": _grant(401, "unauthorized_client", "", "Grant the scopes (domain-wide delegation)."),
    "403 access_denied": _grant(403, "access_denied", "", "Grant the scopes (domain-wide delegation)."),
}


def _page(status: int) -> Fault:
    answer = Answer(status, {"Content-Type": HTML}, b"<html><h1>Synthetic</h1></html>")
    return Fault(answer=lambda _: answer, effect=False, remedy=_BETWEEN)


_PAGES = {f"{status} with HTML": _page(status) for status in (400, 401, 403, 404, 409, 412)}
_SHARED = [title for title in STATUSES if title.startswith(("302", "429", "5"))]
TOKEN: Mapping[str, Fault] = {**BREAKS, **_REFUSALS, **_PAGES, **{title: STATUSES[title] for title in _SHARED}}


def _of_endpoint(row: Row) -> Row:
    cause = {"google.quota", "google.backend"} & {row.read.cause}
    return alike(row.read._replace(cause="google.token_endpoint")) if cause else row


_NO_TOKEN = alike(given_up("google.no_token"))
OF_TOKEN: Mapping[str, Row] = {
    **BELOW,
    "JSON cut": _NO_TOKEN,
    "no body": _NO_TOKEN,
    "wrong content type": alike(FINE),
    "HTML with 200": _NO_TOKEN,
    "400 invalid_grant, the clock": alike(at_once(NotPermitted, "google.clock")),
    "400 invalid_grant, the account": alike(at_once(NotPermitted, "google.subject")),
    "400 invalid_grant, the signature": alike(at_once(NotPermitted, "google.key")),
    "400 with another error": alike(at_once(NotPermitted, "google.sign_in")),
    "401 unauthorized_client": alike(at_once(NotPermitted, "google.delegation")),
    "403 access_denied": alike(at_once(NotPermitted, "google.delegation")),
    **dict.fromkeys(_PAGES, alike(at_once(NotPermitted, "google.sign_in"))),
    **{title: _of_endpoint(OF_STATUSES[title]) for title in _SHARED},
}

# -- RT's login page


def _log_in(of: Systems) -> object:
    return server_version(of.rt_by_password.rest)


LOG_IN = Operation("read", Route("POST", "/NoAuth/Login.html$"), _log_in)


def _wordy(answer: Answer) -> Answer:
    """Give a login page a body: RT's own redirect has none, and what has none cannot be cut."""
    return replace(answer, body=b"<html>" + b" " * 1000)


def _remedy(title: str, fault: Fault) -> str:
    """Return what to do: RT itself answers a login with 200 or 302 only."""
    return fault.remedy if title.startswith(("302", "404 with HTML", "5")) else _BETWEEN


LOGIN: Mapping[str, Fault] = {
    **{title: fault if fault.answer else replace(fault, answer=_wordy) for title, fault in BREAKS.items()},
    **{title: replace(fault, effect=False, remedy=_remedy(title, fault)) for title, fault in RT.items()},
}
_UNREACHED = alike(at_once(Unavailable, "rt.unreachable"))
_NO_SESSION = alike(at_once(Unavailable, "rt.login"))
_UNREAD = alike(FINE)
"""Nothing of the body is read: the session is in the head."""
OF_LOGIN: Mapping[str, Row] = {
    **dict.fromkeys(LOGIN, _NO_SESSION),
    **{title: row if row.read.error is ConfigurationError else _UNREACHED for title, row in BELOW.items()},
    **dict.fromkeys(("reset before the body", "reset during the body", "reset after the body"), _UNREAD),
    **dict.fromkeys(("stall in the body", "body drips slowly", "body shorter than announced"), _UNREAD),
    **dict.fromkeys(("JSON cut", "no body", "wrong content type"), _UNREAD),
    "HTML with 200": alike(at_once(NotPermitted, "rt.unauthorized")),
}

# -- a session or a token that ends in the middle of a run

_ASK = Operation("read", Route("GET", "/REST/2.0/rt$"), _log_in)
ENDED: Mapping[str, Expect] = {
    "302 to a login page": at_once(ConfigurationError, "rt.redirected", tries=2, again=True),
    "401": at_once(NotPermitted, "rt.unauthorized", tries=2, again=True),
}
"""RT's answers to a session that has ended: syncd logs in once more."""
SESSION = replace(_ASK, others=ENDED)
