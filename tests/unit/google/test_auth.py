import base64
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from syncd.host.clock import Clock
from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError, IntegrationError, NotPermitted, Unavailable
from syncd.host.http import HttpPolicy
from syncd.systems.google.auth import ServiceAccountAuthenticator
from syncd.systems.google.options import DEVICES_READ, ORG_UNITS_READ
from unit.google.key import CLIENT_ID, SUBJECT, Google, key, private_key
from unit.http_server import Answer, Script, Stub, json_answer, serving
from unit.virtual_clock import VirtualClock

SCOPES = (DEVICES_READ, ORG_UNITS_READ)


def authenticator(
    url: str, clock: Clock | None = None, *, subject: str = SUBJECT, scopes: Sequence[str] = SCOPES, **changes: object
) -> ServiceAccountAuthenticator:
    return ServiceAccountAuthenticator(
        key(url, **changes),
        subject=subject,
        scopes=scopes,
        policy=HttpPolicy(attempts=3),
        clock=clock or VirtualClock(),
    )


@contextmanager
def signing_in(script: Script, clock: Clock | None = None) -> Iterator[tuple[ServiceAccountAuthenticator, Stub]]:
    with serving(script) as stub, closing(authenticator(stub.url + "/token", clock)) as auth:
        yield auth, stub


