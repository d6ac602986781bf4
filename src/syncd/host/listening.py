"""Options of the daemons that listen: where, for whom, and how much they take."""

import ipaddress
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class WebhookOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[webhooks]``."""

    listen: Annotated[
        str,
        Meta(
            description="Address and port to listen on, such as `127.0.0.1:8470` or `[::1]:8470`. Without meaning "
            "where systemd hands over a socket."
        ),
    ] = "127.0.0.1:8470"
    secret_credential: Annotated[
        str,
        Meta(
            description="Credential with the secrets of senders that sign (`whsec_...`), one a line; all of them are "
            "good."
        ),
    ] = "webhook-secret"  # noqa: S105 - the name of one
    token_credential: Annotated[
        str,
        Meta(description="Credential with the tokens of senders that cannot sign, one a line; all of them are good."),
    ] = "webhook-token"  # noqa: S105
    token_sources: Annotated[
        tuple[str, ...],
        Meta(description="Networks that a token is taken from, such as `10.1.0.0/16`. Empty: from everywhere."),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Networks of proxies whose `X-Forwarded-For` says where a request comes from."),
    ] = ()
    tolerance_seconds: Annotated[
        int,
        Meta(ge=1, le=3600, description="How far the time of a signature may be from that of this host, either way."),
    ] = 300
    body_bytes: Annotated[
        int, Meta(ge=1024, le=2**20, description="Longest body; a longer one is refused with 413.")
    ] = 65_536
    header_bytes: Annotated[
        int, Meta(ge=1024, le=2**18, description="Longest request line and headers; longer ones are refused with 431.")
    ] = 16_384
    request_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Time that a request has to arrive in, from the first byte of its headers to the last one of "
            "its body; and how long a connection may say nothing.",
        ),
    ] = 10.0
    connections: Annotated[
        int, Meta(ge=1, le=100_000, description="Connections at a time; one more is refused with 503.")
    ] = 500
    rate: Annotated[
        float,
        Meta(
            ge=0,
            description="Requests a second that one source may make for long; more are refused with 429. 0: no limit.",
        ),
    ] = 50.0
    burst: Annotated[int, Meta(ge=1, description="Requests that one source may make at once.")] = 500
    retention_days: Annotated[
        int,
        Meta(
            ge=7,
            le=36_500,
            description="Days that events which are done or dropped stay in the inbox, and what is sent again is known "
            "as such.",
        ),
    ] = 90

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        address_of(self.listen)
        networks(self.token_sources)
        networks(self.trusted_proxies)


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port. Raises ValueError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - a port has 16 bits
        raise ValueError(f"{listen!r} is no address and port; write it like 127.0.0.1:8470")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(f"{host!r} is no IP address; write it like 127.0.0.1:8470 or [::1]:8470") from None
    return bare, int(port)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return networks; an address is one of itself. Raises ValueError."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise ValueError(f"{error}; write a network like 10.1.0.0/16") from None
