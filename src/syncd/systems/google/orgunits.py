"""Org unit paths: ``/`` is the root, names are compared without regard to case (Directory API, OrgUnits)."""

from collections.abc import Iterable


def spelled(path: str) -> str:
    """Return a path as the API takes it: with a leading and without a trailing slash; an ``id:...`` stays."""
    path = path.strip()
    return path if path.startswith("id:") else "/" + path.strip("/")


def key(path: str) -> str:
    """Return what two spellings of the same org unit have in common."""
    return spelled(path).casefold()


def same(one: str, other: str) -> bool:
    """Tell whether two paths name the same org unit."""
    return key(one) == key(other)


def contains(parent: str, child: str) -> bool:
    """Tell whether ``child`` is ``parent`` or lies below it; org units given by id contain only themselves."""
    return same(parent, child) or (not child.startswith("id:") and key(child).startswith(key(parent).rstrip("/") + "/"))


def outermost(paths: Iterable[str], *, include_children: bool) -> list[str]:
    """Return the org units to read, each once; those inside another are left out when children are read anyway."""
    distinct = list({key(path): spelled(path) for path in paths}.values())
    if not include_children:
        return distinct
    return [path for path in distinct if not any(contains(other, path) and not same(other, path) for other in distinct)]
