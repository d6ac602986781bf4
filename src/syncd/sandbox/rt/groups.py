"""``/group`` and ``/groups``: RT's own three groups of users, whose members tell who is privileged."""

from collections.abc import Callable
from typing import Final, NamedTuple

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.query import Criterion, criteria_of, grouped, joined, number_test, text_test
from syncd.sandbox.rt.records import SYSTEM, User
from syncd.sandbox.rt.wire import Json, forbidden, not_found, success
from syncd.sandbox.server import Answer

_COLUMNS: Final = ("id", "Name", "Domain", "Description", "Instance")


class _Group(NamedTuple):
    id: int
    name: str

    def has(self, user: User) -> bool:
        """RT_System is in none of them."""
        return user.id != SYSTEM and self.name in ("Everyone", "Privileged" if user.privileged else "Unprivileged")

    def column(self, name: str) -> str:
        return {"Name": self.name, "Domain": "SystemInternal", "Instance": "0"}.get(
            name, "Pseudogroup for internal use"
        )


_GROUPS: Final = (_Group(3, "Everyone"), _Group(4, "Privileged"), _Group(5, "Unprivileged"))


def get_group(context: Context, key: str) -> Answer:
    """Answer ``GET /group/N``: with all members, disabled ones too, by name, in one answer."""
    group = next((group for group in _GROUPS if str(group.id) == key), None)
    if group is None:
        raise not_found()
    if not context.may("SeeGroup"):
        raise forbidden()
    body: Json = {column: group.column(column) for column in _COLUMNS[1:]} | {"id": group.id, "Disabled": "0"}
    body["Members"] = [context.person(user.id) for user in context.world.users.values() if group.has(user)]
    return success(body)


def search_groups(context: Context) -> Answer:
    """Answer ``/groups``: nothing, and no total, without the right to see groups; all where no criterion is left."""
    call, seen = context.call, context.may("SeeGroup")
    tests = [joined([_test(one) for one in group], group) for group in grouped(criteria_of(call, _COLUMNS))]
    found = [group for group in _GROUPS if seen and all(test(group) for test in tests)]
    rows = ordered(call, found, {"id": lambda group: group.id, "Name": lambda group: group.name})
    wanted = [name for name in (call.first("fields") or "").split(",") if name]
    items = [_item(context, group, wanted) for group in Page.of(call).cut(rows or ())]
    return success(envelope(call, Page.of(call), items, len(found) if seen else None))


def _item(context: Context, group: _Group, wanted: list[str]) -> Json:
    fields = {name: group.id if name == "id" else group.column(name) for name in wanted}
    return context.reference("group", group.id) | fields


def _test(criterion: Criterion) -> Callable[[_Group], bool]:
    if criterion.field == "id":
        number = number_test(criterion)
        return lambda group: number(group.id)
    text = text_test(criterion, fold=True)
    return lambda group: text(group.column(criterion.field))
