"""Whoever cannot sign in is told which credential is wrong and what to do, and has changed nothing (status 77)."""

import json
import time
from collections.abc import Callable

import pytest

from system.site import Site
from unit.google.key import private_key

NO_PERMISSION = 77
KEY = "google-service-account"


def key_file(site: Site, **changes: object) -> str:
    whole = {**site.sandbox.google.account.key_file(site.sandbox.url), **changes}
    return json.dumps({name: value for name, value in whole.items() if value is not None})


@pytest.mark.parametrize("credential", [KEY, "rt-token"])
def test_a_missing_credential_is_named_with_the_places_it_was_sought(site: Site, credential: str) -> None:
    site.credential(credential, None)
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert f"credential {credential} is not there" in error
    assert str(site.sandbox.credentials_directory) in error
    assert f"LoadCredential={credential}:FILE" in error
    assert site.sandbox.server.requests() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda _: "not { json", "is not JSON"),
        (lambda _: '"a text"', "is not a JSON object"),
        (lambda site: key_file(site, type="authorized_user"), "is of type authorized_user, not service_account"),
        (lambda site: key_file(site, private_key=None, client_email=""), "lacks client_email, private_key"),
        (lambda site: key_file(site, private_key="-----BEGIN PRIVATE KEY-----"), "a private_key that cannot be read"),
    ],
    ids=["not JSON", "no object", "another type", "incomplete", "no key"],
)
def test_a_malformed_service_account_file_is_named_with_what_is_wrong_in_it(
    site: Site, content: Callable[[Site], str], words: str
) -> None:
    site.credential(KEY, content(site))
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert f"The credential {KEY}" in error
    assert words in error
    assert "as downloaded from the Google Cloud console" in error
    assert site.sandbox.server.requests() == 0


def test_an_empty_credential_is_told_from_a_missing_one(site: Site) -> None:
    site.credential("rt-token", "\n")
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert "credential rt-token from systemd is empty; write the secret there, or remove it" in error


def test_a_subject_that_does_not_exist_is_said_to_be_the_delegated_user(site: Site) -> None:
    site.configure(google={"delegated_user": "nobody@example.org"})
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert "Google knows no such account" in error
    assert "google.delegated_user must be the primary address of an active administrator" in error


def test_a_scope_that_is_not_delegated_is_named_with_the_client_and_the_place_to_grant_it(site: Site) -> None:
    site.sandbox.google.settings.scopes = frozenset()
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert "https://www.googleapis.com/auth/admin.directory.device.chromeos" in error
    assert "client ID 100000000000000000042" in error
    assert "Domain-wide delegation" in error


@pytest.mark.parametrize(("offset", "word"), [(3 * 3600, "slow"), (-3 * 3600, "fast")])
def test_a_wrong_clock_is_said_with_its_direction_and_its_size(site: Site, offset: int, word: str) -> None:
    site.sandbox.google.settings.clock = lambda: time.time() + offset
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert "this machine's clock is 10" in error
    assert f"seconds {word}: set it (timedatectl)" in error


def test_a_key_that_google_does_not_know_is_to_be_made_anew(site: Site) -> None:
    # another one than the key that the tests give their sites, which is made once
    site.credential(KEY, key_file(site, private_key=private_key.__wrapped__()))
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert f"Google does not accept the signature of the key in {KEY}" in error
    assert "make a new JSON key" in error


def test_a_user_who_is_no_administrator_is_told_what_to_ask_for(site: Site) -> None:
    teacher = {"primaryEmail": "teacher@example.org", "isAdmin": False}
    site.sandbox.google.tenant.users.put("teacher@example.org", teacher)
    site.configure(google={"delegated_user": "teacher@example.org"})
    error = site.refuses(NO_PERMISSION, "plan", "chromebooks").error
    assert "Google refuses access (403" in error
    assert "give the account in google.delegated_user an admin role that covers ChromeOS devices" in error


def test_a_wrong_rt_token_is_said_without_showing_it(site: Site) -> None:
    site.credential("rt-token", "1-27-0123456789abcdef0123456789abcdef")
    finished = site.refuses(NO_PERMISSION, "--verbose", "plan", "chromebooks")
    assert "RT does not accept the credentials" in finished.error
    assert "make a new token as the API user (Logged in as > Settings > Auth Tokens)" in finished.error
    assert "0123456789abcdef" not in finished.stdout + finished.stderr


def test_a_wrong_rt_password_is_said_with_the_user_it_is_for(site: Site) -> None:
    site.configure(rt={"auth": "password", "username": "rt-sync"})
    (site.sandbox.credentials_directory / "rt-password").write_text("a wrong password")
    finished = site.refuses(NO_PERMISSION, "plan", "chromebooks")
    assert "RT does not accept the password of rt-sync; check rt.username and the credential" in finished.error
    assert "a wrong password" not in finished.stdout + finished.stderr
