"""JSON queries: what RT makes of a list of criteria, and of each operator."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from syncd.sandbox.rt.records import Asset, User
from syncd.sandbox.rt.wire import crash, decode_body, refuse
from syncd.sandbox.server import Call

_CUSTOM_FIELD = re.compile(r"(?:CF|CustomField)\.\{(.*)\}", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One known criterion. ``custom_field`` is an id, or 0 for a column named ``field``."""

    field: str
    operator: str
    value: Any
    custom_field: int = 0
    conjunction: str = "OR"


def criteria_of(
    call: Call, columns: Sequence[str], find_custom_field: Callable[[str], int | None] = lambda _: None
) -> list[Criterion]:
    """Return the criteria that RT understands; it drops the others, so that the result is wider than asked."""
    found = []
    for raw in _raw_criteria(call):
        if not isinstance(raw, dict):
            raise crash()
        criterion = _criterion(raw, columns, find_custom_field)
        if criterion is not None:
            found.append(criterion)
    return found


def _criterion(
    raw: dict[str, Any], columns: Sequence[str], find_custom_field: Callable[[str], int | None]
) -> Criterion | None:
    field, value = raw.get("field"), raw.get("value")
    if not field or value is None:
        return None
    operator = str(raw.get("operator") or "=").upper()
    if named := _CUSTOM_FIELD.search(str(field)):
        number = find_custom_field(named[1]) if named[1] else None
        return None if number is None else Criterion(str(field), operator, value, number)
    if field not in columns:
        return None
    return Criterion(str(field), operator, value, 0, str(raw.get("entry_aggregator") or "OR").upper())


def _raw_criteria(call: Call) -> list[Any]:
    if call.method == "GET":
        text = call.first("query") or ""
        return _broken_is_crash(text) if text.lstrip().startswith("[") else []
    kind = call.headers.get("content-type", "").partition(";")[0].strip()
    if not call.body or kind == _FORM:
        return []
    if kind != "application/json":
        return _broken_is_crash(call.body.decode(errors="replace"))
    decoded = decode_body(call.body)
    if not isinstance(decoded, list):
        raise refuse(400, "JSON object must be a ARRAY")
    return decoded


def _broken_is_crash(text: str) -> list[Any]:
    try:
        return msgspec.json.decode(text, type=list[Any])
    except msgspec.DecodeError:
        raise crash() from None


# -- operators

Test = Callable[[str], bool]


def scalar(value: object) -> str | None:
    """Return a JSON scalar as the database would compare it; None for what it cannot (lists, objects)."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, str | int | float) else None


def options(criterion: Criterion) -> list[str] | None:
    """Return the values that ``=`` or ``IN`` ask for, None for any other operator."""
    if criterion.operator == "=":
        text = scalar(criterion.value)
        return [] if text is None else [text]
    if criterion.operator == "IN":
        values = criterion.value if isinstance(criterion.value, list) else []
        return [text for value in values if (text := scalar(value)) is not None]
    return None


def text_test(criterion: Criterion, *, fold: bool) -> Test:
    """Return the test of a text column; ``fold`` ignores case for ``=`` too (LIKE always does)."""
    same: Callable[[str], str] = str.lower if fold else str
    if (wanted := options(criterion)) is not None:
        texts = {same(text) for text in wanted}
        return lambda text: same(text) in texts
    if criterion.operator == "NOT IN":
        texts = {same(str(value)) for value in criterion.value}
        return lambda text: same(text) not in texts
    value = scalar(criterion.value)
    if value is None:
        return lambda _: False
    return _TEXT_TESTS.get(criterion.operator, _never)(same(value), same)


def number_test(criterion: Criterion) -> Callable[[int], bool]:
    """Return the test of a number column; text that is no number compares as greater than every number."""
    if (wanted := options(criterion)) is not None:
        numbers = {int(text) for text in wanted if _is_number(text)}
        return lambda number: number in numbers
    if criterion.operator == "NOT IN":
        numbers = {int(value) for value in criterion.value if _is_number(str(value))}
        return lambda number: number not in numbers
    value = scalar(criterion.value)
    if value is None or criterion.operator not in _COMPARISONS:
        return lambda _: False
    limit = float(value) if _is_number(value) else float("inf")
    compare = _COMPARISONS[criterion.operator]
    return lambda number: compare(number, limit)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def like(pattern: str) -> Test:
    """Return the test of LIKE: anywhere in the text, ``%`` is a wildcard, case is ignored."""
    compiled = re.compile(".*".join(re.escape(part) for part in pattern.split("%")), re.IGNORECASE | re.DOTALL)
    return lambda text: compiled.search(text) is not None


def _never(_value: str, _same: Callable[[str], str]) -> Test:
    return lambda _: False


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
}


def _comparison(operator: str) -> Callable[[str, Callable[[str], str]], Test]:
    compare = _COMPARISONS[operator]
    return lambda value, same: lambda text: compare(same(text), value)


def _not_like(value: str, _same: Callable[[str], str]) -> Test:
    test = like(value)
    return lambda text: not test(text)


_TEXT_TESTS: Final[dict[str, Callable[[str, Callable[[str], str]], Test]]] = {
    **{operator: _comparison(operator) for operator in _COMPARISONS},
    "LIKE": lambda value, _: like(value),
    "NOT LIKE": _not_like,
    "STARTSWITH": lambda value, _: lambda text: text.lower().startswith(value.lower()),
    "ENDSWITH": lambda value, _: lambda text: text.lower().endswith(value.lower()),
}
_NEGATIVE: Final = frozenset({"!=", "<>", "NOT LIKE", "NOT IN"})


def values_test(criterion: Criterion) -> Callable[[Asset | User], bool]:
    """Return the test of a custom field of an object: what denies has to hold for all its values, else one will do."""
    field, operator = criterion.custom_field, criterion.operator
    if operator in {"IS", "IS NOT"}:
        return lambda record: (field not in record.values) == (operator == "IS")
    test, enough = text_test(criterion, fold=True), all if operator in _NEGATIVE else any
    return lambda record: enough(map(test, record.values.get(field, ())))


def meets(
    criteria: Sequence[Criterion], test_of: Callable[[Criterion], Callable[[Any], bool]]
) -> Callable[[Any], bool]:
    """Return the test of all criteria, each of which ``test_of`` makes a test."""
    tests = [joined([test_of(criterion) for criterion in group], group) for group in grouped(criteria)]
    return lambda record: all(test(record) for test in tests)


def grouped(criteria: Sequence[Criterion]) -> list[list[Criterion]]:
    """Return criteria by what they are about: RT joins those on one field (by OR), and the groups by AND."""
    groups: dict[tuple[int, str], list[Criterion]] = {}
    for criterion in criteria:
        key = (criterion.custom_field, "" if criterion.custom_field else criterion.field)
        groups.setdefault(key, []).append(criterion)
    return list(groups.values())


def joined(tests: Sequence[Callable[[Any], bool]], criteria: Sequence[Criterion]) -> Callable[[Any], bool]:
    """Return the tests of one group as one, from left to right; each joins by its own aggregator."""

    def holds(value: Any) -> bool:  # noqa: ANN401
        result = tests[0](value)
        for test, criterion in zip(tests[1:], criteria[1:], strict=True):
            result = result and test(value) if criterion.conjunction == "AND" else result or test(value)
        return result

    return tests[0] if len(tests) == 1 else holds
