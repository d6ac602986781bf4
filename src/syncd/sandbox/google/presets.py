"""Google's failures by name, as fault rules for the sandbox server: one for each row of the API's error table."""

from collections.abc import Mapping

from syncd.sandbox.faults import Rule
from syncd.sandbox.google.errors import (
    BAD_TIMES,
    HEADERS,
    NOT_DELEGATED,
    ApiError,
    bad_token,
    forbidden,
    invalid,
    no_grant,
    not_found,
    too_few_scopes,
    unavailable,
)
from syncd.sandbox.server import Answer

_API = r"^/admin/"
_WRITE = r"/devices/chromeos/[^/:?]+(\?|$)"


def _refusal(error: ApiError, route: str = _API, method: str = "") -> Rule:
    return Rule(route=route, method=method, status=error.code, body=error.body().decode(), headers=dict(HEADERS))


def _token(refusal: Answer) -> Rule:
    return Rule(route="^/token$", status=refusal.status, body=refusal.body.decode())


PRESETS: Mapping[str, Rule] = {
    "bad_token": _refusal(bad_token()),
    "forbidden": _refusal(forbidden()),
    "too_few_scopes": _refusal(too_few_scopes()),
    "api_not_enabled": _refusal(ApiError(403, "accessNotConfigured", "Access Not Configured.")),
    "api_access_off": _refusal(ApiError(403, "domainCannotUseApis", "Domain cannot use apis.")),
    "user_rate_limit": _refusal(ApiError(403, "userRateLimitExceeded", "User Rate Limit Exceeded")),
    "quota": _refusal(ApiError(403, "quotaExceeded", "Quota exceeded for the current request")),
    "daily_limit": _refusal(ApiError(403, "dailyLimitExceeded", "Daily Limit Exceeded")),
    "rate_limit": _refusal(ApiError(429, "rateLimitExceeded", "Rate Limit Exceeded")),
    "conflict": _refusal(ApiError(409, "duplicate", "Entity already exists.")),
    "precondition": _refusal(ApiError(412, "conditionNotMet", "Precondition Failed")),
    "backend_error": _refusal(ApiError(500, "backendError", "Backend Error")),
    "unavailable": _refusal(unavailable()),
    "device_gone": _refusal(not_found("deviceId"), _WRITE),
    "page_token_refused": _refusal(invalid("0"), r"[?&]pageToken="),
    "sequence_expired": _refusal(unavailable(), r"[?&]pageToken="),
    "ou_conflict": _refusal(
        invalid("Inconsistent Orgunit id and path in request - 2130216, /Chromebooks"), _WRITE, "PATCH"
    ),
    "bad_gateway_html": Rule(route=_API, status=502, body="<html><title>502</title><h1>Server Error</h1></html>"),
    "rate_text": Rule(
        route=_API, status=403, body="Request rate higher than configured", headers={"Content-Type": "text/plain"}
    ),
    "html_for_json": Rule(route=_API, status=200, body="<html><title>Sign in</title></html>"),
    "cut_page": Rule(route="/devices/chromeos[?]", cut=True),
    "lost_answer": Rule(route=_WRITE, method="PATCH", reset="during"),
    "dropped_connection": Rule(route=_API, reset="before"),
    "token_unavailable": Rule(route="^/token$", status=503, body="<html>503</html>"),
    "token_not_delegated": _token(no_grant("unauthorized_client", NOT_DELEGATED, 401)),
    "token_bad_clock": _token(no_grant("invalid_grant", BAD_TIMES)),
}
