"""The part of AssetSQL that clients of an inventory use, with RT's way of reading garbage: as far as it goes.

What cannot be read ends the query there; when nothing could be read, nothing limits the search and all assets match.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.sandbox.rt.query import Criterion, number_test, text_test, values_test
from syncd.sandbox.rt.records import Asset
from syncd.sandbox.rt.values import moment, zone_of
from syncd.sandbox.rt.wire import refuse
from syncd.sandbox.rt.world import World

Test = Callable[[Asset], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<operator>!=|>=|<=|<>|=|>|<)
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<field>(?:CF|CustomField)\.\{[^}]*\})|(?P<word>[\w.\-]+)|(?P<other>\S))""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD_OPERATORS: Final = ("NOT LIKE", "NOT STARTSWITH", "IS NOT", "LIKE", "STARTSWITH", "ENDSWITH", "IS")
_AGO = re.compile(r"(\d+) (second|minute|hour|day|week)s? ago")
_COLUMNS: Final = {
    name.lower(): name
    for name in (
        "id",
        "Name",
        "Description",
        "Status",
        "Catalog",
        "Created",
        "LastUpdated",
        "Owner",
        "HeldBy",
        "Contact",
    )
}
_INACTIVE = ("recycled", "stolen", "deleted")


def parse(sql: str, world: World, timezone: str) -> Test:
    """Return the test that RT makes of a query; a field that RT does not know at all is a 400."""
    return _Reader(sql, world, timezone).read()


class _End(Exception):
    """The query cannot be read any further."""


class _Reader:
    def __init__(self, sql: str, world: World, timezone: str) -> None:
        self.tokens = [(found.lastgroup or "", found[found.lastgroup or 0]) for found in _TOKEN.finditer(sql)]
        self.at = 0
        self.world = world
        self.zone = zone_of(timezone)

    def read(self) -> Test:
        return self._any() or (lambda _: True)

    def _any(self) -> Test | None:
        test = self._all()
        while test is not None and self._word("OR"):
            test = _either(test, self._all())
        return test

    def _all(self) -> Test | None:
        test = self._one()
        while test is not None and self._word("AND"):
            test = _both(test, self._one())
        return test

    def _one(self) -> Test | None:
        if self._take("paren", "("):
            test = self._any()
            self._take("paren", ")")
            return test
        start = self.at
        try:
            return self._condition()
        except _End:
            self.at = start
            return None

    def _condition(self) -> Test:
        kind, key = self._next("field", "text", "word")
        operator = self._operator()
        value_kind, value = self._next("text", "word")
        if value_kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if operator in {"IS", "IS NOT"} and value.upper() != "NULL":
            raise _End
        return self._test(key[1:-1] if kind == "text" else key, operator, value)

    def _operator(self) -> str:
        if self._peek()[0] == "operator":
            return self._next("operator")[1]
        words = [text.upper() for kind, text in self.tokens[self.at : self.at + 2] if kind == "word"]
        for operator in _WORD_OPERATORS:
            parts = operator.split()
            if words[: len(parts)] == parts:
                self.at += len(parts)
                return operator
        raise _End

    def _test(self, key: str, operator: str, value: str) -> Test:
        if found := re.fullmatch(r"CF\.(?:\{(.+)\}|(\d+))", key, re.IGNORECASE):
            return self._field_test(found[1] or found[2], operator, value)
        if key.lower().startswith("customfield."):
            raise _End
        column, _, part = key.partition(".")
        name = _COLUMNS.get(column.lower())
        if name is None:
            raise refuse(400, "No dispatch method for class '' at RT/Assets.pm line 1631.\n")
        if name in {"Owner", "HeldBy", "Contact"}:
            return self._people_test(name, part, Criterion(part, operator, value))
        return self._column_test(name, operator, value)

    def _column_test(self, name: str, operator: str, value: str) -> Test:
        if operator in {"IS", "IS NOT"}:
            return lambda _: operator == "IS NOT"
        if name == "id":
            number = number_test(Criterion(name, operator, value))
            return lambda asset: number(asset.id)
        if name == "Catalog":
            catalog = self.world.catalog(value)
            wanted = catalog.id if catalog else 0
            return lambda asset: (asset.catalog == wanted) == (operator == "=")
        if name == "Status" and value in {"__Active__", "__Inactive__"}:
            return lambda asset: (asset.status in _INACTIVE) == (value == "__Inactive__")
        if name in {"Created", "LastUpdated"}:
            value = self._time(value)
        attribute = {"LastUpdated": "updated"}.get(name, name.lower())
        test = text_test(Criterion(name, operator, value), fold=False)
        return lambda asset: test(getattr(asset, attribute))

    def _time(self, value: str) -> str:
        ago = _AGO.fullmatch(value)
        when = datetime.now(UTC) - timedelta(**{f"{ago[2]}s": int(ago[1])}) if ago else moment(value, self.zone)
        return when.strftime("%Y-%m-%d %H:%M:%S")

    def _field_test(self, name: str, operator: str, value: str) -> Test:
        field = self.world.applied_field_named(name)
        if field is None:
            return lambda _: False
        return values_test(Criterion(name, operator, value, field.id))

    def _people_test(self, role: str, part: str, criterion: Criterion) -> Test:
        attribute = {"Owner": "owner", "HeldBy": "held_by", "Contact": "contact"}[role]
        if criterion.operator in {"IS", "IS NOT"}:
            return lambda asset: (not getattr(asset, attribute)) == (criterion.operator == "IS")
        users, text = self.world.users, text_test(criterion, fold=True)

        def holds(number: int) -> bool:
            user = users[number]
            return text({"name": user.name, "emailaddress": user.email}.get(part.lower(), str(number)))

        def test(asset: Asset) -> bool:
            people = getattr(asset, attribute)
            return any(map(holds, people if isinstance(people, list) else [people]))

        return test

    # -- tokens

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _next(self, *kinds: str) -> tuple[str, str]:
        token = self._peek()
        if token[0] not in kinds:
            raise _End
        self.at += 1
        return token

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() != (kind, text):
            return False
        self.at += 1
        return True

    def _word(self, word: str) -> bool:
        kind, text = self._peek()
        if kind != "word" or text.upper() != word:
            return False
        self.at += 1
        return True


def _either(one: Test, other: Test | None) -> Test:
    return one if other is None else lambda asset: one(asset) or other(asset)


def _both(one: Test, other: Test | None) -> Test:
    return one if other is None else lambda asset: one(asset) and other(asset)
