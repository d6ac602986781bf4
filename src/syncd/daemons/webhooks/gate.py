"""Who is let in: the headers that tell it, each at most once, and the secrets that they are held against."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from syncd.daemons.webhooks import signatures
from syncd.daemons.webhooks.answers import Rejected
from syncd.daemons.webhooks.sources import is_within
from syncd.host.credentials import Credentials
from syncd.host.errors import NotPermitted
from syncd.host.listening import Network, WebhookOptions, networks

SIGNED = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
AUTHORIZATION = b"authorization"
_OF_A_SIGNATURE = frozenset(SIGNED[1:])
ONCE = frozenset({*SIGNED, AUTHORIZATION, b"content-type", b"content-length"})

Headers = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds requests against the secrets of this listener."""

    keys: Sequence[bytes]
    tokens: Sequence[bytes]
    token_sources: tuple[Network, ...]
    tolerance: float

    def admit(self, headers: Headers, body: bytes, source: str) -> str:
        """Return the id that the sender gave, empty for none; raise Rejected (401, 403) where it is not let in."""
        if not _OF_A_SIGNATURE.isdisjoint(headers):
            return self._check_signature(headers, body).decode("ascii")
        self._check_token(headers, source)
        message_id = headers.get(b"webhook-id")
        if message_id is None:
            return ""
        if not signatures.is_id(message_id):
            raise Rejected(400, "webhook.id", "webhook-id is not 1 to 256 printable characters without dots and spaces")
        return message_id.decode("ascii")

    def _check_signature(self, headers: Headers, body: bytes) -> bytes:
        missing = [name.decode() for name in SIGNED if name not in headers]
        if missing:
            raise Rejected(401, "webhook.signature", f"{' and '.join(missing)} is missing")
        message_id, timestamp, signature = (headers[name] for name in SIGNED)
        fault = signatures.fault_of_signature(
            self.keys, message_id, timestamp, signature, body, now=time.time(), tolerance=self.tolerance
        )
        if fault:
            raise Rejected(401, "webhook.signature", fault)
        return message_id

    def _check_token(self, headers: Headers, source: str) -> None:
        if AUTHORIZATION not in headers:
            raise Rejected(401, "webhook.unsigned", "there is neither a webhook-signature nor an Authorization: Bearer")
        scheme, _, token = headers[AUTHORIZATION].partition(b" ")
        if scheme.lower() != b"bearer" or not signatures.is_known(self.tokens, token.strip()):
            raise Rejected(401, "webhook.token", "the token of the Authorization header is not known")
        if self.token_sources and not is_within(source, self.token_sources):
            raise Rejected(403, "webhook.source", "tokens are not taken from where this request comes from")


def open_gate(options: WebhookOptions, credentials: Credentials) -> Gate:
    """Read the secrets.

    Raises NotPermitted: ``credentials.missing`` where there is neither a secret nor a token, ``credentials.malformed``.
    """
    gate = Gate(
        keys=signatures.secrets(credentials, options.secret_credential),
        tokens=signatures.tokens(credentials, options.token_credential),
        token_sources=networks(options.token_sources),
        tolerance=options.tolerance_seconds,
    )
    if not gate.keys and not gate.tokens:
        raise NotPermitted(
            f"there is neither a credential {options.secret_credential} nor {options.token_credential}, and without a "
            "secret anybody could send events; give one of them to the unit with LoadCredential=, or see "
            "docs/integrations/webhooks.md.",
            code="credentials.missing",
            object=options.secret_credential,
        )
    return gate


def headers_of(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Return the headers that the listener reads; raise Rejected (400) for one of them that is there twice."""
    found: Headers = {}
    for name, value in raw:
        if name in ONCE:
            if name in found:
                raise Rejected(400, "webhook.header", f"the header {name.decode('ascii')} is there twice")
            found[name] = value
        elif name == b"x-forwarded-for":
            found[name] = found[name] + b"," + value if name in found else value
    return found
