"""Making users, as both ``POST /user`` and the e-mail address of an unknown holder do."""

import re
from typing import Any

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.records import Change, User
from syncd.sandbox.rt.values import cut
from syncd.sandbox.rt.wire import refuse
from syncd.sandbox.rt.world import World

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_SHORTEST_PASSWORD = 5
_LENGTHS = {"Name": 200, "EmailAddress": 120, "RealName": 120, "Organization": 200, "City": 100, "State": 100} | {
    **dict.fromkeys(("Address1", "Address2"), 200),
    **dict.fromkeys(("HomePhone", "WorkPhone", "MobilePhone", "PagerPhone"), 30),
    **dict.fromkeys(("NickName", "Lang", "Gecos", "Zip"), 16),
    **dict.fromkeys(("Country", "Timezone"), 50),
}
"""Octets that columns keep; texts and certificates keep all."""
RARE_COLUMNS = (
    "NickName", "Organization", "City", "Country", "Lang", "Gecos", "Comments", "SMIMECertificate", "HomePhone",
    "WorkPhone", "MobilePhone", "PagerPhone", "Address1", "Address2", "State", "Zip", "Signature",
)  # fmt: skip


def create_by_email(context: Context, email: str) -> User:
    """Make the user that RT makes of an unknown e-mail address: its name is the address."""
    return create(context, {"Name": email, "EmailAddress": email})


def create(context: Context, body: dict[str, Any]) -> User:
    """Make a user from a body, or raise RT's refusal."""
    world = context.world
    email, password = str(body.get("EmailAddress") or ""), str(body.get("Password") or "")
    name = str(body.get("Name") or email)
    problem = _problem(world, name, email, password)
    if problem:
        raise refuse(400, problem)
    name = kept("Name", name)
    if world.user_named(name):
        raise refuse(400, "Could not create user")
    user = world.add(
        User(
            id=world.next_user_id(),
            name=name,
            real_name=kept("RealName", str(body.get("RealName") or "")),
            email=kept("EmailAddress", email),
            password=password,
            privileged=is_on(body.get("Privileged")) is True,
            disabled=is_on(body.get("Disabled")) is True,
            timezone=str(body.get("Timezone") or ""),
            columns={column: kept(column, str(body[column])) for column in RARE_COLUMNS if body.get(column)},
            created=world.now(),
            creator=context.user.id,
        )
    )
    world.log(user, context.user.id, Change("Create"))
    return user


def kept(column: str, text: str) -> str:
    """Return what a column keeps of a text."""
    return cut(text, _LENGTHS[column]) if column in _LENGTHS else text


def loaded(world: World, name: str) -> User | None:
    """Return whom RT finds by a name: it takes digits for a number."""
    return world.users.get(int(name)) if name.isdigit() and name.isascii() else world.user_named(name)


def is_on(value: object) -> bool | None:
    """Return what a flag is set to: 1 and 0 count, as numbers or text; anything else (true, "true") does nothing."""
    if isinstance(value, bool):
        return None
    return {"1": True, "0": False}.get(str(value))


def email_problem(world: World, email: str) -> str | None:
    """Return why an e-mail address cannot be given to a user, or None."""
    if email and _EMAIL.fullmatch(email) is None:
        return "Invalid syntax for email address"
    return "Email address in use" if email and world.user_with_email(email) else None


def _problem(world: World, name: str, email: str, password: str) -> str | None:
    if not name:
        return "Must specify 'Name' attribute"
    if problem := email_problem(world, email):
        return problem
    if loaded(world, name):
        return "Name in use"
    if password and len(password) < _SHORTEST_PASSWORD:
        return f"Password needs to be at least {_SHORTEST_PASSWORD} characters long"
    return None
