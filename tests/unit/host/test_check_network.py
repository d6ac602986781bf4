"""From a name to an answer: each step made to fail by a server that is really so."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from syncd.host.checks.engine import Check, Means, examine
from syncd.host.checks.network import Address, network
from syncd.host.clock import SystemClock
from syncd.host.credentials import Credentials
from unit.certificate import write_certificate


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a port of loopback and answer each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        answer(connection)
                    except OSError:  # the client did not like what it saw
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def over_tls(pem: Path) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            plain_http(secure)

    return answer


def plain_http(connection: socket.socket) -> None:
    if connection.recv(4096):
        date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        connection.sendall(f"HTTP/1.1 401 No\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())


def look(address: Address) -> dict[str, Check]:
    with ExitStack() as closing:
        means = Means(credentials=Credentials({}), environ={}, clock=SystemClock(), closing=closing)
        return {check.check: check for check in examine(network(address, means))}


def tls(port: int, ca_file: Path | None = None) -> dict[str, Check]:
    return look(Address("rt", f"https://localhost:{port}", "rt.url", str(ca_file or ""), timeout=5))


def test_a_trusted_certificate_is_told_with_its_last_day(tmp_path: Path) -> None:
    pem = write_certificate(tmp_path, ends=90)
    with serving(over_tls(pem)) as port:
        found = tls(port, pem)
    assert {check.state for check in found.values()} == {"ok"}
    assert [*found] == ["DNS", "connection", "TLS", "clock"]
    last = x509.load_pem_x509_certificate(pem.read_bytes()).not_valid_after_utc
    assert f"the certificate of localhost is good until {last:%Y-%m-%d}" in found["TLS"].found


@pytest.mark.parametrize(
    ("given", "found", "remedy"),
    [
        ({}, "self-signed certificate", "set rt.ca_file to a PEM file of the authority"),
        ({"begins": -30, "ends": -1}, "certificate has expired", "renew the certificate on localhost"),
        ({"begins": 1}, "certificate is not yet valid", "set the clock of this machine"),
        ({"name": "other.example.org"}, "Hostname mismatch", "the name that the certificate is for into rt.url"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_with_the_reason(
    tmp_path: Path, given: dict[str, float], found: str, remedy: str
) -> None:
    pem = write_certificate(tmp_path, **given)  # type: ignore[arg-type]
    with serving(over_tls(pem)) as port:
        checks = tls(port, pem if given else None)
    told = checks["TLS"]
    assert (told.state, told.fault) == ("failed", "configuration")
    assert found in told.found
    assert remedy in told.remedy
    assert checks["clock"].found == "because rt TLS failed"


@pytest.mark.parametrize(
    ("begins", "ends", "state"), [(-80, 10, "warning"), (-80, 15, "ok"), (-2, 4, "ok"), (-5, 1, "warning")]
)
def test_a_certificate_that_ends_soon_is_a_warning(tmp_path: Path, begins: float, ends: float, state: str) -> None:
    pem = write_certificate(tmp_path, begins=begins, ends=ends)
    with serving(over_tls(pem)) as port:
        told = tls(port, pem)["TLS"]
    assert told.state == state
    assert bool(told.remedy) == (state == "warning")


def test_a_port_that_speaks_no_tls_is_told() -> None:
    with serving(plain_http) as port:
        told = tls(port)["TLS"]
    assert (told.state, "TLS with localhost port" in told.found) == ("failed", True)


@pytest.mark.parametrize(("text", "why"), [("no PEM", "holds no certificate in PEM"), (None, "No such file")])
def test_a_ca_file_that_cannot_be_used_is_told(tmp_path: Path, text: str | None, why: str) -> None:
    pem = tmp_path / "ca.pem"
    if text is not None:
        pem.write_text(text)
    with serving(plain_http) as port:
        told = tls(port, pem)["TLS"]
    assert (told.fault, told.remedy) == ("configuration", "correct rt.ca_file")
    assert why in told.found


def test_a_credential_in_the_clear_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(plain_http) as port:
        address = Address("rt", f"http://rt.example.org:{port}", "rt.url", timeout=5)
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **more: real("127.0.0.1", *rest, **more))
        told = look(address)
    assert told["DNS"].found == "rt.example.org is 127.0.0.1"
    assert (told["connection"].state, told["connection"].remedy) == ("warning", "let rt.url begin with https://")


def test_a_proxy_that_is_not_there_is_named() -> None:
    told = look(Address("rt", "https://rt.example.org", "rt.url", proxy="http://proxy.nowhere.invalid:3128"))
    assert "proxy.nowhere.invalid cannot be resolved" in told["DNS"].found
    assert told["DNS"].remedy.startswith("check rt.proxy and the DNS servers")
    assert told["clock"].state == "skipped"


def test_a_proxy_stands_in_for_the_address_behind_it() -> None:
    with serving(plain_http) as port:
        address = Address("rt", "http://rt.nowhere.invalid", "rt.url", proxy=f"http://127.0.0.1:{port}", timeout=5)
        told = look(address)
        secure = look(replace(address, url="https://rt.nowhere.invalid"))
    assert "as a proxy" in secure["connection"].found
    assert {check.state for check in told.values()} <= {"ok", "warning"}
    assert [*secure] == ["DNS", "connection", "clock"]
    assert "does not let syncd through" in secure["clock"].found
