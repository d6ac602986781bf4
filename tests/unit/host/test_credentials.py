import copy
import dataclasses
import errno
import json
import logging
import os
import pickle
import pprint
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import msgspec
import pytest
from keyring.backends import fail

from syncd.host.credentials import Credentials, Secret
from syncd.host.errors import ConfigurationError, ExitStatus, NotPermitted
from syncd.host.redaction import redact

TEXT = "synthetic-s3cr3t/å"


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.broken = broken
        self.asked: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.broken:
            raise keyring.errors.InitError("no bus, and the secret is " + TEXT)
        return self.texts.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError(service, username, len(password))


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    backend = Ring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def refusal(credentials: Credentials, name: str) -> NotPermitted:
    with pytest.raises(NotPermitted) as caught:
        credentials.get(name)
    assert caught.value.exit_status == ExitStatus.NO_PERMISSION
    assert caught.value.object == name
    return caught.value


# -- the secret itself


def test_a_secret_gives_its_text_only_when_asked() -> None:
    assert Secret(TEXT).reveal() == TEXT


@dataclasses.dataclass
class Holder:
    secret: Secret


def _shown(secret: Secret) -> list[str]:
    holder = Holder(secret)
    trace = "".join(traceback.format_exception(RuntimeError(secret)))
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>30}",
        f"{secret:>30}",
        "%s %r" % (secret, secret),  # noqa: UP031 - logging formats this way
        repr([secret]),
        repr(holder),
        repr(vars(holder)),
        repr(dataclasses.asdict(holder)),
        repr(dataclasses.astuple(holder)),
        pprint.pformat({"a": secret}),
        json.dumps({"a": secret}, default=str),
        msgspec.json.encode({"a": secret}, enc_hook=repr).decode(),
        msgspec.json.encode(holder, enc_hook=str).decode(),
        repr(copy.deepcopy(holder)),
        repr(copy.copy(secret)),
        trace,
        repr([getattr(secret, name) for name in dir(secret) if name not in {"reveal", "__dict__"}]),
    ]


def test_no_way_of_printing_or_encoding_shows_it() -> None:
    for shown in _shown(Secret(TEXT)):
        assert TEXT not in shown
        assert "s3cr3t" not in shown


def test_encoders_and_dumpers_refuse_it() -> None:
    secret = Secret(TEXT)
    refused: tuple[Callable[[Any], object], ...] = (
        pickle.dumps,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        vars,
        iter,
        len,
        Secret.__getstate__,
    )
    for dump in refused:
        with pytest.raises(TypeError) as caught:
            dump(secret)
        assert TEXT not in str(caught.value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(Holder(secret), protocol)


def test_comparing_tells_nothing_about_the_text() -> None:
    secret = Secret(TEXT)
    assert secret == secret  # noqa: PLR0124
    assert secret != Secret(TEXT)
    text: object = TEXT
    assert secret != text
    assert hash(secret) != hash(TEXT)


# -- redaction


def test_redaction_hides_a_secret_in_its_usual_spellings() -> None:
    Secret('pa"ss wo/rd+ö')
    said = 'a pa"ss wo/rd+ö b pa\\"ss wo/rd+\\u00f6 c pa%22ss%20wo%2Frd%2B%C3%B6 d pa%22ss+wo%2Frd%2B%C3%B6 e'
    assert redact(said) == "a *** b *** c *** d *** e"


def test_redaction_hides_the_key_inside_a_service_account_file() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIsyntheticsyntheticsynthetic\n-----END PRIVATE KEY-----\n"
    Secret(json.dumps({"type": "service_account", "private_key": pem, "client_email": "x@example.org"}))
    assert "synthetics" not in redact(f"bad key: {pem}")
    assert "synthetics" not in redact(f"bad key: {pem!r}")
    assert "synthetics" not in redact("line 2 is MIIsyntheticsyntheticsynthetic")
    assert redact("service_account x@example.org") == "service_account x@example.org"


def test_the_longer_of_two_overlapping_secrets_goes_first() -> None:
    Secret("overlap")
    Secret("overlap-and-more")
    assert redact("x overlap-and-more y overlap z") == "x *** y *** z"


def test_a_secret_of_three_letters_does_not_blank_the_log() -> None:
    Secret("abc")
    assert redact("abcdef") == "abcdef"


# -- the chain


def test_systemd_comes_before_the_keyring_and_that_before_the_environment(tmp_path: Path, ring: Ring) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "RT_TOKEN": "from environment"}
    credentials = Credentials(environ)
    assert credentials.source("rt-token") == "environment"
    assert credentials.get("rt-token").reveal() == "from environment"
    ring.texts["rt-token"] = "from keyring"
    assert credentials.source("rt-token") == "keyring"
    assert credentials.get("rt-token").reveal() == "from keyring"
    assert ring.asked[-1] == ("syncd", "rt-token")
    (tmp_path / "rt-token").write_text("from systemd\n", encoding="utf-8")
    asked = len(ring.asked)
    assert credentials.source("rt-token") == "systemd"
    assert credentials.get("rt-token").reveal() == "from systemd"
    assert len(ring.asked) == asked


