"""What must hold after a run, told by hand from pictures of both sides: it asks nothing of the engine but its log."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from model.desk import Ended, Recorded
from model.mapping import SERIAL, Follows
from model.mapping import Mapping as Owners
from model.sides import Key, Picture, takes_part
from syncd.reconcile.guard import Limit, Limits
from syncd.reconcile.model import Action, Outcome, Plan
from syncd.reconcile.values import Known

MAY_HAVE_HAPPENED = ("verified", "unproven")
SHORTEST_KEY = 4


class Change(NamedTuple):
    """One field of one object that is not what it was."""

    system: str
    object: str
    field: str
    old: Known
    new: Known


def changes(before: Picture, after: Picture) -> Iterator[Change]:
    """Yield all that differs between two pictures."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, {}), after.get(key, {})
        for field in sorted(old.keys() | new.keys()):
            if old.get(field) != new.get(field):
                yield Change(*key, field, old.get(field), new.get(field))


# -- only what was planned, and all of that has one outcome


def check_each_change_is_logged(before: Picture, after: Picture, log: Recorded) -> None:
    """Fail unless the audit log has each change, with its old and new value, as done or perhaps done."""
    creates = {action.object: action for action, told in log if action.kind == "create" and _perhaps(told)}
    logged = {
        (action.system, action.object, field, plain(action.before.get(field)), plain(value))
        for action, told in log
        if action.kind != "create" and _perhaps(told)
        for field, value in action.after.items()
    }
    there = takes_part(())
    taken = {serial_key(fields.get(SERIAL)) for key, fields in before.items() if there(key, fields)}
    # Of another catalog RT finds what is spelled as the device has it; its case does not matter.
    elsewhere = {
        plain(fields.get(SERIAL)) for fields in before.values() if fields.get("Status") not in (None, "deleted")
    }
    for key in sorted(after.keys() - before.keys()):
        serial = after[key].get(SERIAL)
        assert serial_key(serial) not in taken, f"{key} is the second one with its serial"
        assert plain(serial) not in elsewhere, f"{key} is the second one with its serial, in another catalog"
        _check_created(key, after[key], creates.pop(serial_key(after[key].get(SERIAL)), None))
    for change in changes(before, after):
        new = (change.system, change.object) not in before
        spelled = (*change[:3], plain(change.old), plain(change.new))
        assert new or spelled in logged, f"{change} is not in the log: {sorted(map(str, logged))}"


def _perhaps(told: Outcome) -> bool:
    return told.state in MAY_HAVE_HAPPENED


def _check_created(key: Key, fields: Mapping[str, Known], create: Action | None) -> None:
    assert key[0] == "rt", f"{key} was made"
    assert create is not None, f"{key} was made, and no create is logged"
    untold = {name: value for name, value in fields.items() if create.after.get(name) != value}
    assert not untold, f"{key} was made with {untold}, which {create} does not have"


def check_outcomes(ended: Ended, log: Recorded) -> None:
    """Fail unless each planned action is in the log once, with the one outcome that the run told."""
    if ended.killed:
        open_ = {told.state for _, told in log} & {"planned", "started"}
        assert not open_ or (ended.kept == "refused" and open_ == {"planned"}), f"{open_} after a run that is over"
        return
    assert ended.done is not None
    done = ended.done
    assert [action for action, _ in log] == list(done.plan.actions)
    assert all(told.code != "internal" for _, told in log)
    if done.outcomes:
        assert [outcome.action for outcome in done.outcomes] == [action.id for action in done.plan.actions]
        assert [outcome.state for outcome in done.outcomes] == [told.state for _, told in log]
        assert not {told.state for _, told in log} & {"planned", "started"}
    else:
        assert all(told.state == "planned" for _, told in log)


def check_verified(after: Picture, log: Recorded) -> None:
    """Fail unless all that counts as verified is there."""
    for action, told in log:
        if told.state == "verified":
            now = after[action.system, told.object or action.object]
            wrong = {name: value for name, value in action.after.items() if not _same(value, now.get(name))}
            assert not wrong, f"{action} counts as verified, and these are not so: {wrong}"


def plain(value: Known) -> Known:
    """Return a value without its case: Google and RT keep units and addresses in a spelling of their own."""
    return value.casefold() if isinstance(value, str) else value


def _same(one: Known, other: Known) -> bool:
    return plain(one) == plain(other)


def failed(log: Recorded) -> set[Key]:
    """Return the objects that are not known to be as they were to be."""
    return {(action.system, action.object) for action, told in log if told.state != "verified"}


# -- the mapping


def check_owned(owners: Owners, log: Recorded) -> None:
    """Fail where a run planned to write what nobody gave it."""
    for action, _ in log:
        foreign = {(action.system, field) for field in action.after} - owners.owned()
        assert not foreign or action.kind == "create", f"{action} writes {foreign}"


