"""What whole commands come to when a fault strikes one of their requests, while they read, change and make things.

One fault of each class, at one request of each command. What comes of it follows from what comes of that request
(``google_operations``, ``rt_operations``) and from what the command is, so that no two tables can say different things.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from faults import google_operations, lists, rt_operations, tasks
from faults.kinds import ATTEMPTS, Expect, Fault, at_once
from faults.operation import Operation
from faults.runs import FAULTS, ROWS, System
from faults.tasks import Task
from syncd.cli.work import ATTEMPTS as OF_WORKER
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.host.messages import kind_of

HEADER = ("command", "fault", "in the command", "exit status", "in the journal", "in the store")
REFUSED = "200, `Permission Denied`"
PATIENCE = 0.2
"""Seconds until a change that stalls is given up: by then it is made, on a busy machine, too."""
_BELOW = ("connection refused", "reset before an answer", "no answer (stall)", "JSON cut", "HTML with 200")
CLASSES: Mapping[System, tuple[str, ...]] = {
    "google": (*_BELOW, "401", "403 forbidden", "404 notFound", "429", "500", "503"),
    "rt": (*_BELOW, "401", "403", "404", "429", "500", "503"),
}
"""One fault of each class: refused before it was sent, lost after it, slow, cut, not meant for us, and the statuses."""
FEW = ("reset before an answer", "HTML with 200", "401", "429")
"""Of these some, for further requests of a command."""


class Came(NamedTuple):
    """What a command comes to: requests that were struck, exit status, kinds of records, what is kept, done or not."""

    tries: int
    status: int
    told: tuple[str, ...]
    kept: str
    done: bool


Ends = Callable[[Expect, Fault], Came]


@dataclass(frozen=True)
class Strike:
    """A request of a command, by the name of its operation in the matrix; ``at`` says it in words.

    ``others``: what comes of that request to this command alone; ``few``: it is struck with some of the faults only.
    """

    task: Task
    at: str
    system: System
    name: str
    ends: Ends
    others: Mapping[str, Expect] = field(default_factory=dict)
    few: bool = False

    @property
    def called(self) -> str:
        """What the command is called: ``export students``."""
        return " ".join(word for word in self.task.command if not word.startswith(("-", "{")))

    @property
    def operation(self) -> Operation:
        """The operation of the matrix."""
        return OPERATIONS[self.system][self.name]

    @property
    def reads(self) -> bool:
        """Whether the command only reads by then."""
        return self.operation.kind in ("read", "search")

    @property
    def titles(self) -> tuple[str, ...]:
        """The faults that it is struck with."""
        updates = self.system == "rt" and self.operation.kind == "write"
        return (*(FEW if self.few else CLASSES[self.system]), *([REFUSED] if updates else []))

    def fault(self, title: str) -> Fault:
        """Return a fault by its title."""
        fault = lists.CASES[title].fault if title == REFUSED else FAULTS[self.system][title]
        return fault if self.reads else replace(fault, patience=PATIENCE)

    def came(self, title: str) -> Came:
        """Return what the command comes to."""
        return self.ends(self.expect(title).called(self.system), self.fault(title))

    def expect(self, title: str) -> Expect:
        """Return what the struck request comes to."""
        if title == REFUSED:
            return lists.CASES[title].expect
        others = {**self.operation.others, **self.others}
        return others.get(title) or ROWS[self.system][title].of(self.operation.kind)


OPERATIONS: Mapping[System, Mapping[str, Operation]] = {
    "google": google_operations.OPERATIONS,
    "rt": rt_operations.OPERATIONS,
}


# -- how commands end


def _gave_up(expect: Expect) -> tuple[str, ...]:
    return ("HTTP_GAVE_UP",) if expect.code.endswith("gave_up") else ()


def _kind(expect: Expect) -> str:
    assert expect.error is not None
    return kind_of(expect.error("", code=expect.code)).name


def _run_reads(expect: Expect, _: Fault) -> Came:
    """A run that cannot read all ends, and has planned nothing."""
    return Came(
        expect.tries, expect.exit_status, (*_gave_up(expect), "RUN_FAILED"), f"run failed, `{expect.code}`", done=False
    )


def _run_writes(expect: Expect, fault: Fault) -> Came:
    """What was done is found out by reading back, whatever was said; what was not done is for the next run."""
    if fault.effect:
        return Came(expect.tries, 0, _gave_up(expect), "run applied; action verified", done=True)
    told = (*_gave_up(expect), "ACTION_FAILED", "RUN_PARTIAL")
    return Came(expect.tries, 1, told, f"run partial; action failed, `{_code(expect)}`", done=False)


def _code(expect: Expect) -> str:
    return expect.code or "verify.unchanged"


def _export(expect: Expect, _: Fault) -> Came:
    """An export that cannot read all writes no file."""
    told = (*_gave_up(expect), _kind(expect))
    return Came(expect.tries, expect.exit_status, told, "the file as it was", done=False)


def _poll(expect: Expect, fault: Fault) -> Came:
    """A poll that cannot read all looks again from where it was."""
    return _export(expect, fault)._replace(kept="the position as it was")


def _worker_reads(expect: Expect, _: Fault) -> Came:
    """Where RT cannot be read at all, the worker finds that out by a look at RT itself: the event is not to blame."""
    tries, waiting = 2 * min(expect.tries, OF_WORKER), f"event waiting, `{expect.code}`"
    if expect.error is Unavailable:
        return Came(tries, 0, (*_gave_up(expect), "EVENTS_WAIT"), waiting, done=False)
    return Came(tries, expect.exit_status, (_kind(expect),), waiting, done=False)


def _worker_changes(expect: Expect, fault: Fault) -> Came:
    """A change goes through plan, apply and read-back; what failed is tried again, what was refused needs a person."""
    run = _run_writes(expect, fault)._replace(tries=min(expect.tries, OF_WORKER), status=0)
    if fault.effect:
        return run._replace(kept="event done")
    return _event_failed(run, expect)


def _worker_opens(expect: Expect, fault: Fault) -> Came:
    """A ticket whose answer was lost is looked for."""
    ticket = Came(min(expect.tries, OF_WORKER), 0, _gave_up(expect), "event done", done=True)
    return ticket if fault.effect else _event_failed(ticket, expect)


def _event_failed(came: Came, expect: Expect) -> Came:
    again = expect.error in (Unavailable, None)
    told = (*came.told, "EVENT_FAILED" if again else "EVENT_DEAD")
    return came._replace(told=told, kept=f"event {'waiting' if again else 'dead'}, `{_code(expect)}`", done=False)


_NO_GROUP = {"404 notFound": at_once(ConfigurationError, "groups.missing")}

STRIKES: tuple[Strike, ...] = (
    Strike(tasks.CHANGED_USER, "reads users", "rt", "read users: transactions", _run_reads),
    Strike(tasks.CHANGED_USER, "changes a user", "rt", "update user", _run_writes, few=True),
    Strike(tasks.NEW_STUDENT, "makes a user", "rt", "create user", _run_writes, few=True),
    Strike(tasks.LOST_MEMBER, "reads members", "google", "list members", _run_reads, _NO_GROUP),
    Strike(tasks.LOST_MEMBER, "adds a member", "google", "insert member", _run_writes, few=True),
    Strike(tasks.STRANGER, "takes a member out", "google", "delete member", _run_writes, few=True),
    Strike(tasks.TELEMETRY, "reads telemetry", "google", "list telemetry devices", _run_reads),
    Strike(tasks.TELEMETRY, "changes an asset", "rt", "update asset", _run_writes, few=True),
    Strike(tasks.CSV, "reads assets", "rt", "read assets: transactions", _run_reads),
    Strike(tasks.CSV, "changes an asset", "rt", "update asset", _run_writes, few=True),
    Strike(tasks.GAM, "reads assets", "rt", "read assets: transactions", _run_reads),
    Strike(tasks.GAM, "changes an asset", "rt", "update asset", _run_writes, few=True),
    Strike(tasks.STUDENTS, "reads assets", "rt", "read assets: transactions", _export),
    Strike(tasks.DRIFT, "reads users", "rt", "read users: transactions", _export),
    Strike(tasks.FLEET, "reads assets", "rt", "read assets: transactions", _export, few=True),
    Strike(tasks.POLL, "reads new assets", "rt", "read new assets", _poll, few=True),
    Strike(tasks.NEW_ASSET, "reads the new asset", "rt", "find a new asset", _worker_reads),
    Strike(tasks.NEW_ASSET, "gives it its tag", "rt", "update asset", _worker_changes),
    Strike(tasks.CHECK_IN, "reads the device", "rt", "find an asset by its number", _worker_reads, few=True),
    Strike(tasks.CHECK_IN, "takes it back", "rt", "update asset", _worker_changes, few=True),
    Strike(tasks.DAMAGE, "opens a ticket", "rt", "open ticket", _worker_opens, few=True),
)

# -- the page

_TRIED = {1: "tried once", 2: "tried twice", ATTEMPTS: "tried as often as allowed"}


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the page: faults that come to the same at the same request are in one."""
    for strike in STRIKES:
        together: dict[tuple[str, ...], list[str]] = {}
        for title in strike.titles:
            together.setdefault(_cells(strike, title), []).append(title)
        for cells, titles in together.items():
            yield f"`syncd {strike.called}`, {strike.at}", "; ".join(titles), *cells


def _cells(strike: Strike, title: str) -> tuple[str, ...]:
    came = strike.came(title)
    told = ", ".join(f"`{name}`" for name in came.told) or "nothing"
    return _TRIED[strike.expect(title).tries], str(int(came.status)), told, came.kept