@pytest.mark.usefixtures("ring")
def test_one_that_nobody_has_is_refused_with_the_three_places(tmp_path: Path) -> None:
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert credentials.find("rt-password") is None
    assert credentials.source("rt-password") is None
    error = refusal(credentials, "rt-password")
    assert error.code == "credentials.missing"
    assert error.sentence.startswith(
        f"credential rt-password is not there: no file in {tmp_path}, not in the keyring (service syncd),"
        " $RT_PASSWORD is not set; give it"
    )


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("rt-token", "RT_TOKEN"),
        ("rt-password", "RT_PASSWORD"),
        ("other-thing.v2", "SYNCD_OTHER_THING_V2"),
    ],
)
def test_each_name_has_its_variable(name: str, variable: str) -> None:
    credentials = Credentials({variable: "x"}, keyring=False)
    assert credentials.get(name).reveal() == "x"
    assert f"${variable} is not set" in refusal(Credentials({}, keyring=False), name).sentence


def test_an_unset_variable_may_be_spelt_as_an_empty_one() -> None:
    assert Credentials({"RT_TOKEN": ""}, keyring=False).find("rt-token") is None


def test_the_google_key_is_the_file_that_its_variable_names(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    credentials = Credentials({"GOOGLE_CREDENTIALS_PATH": str(path)}, keyring=False)
    error = refusal(credentials, "google-service-account")
    assert error.code == "credentials.unreadable"
    assert str(path) in error.sentence
    path.write_text('{"a": 1}\n', encoding="utf-8")
    assert credentials.get("google-service-account").reveal() == '{"a": 1}'
    assert credentials.source("google-service-account") == "environment"


@pytest.mark.parametrize(
    ("written", "read"),
    [("x\n", "x"), ("x\r\n", "x"), ("x\n\n", "x\n"), ("x", "x"), (" x ", " x "), ("a\nb\n", "a\nb")],
)
def test_one_trailing_newline_is_stripped_and_nothing_else(tmp_path: Path, written: str, read: str) -> None:
    (tmp_path / "n").write_bytes(written.encode())
    assert Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False).get("n").reveal() == read


@pytest.mark.parametrize("written", ["", "\n", " \t\n"])
def test_an_empty_file_is_refused_even_where_the_environment_has_one(tmp_path: Path, written: str) -> None:
    (tmp_path / "rt-token").write_text(written, encoding="utf-8")
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path), "RT_TOKEN": "x"}, keyring=False)
    assert refusal(credentials, "rt-token").code == "credentials.empty"


def test_a_blank_variable_is_refused() -> None:
    assert refusal(Credentials({"RT_TOKEN": " "}, keyring=False), "rt-token").code == "credentials.empty"


def test_a_file_without_read_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)  # root may read every file, so modes prove nothing
    error = refusal(Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False), "rt-token")
    assert error.code == "credentials.unreadable"
    assert error.sentence == f"credential rt-token cannot be read from {tmp_path}/rt-token: Permission denied"


def test_what_cannot_be_read_as_a_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False)
    assert refusal(credentials, "folder").code == "credentials.unreadable"
    assert "not UTF-8" in refusal(credentials, "binary").sentence


def test_a_credentials_directory_that_is_gone_counts_as_not_there() -> None:
    environ = {"CREDENTIALS_DIRECTORY": "/nonexistent", "RT_TOKEN": "x"}
    assert Credentials(environ, keyring=False).source("rt-token") == "environment"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a b", "a\n", "é"])
def test_names_that_could_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for a credential"):
        Credentials({}, keyring=False).find(name)


# -- the keyring


def test_a_broken_keyring_counts_as_not_there_and_is_noted_for_debugging(
    ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    ring.broken = True
    with caplog.at_level(logging.DEBUG, "syncd"):
        assert Credentials({"RT_TOKEN": "x"}).source("rt-token") == "environment"
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert caplog.messages == ["the keyring was passed over: InitError"]


@pytest.mark.usefixtures("ring")
def test_a_machine_without_a_keyring_backend_has_none() -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    assert Credentials({}).find("rt-token") is None


def test_the_keyring_can_be_switched_off(ring: Ring) -> None:
    ring.texts["rt-token"] = "x"
    assert Credentials({}, keyring=False).find("rt-token") is None
    assert ring.asked == []


def test_the_keyring_is_not_imported_before_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "rt-token").write_text("x", encoding="utf-8")
    code = (
        "import sys\nfrom syncd.host.credentials import Credentials\n"
        "assert Credentials({'CREDENTIALS_DIRECTORY': sys.argv[1]}).get('rt-token').reveal() == 'x'\n"
        "print('keyring' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
