"""``/group`` and ``/groups``: RT's own three groups of users, whose members tell who is privileged, and made ones."""

from collections.abc import Callable
from typing import Final, NamedTuple

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.query import Criterion, criteria_of, meets, number_test, text_test
from syncd.sandbox.rt.records import SYSTEM, Group, User
from syncd.sandbox.rt.resources import body_of, created
from syncd.sandbox.rt.wire import Json, decode_body, forbidden, not_found, success
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer

_COLUMNS: Final = ("id", "Name", "Domain", "Description", "Instance")


class _Group(NamedTuple):
    id: int
    name: str
    made: Group | None = None

    def has(self, user: User) -> bool:
        """RT_System is in none of RT's own."""
        if self.made is not None:
            return user.id in self.made.members
        return user.id != SYSTEM and self.name in ("Everyone", "Privileged" if user.privileged else "Unprivileged")

    def column(self, name: str) -> str:
        if self.made is not None:
            return {"Name": self.name, "Domain": "UserDefined", "Instance": ""}.get(name, "")
        return {"Name": self.name, "Domain": "SystemInternal", "Instance": "0"}.get(
            name, "Pseudogroup for internal use"
        )


_GROUPS: Final = (_Group(3, "Everyone"), _Group(4, "Privileged"), _Group(5, "Unprivileged"))


def get_group(context: Context, key: str) -> Answer:
    """Answer ``GET /group/N``: with all members, disabled ones too, by name, in one answer."""
    group = _find(context, key)
    if not context.may("SeeGroup"):
        raise forbidden()
    body: Json = {column: group.column(column) for column in _COLUMNS[1:]} | {"id": group.id, "Disabled": "0"}
    body["Members"] = [context.person(user.id) for user in context.world.users.values() if group.has(user)]
    within = [number for number in group.made.members if number in context.world.groups] if group.made else []
    body["Members"] += [context.reference("group", number) for number in within]
    return success(body)


def create_group(context: Context) -> Answer:
    """Answer ``POST /group`` with a name."""
    body = body_of(context)
    if not context.may("SuperUser"):
        raise forbidden()
    group = context.world.add(Group(id=context.world.next_user_id(), name=str(body["Name"])))
    return created(context, "group", group.id, str(group.id))


def put_members(context: Context, key: str) -> Answer:
    """Answer ``PUT /group/N/members`` with the ids of principals: they are added."""
    group = context.world.groups.get(int(key))
    if group is None:
        raise not_found()
    if not context.may("SuperUser"):
        raise forbidden()
    sentences = [_add(context.world, group, int(number)) for number in decode_body(context.call.body)]
    context.world.save(group)
    return success(sentences)


def _add(world: World, group: Group, number: int) -> str:
    name = (world.users.get(number) or world.groups[number]).name
    if number in group.members:
        return f"Group already has member: {name}"
    group.members = [*group.members, number]
    return f"Member added: {name}"


def _all(context: Context) -> tuple[_Group, ...]:
    return (*_GROUPS, *(_Group(group.id, group.name, group) for group in context.world.groups.values()))


def _find(context: Context, key: str) -> _Group:
    found = next((group for group in _all(context) if str(group.id) == key), None)
    if found is None:
        raise not_found()
    return found


def search_groups(context: Context) -> Answer:
    """Answer ``/groups``: nothing, and no total, without the right to see groups; all where no criterion is left."""
    call, seen = context.call, context.may("SeeGroup")
    test = meets(criteria_of(call, _COLUMNS), _test)
    found = [group for group in _all(context) if seen and test(group)]
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
