"""Undo a run: actions that bring back what it overwrote, where that is still what it wrote.

They go through plan, guard and apply like any other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from syncd.reconcile.model import Action, Kind, Listing, Outcome, Plan, Report, State, make_action
from syncd.reconcile.plan import make_plan
from syncd.reconcile.ports import Writer
from syncd.reconcile.values import Known
from syncd.reconcile.verify import read_present

Compensate = Callable[[Action, str], Action | None]
"""Called with a create and the id of what it created; returns the action that undoes it, or None if nothing does."""

_MAY_HAVE_HAPPENED: frozenset[State] = frozenset({"verified", "unproven", "started"})


def plan_revert(
    job: str,
    recorded: Iterable[tuple[Action, Outcome]],
    writers: Mapping[str, Writer],
    compensate: Compensate,
    populations: Mapping[str, int],
) -> Plan:
    """Return the plan that undoes the actions of a run which happened or may have happened.

    A field is restored only where it still has the value that the run wrote. The report lists the rest:
    ``changed_since``, ``restored`` (has its old value already), ``irreversible`` or ``unreadable``.
    """
    actions: list[Action] = []
    listings: list[Listing] = []
    candidates = sorted(
        (item for item in recorded if item[1].state in _MAY_HAVE_HAPPENED), key=lambda item: item[0].system
    )
    for system, items in groupby(candidates, key=lambda item: item[0].system):
        for undone in _revert_system(writers.get(system), list(items), compensate):
            (actions if isinstance(undone, Action) else listings).append(undone)  # type: ignore[arg-type]
    counts = {"considered": len(candidates)}
    for listing in listings:
        counts[listing.state] = counts.get(listing.state, 0) + 1
    return make_plan(job, actions, populations, Report(counts=counts, listings=listings))


def _revert_system(
    writer: Writer | None, items: Sequence[tuple[Action, Outcome]], compensate: Compensate
) -> Iterator[Action | Listing]:
    actions = [action for action, _ in items if action.reversible]
    objects = {action.id: outcome.object for action, outcome in items if outcome.object}
    present = read_present(writer, actions, objects) if writer and actions else {}
    for action, outcome in items:
        found = present.get(action.id)
        if not action.reversible:
            yield _listing(action, "irreversible", "what it did cannot be taken back")
        elif writer is None or found is None:
            yield _listing(action, "unreadable", "its present values could not be read")
        elif action.kind == "create":
            yield _undo_create(writer, action, outcome.object, found, compensate)
        else:
            yield from _restore(writer, action, found)


def _undo_create(
    writer: Writer, action: Action, created: str, found: Mapping[str, Known], compensate: Compensate
) -> Action | Listing:
    changed = [name for name, wrote in action.after.items() if not _has(writer, name, wrote, found)]
    if changed:
        return _listing(action, "changed_since", f"{', '.join(changed)} changed since")
    if not created:
        return _listing(action, "irreversible", "its answer was lost, and with it the id of what it made")
    return compensate(action, created) or _listing(action, "irreversible", "nothing undoes this create")


def _restore(writer: Writer, action: Action, found: Mapping[str, Known]) -> Iterator[Action | Listing]:
    ours = [name for name, wrote in action.after.items() if _has(writer, name, wrote, found)]
    others = [name for name in action.after if name not in ours]
    back = [name for name in others if _has(writer, name, action.before.get(name), found)]
    changed = [name for name in others if name not in back]
    if changed:
        yield _listing(action, "changed_since", f"{', '.join(changed)} changed since")
    if back:
        yield _listing(action, "restored", f"{', '.join(back)} has its old value already")
    if ours:
        yield _undo(action, ours, found)


def _undo(action: Action, names: Sequence[str], found: Mapping[str, Known]) -> Action:
    after = {name: action.before.get(name) for name in names}
    return make_action(
        kind=_undo_kind(action, after),
        system=action.system,
        object=action.object,
        label=action.label,
        before={name: found[name] for name in names},
        after=after,
        reason=f"{', '.join(names)} back to what it was",
        source=action.id,
    )


def _undo_kind(action: Action, after: Mapping[str, Known]) -> Kind:
    if action.kind == "move":
        return "move"
    return "clear" if None in after.values() else "update"


def _has(writer: Writer, name: str, value: Known, found: Mapping[str, Known]) -> bool:
    return name in found and writer.same(name, value, found[name])


def _listing(action: Action, state: str, why: str) -> Listing:
    return Listing(state=state, system=action.system, object=action.object, label=action.label, why=why)
