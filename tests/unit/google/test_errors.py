import msgspec
import pytest

from syncd.host.errors import (
    ConfigurationError,
    IntegrationError,
    NotFound,
    NotPermitted,
    Unavailable,
    WriteRefused,
)
from syncd.host.http import Reply, Request
from syncd.systems.google.errors import classify, quotable

LIST = Request("GET", "devices", "list devices", params=(("orgUnitPath", "/A"), ("query", "status:x")))
PATCH = Request("PATCH", "devices/d1", "update device", "d1")
GET_ONE = Request("GET", "devices/d1", "read device", "d1")


def old_style(reason: str, message: str = "Said so", code: int = 400) -> bytes:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return msgspec.json.encode({"error": {"code": code, "message": message, "errors": errors}})


def new_style(status: str, message: str = "Said so") -> bytes:
    return msgspec.json.encode({"error": {"message": message, "status": status, "details": []}})


def read(request: Request, status: int, body: bytes) -> IntegrationError | None:
    return classify(request, Reply(status, {}, body, 1))


ROWS = [
    (400, old_style("invalid"), ConfigurationError, WriteRefused, "google.invalid"),
    (400, old_style("badRequest"), ConfigurationError, WriteRefused, "google.invalid"),
    (400, old_style("invalidParameter"), ConfigurationError, WriteRefused, "google.invalid_parameter"),
    (400, new_style("INVALID_ARGUMENT"), ConfigurationError, WriteRefused, "google.invalid"),
    (401, old_style("authError"), NotPermitted, NotPermitted, "google.unauthenticated"),
    (401, old_style("required"), NotPermitted, NotPermitted, "google.unauthenticated"),
    (401, new_style("UNAUTHENTICATED"), NotPermitted, NotPermitted, "google.unauthenticated"),
    (403, old_style("forbidden"), NotPermitted, NotPermitted, "google.forbidden"),
    (403, new_style("PERMISSION_DENIED"), NotPermitted, NotPermitted, "google.forbidden"),
    (403, old_style("insufficientPermissions"), NotPermitted, NotPermitted, "google.forbidden"),
    (403, old_style("accessNotConfigured"), NotPermitted, NotPermitted, "google.forbidden"),
    (403, old_style("domainCannotUseApis"), NotPermitted, NotPermitted, "google.forbidden"),
    (403, b"<html>Forbidden</html>", NotPermitted, NotPermitted, "google.forbidden"),
    (403, old_style("userRateLimitExceeded"), Unavailable, Unavailable, "google.quota"),
    (403, old_style("rateLimitExceeded"), Unavailable, Unavailable, "google.quota"),
    (403, old_style("quotaExceeded"), Unavailable, Unavailable, "google.quota"),
    (403, b"Request rate higher than configured", Unavailable, Unavailable, "google.quota"),
    (404, old_style("notFound"), ConfigurationError, NotFound, "google.not_found"),
    (404, new_style("NOT_FOUND"), ConfigurationError, NotFound, "google.not_found"),
    (404, b"<html><title>Error 404</title>", ConfigurationError, ConfigurationError, "google.api_root"),
    (409, old_style("duplicate"), ConfigurationError, WriteRefused, "google.invalid"),
    (409, new_style("ALREADY_EXISTS"), ConfigurationError, WriteRefused, "google.invalid"),
    (409, new_style("ABORTED"), Unavailable, Unavailable, "google.aborted"),
    (412, old_style("conditionNotMet"), ConfigurationError, WriteRefused, "google.condition"),
    (429, old_style("rateLimitExceeded"), Unavailable, Unavailable, "google.quota"),
    (429, old_style("quotaExceeded"), Unavailable, Unavailable, "google.quota"),
    (429, new_style("RESOURCE_EXHAUSTED"), Unavailable, Unavailable, "google.quota"),
    (429, b"Too many", Unavailable, Unavailable, "google.quota"),
    (500, old_style("backendError"), Unavailable, Unavailable, "google.backend"),
    (500, old_style("internalError"), Unavailable, Unavailable, "google.backend"),
    (500, old_style("unknownError"), Unavailable, Unavailable, "google.backend"),
    (502, b"<html>Bad Gateway</html>", Unavailable, Unavailable, "google.backend"),
    (
        503,
        old_style("backendError", "Service unavailable. Please try again"),
        Unavailable,
        Unavailable,
        "google.backend",
    ),
    (503, new_style("UNAVAILABLE"), Unavailable, Unavailable, "google.backend"),
    (504, b"<html>", Unavailable, Unavailable, "google.backend"),
]


@pytest.mark.parametrize(("status", "body", "of_read", "of_write", "code"), ROWS)
def test_every_error_answer_has_its_class(
    status: int, body: bytes, of_read: type[IntegrationError], of_write: type[IntegrationError], code: str
) -> None:
    written = read(PATCH, status, body)
    listed = read(LIST, status, body)
    assert type(written) is of_write
    assert type(listed) is of_read
    assert written.code == code
    assert written.retryable is (of_write is Unavailable)
    assert f"{status}" in written.sentence


@pytest.mark.parametrize("status", [200, 204])
def test_success_is_no_error(status: int) -> None:
    assert read(LIST, status, b"") is None


def test_a_used_up_day_is_not_tried_again() -> None:
    error = read(PATCH, 403, old_style("dailyLimitExceeded"))
    assert isinstance(error, Unavailable)
    assert error.code == "google.daily_limit"
    assert not error.retryable
    assert Unavailable.retryable


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("insufficientPermissions", "Domain-wide delegation"),
        ("accessNotConfigured", "enable the Admin SDK API"),
        ("domainCannotUseApis", "turn on API access"),
        ("forbidden", "admin role"),
    ],
)
def test_a_missing_right_says_what_to_do(reason: str, remedy: str) -> None:
    error = read(LIST, 403, old_style(reason))
    assert error is not None
    assert remedy in error.sentence
    assert error.exit_status == 77


def test_a_rejected_list_names_org_unit_and_query() -> None:
    error = read(LIST, 400, old_style("invalid", "Invalid Input: INVALID_OU_ID"))
    assert error is not None
    assert "org unit '/A', query 'status:x'" in error.sentence
    assert "INVALID_OU_ID" in error.sentence
    assert error.exit_status == 78


def test_an_object_that_is_not_there_is_named() -> None:
    error = read(GET_ONE, 404, old_style("notFound"))
    assert isinstance(error, NotFound)
    assert "read device d1" in error.sentence


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"error": "text"}', b'{"error": null}', b'{"error": {"errors": 3}}', b"\xff\xfe"],
)
def test_a_body_of_any_shape_is_survived(body: bytes) -> None:
    assert isinstance(read(PATCH, 403, body), NotPermitted)
    assert isinstance(read(PATCH, 500, body), Unavailable)


def test_quotes_hold_no_markup_no_addresses_and_one_short_line() -> None:
    page = "<html><script>var x = '<b>';</script><h1>That\n is an</h1> error, jane.doe@example.org! " + "x" * 500
    text = quotable(page)
    assert text.startswith("That is an error, <address> xxx")
    assert len(text) == 200
