"""What differs between the plans of two runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from syncd.reconcile.model import Action
from syncd.reconcile.values import Known
from syncd.state.ledger import AuditLog
from syncd.state.records import RunRecord

Key = tuple[str, str, str]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one object that both plans change, and not in the same way: before and after in each.

    A plan that leaves the field alone has None.
    """

    system: str
    object: str
    label: str
    field: str
    first: tuple[Known, Known] | None
    second: tuple[Known, Known] | None


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs, and what only the one, only the other, or both differently would do; ``counts`` where they differ."""

    first: RunRecord
    second: RunRecord
    only_first: list[Action]
    only_second: list[Action]
    changed: list[Change]
    counts: dict[str, tuple[int, int]]
    sources: dict[str, tuple[int, int]]


def difference(ledger: AuditLog, first: RunRecord, second: RunRecord) -> Differences:
    """Compare two plans; only what differs is read."""
    here, there = list(ledger.only_in(first.id, second.id)), list(ledger.only_in(second.id, first.id))
    both = _single(here).keys() & _single(there).keys()
    return Differences(
        first=first,
        second=second,
        only_first=[action for action in here if _key(action) not in both],
        only_second=[action for action in there if _key(action) not in both],
        changed=list(_changes(here, _single(there), both)),
        counts=_unequal(first.counts, second.counts),
        sources=_unequal(first.sources, second.sources),
    )


def _key(action: Action) -> Key:
    """Name what an action is about: a clear is an update that empties a field."""
    return action.system, action.object, "update" if action.kind == "clear" else action.kind


def _single(actions: Iterable[Action]) -> dict[Key, Action]:
    """Return the actions that are the only one of their key."""
    actions = list(actions)
    number = Counter(map(_key, actions))
    return {_key(action): action for action in actions if number[_key(action)] == 1}


def _changes(here: Sequence[Action], there: Mapping[Key, Action], both: Iterable[Key]) -> Iterator[Change]:
    wanted = set(both)
    for one in here:
        if _key(one) in wanted:
            other = there[_key(one)]
            for name in dict.fromkeys((*one.after, *other.after)):
                first, second = _values(one, name), _values(other, name)
                if first != second:
                    yield Change(
                        system=one.system, object=one.object, label=one.label, field=name, first=first, second=second
                    )


def _values(action: Action, name: str) -> tuple[Known, Known] | None:
    return (action.before.get(name), action.after[name]) if name in action.after else None


def _unequal(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    pairs = {name: (first.get(name, 0), second.get(name, 0)) for name in (*first, *second)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
