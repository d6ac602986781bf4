"""Connections that cannot be made, TLS, and settings that cannot work."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from syncd.host.clock import SystemClock
from syncd.host.errors import (
    ConfigurationError,
)
from syncd.host.http import Request
from unit.certificate import write_certificate
from unit.host.http_client import GET, TOKEN, client_of, closed_port, failure, serving_tls, talking
from unit.http_server import Answer, serving

# -- connections and TLS -------------------------------------------------------------------------------------


def test_a_refused_connection_names_host_and_port() -> None:
    port = closed_port()
    with client_of(f"http://127.0.0.1:{port}") as client:
        error = failure(client, Request("GET", "x", "read", params=(("token", TOKEN),)))
    assert f"127.0.0.1:{port} cannot be connected to: Connection refused" in error.sentence
    assert TOKEN not in "".join(map(str, chain(error)))


def test_a_name_without_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with client_of("http://rt.example.org") as client:
        error = failure(client)
    assert "The name of rt.example.org:80 cannot be resolved: Name or service not known" in error.sentence


def test_a_connection_that_is_not_accepted_in_time_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "send", slow)
    with client_of("https://rt.example.org") as client:
        assert "rt.example.org:443 does not accept a connection in time" in failure(client).sentence


def test_a_silent_server_is_not_waited_for_longer_than_the_timeout() -> None:
    policy = {"read_timeout": 0.1, "attempts": 1}
    with talking([Answer(delay=1.0)], SystemClock(), policy=policy) as (client, _):
        assert "took the request but did not answer in time" in failure(client).sentence


def test_a_body_that_drips_is_not_waited_for_longer_than_the_timeout() -> None:
    policy = {"read_timeout": 0.3, "attempts": 1}
    with talking([Answer(body=b"x" * 100, drip=0.05)], SystemClock(), policy=policy) as (client, _):
        started = time.monotonic()
        assert "did not answer in time" in failure(client).sentence
        assert time.monotonic() - started < 2.5


def test_a_proxy_that_is_down_is_named_without_its_password() -> None:
    proxy = f"http://user:{TOKEN}@127.0.0.1:{closed_port()}"
    with client_of("http://rt.example.org", proxy=proxy) as client:
        error = failure(client)
    assert "The proxy 127.0.0.1:" in error.sentence
    assert TOKEN not in "".join(map(str, chain(error)))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls"))


def test_a_certificate_of_the_configured_authority_is_trusted(certificate: Path) -> None:
    with serving_tls(certificate) as url, client_of(url, ca_file=str(certificate)) as client:
        assert client.send(GET).body == b"safe"


def test_a_certificate_of_nobody_known_is_a_configuration_error(certificate: Path) -> None:
    with serving_tls(certificate) as url, client_of(url) as client:
        error = failure(client)
        assert client.stats.requests == 1
    assert isinstance(error, ConfigurationError)
    assert (error.code, error.exit_status) == ("test.tls", 78)
    assert "is not trusted: self-signed certificate; set test.ca_file" in error.sentence


def test_https_to_a_plain_port_is_a_configuration_error() -> None:
    with serving([Answer()]) as stub, client_of(stub.url.replace("http:", "https:")) as client:
        error = failure(client)
    assert isinstance(error, ConfigurationError)
    assert "does not speak TLS" in error.sentence


# -- configuration -------------------------------------------------------------------------------------------


def test_a_redirect_is_an_error_that_says_where_it_points_but_no_secrets() -> None:
    target = f"https://u:{TOKEN}@login.example.org/start;jsessionid={TOKEN}?token={TOKEN}#{TOKEN}"
    with talking([Answer(302, headers={"Location": target})]) as (client, stub):
        error = failure(client)
        assert len(stub.seen) == 1
    assert isinstance(error, ConfigurationError)
    assert error.code == "test.redirected"
    assert "answered 302 and points to https://login.example.org/start;" in error.sentence
    assert TOKEN not in error.sentence


@pytest.mark.parametrize(
    "url", ["", "rt.example.org", "ftp://rt.example.org", "https://", "https://h:port/", "https://h/?q=1"]
)
def test_a_url_that_cannot_work_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="The URL of test"), client_of(url):
        pass


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
    with (
        pytest.raises(ConfigurationError, match="must not hold a user name") as error,
        client_of(f"https://me:{TOKEN}@rt.example.org/"),
    ):
        pass
    assert TOKEN not in error.value.sentence


def test_a_missing_ca_file_is_a_configuration_error() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"test\.ca_file names /nowhere\.pem"),
        client_of("https://rt.example.org", ca_file="/nowhere.pem"),
    ):
        pass


@pytest.mark.parametrize("value", ["line\nbreak", "\u20ac"])
def test_a_header_that_http_cannot_carry_is_a_configuration_error(value: str) -> None:
    with talking([Answer()]) as (client, stub):
        error = failure(client, Request("GET", "x", "read", headers={"X-Key": TOKEN + value}))
        assert stub.seen == []
    assert error.code == "test.request"
    assert TOKEN not in error.sentence
