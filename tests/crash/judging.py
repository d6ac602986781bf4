"""What a scene ended with, and in what it is not as it would be if nobody had killed it; in sentences."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from crash.books import Act, Books
from crash.boundaries import READ, SIGN_IN, Pass, label_of
from crash.processes import Effect, World

SETTLED = {"verified", "unproven", "failed", "not_started"}
MAY_BE_DONE = {"verified", "unproven"}
NO_APPLY = ("planned", "refused")
"""Results of runs whose actions were shown, and were never to be begun."""

_TAG = re.compile(r"\bW12-\d+")
_STAMPS = {"etag", "id", "created", "updated", "creator", "updated_by"}
_KEYS = {
    "rt.assets": "name",
    "rt.users": "name",
    "rt.tickets": "subject",
    "google.devices": "deviceId",
    "google.users": "primaryEmail",
    "google.members": "id",
}


class Seen(NamedTuple):
    """All that there is to look at in the end: both worlds, what they were told to write, the store, the files."""

    world: Mapping[str, Mapping[Any, Any]]
    effects: Counter[tuple[str, ...]]
    books: Books
    files: Mapping[str, int]


def seen(world: World, effects: Sequence[Effect], books: Books, files: Mapping[str, int]) -> Seen:
    """Return what matters: without stamps, and by names, since ids of new objects go by the order of their making.

    Nobody promises which of two assets gets which tag: it goes by the order in which their events are worked on.
    """
    plain: dict[str, Mapping[Any, Any]] = {}
    for name, key in _KEYS.items():
        plain[name] = dict(_plain(world.get(name, {}).values(), key))
    plain["tags"] = Counter(tag for asset in world["rt.assets"].values() for tag in _TAG.findall(asset["name"]))
    told = ((each.system, each.method, each.path, each.query, _canonical(each.body)) for each in effects)
    given = books.lasting["tags"]
    tags = [tuple(sorted(str(row[column]) for row in given)) for column in range(3)]
    return Seen(plain, Counter(told), books._replace(lasting={**books.lasting, "tags": tags}), files)


def _plain(records: Any, key: str) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Yield records by their names, and by the number that each has among those of its name."""
    numbers: Counter[str] = Counter()
    for record in records:
        name = _TAG.sub("a tag", record[key])
        numbers[name] += 1
        yield (name, numbers[name]), {part: record[part] for part in record if part not in {*_STAMPS, key}}


def _canonical(body: bytes) -> str:
    try:
        return _TAG.sub("a tag", json.dumps(msgspec.json.decode(body), sort_keys=True))
    except msgspec.DecodeError:
        return body.decode(errors="replace")


def unlike(wanted: Seen, found: Seen) -> Iterator[str]:
    """Yield in what the end of a killed command is not that of an undisturbed one."""
    if wanted.effects != found.effects:
        yield f"what was written is not the same: {_difference(wanted.effects, found.effects)}"
    for name, records in wanted.world.items():
        other = found.world[name]
        if records != other:
            keys = sorted(str(key) for key in {*records, *other} if records.get(key) != other.get(key))
            yield f"{name} is not as it should be: {', '.join(keys)}"
    for name, lines in wanted.books.lasting.items():
        if lines != found.books.lasting[name]:
            yield f"{name} in the store: {_difference(Counter(lines), Counter(found.books.lasting[name]))}"
    if wanted.files != found.files:
        yield f"the files are not the same: {_difference(wanted.files, found.files)}"


def _difference(wanted: Mapping[Any, int], found: Mapping[Any, int]) -> str:
    told = [f"missing {item}"[:600] for item in wanted.items() - found.items()]
    return "; ".join(sorted(told) + sorted(f"too much {item}"[:600] for item in found.items() - wanted.items()))


def unsent(passes: Sequence[Pass], effects: Sequence[Effect]) -> Iterator[str]:
    """Yield what the servers saw of writes that were not begun, and what they did not see of those with an answer."""
    writes = [each for each in passes if each.key and label_of(*each.key.split(" ", 1)) not in (READ, SIGN_IN)]
    begun = Counter(each.key for each in writes if each.moment == "before")
    if writes and writes[-1] is passes[-1] and writes[-1].moment == "before":
        begun[writes[-1].key] -= 1  # it was killed before it
    done = Counter(each.key for each in writes if each.moment == "after")
    seen_ = Counter(f"{effect.method} {effect.path}" for effect in effects)
    for key in {*begun, *seen_}:
        if not done[key] <= seen_[key] <= begun[key]:
            yield f"{key} was begun {begun[key]} times, answered {done[key]} times, and seen {seen_[key]} times"


def unaudited(books: Books, effects: Sequence[Effect], users: Mapping[str, str]) -> Iterator[str]:
    """Yield actions without an outcome, and effects that no action tells of; ``users`` are RT's ids by name."""
    yield from (f"the run {run} is open for ever" for run, result in books.runs.items() if result == "running")
    acts = [act for act in books.actions if books.runs[act.run] not in NO_APPLY]
    yield from (f"nobody knows what became of {act}" for act in acts if act.state not in SETTLED or not act.settled)
    done = [act for act in acts if act.state in MAY_BE_DONE]
    known = {(act.system, act.created or act.object) for act in done}
    lost = sum(map(_lost, done))
    for effect in effects:
        for key in effect.objects:
            if (effect.system, users.get(key, key)) not in known:
                lost -= 1
                if not effect.creates or lost < 0:
                    yield f"the audit log knows nothing of {effect}"


def _lost(act: Act) -> bool:
    """Whether it is a create whose answer was lost, and with it the id of what it made."""
    return act.kind == "create" and act.state == "unproven" and not act.created
