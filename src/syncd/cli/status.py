"""``syncd status``: one screen that says what ran, what is left to do, what is wrong, and what to type."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from syncd.cli.options import as_json
from syncd.cli.output import STACK_BELOW, print_json, print_table, say
from syncd.cli.overview import JobStatus, Overview, overview
from syncd.cli.present import STATES
from syncd.cli.session import inbox_to_read, program, settings_of, store_to_read
from syncd.cli.times import ago, moment, rfc3339
from syncd.host.systemd import units_of
from syncd.host.units.daemons import WEBHOOKS, WORKER
from syncd.jobs.settings import JOBS
from syncd.state.lock import Holder

EVENT_STATES = ("waiting", "working", "dead", "done", "dropped")

STYLES = {
    **dict.fromkeys(("in sync", "applied", "planned", "good", "closed"), "green"),
    **dict.fromkeys(("running", "on trial"), "cyan"),
    **dict.fromkeys(("refused", "interrupted", "killed", "failing", "stopped"), "yellow"),
    **dict.fromkeys(("failed", "partial", "open", "left alone"), "red"),
}


@click.command()
@as_json
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show what ran, what is left to do, what is wrong, and what to type next.

    Nothing is asked of an outside system. A terminal shows how long ago things were, a pipe gets times in UTC.
    """
    settings = settings_of(ctx)
    units = units_of([*JOBS, WEBHOOKS, WORKER])
    with store_to_read(settings) as store, inbox_to_read(settings) as inbox:
        found = overview(settings, store, inbox, units, program(ctx), datetime.now(UTC))
    if as_json:
        print_json(found)
    else:
        _Screen(found, people=sys.stdout.isatty()).show()


class _Screen:
    """The overview as text, for people or for a pipe."""

    def __init__(self, found: Overview, *, people: bool) -> None:
        self._found = found
        self._people = people

    def show(self) -> None:
        if not self._found.jobs:
            say("No job is configured, and none has run.")
        self._jobs()
        self._running()
        self._daemons()
        self._inbox()
        self._systems()
        self._snapshots()
        self._attention()

    def _jobs(self) -> None:
        header = ["job", "result", "last run", "last success", "next start", "to do"]
        rows = [self._job(job) for job in self._found.jobs]
        if self._people:
            self._table(header, rows)
            for job in self._found.jobs:
                self._counts(job)
            return
        more = [[job.mode or "-", job.last_run.id if job.last_run else "-", _counts(job)] for job in self._found.jobs]
        self._table([*header, "mode", "run", "counts"], [row + rest for row, rest in zip(rows, more, strict=True)])

    def _job(self, job: JobStatus) -> list[str]:
        last, success = job.last_run, job.last_success
        result = job.result.replace("_", " ") if self._people else job.result
        times = (
            (last.finished or last.started) if last else "",
            success.finished if success else "",
            job.next_start,
        )
        return [job.job, result, *map(self._at, times), str(job.drift.open) if job.drift else "-"]

    def _counts(self, job: JobStatus) -> None:
        """Tell what the last comparison found, in a line of its own: it fills a screen."""
        if job.drift is None:
            return
        told = (f"{number} {STATES[state]}" for state, number in job.drift.counts.items() if number and state in STATES)
        say(f"{job.job} found {self._at(job.drift.at)}: {', '.join(told) or 'nothing on either side'}.")

    def _running(self) -> None:
        held = [(job, job.holder) for job in self._found.jobs if job.holder]
        rows = [[job.job, holder.run or "-", _process(holder), self._at(holder.since)] for job, holder in held]
        self._table(["running", "run", "process", "since"], rows)
        for job, _ in held:
            if self._people and job.under_way.get("actions"):
                done = sum(job.under_way.get(state, 0) for state in ("verified", "failed", "unproven"))
                say(f"{job.job} has settled {done} of {job.under_way['actions']} actions.")

    def _daemons(self) -> None:
        rows = [[each.daemon, each.state, self._at(each.since)] for each in self._found.daemons]
        self._table(["daemon", "state", "since"], rows)

    def _inbox(self) -> None:
        inbox = self._found.inbox
        if inbox is None:
            return
        rows = [[each.kind, *(str(getattr(each, state)) for state in EVENT_STATES)] for each in inbox.kinds]
        self._table(["events", *EVENT_STATES], rows)
        if inbox.oldest_waiting and self._people:
            say(f"The oldest event that waits came {self._at(inbox.oldest_waiting)}.")

    def _systems(self) -> None:
        rows = [
            [one.system, one.health, one.circuit, str(one.failures), self._at(one.open_until), self._at(one.last_read)]
            for one in self._found.systems
        ]
        self._table(["system", "health", "circuit", "failures", "again", "last read"], rows)

    def _snapshots(self) -> None:
        rows = [[one.system, one.job, self._at(one.as_of), self._at(one.full_read)] for one in self._found.snapshots]
        self._table(["snapshot", "of", "up to date", "full read"], rows)

    def _attention(self) -> None:
        if self._people and self._found.systemd and self._found.jobs:
            say(f"When jobs start next is not known: {self._found.systemd}.")
        if not self._people:
            rows = [[item.about, item.what, "; ".join(item.next)] for item in self._found.attention]
            self._table(["attention", "what", "next"], rows)
            return
        for item in self._found.attention:
            say()
            say(f"{item.about}: {item.what}")
            for command in item.next:
                say(f"    {command}")

    def _table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        print_table(header, rows, styles=STYLES, stack_below=STACK_BELOW)
        if rows and not self._people:
            say()

    def _at(self, time: datetime | str | None) -> str:
        known = moment(time) if isinstance(time, str) else time
        return ago(known, self._found.now) if self._people else rfc3339(known) or "-"


def _process(holder: Holder) -> str:
    return f"{holder.pid} on {holder.host}" if holder.pid else "-"


def _counts(job: JobStatus) -> str:
    return " ".join(f"{state}={number}" for state, number in job.drift.counts.items()) if job.drift else "-"
