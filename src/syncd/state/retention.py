"""Retention: runs that are older than the audit has to reach leave the store, with their actions.

What later runs still need stays, however old it is: of every job the newest run of each result, and the last good run,
which the guard measures the next one by. A run leaves whole or not at all, and all that its revert needs is kept with
it: any run that is there can be reverted. Links between systems stay; they are no part of the audit. The history of
batteries is as long as the audit, but for the newest row of each device, which always stays.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, exists, func, or_, select

from syncd.state.database import Database
from syncd.state.ledger import GOOD_RESULTS, rfc3339
from syncd.state.schema import actions, runs

RUNS_AT_A_TIME = 50
ACTIONS_AT_A_TIME = 5000
"""How much is deleted in one transaction, while other writers wait; one run may have more."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What has left the store; ``batteries`` counts rows of their history."""

    runs: int = 0
    actions: int = 0
    batteries: int = 0


def prune(database: Database, before: datetime, *, batches: int | None = None) -> Pruned:
    """Delete runs that started before a time, the oldest first; ``batches``: at most so many transactions."""
    done = Pruned()
    while batches is None or batches > 0:
        batch = _batch(database, before)
        if not batch:
            break
        _delete(database, [run for run, _ in batch])
        done = Pruned(runs=done.runs + len(batch), actions=done.actions + sum(size for _, size in batch))
        batches = None if batches is None else batches - 1
    return done


def _batch(database: Database, before: datetime) -> list[tuple[str, int]]:
    """Return the oldest runs that may go, with their numbers of actions, as many as fit in one transaction."""
    with database.read() as connection:
        found = [(str(row[0]), int(row[1])) for row in connection.execute(_candidates(before))]
    return list(_fitting(found))


def _fitting(found: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    room = ACTIONS_AT_A_TIME
    for number, (run, size) in enumerate(found):
        room -= size
        if number and room < 0:
            return
        yield run, size


def _candidates(before: datetime) -> Select[Any]:
    newer = runs.alias()
    later = (newer.c.job == runs.c.job, newer.c.started > runs.c.started)
    same_result = exists().where(*later, newer.c.result == runs.c.result)
    next_good = exists().where(*later, newer.c.result.in_(GOOD_RESULTS), newer.c.sources != "{}")
    size = select(func.count()).where(actions.c.run == runs.c.id).scalar_subquery()
    return (
        select(runs.c.id, size)
        .where(runs.c.started < rfc3339(before), runs.c.result != "running", same_result)
        .where(or_(runs.c.sources == "{}", runs.c.result.not_in(GOOD_RESULTS), next_good))
        .order_by(runs.c.started, runs.c.id)
        .limit(RUNS_AT_A_TIME)
    )


def _delete(database: Database, ids: Sequence[str]) -> None:
    with database.write() as connection:
        connection.execute(actions.delete().where(actions.c.run.in_(ids)))
        connection.execute(runs.delete().where(runs.c.id.in_(ids)))
