"""``/users``: finding people, by JSON queries only."""

from collections.abc import Callable, Sequence
from typing import Final

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.query import Criterion, criteria_of, meets, text_test, values_test
from syncd.sandbox.rt.records import USER_FIELDS, User
from syncd.sandbox.rt.remembered import Remembered
from syncd.sandbox.rt.rendering import Fields
from syncd.sandbox.rt.wire import success
from syncd.sandbox.server import Answer

ATTRIBUTES: Final = {"Name": "name", "EmailAddress": "email", "RealName": "real_name", "Timezone": "timezone"}
_OPEN: Final = ("RealName", "EmailAddress", "Name")
_ADMIN: Final = (
    "City", "Country", "EmailAddress", "Gecos", "Lang", "Name", "NickName", "Organization", "RealName",
    "SMIMECertificate", "Timezone",
)  # fmt: skip


class UserSearch:
    """Searches users."""

    def __init__(self) -> None:
        self._remembered: Remembered[tuple[Sequence[int], int]] = Remembered()

    def answer(self, context: Context) -> Answer:
        """Answer ``/users``: everybody where no criterion is left."""
        found, total = self._remembered.found(context, lambda: _search(context))
        call, page, fields = context.call, Page.of(context.call), Fields(context)
        users = [context.world.users[number] for number in page.cut(found)]
        # RT has no reference to a user whose name has a line break.
        items = [None if "\n" in user.name else fields.item(user) for user in users]
        return success(envelope(call, page, items, total))


def _search(context: Context) -> tuple[Sequence[int], int]:
    """Return the ids in order and their number; an unknown column has a number but no ids."""
    call = context.call
    columns = _ADMIN if context.may("AdminUsers") else _OPEN
    test = meets(criteria_of(call, columns, lambda name: context.searched_field(name, USER_FIELDS)), _test)
    disabled = call.first("find_disabled_rows", "") not in ("", "0")
    everybody = context.world.users.values()
    users = [user for user in everybody if (disabled or not user.disabled) and test(user)]
    if call.first("orderby") is None:
        users.sort(key=lambda user: user.name.lower())
    keys: dict[str, Callable[[User], object]] = {
        "id": lambda user: user.id,
        "Created": lambda user: user.created,
        "LastUpdated": lambda user: user.updated,
    }
    for column in _ADMIN:
        keys[column] = lambda user, column=column: column_of(user, column).lower()  # type: ignore[misc]
    return [user.id for user in ordered(call, users, keys) or ()], len(users)


def column_of(user: User, column: str) -> str:
    """Return what a user has in a column, empty where it has nothing."""
    if column in ATTRIBUTES:
        text: str = getattr(user, ATTRIBUTES[column])
        return text
    return user.columns.get(column, "")


def _test(criterion: Criterion) -> Callable[[User], bool]:
    if criterion.custom_field:
        return values_test(criterion)
    test = text_test(criterion, fold=True)
    return lambda user: test(column_of(user, criterion.field))
