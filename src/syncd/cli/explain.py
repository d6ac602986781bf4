"""``syncd explain``: what the next run would do with one object, why, and what syncd did to it before."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import click
import msgspec

from syncd.cli.options import as_json
from syncd.cli.output import STACK_BELOW, print_json, print_table, reader_may_leave, say
from syncd.cli.present import STATES, show_value
from syncd.cli.session import context_of, known_job, looking, program, start_logging, store_or_none_kept
from syncd.cli.times import moment, rfc3339
from syncd.host.errors import DataError
from syncd.host.logs import is_the_journal
from syncd.host.notify import Notifier
from syncd.host.progress import Progress
from syncd.jobs.settings import Settings, job_module
from syncd.reconcile.explain import Case, Explains, Explanation, FieldFact, Key, Record, joined
from syncd.reconcile.ports import Traffic
from syncd.reconcile.values import Known, Unknown, Value
from syncd.state.ledger import AuditLog
from syncd.state.store import Store

FIRST_CHANGES = 10
"""Changes of the past that are shown."""

FIRST_RECORDS = 10
"""Records of one case that are shown."""

BATTERY = "battery"
"""Stands for a job, and is none: the history of the batteries, which several jobs keep."""

STYLES = {
    "matched": "green",
    "in sync": "green",
    **dict.fromkeys(("update", "clear", "move", "create"), "cyan"),
    **dict.fromkeys(("in conflict", "without a usable key", "left alone"), "yellow"),
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field that syncd wrote, or tried to; from the audit log."""

    when: str
    run: str
    system: str
    object: str
    label: str
    kind: str
    field: str
    before: Known
    after: Known
    outcome: str
    error: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation, with what else is known here.

    ``history`` has the changes of each case, newest first. ``mode`` is the job's; ``held_back`` says why even a planned
    action may not be done.
    """

    explanation: Explanation
    history: list[list[Change]]
    mode: str
    held_back: list[str]
    requests: Mapping[str, Traffic]


@click.command()
@click.argument("job")
@click.argument("sought", metavar="OBJECT")
@as_json
@click.pass_context
def explain(ctx: click.Context, job: str, sought: str, *, as_json: bool) -> None:
    """Explain what the next run of JOB does with OBJECT, and why; or, with `battery` for JOB, how its battery fared.

    OBJECT is what people call it: a serial number, the name or the number of an asset, the id of a device; of people
    and users the id, the e-mail address, the name or the number. Both systems are asked for it, and for all that shares
    a key with it; nothing is changed. `battery` and a serial number show what the jobs of batteries have kept of a
    device, as a table and a chart; nobody is asked for it.
    """
    if not sought.strip():
        raise click.BadParameter("it is blank; name a device, an asset, a person or a user", param_hint="OBJECT")
    if job == BATTERY:
        from syncd.cli.battery_history import explain_battery  # noqa: PLC0415 - nothing else takes it

        explain_battery(ctx, sought, as_json=as_json)
        return
    start_logging(ctx)
    name = known_job(job)
    settings = looking(ctx, name)
    with ExitStack() as stack:
        store = stack.enter_context(store_or_none_kept(settings))
        told = _told(stack, settings, store, name, sought, program(ctx))
    with reader_may_leave():
        if as_json:
            print_json(_document(told))
        elif not is_the_journal(sys.stdout):
            _show(told)


def _told(stack: ExitStack, settings: Settings, store: Store, name: str, sought: str, command: str) -> Told:
    options = settings.job(name)
    notifier = Notifier()
    stack.callback(notifier.close)
    context = context_of(settings, store, stack.enter_context(Progress(notifier)))
    job = stack.enter_context(job_module(name).open_job(options, context))
    if not isinstance(job, Explains):
        raise DataError(f"the job {name} cannot explain single objects.", code="explain.unsupported", object=name)
    found = job.explain(sought)
    return Told(
        explanation=found,
        history=[_history(store.ledger, case) for case in found.cases],
        mode=options.mode,
        held_back=[*_held_back(store.ledger, name, options.mode, command)],
        requests=job.traffic(),
    )


def _held_back(ledger: AuditLog, job: str, mode: str, command: str) -> Iterator[str]:
    if mode != "apply":
        yield f"the job's mode is {mode}, so that a run changes nothing; {command} apply {job} does"
    last = ledger.newest(job, compared=True)
    if last is not None and last.result == "refused":
        yield f"run {last.id} was refused, and so is the next while its plan is above a limit; {command} show {last.id}"


def _history(ledger: AuditLog, case: Case) -> list[Change]:
    changes = [
        Change(
            when=result.settled_at or result.started_at,
            run=result.run,
            system=action.system,
            object=result.object or action.object,
            label=action.label,
            kind=action.kind,
            field=name,
            before=action.before.get(name),
            after=after,
            outcome=result.state,
            error=result.error,
        )
        for record in case.records
        for action, result in ledger.history(record.system, record.id, written=True)
        for name, after in action.after.items()
    ]
    return sorted(changes, key=lambda change: change.when, reverse=True)


def _document(told: Told) -> dict[str, object]:
    """Return the JSON document."""
    cases = [
        {**msgspec.structs.asdict(case), "history": history}
        for case, history in zip(told.explanation.cases, told.history, strict=True)
    ]
    return {
        "job": told.explanation.job,
        "sought": told.explanation.sought,
        "cases": cases,
        "mode": told.mode,
        "held_back": told.held_back,
        "read": told.explanation.read,
        "requests": told.requests,
    }


# -- for people


def _show(told: Told) -> None:
    cases = told.explanation.cases
    if len(cases) > 1:
        say(f"{len(cases)} {told.explanation.several} {told.explanation.sought}.")
        say()
    for case, history in zip(cases, told.history, strict=True):
        _show_case(case, told.held_back)
        _show_history(history)
        say()
    read = told.explanation.read
    asked = (f"{asked.requests} to {system} ({read[system]})" for system, asked in told.requests.items())
    say(f"Requests: {', '.join(asked)}.")


def _show_case(case: Case, held_back: Sequence[str]) -> None:
    say(_heading(case))
    kinds = [*dict.fromkeys(key.kind for record in case.records for key in record.keys)]
    header = ["system", "record", "called", "state", *kinds]
    _table(header, [_record_row(record, kinds) for record in case.records[:FIRST_RECORDS]])
    if len(case.records) > FIRST_RECORDS:
        say(f"... and {len(case.records) - FIRST_RECORDS} more that share a key; --json has them all.")
    actions = {action.id: action.kind for action in case.actions}
    header = ["system", "field", "has", "owned by", "owner has", "next run"]
    _table(header, [_field_row(fact, actions) for fact in case.fields])
    for line in _outlook(case, held_back):
        say(line)


def _heading(case: Case) -> str:
    names = joined([record.name for record in case.records if record.state == case.state])
    state = STATES.get(case.state, case.state)
    by = f" by {case.key}" if case.key else ""
    return f"{state[:1].upper()}{state[1:]}{by}: {names}."


def _record_row(record: Record, kinds: Sequence[str]) -> list[str]:
    keys = {kind: ", ".join(_key(key) for key in record.keys if key.kind == kind) for kind in kinds}
    return [record.system, record.id, record.label, STATES.get(record.state, record.state), *keys.values()]


def _key(key: Key) -> str:
    """Show a key as the record has it, and what becomes of it where that is not plain."""
    if key.rejected:
        return f"{key.text or '-'} (no key: it {key.rejected})"
    return key.text if key.text == key.key else f"{key.text} ({key.key})"


def _field_row(fact: FieldFact, actions: Mapping[str, str]) -> list[str]:
    verdict = "in sync" if fact.verdict == "same" else actions.get(fact.action) or fact.why
    owner = f"{fact.owner} {fact.source}"
    return [fact.system, fact.field, _value(fact.present), owner, _value(fact.wanted), verdict]


def _value(value: Value) -> str:
    return "not known" if isinstance(value, Unknown) else show_value(value)


def _outlook(case: Case, held_back: Sequence[str]) -> Iterator[str]:
    if not case.actions:
        yield f"The next run changes nothing of it: {case.why}."
    for action in case.actions:
        yield f"The next run plans: {action.kind} {action.system} {action.label}: {action.reason} (action {action.id})."
    yield from (f"But {reason}." for reason in held_back if case.actions)
    yield from (
        f"{record.name}: {record.why}." for record in case.records[:FIRST_RECORDS] if record.state != case.state
    )
    yield from (f"To do: {remedy}." for remedy in case.remedies)


def _show_history(history: Sequence[Change]) -> None:
    if not history:
        say()
        say("syncd has changed nothing of it so far.")
        return
    header = ["when", "run", "system", "called", "field", "before", "after", "outcome"]
    _table(header, [_change_row(change) for change in history[:FIRST_CHANGES]])
    if len(history) > FIRST_CHANGES:
        say(f"... and {len(history) - FIRST_CHANGES} more; --json has them all.")


def _change_row(change: Change) -> list[str]:
    outcome = f"{change.outcome}: {change.error}" if change.error else change.outcome
    values = [show_value(change.before), show_value(change.after)]
    return [rfc3339(moment(change.when)), change.run, change.system, change.label, change.field, *values, outcome]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with air around it; on a terminal it has that of its own."""
    piped = bool(rows) and not sys.stdout.isatty()
    if piped:
        say()
    print_table(header, rows, styles=STYLES, stack_below=STACK_BELOW)
    if piped:
        say()
