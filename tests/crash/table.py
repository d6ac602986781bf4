"""What is expected of a kill at each boundary: the table of docs/reference/crashes.md and of the tests.

How far a command is, its phase, follows from the boundaries that it has passed. What the phase says must be so right
after the kill, and what the next run makes of it is the same for all commands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crash.books import Books
from crash.boundaries import ROUTES, SIGN_IN, Pass
from crash.expected import EXPECTED
from crash.scenes import SCENES, Scene


@dataclass(frozen=True)
class Phase:
    """How far a command is. ``holds`` gets the books from before it, those after the kill, and those of its end."""

    left: str
    follows: str
    holds: Callable[[Books, Books, Books], bool]


def _open_run(states: set[str]) -> Callable[[Books, Books, Books], bool]:
    return lambda _before, now, _end: now.newest == "running" and {*now.states} <= states


PHASES: Mapping[str, Phase] = {
    "untouched": Phase(
        "No run and no result of it is kept, and no system was changed.",
        "The next run does all of it.",
        lambda before, now, _end: now.runs == before.runs and now.lasting == before.lasting,
    ),
    "opened": Phase(
        "The audit log has a run that is open and has no plan.",
        "The next run closes it as `interrupted`, and does all of it.",
        _open_run(set()),
    ),
    "planned": Phase(
        "The open run has its plan; no action of it was begun.",
        "The next run closes it as `interrupted`, its actions as `not_started`, and does them.",
        _open_run({"planned"}),
    ),
    "begun": Phase(
        "Actions of the open run were begun; of those without an outcome nobody knows whether they were done.",
        "The next run closes it as `interrupted`. What has an outcome keeps it, what was begun is `unproven`, the rest "
        "`not_started`. Both sides are read anew, so that what was done is not done again, and what was not is done.",
        lambda _before, now, _end: now.newest == "running" and {*now.states} != {"planned"},
    ),
    "closed": Phase(
        "The run is closed, and all its actions have their outcomes.",
        "The next run finds nothing to do.",
        lambda _before, now, _end: now.newest not in ("", "running") and not {*now.states} & {"planned", "started"},
    ),
    "reserved": Phase(
        "The asset has its number; the run is open and has no plan.",
        "The event is tried again when its lease has run out, and the asset gets that very number.",
        lambda before, now, end: _open_run(set())(before, now, end) and now.lasting["tags"] != before.lasting["tags"],
    ),
    "kept": Phase(
        "All of the file is in the store; of a drop zone, systemd is told to start what follows.",
        "The next run finds it there; a file in a drop zone is still to be moved.",
        lambda _before, now, end: now.lasting == end.lasting and now.news is not False,
    ),
    "moved": Phase(
        "The file is in the store, and in `done` with its report.",
        "There is nothing left to import.",
        lambda _before, now, end: now.lasting == end.lasting and now.news is True,
    ),
    "written": Phase(
        "The new file is there, whole.",
        "The next run writes it again.",
        lambda _before, now, end: now.lasting == end.lasting and now.newest != "running",
    ),
    "accepted": Phase(
        "The new assets are in the inbox; the position in RT's history is the old one.",
        "The next poll finds the same assets, and that the inbox has them.",
        lambda before, now, end: now.lasting["events"] == end.lasting["events"] != before.lasting["events"],
    ),
    "noted": Phase(
        "The new assets are in the inbox, and the position is kept.",
        "The next poll goes on from there.",
        lambda _before, now, end: now.lasting == end.lasting,
    ),
    "claimed": Phase(
        "The event belongs to the killed worker until its lease runs out.",
        "Another worker takes it then, and does all of it.",
        lambda _before, now, _end: now.events["working"] == 1,
    ),
    "noticed": Phase(
        "The store has what is to be taken back, as it was before.",
        "The event is tried again when its lease has run out, and goes on with these rows.",
        lambda _before, now, _end: now.events["working"] == 1 and any(not row[-1] for row in now.lasting["checkins"]),
    ),
    "told": Phase(
        "The ticket is there; the store does not know its number.",
        "The event is tried again when its lease has run out: the devices are taken back, the ticket is found by its "
        "subject.",
        lambda _before, now, _end: now.events["working"] == 1 and any(not row[-1] for row in now.lasting["checkins"]),
    ),
    "listed": Phase(
        "All was done; the event still belongs to the killed worker.",
        "The event is tried again when its lease has run out, and each step is found done.",
        lambda _before, now, _end: now.events["working"] == 1 and all(row[-1] for row in now.lasting["checkins"]),
    ),
    "finished": Phase(
        "The event is done.",
        "The next event is taken.",
        lambda _before, now, _end: now.events["working"] == 0,
    ),
}

MILESTONES = {
    "commit ledger.AuditLog.start": "opened",
    "commit ledger.AuditLog.planned": "planned",
    "commit ledger.AuditLog.intend": "begun",
    "commit ledger.AuditLog.finish": "closed",
    "commit rosters.Rosters.take": "kept",
    "commit batteries.Batteries.take_import": "kept",
    "rename dropzone.DropZone._move": "moved",
    "replace target.replacing": "written",
    "replace plan._write_plan": "written",
    "commit store.Inbox.accept": "accepted",
    "commit cursors.Cursors.set": "noted",
    "commit store.Inbox.claim": "claimed",
    "commit tags.Tags.reserve": "reserved",
    "commit checkins.CheckIns.begin": "noticed",
    "open a ticket": "told",
    "commit checkins.CheckIns.finish": "listed",
    "commit store.Inbox.finish": "finished",
}
"""The phase that begins when a boundary was passed; the others change none."""

WORDS = {
    "read": "a request that reads",
    "sign in to Google": "the sign-in to Google",
    "write a device": "a write of a device",
    "move devices": "a move of devices",
    "write an asset": "a write of an asset",
    "create an asset": "the create of an asset",
    "write a user": "a write of a user",
    "create a user": "the create of a user",
    "open a ticket": "the ticket",
    "add a member": "the coming of a member",
    "take a member out": "the going of a member",
    "commit store.open_store": "commit: an empty store",
    "commit ledger.AuditLog.start": "commit: the run is open",
    "commit ledger.AuditLog.planned": "commit: its plan",
    "commit ledger.AuditLog.intend": "commit: what is begun now",
    "commit ledger.AuditLog.settle": "commit: what became of it",
    "commit ledger.AuditLog.finish": "commit: the run is closed",
    "commit snapshots.Snapshots.commit": "commit: what RT had",
    "commit external_ids.ExternalIds.record": "commit: which records belong together",
    "commit figures.Figures.note_snapshot": "commit: when RT was read",
    "commit battery_history.BatteryHistory.note": "commit: reports in the history of batteries",
    "commit rosters.Rosters.take": "commit: the roster",
    "commit batteries.Batteries.take_import": "commit: the reports of the file",
    "commit store.Inbox.accept": "commit: the new events",
    "commit store.Inbox.claim": "commit: the event is taken",
    "commit store.Inbox.finish": "commit: the event is done",
    "commit cursors.Cursors.set": "commit: the position",
    "commit tags.Tags.reserve": "commit: the number of the tag",
    "commit checkins.CheckIns.begin": "commit: what is taken back",
    "commit checkins.CheckIns.finish": "commit: the check-in is done",
    "mkdir files.prepare_directory": "the folder of the store",
    "mkdir dropzone.DropZone._prepare": "the folders `done` and `rejected`",
    "mknod files.prepare_file": "an empty file of the state folder",
    "unlink dropzone._finish": "the mark of the move is taken away",
    "rename dropzone.DropZone._move": "the file is moved to `done`",
    "replace metrics.write_textfile": "the file of metrics is replaced",
    "replace target.replacing": "the file is replaced",
    "replace plan._write_plan": "the file of the plan is replaced",
    "replace pseudonyms._key": "the key of the pseudonyms",
}
"""The boundaries in words."""

WRITES = frozenset(label for _, _, label in ROUTES) - {SIGN_IN}

AT_TIMES = frozenset(["commit store.Inbox.extend"])
"""Boundaries that only a slow run passes."""


class Row(NamedTuple):
    """A boundary of a command, and the phases before and after it."""

    label: str
    before: str
    after: str


def rows(passes: Iterable[Pass]) -> list[Row]:
    """Return the boundaries that were passed, each once for each phase, in the order of their first time."""
    found: dict[Row, None] = {}
    for phase, (moment, label, _) in with_phases(passes):
        if moment == "before" and label not in AT_TIMES:
            found[Row(label, phase, MILESTONES.get(label, phase))] = None
    return [*found]


def with_phases(passes: Iterable[Pass]) -> Iterator[tuple[str, Pass]]:
    """Yield each boundary with the phase that the command is in there."""
    phase = "untouched"
    for each in passes:
        if each.moment == "after":
            phase = MILESTONES.get(each.label, phase)
        yield phase, each


def expected(scene: Scene) -> list[Row]:
    """Return what is written of a command."""
    return [Row(label, before, MILESTONES.get(label, before)) for before, label in EXPECTED[scene.name]]


def phases() -> list[tuple[str, str, str]]:
    """Return for the documentation what each phase is: its name, what is there, what follows."""
    return [(f"`{name}`", phase.left, phase.follows) for name, phase in PHASES.items()]


def commands() -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Yield for the documentation each scene, its command, and the phases around each of its boundaries."""
    for scene in SCENES:
        words = (
            " ".join(scene.command)
            .replace("{folder}/", "")
            .replace("out/", "")
            .replace("{run}", "RUN")
            .replace("{hash}", "HASH")
        )
        lines = [(WORDS[row.label], *_cells(row)) for row in expected(scene)]
        yield scene.name, f"syncd {words}", lines


def _cells(row: Row) -> tuple[str, str]:
    """Return the phases around a boundary; of a write also whether the system has seen it, which the tests check."""
    before, after = f"`{row.before}`", f"`{row.after}`"
    return (f"{before}, not done", f"{after}, done") if row.label in WRITES else (before, after)
