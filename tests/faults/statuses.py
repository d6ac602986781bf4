"""The answers that say no: by HTTP status and, of Google's, by the reason that they give."""

import msgspec

from faults.kinds import UNPROVEN, Expect, Fault, Row, alike, at_once, given_up, looked_up
from syncd.host.errors import (
    ConfigurationError,
    NotFound,
    NotPermitted,
    Unavailable,
    WriteRefused,
)
from syncd.sandbox.server import HTML, JSON, Answer
from syncd.systems.rt.errors import Forbidden

_LATER = "Nothing: the next run tries again. If it stays, look at the system."
_SLOWER = "Nothing. If it comes every day, lower `rate` or let the timers run at other times."
_SENTENCE = "Read the sentence: it quotes what was said, and names what to correct."
_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
_IN_7_SECONDS = "Thu, 01 Jan 2026 00:00:07 GMT"


def _says(status: int, kind: str, body: bytes, remedy: str, **headers: str) -> Fault:
    told = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Fault(answer=lambda _: Answer(status, told, body), effect=status >= 500, remedy=remedy)


def _google(status: int, reason: str, remedy: str = _SENTENCE, **headers: str) -> Fault:
    message = f"Synthetic: {reason or status}"
    error = {"code": status, "message": message, "errors": [{"message": message, "reason": reason}]}
    return _says(status, JSON, msgspec.json.encode({"error": error}), remedy, **headers)


def _rt(status: int, remedy: str = _SENTENCE, message: str = "Synthetic", **headers: str) -> Fault:
    return _says(status, JSON, msgspec.json.encode({"message": message}), remedy, **headers)


def _page(status: int, remedy: str = _LATER, **headers: str) -> Fault:
    return _says(status, HTML, b"<html><h1>Synthetic</h1></html>", remedy, **headers)


_BUSY = {
    "429": {},
    "429, Retry-After in seconds": {"Retry_After": "7"},
    "429, Retry-After with a date": {"Retry_After": _IN_7_SECONDS, "Date": _DATE},
    "429, Retry-After absurdly long": {"Retry_After": "9" * 30},
    "429, Retry-After nonsense": {"Retry_After": "soon", "Date": "never"},
    "429, Retry-After with an impossible date": {"Retry_After": f"Thu, 01 Jan {'9' * 30} 00:00:00 GMT", "Date": _DATE},
}
_SERVER = {
    "500": _page(500),
    "500 with an empty body": _says(500, HTML, b"", _LATER),
    "502": _page(502),
    "503": _page(503),
    "503, Retry-After in seconds": _page(503, Retry_After="7"),
    "504": _page(504),
}
_REDIRECT = _says(
    302, HTML, b"", "Set the URL to the final address; let no login page stand before it.", Location="/login"
)


def _patient(expect: Expect) -> dict[str, Expect]:
    """Return what comes of being asked to wait, for a request that may be made again."""
    return {
        "429": expect,
        "429, Retry-After in seconds": expect._replace(wait=7.0),
        "429, Retry-After with a date": expect._replace(wait=7.0),
        "429, Retry-After absurdly long": expect._replace(tries=1, again=False),
        "429, Retry-After nonsense": expect,
        "429, Retry-After with an impossible date": expect,
    }


# -- Google

GOOGLE = {
    "302 to a login page": _REDIRECT,
    "400 invalid": _google(400, "invalid"),
    "400 invalidParameter": _google(400, "invalidParameter"),
    "401": _google(401, "authError", "Let the service account be enabled; check `google.api_root`."),
    "403 forbidden": _google(403, "forbidden", "Give the delegated user an admin role, check the scopes."),
    "403 insufficientPermissions": _google(
        403, "insufficientPermissions", "Grant the scopes (domain-wide delegation)."
    ),
    "403 accessNotConfigured": _google(403, "accessNotConfigured", "Enable the API in the Google Cloud project."),
    "403 domainCannotUseApis": _google(403, "domainCannotUseApis", "Turn on API access for the domain."),
    "403 userRateLimitExceeded": _google(403, "userRateLimitExceeded", _SLOWER),
    "403 rateLimitExceeded": _google(403, "rateLimitExceeded", _SLOWER),
    "403 quotaExceeded": _google(403, "quotaExceeded", _SLOWER),
    "403 dailyLimitExceeded": _google(403, "dailyLimitExceeded", "Nothing: the quota is back the next day."),
    "403 in plain text, rate": _says(403, "text/plain", b"Request rate higher than configured", _SLOWER),
    "403 with HTML": _page(403, _SENTENCE),
    "404 notFound": _google(404, "notFound"),
    "404 with HTML": _page(404, "Correct `google.api_root`."),
    "409 duplicate": _google(409, "duplicate"),
    "409 aborted": _google(409, "aborted", _LATER),
    "412 conditionNotMet": _google(412, "conditionNotMet"),
    **{name: _google(429, "rateLimitExceeded", _SLOWER, **headers) for name, headers in _BUSY.items()},
    **_SERVER,
}

