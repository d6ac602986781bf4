"""The service account and its tokens: key file, token endpoint, and who a bearer is."""

import base64
import binascii
import json
import secrets
import threading
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from syncd.sandbox.credentials import write_credential
from syncd.sandbox.google.errors import BAD_TIMES, NOT_DELEGATED, bad_token, no_grant, no_token
from syncd.sandbox.google.tenant import Tenant
from syncd.sandbox.server import Answer, Call, json_answer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

CREDENTIAL = "google-service-account"
CLIENT_EMAIL = "syncd@syn-project.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_APIS = ("https://admin.googleapis.com/", "https://chromemanagement.googleapis.com/")
_LIFE, _SKEW = 3600, 300


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who signs a request in, and for what; ``scopes`` is None for a service account that acts as itself."""

    subject: str
    scopes: frozenset[str] | None


class _BadAssertion(Exception):
    """A JWT that cannot be used; the text is Google's description."""


class ServiceAccount:
    """One service account with domain-wide delegation. The key is made at first need and kept in the state."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._kept = tenant.documents.collection("google.account")
        self._tokens = tenant.documents.collection("google.tokens")
        self._lock = threading.Lock()
        self._public: RSAPublicKey | None = None

    def key_file(self, url: str) -> dict[str, str]:
        """Return what a downloaded key file holds; ``url`` is the sandbox's, for ``token_uri``."""
        with self._lock:
            kept = self._kept.get("key")
            if kept is None:
                kept = {"private_key": _new_key(), "private_key_id": secrets.token_hex(20)}
                self._kept.put("key", kept)
        return {
            "type": "service_account",
            "project_id": "syn-project",
            "private_key_id": kept["private_key_id"],
            "private_key": kept["private_key"],
            "client_email": CLIENT_EMAIL,
            "client_id": "100000000000000000042",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": f"{url}/token",
        }

    def write_credentials(self, directory: Path, url: str) -> Path:
        """Write the key file for a sandbox at ``url`` into a directory, for its owner only; return its path."""
        return write_credential(directory, CREDENTIAL, json.dumps(self.key_file(url), indent=1).encode())

    def grant(self, call: Call) -> Answer:
        """Answer the token endpoint (OAuth 2.0 for service accounts: RFC 7523 grant), with the time it goes by."""
        answer = self._grant(call)
        date = formatdate(self._tenant.settings.clock(), usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})

    def _grant(self, call: Call) -> Answer:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if form.get("grant_type") != _GRANT:
            return no_grant("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        try:
            claims = self._verified(form.get("assertion", ""))
            self._check(claims, f"{call.root}/token")
        except _BadAssertion as error:
            return no_grant("invalid_grant", str(error))
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            return no_grant("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        if not scopes <= self._tenant.settings.scopes:
            return no_grant("unauthorized_client", NOT_DELEGATED, 401)
        token = self.issue(str(claims.get("sub", claims["iss"])), scopes)
        life = self._tenant.settings.token_seconds
        return json_answer({"access_token": token, "expires_in": life, "token_type": "Bearer"}, route="token")

    def issue(self, subject: str, scopes: frozenset[str]) -> str:
        """Make an access token."""
        token = f"ya29.syn-{secrets.token_urlsafe(24)}"
        expires = self._tenant.settings.clock() + self._tenant.settings.token_seconds
        self._tokens.put(token, {"subject": subject, "scopes": sorted(scopes), "expires": expires})
        return token

    def bearer(self, header: str) -> Bearer:
        """Return who an Authorization header stands for; raises ApiError 401."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise no_token()
        known = self._tokens.get(token)
        if known is not None and known["expires"] > self._tenant.settings.clock():
            return Bearer(known["subject"], frozenset(known["scopes"]))
        if known is None and token.count(".") == 2:  # noqa: PLR2004 - a JWT has two dots
            return self._itself(token)
        raise bad_token()

    def _itself(self, token: str) -> Bearer:
        # A service account may sign its own access token: iss = sub = its address, aud = the API.
        try:
            claims = self._verified(token)
        except _BadAssertion:
            raise bad_token() from None
        in_time = float(claims.get("exp", 0)) > self._tenant.settings.clock()
        if claims.get("iss") != CLIENT_EMAIL or claims.get("sub") != CLIENT_EMAIL or not in_time:
            raise bad_token()
        if claims.get("aud") not in _APIS:
            raise bad_token()
        return Bearer(CLIENT_EMAIL, None)

    def _check(self, claims: dict[str, Any], endpoint: str) -> None:
        now = self._tenant.settings.clock()
        issued, expires = float(claims.get("iat", 0)), float(claims.get("exp", 0))
        if expires - issued > _LIFE or issued > now + _SKEW or expires < now - _SKEW:
            raise _BadAssertion(BAD_TIMES)
        # google-auth names its constant; versions before 2 name token_uri.
        if claims.get("aud") not in (AUDIENCE, endpoint):
            raise _BadAssertion("Invalid JWT: Failed audience check")
        if claims.get("iss") != CLIENT_EMAIL:
            raise _BadAssertion("Invalid grant: account not found")
        subject = str(claims.get("sub", CLIENT_EMAIL))
        if subject != CLIENT_EMAIL and subject.lower() not in self._tenant.users:
            raise _BadAssertion("Invalid email or User ID")

    def _verified(self, token: str) -> dict[str, Any]:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - heavy, and only needed here
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        try:
            signed, _, signature = token.rpartition(".")
            head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
            if head.get("alg") != "RS256":
                raise _BadAssertion("Invalid JWT Signature.")
            self._public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        except (ValueError, binascii.Error, InvalidSignature):
            raise _BadAssertion("Invalid JWT Signature.") from None
        return dict(claims)

    def _public_key(self) -> "RSAPublicKey":
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        if self._public is None:
            key = load_pem_private_key(self.key_file("")["private_key"].encode(), None)
            if not isinstance(key, RSAPrivateKey):
                raise TypeError("the sandbox's state holds a key that is not RSA")
            self._public = key.public_key()
        return self._public


def _new_key() -> str:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
