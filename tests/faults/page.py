"""The tables of docs/reference/faults.md, made of what the tests hold the program to."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from faults import files, gam, google_operations, lists, midway, rt_operations, runs, signing_in, strikes
from faults.kinds import ATTEMPTS, FINE, UNPROVEN, Expect, Fault, Row
from faults.operation import Operation
from syncd.host.errors import Unavailable

Rows = Iterable[Sequence[str]]
Table = tuple[Sequence[str], Rows]

WORKS = "works"
"""What comes of a fault that makes no difference."""


def outcome(expect: Expect, kind: str, system: str) -> str:
    """Return what comes of one request, in a few words."""
    expect = expect.called(system)
    if expect == FINE:
        return WORKS
    if expect == UNPROVEN:
        return "read back"
    if expect.found:
        return f"looked for; not there: failed, `{expect.code}`"
    return f"{_tries(expect)}{_end(expect, kind)}"


def _tries(expect: Expect) -> str:
    if not expect.again:
        return "no wait: " if expect.cause else ""
    return "tried again; else " if expect.tries == ATTEMPTS else "tried once more; else "


def _end(expect: Expect, kind: str) -> str:
    code = f"`{expect.cause or expect.code}`"
    if kind in ("read", "search"):
        return f"{int(expect.exit_status)}, {code}"
    unknown = kind == "write" and expect.error is Unavailable
    return f"read back, {code}" if unknown else f"failed, {code}"


def _http(system: runs.System) -> Table:
    """One row for each fault of a system."""
    creates = system == "rt"
    header = ["fault", "a read", "a change", *(["a new object"] if creates else []), "what to do"]
    return header, _together(
        _line(title, _outcomes(runs.ROWS[system][title], system, creates=creates), fault)
        for title, fault in runs.FAULTS[system].items()
    )


def _line(title: str, outcomes: Sequence[str], fault: Fault) -> Sequence[str]:
    return [title, *outcomes, "Nothing." if set(outcomes) == {WORKS} else fault.remedy]


def _outcomes(row: Row, system: runs.System, *, creates: bool) -> list[str]:
    kinds = ["search" if creates else "read", "write", *(["create"] if creates else [])]
    return [outcome(row.of(kind), kind, system) for kind in kinds]


def _together(rows: Rows) -> Rows:
    """Put rows that differ in their first cell alone into one."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for title, *cells in rows:
        titles.setdefault(tuple(cells), []).append(title)
    return [["; ".join(named), *cells] for cells, named in titles.items()]


_KINDS = {"read": "read", "search": "read", "write": "change", "create": "new object"}


def _operations(system: str, operations: Mapping[str, Operation]) -> Table:
    """One row for each operation, with what is different for it."""
    return ["operation", "kind", "what is different"], (
        [name, _KINDS[each.kind], "; ".join(_others(each, system)) or "nothing"] for name, each in operations.items()
    )


def _others(operation: Operation, system: str) -> Iterable[str]:
    told: dict[str, list[str]] = {}
    for title, expect in operation.others.items():
        told.setdefault(outcome(expect, operation.kind, system), []).append(title)
    return (f"{', '.join(titles)}: {end}" for end, titles in told.items())


def _listed(faults: Mapping[str, Fault], rows: Mapping[str, Row], system: str) -> Table:
    return ["fault", "what comes of it", "what to do"], _together(
        _line(title, [outcome(rows[title].read, "read", system)], fault) for title, fault in faults.items()
    )


TABLES: Mapping[str, Callable[[], Table]] = {
    "google": lambda: _http("google"),
    "rt": lambda: _http("rt"),
    "google-operations": lambda: _operations("google", google_operations.OPERATIONS),
    "rt-operations": lambda: _operations("rt", rt_operations.OPERATIONS),
    "google-token": lambda: _listed(signing_in.TOKEN, signing_in.OF_TOKEN, "google"),
    "rt-login": lambda: _listed(signing_in.LOGIN, signing_in.OF_LOGIN, "rt"),
    "lists": lambda: (lists.HEADER, lists.rows()),
    "midway": lambda: (midway.HEADER, midway.rows()),
    "commands": lambda: (strikes.HEADER, strikes.rows()),
    "gam": lambda: (gam.HEADER, gam.rows()),
    "files": lambda: (files.HEADER, files.rows()),
}
"""The tables by the names that the page calls them by."""
