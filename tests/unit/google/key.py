"""A synthetic service account key, and an HTTP stand-in for the two Google hosts on one port."""

import threading
from collections.abc import Callable
from functools import cache

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from syncd.host.credentials import Secret
from unit.http_server import Answer, Seen, json_answer

SUBJECT = "admin@example.org"
CLIENT_ID = "104857600000000000001"


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_info(token_uri: str, **changes: object) -> dict[str, object]:
    return {
        "type": "service_account",
        "project_id": "example",
        "private_key_id": "1f",
        "private_key": private_key(),
        "client_email": "syncd@example.iam.gserviceaccount.com",
        "client_id": CLIENT_ID,
        "token_uri": token_uri,
        **changes,
    }


def key(token_uri: str, **changes: object) -> Secret:
    return Secret(msgspec.json.encode(key_info(token_uri, **changes)).decode())


class Google:
    """Answers /token with numbered tokens, and everything else from a function."""

    def __init__(self, api: Callable[[Seen], Answer], *, expires_in: object = 3600) -> None:
        self.tokens = 0
        self._api = api
        self._expires_in = expires_in
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Answer:
        if seen.path != "/token":
            return self._api(seen)
        with self._lock:
            self.tokens += 1
            return json_answer(
                {"access_token": f"token-{self.tokens}", "expires_in": self._expires_in, "token_type": "Bearer"}
            )
