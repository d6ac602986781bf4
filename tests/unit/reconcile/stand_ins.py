"""Stand-ins for what the engine talks to: a ledger in memory, and a system whose writes can be made to go wrong."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import msgspec

from syncd.host.errors import NotFound, Unavailable
from syncd.reconcile.model import Action, Outcome, Plan, Report, make_action
from syncd.reconcile.plan import make_plan
from syncd.reconcile.ports import RunSummary
from syncd.reconcile.values import Known

Table = dict[str, dict[str, Known]]
Behaviour = str
"""``do`` (verified) ``trust`` (done, unproven) ``drop`` (nothing done, unproven) ``fail`` ``mangle`` (something else is
stored, unproven) ``crash`` (unexpected exception) ``crash_after`` ``silent`` (no outcome) ``out`` ``out_after``
``circuit`` (Unavailable)."""


def update(number: int, *, system: str = "rt", **changes: Known) -> Action:
    changes = changes or {"name": "new"}
    return make_action(
        kind="update",
        system=system,
        object=str(number),
        label=f"CB-{number}",
        before=dict.fromkeys(changes, "old"),
        after=changes,
        reason="test",
    )


def plan_of(*actions: Action, population: int = 1000, job: str = "demo") -> Plan:
    systems = {action.system for action in actions} or {"rt"}
    return make_plan(job, actions, dict.fromkeys(systems, population), Report())


class MemoryLedger:
    """Keeps the order of events, and what the real ledger keeps."""

    def __init__(self) -> None:
        self.summaries: dict[str, RunSummary] = {}
        self.plans: dict[str, Plan] = {}
        self.outcomes: dict[str, dict[str, Outcome]] = {}
        self.events: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self._ids = count(1)

    def start(self, job: str, mode: str) -> str:
        run = f"run-{next(self._ids)}"
        self.summaries[run] = RunSummary(id=run, job=job, mode=mode, started="")
        return run

    def planned(self, run: str, plan: Plan) -> None:
        self.plans[run] = plan
        self.outcomes[run] = {action.id: Outcome(action=action.id, state="planned") for action in plan.actions}

    def intend(self, run: str, actions: Sequence[Action]) -> None:
        self.threads.add(threading.get_ident())
        for action in actions:
            self.events.append(("intend", action.id))
            self._keep(run, Outcome(action=action.id, state="started"))

    def settle(self, run: str, outcomes: Sequence[Outcome]) -> None:
        self.threads.add(threading.get_ident())
        for outcome in outcomes:
            self.events.append(("settle", outcome.action))
            self._keep(run, outcome)

    def finish(self, summary: RunSummary) -> None:
        assert self.summaries[summary.id].result == "running"
        self.summaries[summary.id] = summary

    def last_good(self, job: str) -> RunSummary | None:
        good = {"in_sync", "planned", "applied", "partial"}
        runs = [run for run in self.summaries.values() if run.job == job and run.result in good and run.sources]
        return runs[-1] if runs else None

    def run(self, run: str) -> RunSummary:
        if run not in self.summaries:
            raise NotFound("no such run", code="state.no_such_run")
        return self.summaries[run]

    def plan_report(self, run: str) -> Plan:
        return self.plans[run]

    def actions(self, run: str) -> list[tuple[Action, Outcome]]:
        return [(action, self.outcomes[run][action.id]) for action in self.plans[run].actions]

    def _keep(self, run: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(run, {})[outcome.action] = outcome


@dataclass
class MemoryWriter:
    """Writes to a table of objects; ``behave`` says, for each action, what happens to it."""

    system: str = "rt"
    table: Table = field(default_factory=dict)
    concurrency: int = 3
    size: int = 1
    behave: Callable[[Action], Behaviour] = lambda _: "do"
    written: list[str] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    reads: int = 0
    events: list[tuple[str, str]] | None = None

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        for start in range(0, len(actions), self.size):
            yield actions[start : start + self.size]

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        if self.events is not None:
            self.events.extend(("write", action.id) for action in batch)
        return [outcome for action in batch for outcome in self._write(action)]

    def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
        self.reads += 1
        found = {}
        for action in actions:
            by_key = self.made.get(action.object, "") if action.kind == "create" else action.object
            row = self.table.get(objects.get(action.id, by_key))
            if row is not None:
                found[action.id] = {name: row.get(name) for name in action.after}
        return found

    def same(self, field: str, wanted: Known, found: Known) -> bool:  # noqa: ARG002
        return wanted == found

    def _write(self, action: Action) -> list[Outcome]:
        behaviour = self.behave(action)
        if behaviour in {"crash", "circuit", "out"}:
            raise self._error(behaviour)
        if behaviour == "fail":
            return [Outcome(action=action.id, state="failed", code="rt.refused", error="no")]
        self.written.append(action.id)
        created = self._new_id(action.object) if action.kind == "create" else ""
        self._change(action, created or action.object, behaviour)
        if behaviour in {"crash_after", "out_after"}:
            raise self._error(behaviour)
        if behaviour == "silent":
            return []
        return [Outcome(action=action.id, state="verified" if behaviour == "do" else "unproven", object=created)]

    def _new_id(self, key: str) -> str:
        """Return an id that was never given before."""
        self.made[key] = f"{self.made[key]}x" if key in self.made else f"new-{key}"
        return self.made[key]

    def _change(self, action: Action, row: str, behaviour: Behaviour) -> None:
        if behaviour == "drop":
            return
        if action.kind == "delete":
            del self.table[row]
        elif behaviour == "mangle":
            self.table.setdefault(row, {}).update(dict.fromkeys(action.after, "mangled"))
        else:
            self.table.setdefault(row, {}).update(action.after)

    def _error(self, behaviour: Behaviour) -> Exception:
        if behaviour.startswith("crash"):
            return RuntimeError("a defect")
        code = f"{self.system}.circuit_open" if behaviour == "circuit" else f"{self.system}.unreachable"
        return Unavailable(f"{self.system} is out", code=code, system=self.system)


def states(outcomes: Iterable[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def copy(table: Table) -> Table:
    return msgspec.convert(msgspec.to_builtins(table), Table)
