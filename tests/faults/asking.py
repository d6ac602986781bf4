"""Which functions of the adapters ask somebody, as their source tells: they take hold of what asks.

That is a connection to Google or RT, GAM's process, or the file of a roster. Whoever calls a private method of its own
class that asks, asks too.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from syncd import systems

ROOT = Path(systems.__path__[0])

ASKS: Mapping[str, frozenset[str]] = {
    "google": frozenset(["client", "_client", "_listing"]),
    "rt": frozenset(["rest", "_rest", "client", "_session"]),
    "gam": frozenset(["subprocess", "_Run", "gam"]),
    "rosters": frozenset(["open_named", "open_regular", "_zip"]),
}
"""By package, the names of what asks."""

_HARMLESS = frozenset(["close", "stats", "user", "endpoint"])
"""What can be had of a connection without a request."""

_PREFIX = f"{systems.__name__}."


class Function(NamedTuple):
    """A function, or a method of a class. ``family``: its class with all that it has to do with, or its module.

    ``holds``: whether it takes hold of what asks; ``calls``: what it has of its own family.
    """

    name: str
    family: str
    called: str
    holds: bool
    calls: frozenset[str]

    @property
    def public(self) -> bool:
        """Whether others may call it."""
        return not any(part.startswith("_") for part in self.name.split("."))


def operations(package: str) -> frozenset[str]:
    """Return the public functions and methods of a package that ask, as ``rt.groups.Groups.users``."""
    functions = [*_functions(package)]
    asking = {each.name for each in functions if each.holds}
    while more := {each.name for each in functions if each.name not in asking and _calls_one(each, functions, asking)}:
        asking |= more
    return frozenset(each.name for each in functions if each.public and each.name in asking)


def on_the_stack() -> Iterator[str]:
    """Yield the functions of the adapters that are at work in this thread, by the names that ``operations`` gives."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield from name_of(frame)
        frame = frame.f_back


def name_of(frame: FrameType) -> Iterator[str]:
    """Yield the name of what a frame is of, if that is a function of an adapter; one within it counts as it."""
    module = str(frame.f_globals.get("__name__", ""))
    if module.startswith(_PREFIX):
        yield f"{module.removeprefix(_PREFIX)}.{frame.f_code.co_qualname.partition('.<locals>')[0]}"


def _calls_one(function: Function, functions: Iterable[Function], asking: set[str]) -> bool:
    return any(
        each.family == function.family and each.called in function.calls for each in functions if each.name in asking
    )


def _functions(package: str) -> Iterator[Function]:
    trees = {path: ast.parse(path.read_text()) for path in sorted((ROOT / package).rglob("*.py"))}
    families = _families([node for tree in trees.values() for node in tree.body if isinstance(node, ast.ClassDef)])
    for path, tree in trees.items():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                yield _function(module, node, module, ASKS[package])
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield _function(f"{module}.{node.name}", inner, families[node.name], ASKS[package])


def _function(place: str, node: ast.FunctionDef, family: str, asks: frozenset[str]) -> Function:
    inside = [each for statement in node.body for each in ast.walk(statement)]
    spared = {id(each.value) for each in inside if isinstance(each, ast.Attribute) and each.attr in _HARMLESS}
    had = {_named(each) for each in inside if id(each) not in spared}
    own = {each.attr for each in inside if isinstance(each, ast.Attribute) and _named(each.value) == "self"}
    # What makes an object only keeps what asks.
    holds = node.name != "__init__" and bool(asks & had)
    return Function(f"{place}.{node.name}", family, node.name, holds, frozenset(own))


def _named(node: ast.AST) -> str:
    """Return the name that is read here, if one is."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _families(classes: Sequence[ast.ClassDef]) -> Mapping[str, str]:
    """Return for each class the name that it shares with all those that it inherits from, or that inherit from it."""
    family = {node.name: node.name for node in classes}
    for node in classes:
        for base in node.bases:
            parent = _named(base.value if isinstance(base, ast.Subscript) else base)
            if parent in family:
                old, new = family[node.name], family[parent]
                family = {name: new if of == old else of for name, of in family.items()}
    return family
