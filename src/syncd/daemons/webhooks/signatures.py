"""Who sent it: signatures of Standard Webhooks 1.0, and tokens for senders that cannot sign.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: HMAC-SHA256 of
``{webhook-id}.{webhook-timestamp}.{body}``, base64, as ``v1,...``; several signatures are separated by a space, and a
secret is ``whsec_`` with 24 to 64 bytes in base64.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from syncd.host.credentials import Credentials
from syncd.host.errors import NotPermitted

PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
TOKEN_LENGTH = range(24, 513)
MOST_SIGNATURES = 16

# A dot would let a part of the id be read as the time.
_ID = re.compile(rb"[!-\-/-~]{1,256}")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1

T = TypeVar("T")


def secrets(credentials: Credentials, name: str) -> tuple[bytes, ...]:
    """Return the keys of a credential; none where it is missing. Raises NotPermitted (``credentials.malformed``)."""
    return tuple(_lines(credentials, name, _secret, f"{PREFIX} with 24 to 64 bytes in base64"))


def tokens(credentials: Credentials, name: str) -> tuple[bytes, ...]:
    """Return the tokens of a credential; none where it is missing. Raises NotPermitted (``credentials.malformed``)."""
    return tuple(_lines(credentials, name, _token, "24 to 512 letters, digits and . _ ~ + / - ="))


def _lines(credentials: Credentials, name: str, read: Callable[[str], T], what: str) -> Iterator[T]:
    found = credentials.find(name)
    lines = [] if found is None else [line.strip() for line in found.reveal().splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            yield read(line)
        except ValueError:
            raise NotPermitted(
                f"line {number} of credential {name} is not {what}; make a new one, for example with 'openssl rand "
                "-base64 32'.",
                code="credentials.malformed",
                object=name,
            ) from None


def _secret(line: str) -> bytes:
    if not line.startswith(PREFIX):
        raise ValueError
    key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    if len(key) not in SECRET_BYTES:
        raise ValueError
    return key


def _token(line: str) -> bytes:
    if not _TOKEN.fullmatch(line) or len(line) not in TOKEN_LENGTH:
        raise ValueError
    return line.encode()


def sign(key: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """Return what ``webhook-signature`` has to have for a key."""
    return b"v1," + binascii.b2a_base64(
        hmac.digest(key, b"%s.%s.%s" % (message_id, timestamp, body), "sha256"), newline=False
    )


def fault_of_signature(
    keys: Sequence[bytes],
    message_id: bytes,
    timestamp: bytes,
    signature: bytes,
    body: bytes,
    *,
    now: float,
    tolerance: float,
) -> str:
    """Say what is wrong with a signature; empty where it is right. ``now``: seconds since 1970."""
    if not _ID.fullmatch(message_id):
        return "webhook-id is not 1 to 256 printable characters without dots and spaces"
    if not _TIMESTAMP.fullmatch(timestamp):
        return "webhook-timestamp is no whole number of seconds"
    if abs(int(timestamp) - now) > tolerance:
        return f"webhook-timestamp is more than {tolerance:g} s from the time here"
    given = signature.split(b" ")
    if len(given) > MOST_SIGNATURES:
        return f"webhook-signature has more than {MOST_SIGNATURES} signatures"
    right = False
    for key in keys:
        wanted = sign(key, message_id, timestamp, body)
        for one in given:
            right |= hmac.compare_digest(wanted, one)
    return "" if right else "webhook-signature does not fit the body, the id and the time"


def is_known(known: Sequence[bytes], token: bytes) -> bool:
    """Return whether a token is one of those known; how long it takes tells nothing of them."""
    right = False
    for each in known:
        right |= hmac.compare_digest(each, token)
    return right


def is_id(message_id: bytes) -> bool:
    """Return whether a ``webhook-id`` can be one."""
    return _ID.fullmatch(message_id) is not None
