"""How a run is shown to people, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from syncd.cli.output import STACK_BELOW, print_json, print_table, say
from syncd.reconcile.guard import short_hash
from syncd.reconcile.model import Action, Listing, Outcome
from syncd.reconcile.ports import RunSummary
from syncd.reconcile.run import Done
from syncd.reconcile.values import Known

FIRST = 5
"""Records of one state that are listed without ``--all``."""

FIRST_ACTIONS = 10
"""Actions of one kind that are listed without ``--all``."""

STATES = {
    "matched": "matched",
    "in_sync": "in sync",
    "changed": "to change",
    "only_google": "only in Google",
    "only_rt": "only in RT",
    "only_roster": "only in the roster",
    "only_gam": "only in GAM's output",
    "only_csv": "only in imported files",
    "only_telemetry": "only in telemetry",
    "not_in_source": "not in the source",
    "older": "newer in RT",
    "no_battery": "without a battery",
    "policy_off": "with the policy off",
    "not_recent": "without a recent report",
    "absent": "absent from the roster",
    "conflict": "in conflict",
    "rejected": "without a usable key",
    "unknown": "left alone",
    "not_created": "not created",
    "superseded": "superseded",
    "excluded": "excluded by status",
    "outside": "outside the job",
    "protected": "protected",
    "disabled": "disabled in RT",
    "unmanaged": "not the roster's",
    "considered": "considered",
    "changed_since": "changed since",
    "restored": "back already",
    "irreversible": "beyond recall",
    "unreadable": "not readable now",
}
"""What the states of records are called; the last ones are those of a revert."""

RESULTS = {
    "in_sync": "nothing to do",
    "planned": "planned, nothing was changed",
    "applied": "applied and read back",
    "partial": "some actions failed",
    "refused": "refused, nothing was changed",
    "interrupted": "stopped before the end",
    "failed": "failed",
    "running": "running",
    "killed": "killed before its end; the next run closes it",
}


def done_json(done: Done) -> None:
    """Print a run with its plan and outcomes as one JSON document."""
    error = {"code": done.error.code, "message": done.error.sentence} if done.error else None
    print_json(
        {
            "run": done.summary,
            "plan": done.plan,
            "refusals": done.refusals,
            "error": error,
            "outcomes": done.outcomes,
        }
    )


def show_done(done: Done, *, everything: bool) -> None:
    """Print a run: what was found, what changes, what became of it, and what to do next."""
    show_actions(done.plan.actions, {outcome.action: outcome for outcome in done.outcomes}, everything=everything)
    show_listings(done.plan.report.listings, everything=everything)
    show_counts(done.plan.report.counts)
    show_result(done.summary, done.plan.actions, done.outcomes)
    if done.error is not None:
        say(done.error.sentence)
    elif done.summary.error:
        say(done.summary.error)
    elif done.summary.result == "planned":
        say(f"Plan {short_hash(done.plan)} of job {done.plan.job}.")


def show_actions(
    actions: Sequence[Action], outcomes: Mapping[str, Outcome], *, everything: bool, timed: bool = False
) -> None:
    """Print one line for each field that changes, with the outcome where there is one; the first of each kind.

    ``timed``: with how long each write took.
    """
    by_kind: dict[str, list[Action]] = {}
    for action in actions:
        by_kind.setdefault(f"{action.kind} in {action.system}", []).append(action)
    more = ["took", "outcome"] if outcomes and timed else ["outcome"] if outcomes else []
    header = ["action", "system", "object", "field", "before", "after", "why", *more]
    shown = actions if everything else [action for found in by_kind.values() for action in found[:FIRST_ACTIONS]]
    rows = (row for action in shown for row in _rows(action, outcomes, timed=timed))
    print_table(header, rows, stack_below=STACK_BELOW)
    for kind, found in by_kind.items():
        if not everything and len(found) > FIRST_ACTIONS:
            say(f"... and {len(found) - FIRST_ACTIONS} more {kind}; --all lists them.")


def _rows(action: Action, outcomes: Mapping[str, Outcome], *, timed: bool) -> Iterable[list[str]]:
    """One row a field; what holds for the whole action stands in the first."""
    outcome = outcomes.get(action.id)
    took = [f"{outcome.duration_ms} ms" if outcome and outcome.duration_ms else "-"] if timed else []
    whole = [action.reason, *([*took, _told(outcome)] if outcomes else [])]
    for name, after in action.after.items() or [("-", None)]:
        values = [show_value(action.before.get(name)), show_value(after)]
        yield [action.kind, action.system, action.label, name, *values, *whole]
        whole = [""] * len(whole)


def show_value(value: Known) -> str:
    """Spell a value in a cell."""
    if value is None:
        return "-"
    return ", ".join(value) if isinstance(value, tuple) else value


def _told(outcome: Outcome | None) -> str:
    if outcome is None:
        return "planned"
    return f"{outcome.state}: {outcome.error}" if outcome.error else outcome.state


def show_listings(listings: Sequence[Listing], *, everything: bool) -> None:
    """Print the records that were not reconciled, the first few of each state."""
    by_state: dict[str, list[Listing]] = {}
    for listing in listings:
        by_state.setdefault(listing.state, []).append(listing)
    for state, found in by_state.items():
        shown = found if everything else found[:FIRST]
        heading = STATES.get(state, state)
        say()
        say(f"{heading[:1].upper()}{heading[1:]}: {len(found)}")
        print_table(["system", "record", "why"], ([item.system, item.label or item.object, item.why] for item in shown))
        if len(shown) < len(found):
            say(f"... and {len(found) - len(shown)} more; --all lists them.")


def show_counts(counts: Mapping[str, int]) -> None:
    """Print the counts of a comparison in one line."""
    told = ", ".join(f"{number} {STATES.get(state, state)}" for state, number in counts.items() if number)
    say()
    say(f"{told or 'Nothing was found on either side'}.")


def show_result(summary: RunSummary, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> None:
    """Print how a run ended, with the number of actions and requests."""
    kinds = Counter(f"{action.kind} in {action.system}" for action in actions)
    planned = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "no action"
    states = Counter(outcome.state for outcome in outcomes)
    became = "".join(f", {number} {state.replace('_', ' ')}" for state, number in sorted(states.items()))
    requests = ", ".join(f"{number} to {system}" for system, number in summary.requests.items())
    say(f"Run {summary.id}: {RESULTS[summary.result]} ({planned}{became}; requests: {requests or 'none'}).")
