"""Signing in: token, basic authentication, login cookie; and RT's two ways of refusing."""

import base64
import binascii
import secrets
from typing import Final
from urllib.parse import parse_qsl

from syncd.sandbox.rt.records import User
from syncd.sandbox.rt.wire import Refusal, refuse
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer, Call

LOGIN_PATH: Final = "/NoAuth/Login.html"
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Login</title></head><body></body></html>\n"


class SignIn:
    """Knows who a call comes from. Sessions live in memory: a restart makes cookies stale, as a lapse does in RT."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, int] = {}

    def login(self, call: Call) -> Answer:
        """Answer the login page; with the right name and password the cookie it sets is signed in.

        Only a form with a ``next`` page is answered with a way there; without one the page itself comes again.
        """
        form = dict(parse_qsl(call.body.decode(errors="replace")))
        session = secrets.token_hex(16)
        user = self._by_password(form.get("user", ""), form.get("pass", ""))
        if call.method == "POST" and user is not None:
            self._sessions[session] = user.id
        headers = {**_HTML, "Set-Cookie": f"{_cookie_name(call)}={session}; path=/; HttpOnly"}
        if session in self._sessions and form.get("next"):
            return Answer(302, {**headers, "Location": f"{call.root}/"})
        return Answer(200, headers, _PAGE)

    def user_of(self, call: Call) -> User:
        """Return the user of a call, or raise the refusal that RT answers."""
        user = self._by_header(call) or self._by_token(call.first("token") or "") or self._by_cookie(call)
        if user is None or user.disabled:
            raise _refusal(call)
        return user

    def _by_header(self, call: Call) -> User | None:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "token":
            return self._by_token(value.strip())
        if scheme.lower() == "basic":
            name, _, password = _basic(value).partition(":")
            return self._by_password(name, password)
        return None

    def _by_token(self, token: str) -> User | None:
        parts = token.split("-")
        if len(parts) != 3 or not parts[1].isdigit():  # noqa: PLR2004 - 1-<user id>-<hex>
            return None
        user = self._world.users.get(int(parts[1]))
        return user if user is not None and user.token and secrets.compare_digest(user.token, token) else None

    def _by_password(self, name: str, password: str) -> User | None:
        user = self._world.user_named(name)
        if user is None or user.disabled or not user.password or user.password != password:
            return None
        return user

    def _by_cookie(self, call: Call) -> User | None:
        pairs = (part.strip().partition("=") for part in call.headers.get("cookie", "").split(";"))
        session = next((value for name, _, value in pairs if name == _cookie_name(call)), "")
        return self._world.users.get(self._sessions.get(session, 0))


def _basic(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _cookie_name(call: Call) -> str:
    return f"RT_SID_rt.test.{call.root.rpartition(':')[2].partition('/')[0]}"


def _refusal(call: Call) -> Refusal:
    # RT takes whoever has a cookie or a browser's name for a person and shows them the way to the login page.
    if "cookie" in call.headers or "Mozilla" in call.headers.get("user-agent", ""):
        return Refusal(Answer(302, {"Location": "/"}, b"Login required"))
    return refuse(401, "Unauthorized")