_CONFIGURED = at_once(ConfigurationError, "google.invalid")
_FORBIDDEN = alike(at_once(NotPermitted, "google.forbidden"))
_QUOTA = given_up("google.quota")
_BACKEND = given_up("google.backend")

OF_GOOGLE = {
    "302 to a login page": alike(at_once(ConfigurationError, "google.redirected")),
    "400 invalid": Row(_CONFIGURED, at_once(WriteRefused, "google.invalid")),
    "400 invalidParameter": Row(
        at_once(ConfigurationError, "google.invalid_parameter"), at_once(WriteRefused, "google.invalid_parameter")
    ),
    "401": alike(at_once(NotPermitted, "google.unauthenticated", tries=2, again=True)),
    "403 forbidden": _FORBIDDEN,
    "403 insufficientPermissions": _FORBIDDEN,
    "403 accessNotConfigured": _FORBIDDEN,
    "403 domainCannotUseApis": _FORBIDDEN,
    "403 userRateLimitExceeded": alike(_QUOTA),
    "403 rateLimitExceeded": alike(_QUOTA),
    "403 quotaExceeded": alike(_QUOTA),
    "403 dailyLimitExceeded": alike(at_once(Unavailable, "google.daily_limit")),
    "403 in plain text, rate": alike(_QUOTA),
    "403 with HTML": _FORBIDDEN,
    "404 notFound": Row(_CONFIGURED, at_once(NotFound, "google.not_found")),
    "404 with HTML": alike(at_once(ConfigurationError, "google.api_root")),
    "409 duplicate": Row(_CONFIGURED, at_once(WriteRefused, "google.invalid")),
    "409 aborted": alike(given_up("google.aborted")),
    "412 conditionNotMet": Row(
        at_once(ConfigurationError, "google.condition"), at_once(WriteRefused, "google.condition")
    ),
    **{name: alike(expect) for name, expect in _patient(_QUOTA).items()},
    **{name: alike(_BACKEND._replace(wait=7.0 if "Retry" in name else 0.0)) for name in _SERVER},
}

# -- Request Tracker

RT = {
    "302 to a login page": _REDIRECT,
    "400": _rt(400),
    "401": _rt(401, "Make a new token as the API user, and put it into the credential."),
    "403": _rt(403, "Grant the right that the sentence or the job's page names.", "Forbidden"),
    "403 with a sentence": _rt(403, "Grant the right that the sentence or the job's page names."),
    "404": _rt(404),
    "404 with HTML": _page(404, "Correct `rt.url`."),
    "405": _page(405, "Let the web server in front of RT pass PUT and POST."),
    "409": _rt(409),
    "412": _rt(412),
    **{name: _rt(429, _SLOWER, **headers) for name, headers in _BUSY.items()},
    **_SERVER,
}

_REFUSED = at_once(WriteRefused, "rt.refused")
_REJECTED = Row(at_once(ConfigurationError, "rt.rejected"), _REFUSED, _REFUSED)
_NO_RIGHT = at_once(Forbidden, "rt.forbidden")
_GONE = Row(
    at_once(Unavailable, "rt.incomplete"),
    at_once(NotFound, "rt.not_found"),
    at_once(NotFound, "rt.not_found"),
    at_once(ConfigurationError, "rt.no_rest2"),
)
_OUT = given_up("rt.unavailable")
_OUT_LOST = Row(_OUT, _OUT, looked_up())
_BROKEN = Row(given_up("rt.server_error"), UNPROVEN, looked_up("rt.server_error"))

OF_RT = {
    "302 to a login page": alike(at_once(ConfigurationError, "rt.redirected")),
    "400": _REJECTED,
    "401": alike(at_once(NotPermitted, "rt.unauthorized")),
    "403": alike(_NO_RIGHT),
    "403 with a sentence": Row(_NO_RIGHT, _REFUSED, _REFUSED),
    "404": _GONE,
    "404 with HTML": alike(at_once(ConfigurationError, "rt.no_rest2")),
    "405": alike(at_once(ConfigurationError, "rt.unexpected")),
    "409": _REJECTED,
    "412": _REJECTED,
    **{name: alike(expect) for name, expect in _patient(_OUT).items()},
    "500": _BROKEN,
    "500 with an empty body": _BROKEN,
    "502": _OUT_LOST,
    "503": _OUT_LOST,
    "503, Retry-After in seconds": Row(_OUT._replace(wait=7.0), _OUT._replace(wait=7.0), looked_up()),
    "504": _OUT_LOST,
}