def check_conflicts(owners: Owners, picture: Picture, log: Recorded) -> None:
    """Fail where something is to be written whose serial two records of one side have."""
    contested = {key for held in _holders(owners, picture).values() if _several(held) for key in held}
    for action, _ in log:
        assert (action.system, action.object) not in contested, f"{action} is in conflict"


def check_in_step(owners: Owners, picture: Picture, log: Recorded) -> None:
    """Fail where a device and the asset with its serial do not agree, but for writes that were refused for good."""
    for held in _holders(owners, picture).values():
        pair = dict(held)
        if len(held) == 2 and len(pair) == 2:
            for follows in owners.followers():
                if (follows.system, pair[follows.system]) not in failed(log):
                    _check_follows(follows, pair, picture)


def _check_follows(follows: Follows, pair: Mapping[str, str], picture: Picture) -> None:
    leader = "rt" if follows.system == "google" else "google"
    wanted = picture[leader, pair[leader]].get(follows.source)
    found = picture[follows.system, pair[follows.system]].get(follows.field)
    texts = (wanted,) if isinstance(wanted, str) else wanted or ()
    untold = len(texts) > 1 or any(text.startswith("user ") for text in texts)
    if untold or (not texts and not follows.clear):
        return
    assert _same(texts[0] if texts else None, found), f"{follows} of {pair}: {found!r} is not {wanted!r}"


def serial_key(serial: Known) -> str:
    """Return a serial number as it is compared, "" for one that is none."""
    key = "".join(str(serial or "").split()).upper()
    return key if len(key) >= SHORTEST_KEY else ""


def _holders(owners: Owners, picture: Picture) -> dict[str, list[Key]]:
    """Return who has each serial number, on both sides."""
    found: dict[str, list[Key]] = defaultdict(list)
    for key in _parties(owners, picture):
        serial = serial_key(picture[key].get("serialNumber") or picture[key].get(SERIAL))
        if serial:
            found[serial].append(key)
    return found


def _several(held: list[Key]) -> bool:
    return max(Counter(system for system, _ in held).values()) > 1


def _parties(owners: Owners, picture: Picture) -> list[Key]:
    """Return what the job compares; a deprovisioned device gives way to one that has its serial now."""
    told = takes_part(owners.statuses)
    parties = [key for key, fields in picture.items() if told(key, fields)]
    live = {
        serial_key(picture[key].get("serialNumber"))
        for key in parties
        if key[0] == "google" and picture[key]["status"] != "DEPROVISIONED"
    } - {""}

    def gives_way(key: Key) -> bool:
        fields = picture[key]
        return fields.get("status") == "DEPROVISIONED" and serial_key(fields.get("serialNumber")) in live

    return [key for key in parties if not gives_way(key)]


# -- the guard


def sources(picture: Picture) -> dict[str, int]:
    """Return how many records each system gives to the job."""
    everybody = takes_part(("ACTIVE", "DISABLED", "DEPROVISIONED"))
    counts = Counter(key[0] for key, fields in picture.items() if everybody(key, fields))
    return {"google": counts["google"], "rt": counts["rt"]}


def over_limits(plan: Plan, limits: Limits, owners: Owners, picture: Picture, good: Mapping[str, int]) -> list[str]:
    """Return the limits that a plan is above; ``good`` are the sources of the last good run."""
    populations = Counter(key[0] for key in _parties(owners, picture))
    planned = Counter((action.system, action.kind) for action in plan.actions)
    over = [
        f"{count} {kind} in {system}"
        for (system, kind), count in planned.items()
        if count > _most(limits.of(kind), populations[system])
    ]
    now = sources(picture)
    lost = {system: (size - now[system]) / size for system, size in good.items() if size > now[system]}
    return over + [f"{system} shrank" for system, part in lost.items() if not now[system] or part * 100 > limits.shrink]


def _most(limit: Limit, population: int) -> int:
    share = max(1, math.floor(limit.percent * population / 100 + 1e-9)) if limit.percent else 0
    return min(limit.count, share)


# -- the way back


def restored(before: Picture, log: Recorded) -> Iterator[Change]:
    """Yield what a revert has to bring back: what the run may have written, where it is still there."""
    for action, told in log:
        present = before.get((action.system, action.object))
        if present is None or action.kind == "create" or not _perhaps(told):
            continue
        if action.system == "rt" and not takes_part(())(("rt", action.object), present):
            continue  # RT shows deleted assets, and those of other catalogs, to nobody
        for field, value in action.after.items():
            if _same(present.get(field), value) and not _same(action.before.get(field), value):
                yield Change(action.system, action.object, field, present.get(field), action.before.get(field))
