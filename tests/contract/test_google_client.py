"""Google's own client library and google-auth as foreign clients of the stand-in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth import crypt, jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from contract.discovery import installed_document
from contract.google_sandbox import ADMIN, Running, running
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.store import Documents

Foreign = Any  # google-api-python-client and google-auth have no types
SCOPE = "https://www.googleapis.com/auth/admin.directory.device.chromeos"
FIRST = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox


def credentials(google: Running, subject: str = ADMIN, scopes: tuple[str, ...] = (SCOPE,)) -> Foreign:
    info = google.app.account.key_file(google.server.url)
    return Credentials.from_service_account_info(info, scopes=list(scopes), subject=subject)  # type: ignore[no-untyped-call]


@pytest.fixture
def service(google: Running) -> Iterator[Any]:
    document = json.loads(installed_document("admin.directory_v1"))
    root = f"{google.server.url}/"
    document |= {"rootUrl": root, "baseUrl": root}
    document.pop("mtlsRootUrl", None)
    client = build_from_document(document, credentials=credentials(google))
    yield client
    client.close()
    assert google.discovery.violations == []


def test_list_and_list_next_read_every_device(service: Foreign) -> None:
    devices = service.chromeosdevices()
    request = devices.list(customerId="my_customer", maxResults=3, projection="FULL")
    found: list[str] = []
    while request is not None:
        answer = request.execute()
        found += [device["serialNumber"] for device in answer["chromeosdevices"]]
        request = devices.list_next(request, answer)
    assert len(found) == len(set(found)) == 7


def test_patch_changes_a_device(service: Foreign, google: Running) -> None:
    body = {"annotatedAssetId": "EX-9"}
    answer = service.chromeosdevices().patch(customerId="my_customer", deviceId=FIRST, body=body).execute()
    assert answer["annotatedAssetId"] == google.app.device(FIRST)["annotatedAssetId"] == "EX-9"


def test_colon_methods_and_moves_work(service: Foreign, google: Running) -> None:
    assert service.customer().devices().chromeos().countChromeOsDevices(customerId="my_customer").execute() == {
        "count": "7"
    }
    body = {"deviceIds": [FIRST]}
    move = service.chromeosdevices().moveDevicesToOu(customerId="my_customer", orgUnitPath="/Staff", body=body)
    assert not move.execute()
    assert google.app.device(FIRST)["orgUnitPath"] == "/Staff"


def test_a_batch_answers_every_call(service: Foreign) -> None:
    # A first call fetches the token: the batch would fetch it over a connection that it leaves open.
    service.chromeosdevices().list(customerId="my_customer").execute()
    answers: dict[str, Any] = {}
    batch = service.new_batch_http_request(callback=lambda key, answer, error: answers.update({key: error or answer}))
    for device_id in (FIRST, "nosuch"):
        batch.add(service.chromeosdevices().get(customerId="my_customer", deviceId=device_id), request_id=device_id)
    batch.execute()
    assert answers[FIRST]["serialNumber"] == "SYN0001A"
    assert answers["nosuch"].resp.status == 404


def test_an_error_is_understood(service: Foreign) -> None:
    with pytest.raises(HttpError) as caught:
        service.chromeosdevices().get(customerId="my_customer", deviceId="nosuch").execute()
    assert caught.value.resp.status == 404
    assert caught.value.reason == "Resource Not Found: deviceId"
    assert caught.value.error_details[0]["reason"] == "notFound"


@pytest.fixture
def refresh(google: Running) -> Iterator[Callable[..., None]]:
    with requests.Session() as session:
        session.trust_env = False
        yield lambda **how: credentials(google, **how).refresh(Request(session))


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"subject": "nobody@example.org"}, "invalid_grant: Invalid email or User ID"),
        (
            {"scopes": ("https://www.googleapis.com/auth/drive",)},
            "unauthorized_client: Client is unauthorized to retrieve",
        ),
    ],
)
def test_the_token_endpoint_refuses_in_googles_words(
    refresh: Callable[..., None], how: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefreshError, match=sentence):
        refresh(**how)


def test_a_foreign_key_is_refused(google: Running) -> None:
    with running() as other, requests.Session() as session:
        session.trust_env = False
        info = other.app.account.key_file(google.server.url)
        foreign = Credentials.from_service_account_info(info, scopes=[SCOPE], subject=ADMIN)  # type: ignore[no-untyped-call]
        with pytest.raises(RefreshError, match="invalid_grant: Invalid JWT Signature"):
            foreign.refresh(Request(session))


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"exp": 3601}, "Invalid JWT: Token must be a short-lived token"),
        ({"iat": -9000, "exp": -8000}, "Invalid JWT: Token must be a short-lived token"),
        ({"aud": "https://example.org/token"}, "Invalid JWT: Failed audience check"),
        ({"iss": "other@syn-project.iam.gserviceaccount.com"}, "Invalid grant: account not found"),
    ],
)
def test_a_wrong_assertion_is_refused(google: Running, claims: dict[str, Any], description: str) -> None:
    answer = google.ask("POST", "/token", data=grant(google, claims))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_description"].startswith(description)


def test_the_audience_may_be_the_token_uri_too(google: Running) -> None:
    answer = google.ask("POST", "/token", data=grant(google, {"aud": f"{google.server.url}/token"}))
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 3600


def grant(google: Running, claims: dict[str, Any]) -> dict[str, str]:
    """Return the form of a token request; times in the claims are relative to now."""
    info = google.app.account.key_file(google.server.url)
    now = int(google.app.settings.clock())
    whole = {"iss": info["client_email"], "sub": ADMIN, "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token"}
    times = {"iat": now + claims.pop("iat", 0), "exp": now + claims.pop("exp", 3600)}
    signer = crypt.RSASigner.from_service_account_info(info)  # type: ignore[no-untyped-call]
    token = jwt.encode(signer, {**whole, **times, **claims})  # type: ignore[no-untyped-call]
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token.decode()}


def test_a_restart_on_the_same_file_keeps_key_tokens_and_devices(tmp_path: Path) -> None:
    first = Documents(tmp_path / "state.db")
    app = GoogleApp.from_tenant(
        {"chromeosdevices": [{"deviceId": "a", "serialNumber": "S", "status": "ACTIVE"}]}, first
    )
    key, token = app.account.key_file("http://x"), app.account.issue(ADMIN, app.settings.scopes)
    app.edit("a", annotatedAssetId="EX-1")
    first.close()
    second = Documents(tmp_path / "state.db")
    again = GoogleApp.from_tenant({"chromeosdevices": []}, second)
    assert again.account.key_file("http://x") == key
    assert again.account.bearer(f"Bearer {token}").subject == ADMIN
    assert again.device("a")["annotatedAssetId"] == "EX-1"
    second.close()


def test_the_key_file_is_for_its_owner_only(google: Running, tmp_path: Path) -> None:
    path = google.app.write_credentials(tmp_path / "credentials", google.server.url)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_text())["token_uri"] == f"{google.server.url}/token"
