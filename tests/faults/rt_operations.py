"""Every operation of the adapter for Request Tracker."""

from collections.abc import Mapping
from itertools import count

from faults.kinds import FINE, Expect, at_once
from faults.lab import GROUP, Route, Systems
from faults.operation import Operation
from syncd.host.errors import ConfigurationError, NotPermitted
from syncd.systems.rt import look
from syncd.systems.rt.births import Births
from syncd.systems.rt.feed import Feed
from syncd.systems.rt.handovers import Handovers
from syncd.systems.rt.inspection import Inspection, select_values, server_version
from syncd.systems.rt.lookup import AssetLookup
from syncd.systems.rt.newcomers import Newcomers
from syncd.systems.rt.pages import all_people, newest_stamps, stamps
from syncd.systems.rt.tickets import NewTicket, Tickets
from syncd.systems.rt.users.finding import UserFinder
from syncd.systems.rt.users.pages import count_named, enabled_named, enabled_page, newest_users, user_stamps
from syncd.systems.rt.users.writer import UserWriter

_number = count(1)
_REST = "^/rt/REST/2.0"
_LISTED = "CF.{Serial Number}"


def _get(path: str) -> Route:
    return Route("GET", f"{_REST}/{path}")


def _search(path: str, more: str = "") -> Route:
    return Route("POST", rf"{_REST}/{path}\?{more}")


def _update_asset(of: Systems) -> object:
    return of.rt.writer(of.known.assets).update_asset(of.known.asset, {"CF.{Location}": f"Room {next(_number)}"})


def _create_asset(of: Systems) -> object:
    serial = f"NEW{next(_number)}"
    catalog = of.known.catalog
    return of.rt.writer(of.known.assets).create_asset(catalog, {"Name": f"T-{serial}", _LISTED: serial}, key=_LISTED)


def _prepare(of: Systems) -> None:
    of.rt.writer(of.known.assets).prepare([{"Owner.EmailAddress": of.known.email}])


def _find_assets(of: Systems) -> object:
    return of.rt.writer(of.known.assets).find_assets(of.known.serial_field, [of.known.serial])


def _update_user(of: Systems) -> object:
    return of.rt.user_writer(of.known.users).update_user(of.known.user, {"CF.{Grade}": str(next(_number))})


def _create_user(of: Systems) -> object:
    return of.rt.user_writer(of.known.users).create_user({"Name": f"new{next(_number)}"})


def _read_users(of: Systems) -> object:
    return UserWriter(of.rt.rest, of.known.users, lambda _: of.known.names).read_users(of.known.names)


def _open_ticket(of: Systems) -> object:
    return Tickets(of.rt.rest).open(NewTicket(queue="Device Repair", subject=f"T {next(_number)}", content="cracked"))


def _lookup(of: Systems) -> AssetLookup:
    return of.rt.lookup(of.known.assets)


def _inspection(of: Systems) -> Inspection:
    return Inspection(of.rt.rest, {}, "UTC")


_NOWHERE = at_once(ConfigurationError, "rt.no_rest2")
NO_RT: Mapping[str, Expect] = {"404": _NOWHERE}
"""Where RT itself answers that it has no version, there is no REST 2.0."""
_NOT_ALLOWED = at_once(NotPermitted, "rt.preflight")
NO_RIGHT: Mapping[str, Expect] = {"403": _NOT_ALLOWED, "403 with a sentence": _NOT_ALLOWED}
"""Rights that are missing are gathered, and told together."""
HIDDEN_VALUES: Mapping[str, Expect] = {"403": FINE, "403 with a sentence": FINE}
"""Values of a Select that may not be seen are not compared before a write."""
NO_SUCH: Mapping[str, Expect] = {"404": FINE}
"""It was asked whether it is there, and it is not."""
NOBODYS: Mapping[str, Expect] = {**NO_SUCH, "403": FINE, "403 with a sentence": FINE}
"""Nor may be seen, which is an answer too."""
_NO_QUEUE = at_once(ConfigurationError, "rt.no_queue")
NO_QUEUE: Mapping[str, Expect] = {"404": _NO_QUEUE, "403": _NO_QUEUE, "403 with a sentence": _NO_QUEUE}
"""A queue that may not be seen is none."""

