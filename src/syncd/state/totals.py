"""Totals over all runs of a job, which only grow: what monitoring needs of a program that does not stay.

They are kept apart from the runs, and written in the transaction that closes a run: every run counts once, and one
that is deleted later has been counted.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec
from sqlalchemy import Connection, func, select

from syncd.reconcile.model import State, canonical
from syncd.reconcile.ports import Traffic
from syncd.state.schema import actions, facts, runs

OUTCOMES: tuple[State, ...] = tuple(state for state in get_args(State) if state not in {"planned", "started"})
"""The states that an action may end in."""

Outcomes = dict[str, dict[str, int]]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What all closed runs of a job come to.

    ``actions`` has numbers by kind and outcome, ``refusals`` the runs that the guard refused, ``traffic`` the requests
    by system.
    """

    actions: Outcomes = {}
    refusals: int = 0
    traffic: dict[str, Traffic] = {}


def read_totals(connection: Connection, job: str) -> Totals:
    """Return the totals of a job; ones that cannot be read begin anew."""
    text = connection.scalar(select(facts.c.value).where(facts.c.name == _fact(job)))
    try:
        return msgspec.json.decode(text, type=Totals) if text else Totals()
    except msgspec.DecodeError:
        return Totals()


def is_open(connection: Connection, run: str) -> bool:
    """Return whether a run has not been closed yet."""
    return connection.scalar(select(runs.c.result).where(runs.c.id == run)) == "running"


def add_run(connection: Connection, run: str) -> None:
    """Add a run to the totals of its job; to be called once, when it has been closed."""
    columns = select(runs.c.job, runs.c.result, runs.c.code, runs.c.traffic)
    row = connection.execute(columns.where(runs.c.id == run)).one()
    before = read_totals(connection, row.job)
    total = Totals(
        actions=_sum_outcomes(before.actions, _outcomes(connection, run)),
        # A plan that became stale is refused too, but not by the guard.
        refusals=before.refusals + (row.result == "refused" and row.code.startswith("guard.")),
        traffic=_sum_traffic(before.traffic, msgspec.json.decode(row.traffic, type=dict[str, Traffic])),
    )
    connection.execute(facts.delete().where(facts.c.name == _fact(row.job)))
    connection.execute(facts.insert().values(name=_fact(row.job), value=canonical(total).decode()))


def _outcomes(connection: Connection, run: str) -> Iterable[tuple[str, str, int]]:
    """Yield how many actions of a run, by kind, ended in which state."""
    statement = (
        select(actions.c.kind, actions.c.state, func.count())
        .where(actions.c.run == run, actions.c.state.in_(OUTCOMES))
        .group_by(actions.c.kind, actions.c.state)
    )
    return ((kind, state, number) for kind, state, number in connection.execute(statement))


def _sum_outcomes(before: Outcomes, more: Iterable[tuple[str, str, int]]) -> Outcomes:
    total = {kind: dict(states) for kind, states in before.items()}
    for kind, state, number in more:
        states = total.setdefault(kind, {})
        states[state] = states.get(state, 0) + number
    return total


def _sum_traffic(before: Mapping[str, Traffic], more: Mapping[str, Traffic]) -> dict[str, Traffic]:
    none = Traffic()
    return {system: _sum(before.get(system, none), more.get(system, none)) for system in {*before, *more}}


def _sum(one: Traffic, other: Traffic) -> Traffic:
    return Traffic(
        requests=one.requests + other.requests,
        retries=one.retries + other.retries,
        codes={code: one.codes.get(code, 0) + other.codes.get(code, 0) for code in {*one.codes, *other.codes}},
    )


def _fact(job: str) -> str:
    return f"totals:{job}"
