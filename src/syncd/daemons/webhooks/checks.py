"""What `syncd doctor` looks at of the listener: the secrets of those who send, and the address."""

import ipaddress
from collections.abc import Iterator, Sized

from syncd.daemons.webhooks.gate import open_gate
from syncd.host.checks.credentials import credential
from syncd.host.checks.engine import Finding, Means, Probe, ok, skipped, warning
from syncd.host.checks.units import NOT_HERE
from syncd.host.listening import WebhookOptions, address_of
from syncd.host.systemd import SHOWN

AREA = "webhooks"


def probes(options: WebhookOptions, means: Means) -> Iterator[Probe]:
    """Yield the probes of the listener; nothing is listened on."""
    names = (options.secret_credential, options.token_credential)
    given = [credential(AREA, name, means) for name in names if means.credentials.has(name)]
    yield from given
    needs = [probe.key for probe in given]
    yield Probe(AREA, "senders", lambda: _senders(options, means), needs, of_credentials=True)
    yield Probe(AREA, "address", lambda: _address(options))


def _senders(options: WebhookOptions, means: Means) -> Finding:
    names = (options.secret_credential, options.token_credential)
    if SHOWN in means.environ and not any(means.credentials.has(name) for name in names):
        return skipped(f"{NOT_HERE}the unit of the listener has their secrets, and no other")
    gate = open_gate(options, means.credentials)
    return ok(f"may sign with {_number(gate.keys, 'secret')}, or show {_number(gate.tokens, 'token')}")


def _number(what: Sized, name: str) -> str:
    return f"{len(what)} {name}{'' if len(what) == 1 else 's'}"


def _address(options: WebhookOptions) -> Finding:
    host, _ = address_of(options.listen)
    if not ipaddress.ip_address(host).is_loopback:
        return warning(
            f"{options.listen}, without TLS: everybody on the way can read tokens and events",
            "let webhooks.listen be on 127.0.0.1, with a proxy before it that does TLS",
        )
    return ok(options.listen)
