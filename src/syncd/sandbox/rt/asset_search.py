"""``/assets``: finding assets by JSON queries or AssetSQL."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

from syncd.sandbox.rt import assetsql
from syncd.sandbox.rt.assets import links
from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.listing import Page, envelope, ordered
from syncd.sandbox.rt.query import (
    Criterion,
    criteria_of,
    grouped,
    joined,
    number_test,
    options,
    scalar,
    text_test,
    values_test,
)
from syncd.sandbox.rt.records import Asset
from syncd.sandbox.rt.remembered import Remembered
from syncd.sandbox.rt.rendering import Fields
from syncd.sandbox.rt.values import Invalid, canonical, zone_of
from syncd.sandbox.rt.wire import Json, success
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Answer

COLUMNS: Final = (
    "id",
    "Name",
    "Description",
    "Catalog",
    "Status",
    "Creator",
    "Created",
    "LastUpdated",
    "LastUpdatedBy",
)
_NUMBERS: Final = {"id": "id", "Catalog": "catalog", "Creator": "creator", "LastUpdatedBy": "updated_by"}
_TEXTS: Final = {
    "Name": "name",
    "Description": "description",
    "Status": "status",
    "Created": "created",
    "LastUpdated": "updated",
}
Test = Callable[[Asset], bool]


class AssetSearch:
    """Searches assets."""

    def __init__(self) -> None:
        self._remembered: Remembered[Sequence[int] | None] = Remembered()

    def answer(self, context: Context) -> Answer:
        """Answer ``GET`` and ``POST /assets``."""
        found, total = self._ids(context)
        page = Page.of(context.call)
        assets, fields = context.world.assets, Fields(context, lambda asset: links(context, asset))
        items: list[Json] = [fields.item(assets[number]) for number in page.cut(found)]
        seen = total if context.may("ShowAsset") else None
        return success(envelope(context.call, page, items, seen))

    def _ids(self, context: Context) -> tuple[Sequence[int], int]:
        """Return the ids in order and their number; an unknown column has a number but no ids."""
        found = self._remembered.found(context, lambda: self._search(context))
        return ((), len(self._matching(context))) if found is None else (found, len(found))

    def _search(self, context: Context) -> Sequence[int] | None:
        ids = self._matching(context)
        return ordered(context.call, _by_name(context, ids), _keys(context))

    def _matching(self, context: Context) -> Sequence[int]:
        world, sql = context.world, _sql(context)
        if sql:
            test = assetsql.parse(sql, world, context.user.timezone)
            ids: Sequence[int] = [number for number in world.live() if test(world.assets[number])]
        else:
            criteria = criteria_of(context.call, COLUMNS, context.searched_field)
            ids = _find(context, criteria) if criteria else []
        permitted = context.catalogs_with("ShowAsset")
        if permitted is None:
            return ids
        return [number for number in ids if world.assets[number].catalog in permitted]


def _sql(context: Context) -> str:
    call = context.call
    text = call.first("query") or ""
    if call.method == "POST":
        text = dict(parse_qsl(call.body.decode(errors="replace"))).get("query", "") if _is_form(context) else ""
    return "" if text.lstrip().startswith("[") else text


def _is_form(context: Context) -> bool:
    return context.call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _by_name(context: Context, ids: Sequence[int]) -> Sequence[int]:
    if any(name == "orderby" for name, _ in context.call.query):
        return ids
    assets = context.world.assets
    return sorted(ids, key=lambda number: assets[number].name)


def _keys(context: Context) -> dict[str, Callable[[int], object]]:
    assets = context.world.assets
    keys: dict[str, Callable[[int], object]] = {"id": lambda number: number}
    for name, attribute in (_NUMBERS | _TEXTS | {"Owner": "owner"}).items():
        if name != "id":
            keys[name] = lambda number, attribute=attribute: getattr(assets[number], attribute)  # type: ignore[misc]
    for field in context.world.custom_fields.values():
        key = _first_value(context.world, field.id)
        keys[f"CF.{{{field.name}}}"] = key
    return keys


def _first_value(world: World, field: int) -> Callable[[int], object]:
    return lambda number: (world.assets[number].values.get(field) or [""])[0].lower()


# -- criteria


def _find(context: Context, criteria: Sequence[Criterion]) -> Sequence[int]:
    """Return the ids that meet all groups of criteria, ascending: by the indexes first, then one by one."""
    world = context.world
    base: Sequence[int] = world.live()
    pools: list[set[int]] = []
    tests: list[Test] = []
    for group in grouped(criteria):
        catalogs = _catalogs(group)
        if catalogs is not None and base is world.live() and len(catalogs) == 1:
            base = world.live(next(iter(catalogs)))
        elif (pool := _pool(context, group)) is not None:
            pools.append(pool)
        elif (after := above(group)) is not None:
            base = base[bisect_right(base, after) :] if after > 0 or base is not world.live() else base
        else:
            tests.append(_group_test(context, group))
    return _narrow(world, base, pools, tests)


def _narrow(world: World, base: Sequence[int], pools: list[set[int]], tests: list[Test]) -> Sequence[int]:
    if pools:
        common = set.intersection(*pools)
        inside = set(base) if len(base) < len(common) else None
        base = sorted(n for n in common if (n in inside if inside is not None else _has(base, n)))
    for test in tests:
        base = [number for number in base if test(world.assets[number])]
    return base


def _has(ids: Sequence[int], number: int) -> bool:
    position = bisect_right(ids, number)
    return position > 0 and ids[position - 1] == number


def _catalogs(group: list[Criterion]) -> set[int] | None:
    if group[0].custom_field or group[0].field != "Catalog" or any(options(c) is None for c in group):
        return None
    return {int(text) for c in group for text in options(c) or () if text.isdigit()}


def _pool(context: Context, group: list[Criterion]) -> set[int] | None:
    """Return the ids that an index has for a group of ``=`` and ``IN``, None where there is no index for it."""
    wanted = [options(criterion) for criterion in group]
    if any(texts is None for texts in wanted) or any(c.conjunction == "AND" for c in group[1:]):
        return None
    texts = [text for found in wanted for text in found or ()]
    if group[0].custom_field:
        spelled = [_spelled(context, group[0].custom_field, text) for text in texts if text]
        return set().union(*(context.world.with_value(group[0].custom_field, text) for text in spelled))
    if group[0].field != "id":
        return None
    return {int(text) for text in texts if text.isdigit()}


def above(group: list[Criterion]) -> int | None:
    """Return the id that those of a group have to be above, None where it asks for something else."""
    criterion = group[0]
    if len(group) > 1 or criterion.custom_field or (criterion.field, criterion.operator) != ("id", ">"):
        return None
    text = scalar(criterion.value) or ""
    return int(text) if text.removeprefix("-").isdigit() else None


def _spelled(context: Context, number: int, text: str) -> str:
    """Return a value of a query as it is stored: RT reads addresses there, and dates."""
    field = context.world.custom_fields[number]
    if field.type not in {"IPAddress", "Date", "DateTime"}:
        return text
    try:
        return canonical(field, text, zone_of(context.user.timezone))
    except Invalid:
        return text


def _group_test(context: Context, group: list[Criterion]) -> Test:
    tests = [_field_test(context, c) if c.custom_field else _column_test(c) for c in group]
    return joined(tests, group)


def _column_test(criterion: Criterion) -> Test:
    if criterion.operator in {"IS", "IS NOT"}:
        return lambda _: criterion.operator == "IS NOT"
    if criterion.field in _NUMBERS:
        attribute, number = _NUMBERS[criterion.field], number_test(criterion)
        return lambda asset: number(getattr(asset, attribute))
    attribute, text = _TEXTS[criterion.field], text_test(criterion, fold=False)
    return lambda asset: text(getattr(asset, attribute))


def _field_test(context: Context, criterion: Criterion) -> Test:
    if isinstance(criterion.value, str):
        criterion = replace(criterion, value=_spelled(context, criterion.custom_field, criterion.value))
    return values_test(criterion)