PREFLIGHT: Mapping[str, Operation] = {
    "read RT's version": Operation("read", _get("rt$"), lambda of: server_version(of.rt.rest), NO_RT),
    "read the API user": Operation("read", _get("user/27"), lambda of: _inspection(of).check_me(lists_users=True)),
    "read another user": Operation("read", _get("user/1$"), lambda of: _inspection(of).sees_users(), HIDDEN_VALUES),
    "search catalogs": Operation("search", _search("catalogs"), lambda of: of.rt.preflight(of.known.assets.need)),
    "probe assets": Operation("search", _search("assets"), lambda of: of.rt.preflight(of.known.assets.need)),
    "read select values": Operation(
        "read",
        _get("customfield/"),
        lambda of: select_values(of.rt.rest, of.known.assets.custom_field("CF.{Type}")),
        HIDDEN_VALUES,
    ),
    "search groups": Operation("search", _search("groups"), lambda of: of.rt.user_preflight(of.known.users.need)),
    "probe users": Operation("search", _search("users"), lambda of: of.rt.user_preflight(of.known.users.need)),
    "read another user, for users": Operation(
        "read", _get("user/1$"), lambda of: of.rt.user_preflight(of.known.users.need), NO_RIGHT
    ),
}
ASSETS: Mapping[str, Operation] = {
    "read assets: transactions": Operation(
        "search", _search("transactions"), lambda of: of.rt.reader.read(of.known.assets)
    ),
    "read assets: pages": Operation("search", _search("assets"), lambda of: of.rt.reader.read(of.known.assets)),
    "find assets by a field": Operation("search", _search("assets"), _find_assets),
    "read assets again": Operation(
        "search", _search("assets"), lambda of: of.rt.writer(of.known.assets).read_assets([of.known.asset])
    ),
    "look up people by address": Operation("search", _search("users"), _prepare),
    "update asset": Operation("write", Route("PUT", f"{_REST}/asset/"), _update_asset),
    "create asset": Operation("create", Route("POST", f"{_REST}/asset$"), _create_asset),
    "find assets by a name": Operation("search", _search("assets"), lambda of: _lookup(of).called("EX-1")),
    "find assets by a part of a field": Operation(
        "search", _search("assets"), lambda of: _lookup(of).having(_LISTED, ["SYN"])
    ),
    "find assets by a part of a name": Operation(
        "search", _search("assets"), lambda of: _lookup(of).having("Name", ["EX"])
    ),
    "find an asset by its number": Operation("search", _search("assets"), lambda of: _lookup(of).by_id(of.known.asset)),
    "find assets of people": Operation(
        "search", _get(r"assets\?"), lambda of: _lookup(of).with_people([of.known.user])
    ),
    "read the status of an asset": Operation(
        "read", _get("asset/"), lambda of: _lookup(of).status(of.known.asset), NOBODYS
    ),
    "look at fields": Operation(
        "read", _get("customfield/6$"), lambda of: [*look.custom_fields(of.rt.rest, of.known.survey)], HIDDEN_VALUES
    ),
    "look at assets": Operation(
        "search", _search("assets", "per_page=100"), lambda of: [*look.assets(of.rt.rest, of.known.survey)]
    ),
}
USERS: Mapping[str, Operation] = {
    "read users: transactions": Operation(
        "search", _search("transactions", ".*Field"), lambda of: of.rt.user_reader.read(of.known.users)
    ),
    "read users: who was disabled": Operation(
        "search", _search("transactions", ".*Type&"), lambda of: of.rt.user_reader.read(of.known.users)
    ),
    "read users: pages": Operation(
        "search", _search("users", ".*EmailAddress"), lambda of: of.rt.user_reader.read(of.known.users)
    ),
    "read users: count": Operation(
        "search", _search("users", "per_page=1&(?!.*disabled)"), lambda of: of.rt.user_reader.read(of.known.users)
    ),
    "read users: group of the privileged": Operation(
        "read", _get("group/"), lambda of: of.rt.user_reader.read(of.known.users)
    ),
    "read users again": Operation("search", _search("users", ".*EmailAddress"), _read_users),
    "update user": Operation("write", Route("PUT", f"{_REST}/user/"), _update_user),
    "create user": Operation("create", Route("POST", f"{_REST}/user$"), _create_user),
    "find users by address": Operation("search", _search("users"), lambda of: of.rt.users_by_email([of.known.email])),
    "find users by a field": Operation(
        "search",
        _search("users"),
        lambda of: UserFinder(of.rt.rest, of.known.users).having("EmailAddress", [of.known.email]),
    ),
    "read a user": Operation(
        "read",
        _get("user/"),
        lambda of: UserFinder(of.rt.rest, of.known.users).numbered([of.known.user]),
        NO_SUCH,
    ),
}
GROUPS: Mapping[str, Operation] = {
    "find a group": Operation("search", _search("groups"), lambda of: of.rt.groups.number(GROUP)),
    "read the members of a group": Operation("read", _get("group/"), lambda of: of.rt.groups.users(GROUP)),
    "read the users of a group": Operation("search", _search("users"), lambda of: of.rt.groups.users(GROUP)),
}
CHANGES: Mapping[str, Operation] = {
    "read what has changed": Operation(
        "search", _search("transactions"), lambda of: Feed(of.rt.rest, users=True, names=True).since(0, ())
    ),
    "list the newest assets": Operation(
        "search", _search("assets"), lambda of: newest_stamps(of.rt.rest, [of.known.catalog])
    ),
    "list assets": Operation("search", _search("assets"), lambda of: [*stamps(of.rt.rest, [of.known.catalog])]),
    "list people": Operation("search", _search("users"), lambda of: [*all_people(of.rt.rest)]),
    "list the newest users": Operation("search", _search("users"), lambda of: newest_users(of.rt.rest)),
    "list users of RT": Operation("search", _search("users"), lambda of: [*user_stamps(of.rt.rest)]),
    "list enabled users": Operation("search", _search("users"), lambda of: enabled_page(of.rt.rest, 1)),
    "find enabled users by name": Operation(
        "search", _search("users"), lambda of: enabled_named(of.rt.rest, of.known.names.values())
    ),
    "count users by name": Operation(
        "search", _search("users"), lambda of: count_named(of.rt.rest, of.known.names.values())
    ),
    "look at catalogs": Operation(
        "search", _search("catalogs"), lambda of: look.catalogs(of.rt.rest, ["Chromebooks"], "UTC")
    ),
}
EVENTS: Mapping[str, Operation] = {
    "look for new assets": Operation("search", _search("transactions"), lambda of: Births(of.rt.rest).newest()),
    "read new assets": Operation(
        "search", _search("transactions", "(?!.*&page=)"), lambda of: Births(of.rt.rest).since(1, 0)
    ),
    "find a new asset": Operation("search", _search("assets"), lambda of: Newcomers(of.rt.rest).find(of.known.asset)),
    "read the status of a new asset": Operation(
        "read", _get("asset/"), lambda of: Newcomers(of.rt.rest).status(of.known.asset), NOBODYS
    ),
    "look for names in use": Operation(
        "search", _search("assets"), lambda of: Newcomers(of.rt.rest).names_in_use(["EX-1"], but=0)
    ),
    "ask whether RT is there": Operation("read", _get("rt$"), lambda of: Newcomers(of.rt.rest).check(), NO_RT),
    "look for handovers": Operation(
        "search", _search("transactions"), lambda of: Handovers(of.rt.rest, "owner").position()
    ),
    "read handovers": Operation("search", _search("transactions"), lambda of: Handovers(of.rt.rest, "owner").since(1)),
    "read handovers of assets": Operation(
        "search",
        _search("transactions"),
        lambda of: [*Handovers(of.rt.rest, "owner").of([(of.known.asset, of.known.user)])],
    ),
    "read queue": Operation(
        "read", _get("queue/"), lambda of: Tickets(of.rt.rest).check_queue("Device Repair"), NO_QUEUE
    ),
    "search tickets": Operation(
        "search", _get(r"tickets\?"), lambda of: Tickets(of.rt.rest).find("Device Repair", "T")
    ),
    "open ticket": Operation("create", Route("POST", f"{_REST}/ticket$"), _open_ticket),
}
OPERATIONS: Mapping[str, Operation] = {**PREFLIGHT, **ASSETS, **USERS, **GROUPS, **CHANGES, **EVENTS}
