"""The app: signing in, routes, and one lock around a world."""

import re
import threading
from collections.abc import Callable
from typing import Final

from syncd.sandbox.fleet import Fleet
from syncd.sandbox.people import People
from syncd.sandbox.rt import assets, definitions, groups, tickets, transactions, users
from syncd.sandbox.rt.asset_search import AssetSearch
from syncd.sandbox.rt.auth import LOGIN_PATH, SignIn
from syncd.sandbox.rt.context import API_PATH, Context
from syncd.sandbox.rt.house import VERSION, add_examples, furnish
from syncd.sandbox.rt.records import ASSET, USER
from syncd.sandbox.rt.seed import seed
from syncd.sandbox.rt.user_search import UserSearch
from syncd.sandbox.rt.wire import Refusal, message, success
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer, Call
from syncd.sandbox.store import Documents

Handler = Callable[..., Answer]
_KNOWN: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


class RtApp:
    """A stand-in for RT 5.0.3, mounted at a prefix that is RT's base URL.

    ``documents`` is the sandbox's store (memory only without one); one that already has an RT in it is kept as it is.
    Users and their tokens: ``rt-sync`` (all rights a sync needs), ``rt-west`` (the same, time zone
    America/Los_Angeles), ``rt-readonly``, ``rt-blind`` (no custom fields), ``rt-catalog`` (rights on catalog
    Chromebooks only), each with the password ``<name>-password``; and ``root``/``password``.
    ``search`` answers searches for assets.
    """

    def __init__(self, documents: Documents | None = None, search: AssetSearch | None = None) -> None:
        self.world = World(documents)
        self._lock = threading.Lock()
        self._sign_in = SignIn(self.world)
        self._search = search or AssetSearch()
        self._user_search = UserSearch()
        self._routes = [(re.compile(pattern), methods) for pattern, methods in self._table().items()]
        if not self.world.users:
            furnish(self.world)
            self.world.flush()

    @classmethod
    def example(cls) -> "RtApp":
        """Return an RT with the two students and three assets that the real server of the tests has."""
        app = cls()
        add_examples(app.world)
        app.world.flush()
        return app

    @classmethod
    def from_fleet(cls, fleet: Fleet, documents: Documents | None = None, people: People | None = None) -> "RtApp":
        """Return an RT that holds a fleet's side of things, and people; a store that already has one wins over both."""
        app = cls(documents)
        if not app.world.assets:
            seed(app.world, fleet, people)
            app.world.flush()
        return app

    def token(self, user: str = "rt-sync") -> str:
        """Return the authentication token of a user."""
        found = self.world.user_named(user)
        if found is None or not found.token:
            raise KeyError(user)
        return found.token

    def handle(self, call: Call) -> Answer:
        """Answer one call."""
        with self._lock:
            try:
                return self._answer(call)
            except Refusal as refusal:
                return refusal.answer
            finally:
                self.world.flush()

    def _answer(self, call: Call) -> Answer:
        if call.path == LOGIN_PATH:
            return self._sign_in.login(call)
        if not call.path.startswith(API_PATH):
            return Answer(
                404, {"Content-Type": "text/html; charset=utf-8"}, b"<!DOCTYPE html><title>Page not found</title>"
            )
        context = Context(self.world, self._sign_in.user_of(call), call)
        for pattern, methods in self._routes:
            if found := pattern.fullmatch(call.path.removeprefix(API_PATH)):
                return _dispatch(context, methods, found.groups())
        raise Refusal(message(404, "Not Found"))

    def _table(self) -> dict[str, dict[str, Handler]]:
        search, search_users = self._search.answer, self._user_search.answer
        return {
            r"/rt": {"GET": _version},
            r"/assets/?": {"GET": search, "POST": search},
            r"/asset": {"POST": assets.create_asset},
            r"/asset/(\d+)/?": {
                "GET": assets.get_asset,
                "HEAD": assets.get_asset,
                "PUT": assets.update_asset,
                "POST": _exists,
                "DELETE": _undeletable,
            },
            r"/asset/(\d+)/history": {"GET": lambda context, key: transactions.history(context, ASSET, key)},
            r"/users/?": {"GET": search_users, "POST": search_users},
            r"/user": {"POST": users.create_user},
            r"/user/([^/]+)/?": {
                "GET": users.get_user,
                "HEAD": users.get_user,
                "PUT": users.update_user,
                "POST": _exists,
                "DELETE": users.delete_user,
            },
            r"/user/([^/]+)/history": {"GET": lambda context, key: transactions.history(context, USER, key)},
            r"/user/([^/]+)/groups": {"GET": _hidden},
            r"/groups/?": {"GET": groups.search_groups, "POST": groups.search_groups},
            r"/group": {"POST": groups.create_group},
            r"/group/(\d+)/?": {"GET": groups.get_group},
            r"/group/(\d+)/members": {"PUT": groups.put_members},
            r"/catalogs/?": {"GET": definitions.search_catalogs, "POST": definitions.search_catalogs},
            r"/catalogs/all": {"GET": definitions.all_catalogs},
            r"/catalog": {"POST": definitions.create_catalog},
            r"/catalog/([^/]+)": {"GET": definitions.get_catalog, "POST": _exists},
            r"/catalog/([^/]+)/customfields": {"GET": definitions.catalog_fields, "POST": definitions.catalog_fields},
            r"/customfields/?": {"GET": definitions.search_fields, "POST": definitions.search_fields},
            r"/customfield": {"POST": definitions.create_field},
            r"/customfield/([^/]+)": {"GET": definitions.get_field, "PUT": definitions.update_field, "POST": _exists},
            r"/customfield/([^/]+)/values": {"GET": definitions.field_values},
            r"/customfield/([^/]+)/value": {"POST": definitions.add_field_value},
            r"/queue/([^/]+)": {"GET": tickets.get_queue},
            r"/ticket": {"POST": tickets.create_ticket},
            r"/ticket/(\d+)": {"GET": tickets.get_ticket},
            r"/tickets/?": {"GET": tickets.search_tickets},
            r"/transactions/?": {
                "GET": transactions.search_transactions,
                "POST": transactions.search_transactions,
            },
            r"/transaction/(\d+)": {"GET": transactions.get_transaction, "HEAD": transactions.get_transaction},
        }


def _dispatch(context: Context, methods: dict[str, Handler], arguments: tuple[str, ...]) -> Answer:
    method = context.call.method
    if method not in _KNOWN:
        return message(501, "Not Implemented")
    if method not in methods:
        if methods.keys() == {"POST"} and method == "GET":
            return message(404, "Not Found")
        return message(405, "Method Not Allowed", {"Allow": ", ".join(methods)})
    accept = context.call.headers.get("accept", "*/*")
    if not any(kind in accept for kind in ("*/*", "application/*", "application/json")):
        return message(406, "Not Acceptable")
    return methods[method](context, *arguments)


def _version(context: Context) -> Answer:
    plugins = {"Plugins": list[str]()} if context.may("SuperUser") else {}
    return success({"Version": VERSION, **plugins})


def _exists(context: Context, _key: str) -> Answer:
    del context
    return message(409, "Resource already exists; use PUT to update")


def _undeletable(context: Context, _key: str) -> Answer:
    del context
    return message(500, "Internal Server Error")


def _hidden(context: Context, _key: str) -> Answer:
    del context
    return message(403, "Forbidden")
