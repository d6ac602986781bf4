"""Where requests go, and with what: to the configured host alone, whatever an answer says and the environment has."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from security.callers import CALLERS, TOKEN, Caller
from syncd.host.config import option_docs
from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError, IntegrationError, Unavailable
from syncd.host.transport import is_in_the_clear
from syncd.jobs.settings import Settings
from syncd.sandbox.server import Answer as Said
from syncd.sandbox.server import App, Call
from syncd.sandbox.site import Sandbox
from syncd.systems.rt.auth import TokenAuthenticator
from unit.cli.commands import Cli, start
from unit.host.http_client import serving_tls
from unit.http_server import Answer, Stub, serving

every_caller = pytest.mark.parametrize("call", CALLERS.values(), ids=CALLERS.keys())


@pytest.fixture
def elsewhere() -> Iterator[Stub]:
    """Return another server, which nobody is to ask for anything."""
    with serving([Answer()]) as stub:
        yield stub
        assert stub.connections == 0


# -- redirects


@every_caller
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_a_credential_anywhere(call: Caller, status: int, elsewhere: Stub) -> None:
    with serving([Answer(status, headers={"Location": f"{elsewhere.url}/start"})]) as stub:
        with pytest.raises(IntegrationError) as caught:
            call(stub.url)
        assert len(stub.seen) == 1
    assert TOKEN not in caught.value.sentence


@every_caller
@pytest.mark.parametrize("target", ["/other", "//{there}/x", "https://{there}/x"], ids=["path", "host", "scheme"])
def test_not_even_to_another_place_that_looks_like_the_same(call: Caller, target: str, elsewhere: Stub) -> None:
    there = elsewhere.url.removeprefix("http://")
    with serving([Answer(307, headers={"Location": target.format(there=there)})]) as stub:
        with pytest.raises(IntegrationError):
            call(stub.url)
        assert len(stub.seen) == 1


# -- URLs in answers


class Lured:
    """A stand-in whose every URL leads to another host."""

    def __init__(self, app: App, place: str) -> None:
        self._app = app
        self._place = place.encode()
        self.replaced = 0

    def handle(self, call: Call) -> Said:
        said = self._app.handle(call)
        own = call.root.partition("/rt")[0].encode()
        self.replaced += said.body.count(own)
        body = said.body.replace(own, self._place)
        if body.startswith(b'{"') and call.method == "GET":
            more = f'"next_page": "{self._place.decode()}/n", "nextLink": "{self._place.decode()}/n", '
            body = b"{" + more.encode() + body[1:]
        return Said(said.status, said.headers, body, said.route)


def test_urls_in_the_answers_of_rt_and_google_are_not_followed(tmp_path: Path, elsewhere: Stub) -> None:
    with start(tmp_path / "site") as site:
        plan = Cli(site).ended(0, "plan", "chromebooks", "--json").json["plan"]
        lured = _lure(site, elsewhere.url)
        syncd = Cli(site)
        assert syncd.ended(0, "plan", "chromebooks", "--json", "--full-read").json["plan"]["hash"] == plan["hash"]
        for look in (["fields"], ["assets"], ["devices"], ["doctor"]):
            syncd(*look, "--json")
        syncd.ended(0, "apply", "chromebooks", "--approve", plan["hash"])
        assert lured["/rt"].replaced > 100


def _lure(site: Sandbox, place: str) -> dict[str, Lured]:
    # The token endpoint is in the key file, which no answer changes.
    lured = {prefix: Lured(app, place) for prefix, app in site.server._apps}
    site.server._apps = [(prefix, lured[prefix]) for prefix, _ in site.server._apps]
    return lured


# -- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from unit.certificate import write_certificate  # noqa: PLC0415 - cryptography is for these tests only

    return write_certificate(tmp_path_factory.mktemp("tls"))


@every_caller
def test_no_variable_makes_an_authority_trusted(
    call: Caller, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    with serving_tls(certificate) as url, pytest.raises(IntegrationError) as caught:
        call(url)
    assert isinstance(caught.value, ConfigurationError) or "SSLError" in caught.value.sentence


def test_no_option_switches_the_check_of_certificates_off() -> None:
    options = {each.path.rpartition(".")[2] for each in option_docs(Settings)}
    assert "ca_file" in options
    assert [name for name in options if any(word in name for word in ("verify", "insecure", "tls", "ssl"))] == []


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("http://rt.example.org", True),
        ("http://10.0.0.1:8080/rt", True),
        ("http://localhost.example.org", True),
        ("http://127.0.0.1.example.org", True),
        ("https://rt.example.org", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost", False),
    ],
)
def test_what_everybody_on_the_way_can_read_is_known(url: str, readable: bool) -> None:  # noqa: FBT001
    assert is_in_the_clear(url) is readable


@pytest.mark.parametrize("who", ["RT", "Google", "Google's token endpoint"])
def test_a_credential_that_is_sent_without_tls_is_warned_of(who: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        CALLERS[who]("http://syncd.invalid")
    (record,) = [each for each in caplog.records if getattr(each, "message_id", "") == "HTTP_IN_THE_CLEAR"]
    assert "everybody on the way to syncd.invalid:80 can read the credential" in record.getMessage()


# -- the environment


@every_caller
def test_neither_netrc_nor_proxies_of_the_environment_are_used(
    call: Caller, elsewhere: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere.url)
    with serving([Answer()]) as stub:
        with suppress(IntegrationError):
            call(stub.url)
        (seen,) = stub.seen
    assert seen.headers.get("authorization", "").partition(" ")[0] in ("", "token", "Bearer")


# -- what HTTP would read as a header of its own


@pytest.mark.parametrize("text", [f"{TOKEN}\r\nX-More: 1", f"{TOKEN}\nX-More: 1", f"{TOKEN}\r\n\r\nGET / HTTP/1.1"])
def test_a_token_with_a_line_break_is_sent_to_nobody(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenAuthenticator, "headers", lambda _: {"Authorization": f"token {Secret(text).reveal()}"})
    with serving([Answer()]) as stub:
        with pytest.raises(ConfigurationError, match="line breaks") as caught:
            CALLERS["RT"](stub.url)
        assert stub.seen == []
    assert TOKEN not in caught.value.sentence
