"""From a URL to an answer, step by step: the name, the connection, TLS, the clock of the other side."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from syncd.host.checks.engine import Finding, Means, Probe, failed, ok, warning
from syncd.host.dates import http_date
from syncd.host.session import open_session
from syncd.host.spans import show_span
from syncd.host.transport import explain, is_in_the_clear, server

MOST_SKEW = timedelta(seconds=30)
SOON = timedelta(days=14)
"""Before this a certificate should have been renewed; one of short life, in the last quarter of it."""

_ADDRESSES = 3
_EXPIRED, _NOT_YET, _WRONG_NAME = 10, 9, 62
"""Of OpenSSL's X509_V_ERR codes (openssl/x509_vfy.h)."""


@dataclass(frozen=True)
class Address:
    """Where a system is. ``option`` names the URL in the configuration; ``label`` tells its probes from others'."""

    system: str
    url: str
    option: str
    ca_file: str = ""
    proxy: str = ""
    timeout: float = 10.0
    label: str = ""
    skew: str = "records of both sides are hard to put together"

    @cached_property
    def _parts(self) -> SplitResult:
        server(self.system, self.url, self.proxy or None)  # refuses what is no usable URL
        return urlsplit(self.url)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port to connect to: those of the proxy where there is one."""
        parts = urlsplit(self.proxy) if self.proxy and self._parts else self._parts
        assert parts.hostname
        return parts.hostname, parts.port or {"https": 443}.get(parts.scheme, 80)

    @property
    def connects_by(self) -> str:
        """The option that says where to connect to."""
        return f"{self.system}.proxy" if self.proxy else self.option

    @property
    def tls(self) -> bool:
        """Whether TLS can be looked at from here: a proxy stands before it."""
        return urlsplit(self.url).scheme == "https" and not self.proxy

    @property
    def answers(self) -> str:
        """Key of the probe that proves a connection."""
        return f"{self.system} {self.label}{'TLS' if self.tls else 'connection'}"


def network(address: Address, means: Means, *needs: str) -> Iterator[Probe]:
    """Yield the probes of an address, each of which needs the one before."""

    def probe(name: str, look: Any, *needs: str) -> Probe:  # noqa: ANN401
        return Probe(address.system, address.label + name, look, needs)

    key = f"{address.system} {address.label}"
    yield probe("DNS", lambda: _resolve(address), *needs)
    yield probe("connection", lambda: _connect(address), f"{key}DNS")
    if address.tls:
        yield probe("TLS", lambda: _tls(address, means.clock.now()), f"{key}connection")
    yield probe("clock", lambda: _clock(address, means), address.answers)


def _resolve(address: Address) -> Finding:
    host, port = address.place
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return ok(f"{host} is an address, there is no name to resolve")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no name"
        return failed(
            f"{host} cannot be resolved: {why}",
            f"check {address.connects_by} and the DNS servers of this machine (getent hosts {host})",
        )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    more = " and more" if len(addresses) > _ADDRESSES else ""
    return ok(f"{host} is {', '.join(addresses[:_ADDRESSES])}{more}")


def _connect(address: Address) -> Finding:
    host, port = address.place
    try:
        socket.create_connection((host, port), address.timeout).close()
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        return failed(
            f"{host} port {port} cannot be connected to: {why}",
            f"see that it is up and that no firewall stands between, and check {address.connects_by}",
        )
    found = f"{host} port {port} takes connections"
    if is_in_the_clear(address.url):
        return warning(f"{found}, without TLS: everybody on the way can read the credential", _use_https(address))
    return ok(f"{found}, as a proxy" if address.proxy else found)


def _use_https(address: Address) -> str:
    return f"let {address.option} begin with https://"


# -- TLS


def _tls(address: Address, now: datetime) -> Finding:
    host, port = address.place
    option = f"{address.system}.ca_file"
    try:
        context = ssl.create_default_context(cafile=address.ca_file or DEFAULT_CA_BUNDLE_PATH)
    except OSError as error:  # ssl.SSLError is one
        why = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        return failed(f"{address.ca_file} cannot be used: {why}", f"correct {option}", "configuration")
    try:
        with (
            socket.create_connection((host, port), address.timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return _dated(host, secure.version() or "TLS", secure.getpeercert() or {}, now)
    except ssl.SSLCertVerificationError as error:
        return failed(
            f"the certificate of {host} is not trusted: {error.verify_message}",
            _mend(error.verify_code, option, address.option, host),
            "configuration",
        )
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        return failed(f"TLS with {host} port {port} failed: {reason or 'no answer'}", f"check {address.option}")


def _mend(code: int, option: str, url: str, host: str) -> str:
    if code in (_EXPIRED, _NOT_YET):
        return f"renew the certificate on {host}, or set the clock of this machine, if that is wrong"
    if code == _WRONG_NAME:
        return f"write the name that the certificate is for into {url}, or give the server one for {host}"
    return f"set {option} to a PEM file of the authority that signed it, or give the server a public certificate"


def _dated(host: str, version: str, certificate: Any, now: datetime) -> Finding:  # noqa: ANN401
    """Tell until when a trusted certificate is good."""
    begins, ends = (
        datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate[name]), UTC) for name in ("notBefore", "notAfter")
    )
    found = f"{version}, the certificate of {host} is good until {ends:%Y-%m-%d}"
    if ends - now < min(SOON, (ends - begins) / 4):
        return warning(f"{found}, only {show_span(ends - now)} more", f"renew the certificate on {host}")
    return ok(found)


# -- the clock


def _clock(address: Address, means: Means) -> Finding:
    with open_session(address.system, pool=1, ca_file=address.ca_file or None, proxy=address.proxy or None) as session:
        began = means.clock.now()
        try:
            with session.get(address.url, timeout=address.timeout, allow_redirects=False, stream=True) as reply:
                date = reply.headers.get("Date", "")
        except (requests.RequestException, OSError) as problem:
            raise explain(problem, server(address.system, address.url, address.proxy or None)).error from None
        middle = began + (means.clock.now() - began) / 2
    told = http_date(date)
    if told is None:
        return warning(f"{address.system} does not say what time it has", "compare the clocks by hand (timedatectl)")
    off = middle - told
    seconds = off.total_seconds()
    if abs(off) <= MOST_SKEW:
        return ok(f"agrees with {address.system} within {max(1.0, abs(seconds)):.0f} s")
    return warning(
        f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} {address.system}: {address.skew}",
        "set the clock of the one that is wrong, and let NTP keep it (timedatectl)",
    )
