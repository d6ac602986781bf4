"""The user search language (Directory API, "Search for users"), as far as it makes sense offline.

A clause is a field, ``=`` or ``:``, and a value, which stands in single quotes where it has white space; clauses are
joined by AND, letters count in either case. How Google cuts texts into words for ``:`` is not documented; here any
part matches. Google's index can be behind its records; this one never is.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from syncd.sandbox.google.errors import ApiError, invalid
from syncd.sandbox.google.tenant import Tenant

User = dict[str, Any]
Test = Callable[[User], bool]

_CLAUSE = re.compile(r"\s*(?:([\w.]+)([=:]))?(?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"|([^\s'\"]+))(?=\s|$)")
_ESCAPED = re.compile(r"\\(.)")


def _names(*parts: str) -> Callable[[User], list[str]]:
    return lambda user: [" ".join(str(user["name"].get(part, "")) for part in parts)]


def _emails(user: User) -> list[str]:
    return [user["primaryEmail"], *user.get("aliases", ()), *user.get("nonEditableAliases", ())]


def _entries(array: str, name: str) -> Callable[[User], list[str]]:
    return lambda user: [str(entry.get(name, "")) for entry in user.get(array, ())]


_TEXTS: dict[str, Callable[[User], Iterable[str]]] = {
    "name": _names("givenName", "familyName"),
    "givenName": _names("givenName"),
    "familyName": _names("familyName"),
    "email": _emails,
    "externalId": _entries("externalIds", "value"),
    "orgName": _entries("organizations", "name"),
    "orgTitle": _entries("organizations", "title"),
    "orgDepartment": _entries("organizations", "department"),
    "orgDescription": _entries("organizations", "description"),
    "orgCostCenter": _entries("organizations", "costCenter"),
}
_BEGIN = frozenset(("email", "givenName", "familyName"))
"""Fields that ``:PREFIX*`` works with."""

_FLAGS = {
    "isAdmin": "isAdmin",
    "isDelegatedAdmin": "isDelegatedAdmin",
    "isSuspended": "suspended",
    "isArchived": "archived",
    "isEnrolledIn2Sv": "isEnrolledIn2Sv",
    "isEnforcedIn2Sv": "isEnforcedIn2Sv",
}
_UNKNOWN_HERE = """
im manager managerId directManager directManagerId phone
address addressPoBox addressExtended addressStreet addressLocality addressRegion addressPostalCode addressCountry
"""
_NOT_HERE = frozenset(_UNKNOWN_HERE.split())


def parse(query: str, tenant: Tenant) -> list[Test]:
    """Return one test for each clause; raises ApiError 400 for a query that is none, 501 for what is not emulated."""
    tests: list[Test] = []
    place = 0
    while query[place:].strip():
        found = _CLAUSE.match(query, place)
        if found is None:
            raise invalid(query)
        field, operator, single, double, plain = found.groups()
        value = plain if plain is not None else double if double is not None else _ESCAPED.sub(r"\1", single)
        quoted = plain is None
        tests.append(_test(field, operator, value, query, tenant, quoted=quoted) if field else _anywhere(value))
        place = found.end()
    return tests


def _test(field: str, operator: str, value: str, query: str, tenant: Tenant, *, quoted: bool) -> Test:
    if field in _TEXTS:
        return _text(field, operator, value, query, quoted=quoted)
    if operator == "=" and field in _FLAGS and value.lower() in ("true", "false"):
        name, wanted = _FLAGS[field], value.lower() == "true"
        return lambda user: bool(user.get(name)) is wanted
    if operator == "=" and field == "orgUnitPath":
        return _below(value, tenant)
    if field in _NOT_HERE or "." in field:
        raise ApiError(501, "notImplemented", f"The sandbox does not know the field {field}")
    raise invalid(query)


def _text(field: str, operator: str, value: str, query: str, *, quoted: bool) -> Test:
    texts, wanted = _TEXTS[field], value.casefold()
    if operator == "=":
        return lambda user: any(text.casefold() == wanted for text in texts(user))
    if wanted.endswith("*") and not quoted:
        if field not in _BEGIN:
            raise invalid(query)
        begin = wanted[:-1]
        return lambda user: any(text.casefold().startswith(begin) for text in texts(user))
    return lambda user: any(wanted in text.casefold() for text in texts(user))


def _anywhere(value: str) -> Test:
    """Return the test of a value without a field: first name, last name or address."""
    wanted, places = value.casefold(), (_TEXTS["givenName"], _TEXTS["familyName"], _emails)
    return lambda user: any(wanted in text.casefold() for texts in places for text in texts(user))


def _below(path: str, tenant: Tenant) -> Test:
    """Return the test of an org unit, which those below it pass too."""
    unit = tenant.unit(path) if path.startswith("/") else None
    if unit is None:
        raise invalid("INVALID_OU_ID")
    root = str(unit["orgUnitPath"]).lower().rstrip("/")
    return lambda user: f"{user.get('orgUnitPath', '/').lower().rstrip('/')}/".startswith(f"{root}/")