def claims(stub: Stub) -> dict[str, Any]:
    form = parse_qs(stub.seen[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    payload = form["assertion"][0].split(".")[1]
    decoded: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="))
    return decoded


def nobody(*_: object) -> Answer:
    raise AssertionError("no API call is expected")


def test_the_assertion_names_subject_and_scopes_and_only_the_token_endpoint_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    look_up = socket.getaddrinfo

    def watched(host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        asked.append(host)
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    with signing_in(Google(nobody)) as (auth, stub):
        assert auth.headers() == {"Authorization": "Bearer token-1"}
        assert stub.seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
        said = claims(stub)
    assert (said["sub"], said["scope"]) == (SUBJECT, " ".join(SCOPES))
    assert said["iss"] == "syncd@example.iam.gserviceaccount.com"
    assert set(asked) == {"127.0.0.1"}


def test_a_token_is_fetched_once_by_any_number_of_threads() -> None:
    google = Google(nobody)
    with signing_in(google) as (auth, _):
        gate = threading.Barrier(16)
        tokens: list[str] = []

        def ask() -> None:
            gate.wait(10)
            tokens.append(auth.headers()["Authorization"])

        run(ask, 16)
    assert google.tokens == 1
    assert tokens == ["Bearer token-1"] * 16


def run(work: Any, count: int) -> None:  # noqa: ANN401
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_threads_that_wait_for_a_failing_fetch_share_its_outcome() -> None:
    with signing_in([Answer(400, b'{"error": "unauthorized_client"}', delay=0.3)]) as (auth, stub):
        gate = threading.Barrier(8)
        errors: list[str] = []

        def ask() -> None:
            gate.wait(10)
            with pytest.raises(NotPermitted) as caught:
                auth.headers()
            errors.append(caught.value.code)

        run(ask, 8)
        assert len(stub.seen) == 1
    assert errors == ["google.delegation"] * 8


@pytest.mark.parametrize(("expires_in", "kept", "renewed"), [(3600, 3299, 3301), ("3600", 3299, 3301), (60, 29, 31)])
def test_a_token_is_renewed_well_before_it_expires(expires_in: object, kept: float, renewed: float) -> None:
    clock = VirtualClock()
    with signing_in(Google(nobody, expires_in=expires_in), clock) as (auth, _):
        auth.headers()
        clock.advance(kept)
        assert auth.headers() == {"Authorization": "Bearer token-1"}
        clock.advance(renewed - kept)
        assert auth.headers() == {"Authorization": "Bearer token-2"}


def test_a_refused_token_is_replaced_once_for_all_threads() -> None:
    google = Google(nobody)
    with signing_in(google) as (auth, _):
        gate = threading.Barrier(8)

        def ask() -> None:
            auth.headers()
            gate.wait(10)
            assert auth.renew()
            auth.headers()

        run(ask, 8)
    assert google.tokens == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not json", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "has no type, not service_account"),
        ('{"type": "authorized_user"}', "is of type authorized_user, not service_account"),
        ('{"type": "service_account"}', "lacks client_email, private_key, token_uri"),
    ],
)
def test_a_text_that_is_no_key_of_a_service_account_is_refused(text: str, why: str) -> None:
    assert_refused(Secret(text), why)


@pytest.mark.parametrize(
    ("url", "changes", "why"),
    [
        ("nowhere", {}, "has a token_uri that is no URL"),
        ("https://h/t", {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA"}, "has a private_key that cannot be read"),
        ("https://h/t", {"universe_domain": "example.org"}, "universe_domain"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(url: str, changes: dict[str, str], why: str) -> None:
    assert_refused(key(url, **changes), why)


def test_a_part_of_a_private_key_is_refused() -> None:
    assert_refused(key("https://h/t", private_key=private_key()[:400]), "has a private_key that cannot be read")


def assert_refused(credential: Secret, why: str) -> None:
    """Refused with this reason, and nothing of the key is shown."""
    with pytest.raises(NotPermitted) as caught:
        ServiceAccountAuthenticator(credential, subject=SUBJECT, scopes=SCOPES)
    assert (caught.value.code, caught.value.exit_status) == ("google.key", 77)
    assert "The credential google-service-account " in caught.value.sentence
    assert why in caught.value.sentence
    assert "BEGIN" not in caught.value.sentence
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("subject", "scopes"), [("", SCOPES), (" ", SCOPES), (SUBJECT, ())])
def test_without_subject_or_scopes_nothing_is_tried(subject: str, scopes: Sequence[str]) -> None:
    with pytest.raises(ConfigurationError, match="google.delegated_user"):  # noqa: RUF043
        authenticator("https://h/token", subject=subject, scopes=scopes)


SKEW = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp"
)


@pytest.mark.parametrize(
    ("error", "description", "code", "words"),
    [
        ("invalid_grant", "Invalid email or User ID", "google.subject", "google.delegated_user must be"),
        ("invalid_grant", "Invalid grant: account not found", "google.subject", "google.delegated_user must be"),
        ("invalid_grant", "Invalid JWT Signature.", "google.key", "make a new JSON key"),
        ("invalid_grant", "Something new", "google.sign_in", "Something new"),
        ("invalid_client", "The OAuth client was disabled.", "google.sign_in", "was disabled"),
        (
            "unauthorized_client",
            "Client is unauthorized",
            "google.delegation",
            f"client ID {CLIENT_ID} needs {SCOPES[0]}, ",
        ),
        ("access_denied", "", "google.delegation", SCOPES[1]),
        ("invalid_scope", "bad", "google.delegation", SCOPES[1]),
    ],
)
def test_a_refused_sign_in_says_what_to_do(error: str, description: str, code: str, words: str) -> None:
    with signing_in([json_answer({"error": error, "error_description": description}, 400)]) as (auth, stub):
        refused = sign_in_error(auth)
        assert len(stub.seen) == 1
    assert isinstance(refused, NotPermitted)
    assert (refused.code, refused.exit_status) == (code, 77)
    assert words in refused.sentence
    assert SUBJECT not in refused.sentence


def sign_in_error(auth: ServiceAccountAuthenticator) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        auth.headers()
    return caught.value


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Thu, 01 Jan 2026 01:00:00 GMT", "this machine's clock is 3600 seconds slow: set it"),
        ("Wed, 31 Dec 2025 23:50:00 GMT", "this machine's clock is 600 seconds fast: set it"),
        ("Thu, 01 Jan 2026 00:00:05 GMT", "agrees with Google's now"),
        ("yesterday", "set this machine's clock"),
        ("", "set this machine's clock"),
    ],
)
def test_a_wrong_clock_is_measured_against_the_answer(date: str, words: str) -> None:
    answer = json_answer({"error": "invalid_grant", "error_description": SKEW}, 400, **({"Date": date} if date else {}))
    with signing_in([answer]) as (auth, _):
        refused = sign_in_error(auth)
    assert isinstance(refused, NotPermitted)
    assert refused.code == "google.clock"
    assert words in refused.sentence


@pytest.mark.parametrize(
    "bad",
    [
        Answer(500),
        Answer(502, b"<html>Bad Gateway</html>"),
        Answer(503),
        Answer(429),
        json_answer({"error": "temporarily_unavailable"}, 400),
        Answer(200, b"<html>Sign in</html>"),
        Answer(200, b"{}"),
        Answer(reset=True),
    ],
    ids=["500", "502 html", "503", "429", "temporarily_unavailable", "200 html", "200 without token", "reset"],
)
def test_a_token_endpoint_that_is_out_is_tried_again_and_then_unavailable(bad: Answer) -> None:
    clock = VirtualClock()
    with signing_in([bad], clock) as (auth, stub):
        error = sign_in_error(auth)
        assert len(stub.seen) == 3
    assert isinstance(error, Unavailable)
    assert error.code == "google.gave_up"
    assert error.sentence.startswith("google: fetch an access token was given up after 3 attempts")
    good = json_answer({"access_token": "late"})
    with signing_in([bad, good]) as (auth, _):
        assert auth.headers() == {"Authorization": "Bearer late"}


def test_an_html_refusal_is_no_permission() -> None:
    with signing_in([Answer(404, b"<html><title>Not Found</title></html>")]) as (auth, _):
        error = sign_in_error(auth)
    assert isinstance(error, NotPermitted)
    assert "HTTP 404" in error.sentence


def test_netrc_does_not_touch_the_token_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with signing_in(Google(nobody)) as (auth, stub):
        auth.headers()
        assert "authorization" not in stub.seen[0].headers


def test_options_are_read_without_loading_google_auth_or_requests() -> None:
    code = (
        "import sys, syncd.systems.google.options\n"
        "sys.exit(any(name in sys.modules for name in ('google.auth', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
