"""``syncd runs``, ``syncd show`` and ``syncd diff``: what happened, from the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import click
import msgspec

from syncd.cli.differences import Change, Differences, difference
from syncd.cli.options import as_json, everything
from syncd.cli.output import print_json, print_table, say
from syncd.cli.present import (
    FIRST_ACTIONS,
    STATES,
    show_actions,
    show_counts,
    show_listings,
    show_result,
    show_value,
)
from syncd.cli.session import known_job, settings_of, store_to_read
from syncd.cli.times import moment, since
from syncd.host.errors import DataError
from syncd.jobs.settings import Settings
from syncd.reconcile.model import Action
from syncd.reconcile.values import Known
from syncd.state.lock import holder
from syncd.state.records import ActionResult, RunRecord
from syncd.state.store import Store

LIMIT = 20
SLOWEST = 3

RUN_STYLES = {
    **dict.fromkeys(("in_sync", "applied", "planned"), "green"),
    "running": "cyan",
    **dict.fromkeys(("refused", "interrupted"), "yellow"),
    **dict.fromkeys(("failed", "partial"), "red"),
}


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; None for what did not come to pass. ``reading`` ends with the first write, ``writing`` with the last."""

    total: float | None = None
    reading: float | None = None
    writing: float | None = None


# -- runs


@click.command()
@click.option("--job", help="Only runs of this job.")
@click.option(
    "--since",
    metavar="TIME",
    callback=since,
    help="Only runs since a date (2026-11-20), a time (05:00, 2026-11-20T05:00), or for so long (2d, 12h).",
)
@click.option("--failed", is_flag=True, help="Only runs that did not do all they should have.")
@click.option("--limit", type=click.IntRange(min=1), help=f"How many [{LIMIT}; with --since all].")
@as_json
@click.pass_context
def runs(
    ctx: click.Context, job: str | None, since: datetime | None, limit: int | None, *, failed: bool, as_json: bool
) -> None:
    """List the runs, newest first."""
    if limit is None and since is None:
        limit = LIMIT
    with store_to_read(settings_of(ctx)) as store:
        chosen = known_job(job) if job else None
        found = store.ledger.runs(chosen, since=since, failed=failed, limit=limit) if store else []
    if as_json:
        print_json(found)
        return
    header = ["run", "job", "mode", "result", "started", "finished", "actions", "by"]
    print_table(header, map(_run_row, found), styles=RUN_STYLES)


def _run_row(run: RunRecord) -> list[str]:
    actions = str(run.counts.get("actions", ""))
    return [run.id, run.job, run.mode, run.result, run.started, run.finished, actions, run.actor]


# -- show


@click.command()
@click.argument("run_id", metavar="RUN")
@as_json
@everything
@click.pass_context
def show(ctx: click.Context, run_id: str, *, as_json: bool, everything: bool) -> None:
    """Show RUN (its id, or the beginning of it).

    Its plan, what became of each action, how long it took, what was asked of the systems, and how to see more.
    """
    settings = settings_of(ctx)
    with store_to_read(settings) as found:
        store = _with_runs(found, run_id)
        run = _as_it_is(store.ledger.run(run_id), settings)
        report = store.ledger.plan_report(run.id)
        recorded = list(store.ledger.actions(run.id))
    timings = _timings(run, [result for _, result in recorded])
    journal = f"journalctl SYNCD_RUN_ID={run.id}"
    if as_json:
        pairs = [{"action": action, "result": result} for action, result in recorded]
        print_json({"run": run, "report": report, "actions": pairs, "timings": timings, "journal": journal})
        return
    actions = [action for action, _ in recorded]
    show_actions(actions, {result.action: result for _, result in recorded}, everything=everything, timed=True)
    show_listings(report.listings, everything=everything)
    show_counts(report.counts)
    show_result(run, actions, [result for _, result in recorded if result.state != "planned"])
    if run.error:
        say(run.error)
    _show_times(run, timings)
    _show_slowest(recorded)
    _show_traffic(run)
    say(f"Journal: {journal}")


def _as_it_is(run: RunRecord, settings: Settings) -> RunRecord:
    """Return a run that nobody is at any more as killed, as ``syncd status`` has it."""
    if run.result != "running" or holder(settings.state.path, run.job) is not None:
        return run
    return msgspec.structs.replace(run, result="killed")


