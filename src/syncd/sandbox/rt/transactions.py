"""``/transactions``, ``/transaction/N`` and histories: what happened, in order.

A page is cut first and then loses the lines that the user may not see: an empty page is no proof that none follows.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.query import Criterion, criteria_of, grouped, joined, number_test, text_test
from syncd.sandbox.rt.records import ASSET, USER, Transaction
from syncd.sandbox.rt.rendering import Fields, attributes
from syncd.sandbox.rt.wire import Json, forbidden, refuse, success
from syncd.sandbox.server import Answer

_COLUMNS: Final = {
    "id": "id",
    "ObjectType": "object_type",
    "ObjectId": "object_id",
    "Type": "type",
    "Field": "field",
    "OldValue": "old",
    "NewValue": "new",
    "Creator": "creator",
    "Created": "created",
}
_NUMBERS: Final = ("id", "ObjectId", "Creator")
_CONDITION = re.compile(r"""\s*(\w+)\s*(!=|>=|<=|=|>|<)\s*(?:'([^']*)'|"([^"]*)"|(\w+))\s*""")
_LINE = "at RT/Transactions.pm line 918.\n"


def get_transaction(context: Context, key: str) -> Answer:
    """Answer ``GET /transaction/N``; for one that is not there RT has a 500."""
    line = context.world.transactions.get(int(key)) if key.isdigit() else None
    if line is None:
        raise refuse(500, "Internal Server Error")
    if not context.may_see(line):
        raise forbidden()
    body: Json = attributes(context, line, ("id", "Type", "Creator", "Created")) | {"TimeTaken": "0"}
    body["Object"] = context.reference({ASSET: "asset", USER: "user"}[line.object_type], line.object_id)
    body["_hyperlinks"] = [
        {"ref": "self", "type": "transaction", "id": line.id, "_url": context.url(f"transaction/{line.id}")}
    ]
    if line.type == "CustomField":
        body["Field"] = context.reference("customfield", line.field)
    else:
        body |= {name: text for name, text in _texts(line).items() if text}
    return success(body)


def _texts(line: Transaction) -> dict[str, str]:
    return {"Field": line.field, "OldValue": line.old, "NewValue": line.new}


def search_transactions(context: Context) -> Answer:
    """Answer ``/transactions``, by JSON or by a query of conditions joined by AND; no total, ever."""
    text = context.call.first("query") or ""
    if context.call.method == "GET" and text and not text.lstrip().startswith("["):
        groups = [[condition] for condition in _conditions(text)]
    else:
        groups = grouped(criteria_of(context.call, tuple(_COLUMNS)))
    return _answer(context, _find(context, groups) if groups else [])


def history(context: Context, object_type: str, key: str) -> Answer:
    """Answer ``/asset/N/history`` and ``/user/N/history``; of an unknown object it is empty."""
    number = int(key) if key.isdigit() else 0
    if object_type == USER and not key.isdigit():
        user = context.world.user_named(key)
        number = user.id if user else 0
    return _answer(context, context.world.history.get((object_type, number), []))


def _answer(context: Context, ids: Sequence[int]) -> Answer:
    lines = context.world.transactions
    keys: dict[str, Callable[[int], object]] = {"id": lambda number: number}
    for column, attribute in _COLUMNS.items():
        keys[column] = lambda number, attribute=attribute: getattr(lines[number], attribute)  # type: ignore[misc]
    page, fields = Page.of(context.call), Fields(context)
    found = [lines[number] for number in page.cut(ordered(context.call, ids, keys) or ())]
    items = [fields.item(line) for line in found if context.may_see(line)]
    return success(envelope(context.call, page, items, None))


def _find(context: Context, groups: Sequence[list[Criterion]]) -> Sequence[int]:
    world = context.world
    ids = _of_objects(context, groups)
    tests = []
    for group in groups:
        only = group[0]
        if len(group) == 1 and (only.field, only.operator) == ("id", ">") and str(only.value).isdigit():
            ids = ids[bisect_right(ids, int(only.value)) :]
        else:
            tests.append(joined([_test(criterion) for criterion in group], group))
    return [number for number in ids if all(test(world.transactions[number]) for test in tests)]


def _of_objects(context: Context, groups: Sequence[list[Criterion]]) -> Sequence[int]:
    """Return the lines to look through: of a few objects, where the query names them, else all."""
    alone = {group[0].field: group[0] for group in groups if len(group) == 1 and group[0].operator in ("=", "IN")}
    numbers = alone["ObjectId"].value if "ObjectId" in alone else None
    if not isinstance(numbers, list) or "ObjectType" not in alone:
        return context.world.transaction_ids
    history, kind = context.world.history, str(alone["ObjectType"].value)
    return sorted({line for number in numbers for line in history.get((kind, int(number)), ())})


def _test(criterion: Criterion) -> Callable[[Transaction], bool]:
    attribute = _COLUMNS[criterion.field]
    if criterion.field in _NUMBERS:
        number = number_test(criterion)
        return lambda line: number(getattr(line, attribute))
    text = text_test(criterion, fold=True)
    return lambda line: text(getattr(line, attribute))


def _conditions(text: str) -> list[Criterion]:
    found = []
    for part in re.split(r"\bAND\b", text):
        condition = _CONDITION.fullmatch(part)
        if condition is None:
            problem = "Incomplete query, last element (KEYWORD) is not close paren or value"
            raise refuse(400, f"{problem} in '{text}' {_LINE}")
        name, operator, *values = condition.groups()
        if name not in _COLUMNS:
            raise refuse(400, f"Unknown field: {name} {_LINE}")
        found.append(Criterion(name, operator, next(value for value in values if value is not None)))
    return found
