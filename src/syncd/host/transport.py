"""What went wrong below HTTP: connection, TLS and timeout failures as errors that an operator understands.

A certificate that is not trusted is a ConfigurationError (exit status 78): no later try can help before somebody
sets ``ca_file`` or renews the certificate. Everything else down here is Unavailable.
"""

import http.client
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from syncd.host.errors import ConfigurationError, IntegrationError, Unavailable

_log = logging.getLogger(__name__)

_E = TypeVar("_E", bound=BaseException)
_NO_TUNNEL = "Tunnel connection failed"
"""How http.client begins to tell of a proxy that refuses."""

_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt without a whole answer. ``nothing_sent``: the request cannot have reached the system."""

    error: IntegrationError
    nothing_sent: bool


@dataclass(frozen=True, slots=True)
class Server:
    """Whom the client talks to, for sentences: ``where`` is host:port, never a path or a query."""

    system: str
    where: str
    proxy: str = ""


def server(system: str, base_url: str, proxy: str | None) -> Server:
    """Return the names for sentences; raises ConfigurationError for a base URL that cannot be used."""
    return Server(system, _where(system, base_url), _where(system, proxy, userinfo=True) if proxy else "")


def is_in_the_clear(url: str) -> bool:
    """Return whether everybody on the way can read what is sent to a URL: it has no TLS, and leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def tell_in_the_clear(peer: Server) -> None:
    """Warn that credentials are sent so."""
    _log.warning(
        "%s is asked without TLS: everybody on the way to %s can read the credential; let its URL begin with https://",
        peer.system,
        peer.where,
        extra={"message_id": "HTTP_IN_THE_CLEAR", "syncd": {"SYSTEM": peer.system}},
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def explain(problem: Exception, peer: Server) -> Failure:
    """Turn an exception of requests, urllib3, http.client or the socket into a Failure."""
    chain = list(_chain(problem))
    certificate = _first(chain, ssl.SSLCertVerificationError)
    if certificate is not None:
        return Failure(_untrusted(certificate.verify_message or "verification failed", peer), nothing_sent=True)
    tls = _first(chain, ssl.SSLError)
    if tls is not None and (tls.reason or "") in _PLAIN_HTTP:
        return Failure(_not_tls(peer), nothing_sent=True)
    if isinstance(problem, ValueError):
        return Failure(_unsendable(peer), nothing_sent=True)
    cause, nothing_sent = _connecting(problem, chain, peer) or _exchanging(chain, tls, peer)
    return Failure(Unavailable(cause, code=f"{peer.system}.unreachable", system=peer.system), nothing_sent=nothing_sent)


def _connecting(problem: Exception, chain: list[BaseException], peer: Server) -> tuple[str, bool] | None:
    if _is_kept_out(chain):
        return f"The proxy {peer.proxy} does not let syncd through to {peer.where}: {_reason(chain)}.", True
    if _first(chain, socket.gaierror, urllib3.exceptions.NameResolutionError):
        return f"The name of {peer.where} cannot be resolved: {_reason(chain)}; check the URL and DNS.", True
    if isinstance(problem, requests.ConnectTimeout):
        return f"{peer.where} does not accept a connection in time; is it up, and does a firewall drop packets?", True
    if _first(chain, urllib3.exceptions.NewConnectionError):
        return f"{peer.where} cannot be connected to: {_reason(chain)}; is it up and is the port right?", True
    return None


def _is_kept_out(chain: list[BaseException]) -> bool:
    """Return whether a proxy was not reached, or let nothing through.

    urllib3 blames the proxy for an answer that was broken off, too (2.8.0, observed); the request was sent then.
    """
    if not _first(chain, urllib3.exceptions.ProxyError, requests.exceptions.ProxyError):
        return False
    unreached = _first(chain, urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return unreached is not None or any(str(link).startswith(_NO_TUNNEL) for link in chain)


def _exchanging(chain: list[BaseException], tls: ssl.SSLError | None, peer: Server) -> tuple[str, bool]:
    if tls is not None:
        return f"TLS with {peer.where} failed: {tls.reason or 'the connection was closed'}.", False
    if _first(
        chain, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead, requests.exceptions.ContentDecodingError
    ):
        return f"{peer.where} cut its answer short.", False
    if _first(chain, requests.ReadTimeout, TimeoutError, urllib3.exceptions.ReadTimeoutError):
        return f"{peer.where} took the request but did not answer in time.", False
    return f"{peer.where} closed the connection without a whole answer: {_reason(chain)}.", False


def _untrusted(reason: str, peer: Server) -> IntegrationError:
    return ConfigurationError(
        f"The certificate of {peer.where} is not trusted: {reason}; set {peer.system}.ca_file to the authority "
        "that signed it, or have the server's certificate corrected. Nothing was sent.",
        code=f"{peer.system}.tls",
        system=peer.system,
    )


def _not_tls(peer: Server) -> IntegrationError:
    return ConfigurationError(
        f"{peer.where} does not speak TLS; the URL of {peer.system} says https but the port answers plain HTTP.",
        code=f"{peer.system}.tls",
        system=peer.system,
    )


def _unsendable(peer: Server) -> IntegrationError:
    return ConfigurationError(
        f"A request to {peer.where} cannot be put into HTTP; look for line breaks and letters outside ASCII "
        f"in the URL and in the credential of {peer.system}.",
        code=f"{peer.system}.request",
        system=peer.system,
    )


def _where(system: str, url: str, *, userinfo: bool = False) -> str:
    """Return host:port of a URL. The URL itself is never repeated: it may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or port is None:
        raise _unusable(system, "must be http:// or https:// with a host name")
    if parts.username is not None and not userinfo:
        raise _unusable(system, f"({parts.hostname}) must not hold a user name or password; use a credential")
    if parts.query or parts.fragment:
        raise _unusable(system, f"({parts.hostname}) must not have a query or a fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"


def _unusable(system: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"The URL of {system} {why}.", code=f"{system}.url", system=system)


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: urllib3 hides causes in ``reason``, requests in ``args``."""
    waiting = [problem]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "reason", None), *link.args, link.__cause__, link.__context__]


def _first(chain: list[BaseException], *kinds: type[_E]) -> _E | None:
    return next((link for link in chain if isinstance(link, kinds)), None)


def _reason(chain: list[BaseException]) -> str:
    """Return the kernel's or resolver's own words; messages of other layers may quote the URL."""
    system_error = next((link for link in chain if isinstance(link, OSError) and link.strerror), None)
    return str(system_error.strerror) if system_error else type(chain[-1]).__name__