def _timings(run: RunRecord, results: Sequence[ActionResult]) -> Timings:
    starts = [result.started_at for result in results if result.started_at]
    ends = [result.settled_at for result in results if result.settled_at and result.started_at]
    return Timings(
        total=_seconds(run.started, run.finished),
        reading=_seconds(run.started, min(starts, default="")),
        writing=_seconds(min(starts, default=""), max(ends, default="")),
    )


def _seconds(start: str, end: str) -> float | None:
    begun, ended = moment(start), moment(end)
    return round((ended - begun).total_seconds(), 3) if begun and ended else None


def _show_times(run: RunRecord, timings: Timings) -> None:
    took = "" if timings.total is None else f", took {timings.total:.1f} s"
    if timings.reading is not None and timings.writing is not None:
        took += f" ({timings.reading:.1f} s until the first write, {timings.writing:.1f} s writing)"
    say(f"Started {run.started} by {run.actor or 'nobody known'}{took}.")


def _show_slowest(recorded: Sequence[tuple[Action, ActionResult]]) -> None:
    slowest = sorted(recorded, key=lambda pair: pair[1].duration_ms, reverse=True)[:SLOWEST]
    told = [f"{action.system} {action.label} {took.duration_ms} ms" for action, took in slowest if took.duration_ms]
    if told:
        say(f"Slowest writes: {', '.join(told)}.")


def _show_traffic(run: RunRecord) -> None:
    rows = [
        [system, str(asked.requests), str(asked.retries), ", ".join(f"{n} x {code}" for code, n in asked.codes.items())]
        for system, asked in run.traffic.items()
    ]
    print_table(["system", "requests", "of them retries", "answers"], rows)


# -- diff


@click.command()
@click.argument("first_id", metavar="RUN")
@click.argument("second_id", metavar="RUN")
@as_json
@everything
@click.pass_context
def diff(ctx: click.Context, first_id: str, second_id: str, *, as_json: bool, everything: bool) -> None:
    """Show what differs between the plans of two runs of a job.

    Actions that only one has, fields that both change in another way, and counts.
    """
    with store_to_read(settings_of(ctx)) as found:
        store = _with_runs(found, first_id)
        first, second = _with_plan(store, first_id), _with_plan(store, second_id)
        if first.job != second.job:
            raise DataError(
                f"run {first.id} is of the job {first.job} and run {second.id} of {second.job}: "
                "compare two runs of one job.",
                code="run.other_job",
                object=second.id,
            )
        differences = difference(store.ledger, first, second)
    if as_json:
        print_json(differences)
    else:
        _show_differences(differences, everything=everything)


def _with_plan(store: Store, run_id: str) -> RunRecord:
    run = store.ledger.run(run_id)
    if not run.plan_hash:
        why = f": {run.error}" if run.error else ""
        raise DataError(f"run {run.id} made no plan, it is {run.result}{why}", code="run.no_plan", object=run.id)
    return run


def _show_differences(found: Differences, *, everything: bool) -> None:
    first, second = found.first.id, found.second.id
    if not (found.only_first or found.only_second or found.changed):
        say(f"The plans of {first} and {second} are the same.")
    for run, actions in ((first, found.only_first), (second, found.only_second)):
        if actions:
            say(f"Only in {run}: {len(actions)}")
            show_actions(actions, {}, everything=everything)
            say()
    if found.changed:
        say(f"In both, but not the same: {len(found.changed)}")
        shown = found.changed if everything else found.changed[:FIRST_ACTIONS]
        print_table(["system", "object", "field", f"in {first}", f"in {second}"], map(_change_row, shown))
        if len(shown) < len(found.changed):
            say(f"... and {len(found.changed) - len(shown)} more; --all lists them.")
        say()
    numbers = {**{STATES.get(name, name): pair for name, pair in found.counts.items()}, **_read(found.sources)}
    print_table(
        ["counted", f"in {first}", f"in {second}"], ([name, str(one), str(two)] for name, (one, two) in numbers.items())
    )


def _read(sources: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    return {f"read from {name}": pair for name, pair in sources.items()}


def _change_row(change: Change) -> list[str]:
    return [change.system, change.label or change.object, change.field, _way(change.first), _way(change.second)]


def _way(values: tuple[Known, Known] | None) -> str:
    return "left alone" if values is None else f"{show_value(values[0])} -> {show_value(values[1])}"


def _with_runs(store: Store | None, run_id: str) -> Store:
    if store is None:
        raise DataError(
            f"there is no run {run_id!r}; no run has been recorded yet.", code="state.no_such_run", object=run_id
        )
    return store
