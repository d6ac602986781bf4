"""Signing in to RT with a token, or with one login for the whole run.

When each is the better choice (RT 5.0.3, observed): a token can be revoked by itself, needs no password on this
machine and has no session to expire, but RT checks it with bcrypt at every request, about 0.2 s of server CPU at
RT's stock cost of 12. A login cookie is checked once; with thousands of requests a run it saves minutes of CPU.
"""

import re
import threading
from collections.abc import Mapping

import requests

from syncd.host.credentials import Secret
from syncd.host.errors import NotPermitted, Unavailable
from syncd.host.redaction import hide
from syncd.host.session import open_session
from syncd.host.transport import explain, server

_COOKIE = re.compile(r"(RT_SID_[^=;,\s]+=[0-9A-Za-z]+)")


class TokenAuthenticator:
    """``Authorization: token ...``. ``user`` is the numeric id that RT's tokens start with, "" where it has none."""

    def __init__(self, token: Secret) -> None:
        self._token = token
        found = re.match(r"1-(\d+)-", token.reveal().strip())
        self.user = found.group(1) if found else ""

    def headers(self) -> Mapping[str, str]:
        """Return the header; RT takes no ``Bearer``."""
        return {"Authorization": f"token {self._token.reveal().strip()}"}

    def renew(self) -> bool:
        """Return false: a refused token stays refused."""
        return False


class PasswordAuthenticator:
    """Logs in once and sends the session cookie; logs in again when the session is refused.

    The login form takes no JSON and tells its result by the status alone: 302 with a ``next`` page given means
    signed in, 200 is the form again (RT 5.0.3, observed).
    """

    def __init__(
        self, url: str, username: str, password: Secret, *, timeout: tuple[float, float], ca_file: str, proxy: str
    ) -> None:
        self.user = username
        self._url = url.rstrip("/") + "/NoAuth/Login.html"
        self._peer = server("rt", url, proxy or None)
        self._password = password
        self._timeout = timeout
        self._session = open_session("rt", pool=1, ca_file=ca_file or None, proxy=proxy or None)
        self._lock = threading.Lock()
        self._cookie = ""

    def headers(self) -> Mapping[str, str]:
        """Return the cookie; logs in first where there is none."""
        with self._lock:
            if not self._cookie:
                self._cookie = self._login()
            return {"Cookie": self._cookie}

    def renew(self) -> bool:
        """Drop the session; the next request logs in again."""
        with self._lock:
            self._cookie = ""
        return True

    def close(self) -> None:
        """Close the connection of the login."""
        self._session.close()

    def _login(self) -> str:
        form = {"user": self.user, "pass": self._password.reveal().rstrip("\n"), "next": "syncd"}
        try:
            # The body tells nothing, and may come for ever.
            with self._session.post(
                self._url, data=form, timeout=self._timeout, allow_redirects=False, stream=True
            ) as reply:
                pass
        except (requests.RequestException, OSError) as problem:
            raise explain(problem, self._peer).error from None
        if reply.status_code == requests.codes.ok:
            raise NotPermitted(
                f"RT does not accept the password of {self.user}; check rt.username and the credential.",
                code="rt.unauthorized",
                system="rt",
                operation="log in",
            )
        cookie = _COOKIE.search(reply.headers.get("Set-Cookie", ""))
        if reply.status_code != requests.codes.found or not cookie:
            raise Unavailable(
                f"RT's login page answered status {reply.status_code} and gave no session; is rt.url right?",
                code="rt.login",
                system="rt",
                operation="log in",
            )
        hide([cookie.group(1).partition("=")[2]])
        return cookie.group(1)
