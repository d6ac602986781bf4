"""Partial responses: the ``fields`` parameter, as in ``a,b/c,d(e,f)`` and ``*``."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Optional

Tree = dict[str, Optional["Tree"]]
Project = Callable[[Any], Any]

_TOKEN = re.compile(r"\s*([A-Za-z0-9_.\-]+|[*/,()])")


def parse(mask: str) -> Tree:
    """Return the mask as a tree; None is everything below. Raises ValueError that names the place."""
    tokens = list(_tokens(mask))
    tree, rest = _selection(tokens, 0)
    if rest != len(tokens):
        raise ValueError(f"Invalid field selection {''.join(tokens[rest:])}")
    return tree


def _tokens(mask: str) -> Iterator[str]:
    place = 0
    while mask[place:].strip():
        found = _TOKEN.match(mask, place)
        if found is None:
            raise ValueError(f"Invalid field selection {mask[place:]}")
        yield found.group(1)
        place = found.end()


def _selection(tokens: list[str], place: int) -> tuple[Tree, int]:
    tree: Tree = {}
    while True:
        place = _item(tokens, place, tree)
        if place >= len(tokens) or tokens[place] != ",":
            return tree, place
        place += 1


def _item(tokens: list[str], place: int, tree: Tree) -> int:
    name = tokens[place] if place < len(tokens) else ""
    if not name or name in "/,()":
        raise ValueError(f"Invalid field selection {name or '(end)'}")
    place += 1
    follows = tokens[place] if place < len(tokens) else ""
    below: Tree | None = None
    if follows == "/":
        below = {}
        place = _item(tokens, place + 1, below)
    elif follows == "(":
        below, place = _selection(tokens, place + 1)
        if place >= len(tokens) or tokens[place] != ")":
            raise ValueError("Invalid field selection: a ) is missing")
        place += 1
    _merge(tree, name, below)
    return place


def _merge(tree: Tree, name: str, below: Tree | None) -> None:
    known = tree.get(name, {})
    if below is None or known is None:
        tree[name] = None
        return
    for inner, deeper in below.items():
        _merge(known, inner, deeper)
    tree[name] = known


@lru_cache(maxsize=256)
def projector(mask: str) -> Project:
    """Return a function that keeps what the mask selects; an empty mask selects nothing."""
    return _compile(parse(mask)) if mask.strip() else lambda _: {}


def _compile(tree: Tree | None) -> Project:
    if tree is None or tree.get("*", {}) is None:
        return lambda value: value
    project = _flat(tuple(tree)) if all(below is None for below in tree.values()) else _deep(tree)
    return lambda value: [project(item) for item in value] if isinstance(value, list) else project(value)


def _flat(names: tuple[str, ...]) -> Project:
    def project(value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            return value
        return {name: value[name] for name in names if name in value}

    return project


def _deep(tree: Tree) -> Project:
    parts = {name: _compile(below) for name, below in tree.items()}
    every = parts.pop("*", None)

    def project(value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            return value
        if every is not None:
            return {name: parts.get(name, every)(item) for name, item in value.items()}
        return {name: part(value[name]) for name, part in parts.items() if name in value}

    return project
