"""``/user``: one of the people."""

from typing import Any, Final
from urllib.parse import unquote

from syncd.sandbox.rt.assets import quoted
from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.field_values import Sentence, find_applied, set_initial, update_values
from syncd.sandbox.rt.people import RARE_COLUMNS, create, email_problem, is_on, kept, loaded
from syncd.sandbox.rt.records import NOBODY, SYSTEM, USER, Change, User
from syncd.sandbox.rt.rendering import attributes, custom_fields, field_links
from syncd.sandbox.rt.resources import body_of, check_if_match, created, show
from syncd.sandbox.rt.user_search import ATTRIBUTES, column_of
from syncd.sandbox.rt.values import Invalid
from syncd.sandbox.rt.wire import EPOCH, JSON_OK, Json, crash, not_found, refuse, success, timestamp
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer

_WHOLE: Final = ("id", "Name", "EmailAddress", "RealName", "Created", "Creator", "LastUpdated", "LastUpdatedBy")


def get_user(context: Context, key: str) -> Answer:
    """Answer ``GET /user/NAME`` or ``/user/ID``; a name of digits cannot be asked for."""
    user = _find(context, key)
    if user is None:
        raise not_found()
    context.world.read.add(User)
    newest = context.newest((USER, user.id))
    whole = context.may("AdminUsers") or user.id == context.user.id
    body = attributes(context, user, _WHOLE if whole else ("Name", "EmailAddress", "RealName"))
    body |= {"Privileged": int(user.privileged), "_hyperlinks": _links(context, user)}
    if whole:
        body |= {"Disabled": "1" if user.disabled else "0", "Memberships": []}
        body |= {"CustomFields": custom_fields(context, user)}
        body |= {column: text for column, text in {"Timezone": user.timezone, **user.columns}.items() if text}
    stamp = timestamp(user.updated if whole else EPOCH)
    return show(context, body, etag=str(newest.id) if newest else stamp, updated=stamp)


def _links(context: Context, user: User) -> list[Json]:
    url = context.url(f"user/{user.id}")
    found: list[Json] = [{"ref": "self", "type": "user", "id": user.id, "_url": url}]
    found += field_links(context, user)
    if context.may("ShowUserHistory") or user.id == context.user.id:
        found.append({"ref": "history", "_url": f"{url}/history"})
    return found


def create_user(context: Context) -> Answer:
    """Answer ``POST /user``; custom field values that cannot be stored are left out without a word."""
    body = body_of(context)
    if not context.may("AdminUsers"):
        raise refuse(400, "Permission Denied")
    user = create(context, body)
    for key, value in (body.get("CustomFields") or {}).items():
        _set_quietly(context, user, key, value)
    if "\n" in user.name:
        raise crash()
    return created(context, "user", user.id, user.name)


def _set_quietly(context: Context, user: User, key: str, value: Any) -> None:  # noqa: ANN401
    field = find_applied(context, user, key)
    if field is None:
        return
    try:
        set_initial(context, user, field, value)
    except Invalid:
        return
    new = (user.values.get(field.id) or [""])[0]
    context.world.log(user, context.user.id, Change("CustomField", str(field.id), "", new))


def update_user(context: Context, key: str) -> Answer:
    """Answer ``PUT /user/NAME``: 200 and a list of sentences."""
    user = _find(context, key)
    if user is None:
        raise refuse(404, "Resource does not exist; use POST to create")
    newest = context.newest((USER, user.id))
    check_if_match(context, str(newest.id) if newest else timestamp(EPOCH))
    body = body_of(context)
    sentences: list[Sentence] = []
    for column in sorted({*ATTRIBUTES, *RARE_COLUMNS} & set(body)):
        sentences += _set_column(context, user, column, body[column])
    sentences += update_values(context, user, body.get("CustomFields"))
    for column, change in (("Disabled", _set_disabled), ("Privileged", _set_privileged)):
        if column in body:
            sentences += change(context, user, is_on(body[column]))
    return success(sentences)


def delete_user(context: Context, key: str) -> Answer:
    """Answer ``DELETE /user/NAME``, which disables."""
    user = _find(context, key)
    if user is None:
        raise not_found()
    if not context.may("AdminUsers"):
        raise refuse(500, "Internal Server Error")
    _set_disabled(context, user, disable=True)
    return Answer(204, {"Content-Type": JSON_OK})


def _set_column(context: Context, user: User, column: str, value: Any) -> list[str]:  # noqa: ANN401
    if isinstance(value, bool | dict | list) or value is None:
        return []
    before, after = column_of(user, column), kept(column, str(value))
    if after == before:
        return []
    if not context.may("AdminUsers"):
        return [f"{context.world.label(user)}: Permission Denied"]
    problem = _column_problem(context, user, column, after)
    if problem:
        return [f"{context.world.label(user)}: {problem}"]
    _store_column(context, user, column, after)
    context.world.log(user, context.user.id, Change("Set", column, before, after))
    return [f"{context.world.label(user)}: {column} changed from {quoted(before)} to {quoted(after)}"]


def _column_problem(context: Context, user: User, column: str, text: str) -> str | None:
    world = context.world
    if user.id in (SYSTEM, NOBODY):
        return "Can not modify system users"
    if column == "EmailAddress" and text.lower() != user.email.lower():
        return email_problem(world, text)
    return _name_problem(world, user, text) if column == "Name" else None


def _name_problem(world: World, user: User, name: str) -> str | None:
    if not name:
        return "empty name"
    in_the_way = loaded(world, name)
    if in_the_way is not None and in_the_way is not user:
        return "Name in use"
    holder = world.user_named(name)
    return f"Name could not be set to {name}." if holder is not None and holder is not user else None


def _store_column(context: Context, user: User, column: str, text: str) -> None:
    if column == "Name":
        context.world.rename_user(user, name=text)
    elif column == "EmailAddress":
        context.world.rename_user(user, email=text)
    elif column in ATTRIBUTES:
        setattr(user, ATTRIBUTES[column], text)
    else:
        user.columns = {**user.columns, column: text}


def _set_disabled(context: Context, user: User, disable: bool | None) -> list[str]:  # noqa: FBT001
    if disable is None:
        return []
    if not context.may("AdminUsers"):
        return ["Permission Denied"]
    if user.disabled == disable:
        return ["That is already the current value"]
    user.disabled = disable
    word = "Disabled" if disable else "Enabled"
    context.world.log(user, context.user.id, Change(word))
    return [f"User {word.lower()}"]


def _set_privileged(context: Context, user: User, privileged: bool | None) -> list[str]:  # noqa: FBT001
    if privileged is None:
        return []
    if not context.may("AdminUsers"):
        return ["Permission Denied"]
    word = "privileged" if privileged else "unprivileged"
    if user.privileged == privileged:
        return [f"That user is already {word}"]
    user.privileged = privileged
    change = Change("Set", "Privileged", str(int(not privileged)), str(int(privileged)))
    context.world.log(user, context.user.id, change)
    return [f"That user is now {word}"]


def _find(context: Context, key: str) -> User | None:
    name = unquote(key)
    return context.world.users.get(int(name)) if name.isdigit() else context.world.user_named(name)
