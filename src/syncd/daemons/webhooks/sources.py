"""Where a request comes from, and how many a source may make."""

import ipaddress
from collections import OrderedDict
from functools import lru_cache

from syncd.host.listening import Network

LOCAL = "local"
"""The source of what comes over a Unix socket."""

MOST_SOURCES = 10_000
"""Sources whose rate is remembered; the one that was silent for longest is forgotten first."""

_NETWORK_V6 = 64  # bits; one customer has at least that much to choose addresses from (RFC 6177)


class Sources:
    """Tells sources, behind trusted proxies too."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        # Senders are few; what an attacker makes up drops out again.
        self._of = lru_cache(maxsize=4096)(self._found)

    def of(self, peer: str, forwarded: bytes) -> str:
        """Return the address of a sender. ``forwarded``: all of ``X-Forwarded-For``, empty without it."""
        return self._of(peer, forwarded if self._trusted else b"")

    def _found(self, peer: str, forwarded: bytes) -> str:
        source = peer
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            if source != LOCAL and not is_within(source, self._trusted):
                break
            if not is_address(hop.strip()):
                break
            source = hop.strip()
        return source


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Return whether an address is in one of some networks; what is none is in none."""
    if not is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Rates:
    """How much each source may still do: the generic cell rate algorithm, one number for each source."""

    def __init__(self, rate: float, burst: int) -> None:
        """``rate``: requests a second for long, 0 for no limit; ``burst``: at once."""
        self._interval = 1 / rate if rate else 0.0
        self._room = self._interval * (burst - 1)
        self._times: OrderedDict[str, float] = OrderedDict()

    def wait(self, source: str, now: float) -> float:
        """Count a request, and return 0.0; or the seconds until there is room for it, and count nothing."""
        if not self._interval:
            return 0.0
        key = _site(source)
        arrival = max(self._times.get(key, now), now)
        if arrival - now > self._room:
            return arrival - now - self._room
        self._times[key] = arrival + self._interval
        self._times.move_to_end(key)
        if len(self._times) > MOST_SOURCES:
            self._times.popitem(last=False)
        return 0.0


@lru_cache(maxsize=4096)
def _site(source: str) -> str:
    """Return whom a source counts as: an IPv6 address is one of a network that one sender has for itself."""
    if ":" not in source or not is_address(source):
        return source
    parsed = ipaddress.ip_address(source)
    if getattr(parsed, "ipv4_mapped", None) is not None:
        return source
    return str(ipaddress.ip_network((parsed, _NETWORK_V6), strict=False))
