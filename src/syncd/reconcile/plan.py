"""Plans: actions in one order, under one hash, that can be kept in a file and applied exactly or not at all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncd.host.errors import ConfigurationError, DataError, Refused
from syncd.reconcile.model import Action, Plan, Report, digest

FORMAT = 1
_NAMED = 5
"""Objects that a refusal names; the rest are counted."""


def make_plan(job: str, actions: Iterable[Action], populations: Mapping[str, int], report: Report) -> Plan:
    """Return the plan of these actions; the order they come in makes no difference.

    Raises ConfigurationError when two actions write the same field of one object.
    """
    ordered = tuple(sorted(actions, key=_order))
    _check_one_owner(job, ordered)
    fingerprint = _fingerprint(ordered, report.sources)
    return Plan(
        format=FORMAT,
        job=job,
        actions=ordered,
        populations=dict(populations),
        fingerprint=fingerprint,
        hash=_hash(job, ordered, fingerprint),
        report=report,
    )


def encode_plan(plan: Plan) -> bytes:
    """Return a plan as a JSON file that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(plan, order="sorted"), indent=1) + b"\n"


def decode_plan(content: bytes, name: str = "This") -> Plan:
    """Return the plan in a file's content; ``name`` is what a sentence calls the file.

    Raises DataError when it is no plan, Refused when its hash does not fit what it says.
    """
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"{name} is not a plan file ({error}): write one with syncd plan JOB -o FILE",
            code="plan.unreadable",
            operation="read plan",
        ) from None
    if plan.format != FORMAT:
        raise DataError(
            f"The plan file of {plan.job} has format {plan.format}, this version reads {FORMAT}: plan again",
            code="plan.format",
            operation="read plan",
            object=plan.job,
        )
    _check_unedited(plan)
    return plan


def check_fresh(saved: Plan, fresh: Plan) -> None:
    """Raise Refused when an action of the saved plan would not be planned identically now.

    What has come apart since then and is not in the saved plan is fine: it is not applied.
    """
    if saved.job != fresh.job:
        raise DataError(
            f"The plan file is for the job {saved.job}, not for {fresh.job}: apply it as syncd apply FILE",
            code="plan.other_job",
            operation="apply",
            object=fresh.job,
        )
    now = {action.id: action for action in fresh.actions}
    moved = [action for action in saved.actions if now.get(action.id) != action]
    if moved:
        raise Refused(
            f"The saved plan is stale, nothing was changed: {_names(moved)} of {len(saved.actions)} "
            f"would not be planned like this now: plan again (syncd plan {saved.job} -o FILE)",
            code="plan.stale",
            operation="apply",
            object=saved.job,
        )


def _order(action: Action) -> tuple[str, str, str, str]:
    return action.system, action.object, action.kind, action.id


def _fingerprint(actions: Sequence[Action], sources: Mapping[str, int]) -> str:
    """Return a digest of what the plan was made from: the old values, and where nothing changes, the sizes of sources.

    An empty plan can be refused for a source that shrank, and an approval of that must not be one of the next time.
    """
    return digest([(action.system, action.object, action.before) for action in actions] or sources)


def _hash(job: str, actions: Sequence[Action], fingerprint: str) -> str:
    return digest({"job": job, "actions": actions, "fingerprint": fingerprint})


def _check_one_owner(job: str, actions: Sequence[Action]) -> None:
    # The object of a create is a match key, which may look like the id of another object.
    writes = Counter(
        (action.system, action.object, action.kind == "create", field)
        for action in actions
        for field in (action.after or (action.kind,))
    )
    twice = [key for key, count in writes.items() if count > 1]
    if twice:
        system, target, _, field = twice[0]
        raise ConfigurationError(
            f"Two actions of {job} write {field} of {system} {target}: let one side own each field in the mapping",
            code="plan.two_owners",
            system=system,
            operation="plan",
            object=target,
        )


def _check_unedited(plan: Plan) -> None:
    fingerprint = _fingerprint(plan.actions, plan.report.sources)
    if plan.fingerprint != fingerprint or plan.hash != _hash(plan.job, plan.actions, fingerprint):
        raise Refused(
            f"The plan file of {plan.job} was changed after it was written: its hash does not fit; plan again",
            code="plan.edited",
            operation="read plan",
            object=plan.job,
        )


def _names(actions: Sequence[Action]) -> str:
    named = [f"{action.system} {action.object}" for action in actions[:_NAMED]]
    more = len(actions) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "") + f" ({len(actions)})"
