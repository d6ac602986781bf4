"""The guard: how much one run may change without a person's approval, from the first object on.

For each system and kind of action a percentage and a count hold, and the smaller one decides. A percentage never
comes to less than one object; a limit that is set to 0 lets nothing pass.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from syncd.host.errors import Refused
from syncd.reconcile.model import Kind, Plan
from syncd.reconcile.ports import RunSummary

GUARD = "guard."
"""How the codes begin of refusals that an approval lifts."""

SHORTEST_APPROVAL = 12
"""Characters of a plan's hash that an approval must have at least."""

Percent = Annotated[
    float, Meta(ge=0, le=100, description="Percentage of the system's objects; at least one object unless 0.")
]
Count = Annotated[int, Meta(ge=0, description="Number of objects; 0 lets none pass.")]


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many objects of a system one kind of action may touch in a run; the smaller of the two decides."""

    percent: Percent
    count: Count


class UpdateLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for updates."""

    percent: Percent = 30.0
    count: Count = 500


class CreateLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for creates."""

    percent: Percent = 10.0
    count: Count = 100


class ClearLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for updates that empty a field."""

    percent: Percent = 5.0
    count: Count = 25


class MoveLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for moves."""

    percent: Percent = 30.0
    count: Count = 500


class DisableLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for disables."""

    percent: Percent = 5.0
    count: Count = 25


class DeleteLimit(Limit, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limit for deletes."""

    percent: Percent = 0.0
    count: Count = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much one run may change without approval."""

    update: Annotated[UpdateLimit, Meta(description="Updates of existing objects.")] = UpdateLimit()
    create: Annotated[CreateLimit, Meta(description="New objects.")] = CreateLimit()
    clear: Annotated[ClearLimit, Meta(description="Updates that empty at least one field.")] = ClearLimit()
    move: Annotated[MoveLimit, Meta(description="Moves to another place, such as an org unit.")] = MoveLimit()
    disable: Annotated[DisableLimit, Meta(description="Objects taken out of service.")] = DisableLimit()
    delete: Annotated[DeleteLimit, Meta(description="Objects deleted.")] = DeleteLimit()
    irreversible: Annotated[
        int, Meta(ge=0, description="Actions of any kind in one system that cannot be taken back.")
    ] = 1
    shrink: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Percentage by which a source may be smaller than in the last good run; "
            "a source that is suddenly empty is always refused.",
        ),
    ] = 20.0

    def of(self, kind: Kind) -> Limit:
        """Return the limit for one kind of action."""
        limit: Limit = getattr(self, kind)
        return limit


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One limit that a plan exceeds. ``setting`` is the option's full name, ``why`` a clause with all numbers."""

    system: str
    what: str
    count: int
    limit: int
    population: int
    setting: str
    why: str


def allowed(limit: Limit, population: int) -> int:
    """Return how many objects of a population a limit lets pass."""
    return min(limit.count, _share(limit.percent, population))


def check(plan: Plan, limits: Limits, previous: RunSummary | None) -> list[Refusal]:
    """Return every limit that the plan exceeds; the shrinkage of sources is against the previous good run."""
    return [
        *_over_kind_limits(plan, limits),
        *_over_irreversible(plan, limits),
        *_shrunken_sources(plan, limits, previous.sources if previous else {}),
    ]


def enforce(plan: Plan, refusals: list[Refusal], approve: str | None, command: str | None = None) -> None:
    """Raise Refused unless the plan keeps within its limits, or this very plan was approved.

    ``approve`` is the plan's hash or at least its first 12 characters. ``command`` is what makes this plan again;
    by default ``syncd apply JOB``.
    """
    if approve is not None and (plan.actions or refusals):
        _check_approval(plan, approve)
        return
    if not refusals:
        return
    command = command or f"syncd apply {plan.job}"
    raise Refused(
        f"Refused, nothing was changed: {'; '.join(refusal.why for refusal in refusals)}. "
        f"If the plan is right, approve this plan and no other: {command} --approve {short_hash(plan)}",
        code="guard.refused",
        operation="guard",
        object=plan.job,
    )


def short_hash(plan: Plan) -> str:
    """Return the part of a plan's hash that is shown to people and taken as an approval."""
    return plan.hash[:16]


def _check_approval(plan: Plan, approve: str) -> None:
    if len(approve) >= SHORTEST_APPROVAL and plan.hash.startswith(approve.lower()):
        return
    raise Refused(
        f"The approval {approve[:64]} is not for the plan of {plan.job} as it is now, which is {short_hash(plan)}: "
        f"look at the plan again and approve its hash, at least {SHORTEST_APPROVAL} characters of it",
        code="guard.wrong_approval",
        operation="guard",
        object=plan.job,
    )


def _share(percent: float, population: int) -> int:
    if percent == 0:
        return 0
    # The small term undoes the rounding of percentages such as 0.1 that have no exact binary form.
    return max(1, math.floor(percent * population / 100 + 1e-9))


def _over_kind_limits(plan: Plan, limits: Limits) -> Iterator[Refusal]:
    for (system, kind), count in sorted(Counter((action.system, action.kind) for action in plan.actions).items()):
        limit = limits.of(kind)
        population = plan.populations.get(system, 0)
        most = allowed(limit, population)
        setting = f"jobs.{plan.job}.limits.{kind}"
        if count > most:
            yield Refusal(
                system=system,
                what=kind,
                count=count,
                limit=most,
                population=population,
                setting=setting,
                why=f"{count} {kind} actions in {system} of {population} objects, the limit is {most} "
                f"({setting}.{_decider(limit, population)})",
            )


def _decider(limit: Limit, population: int) -> str:
    """Return which half of a limit decides, with its value."""
    if limit.count <= _share(limit.percent, population):
        return f"count = {limit.count}"
    return f"percent = {limit.percent:g}"


def _over_irreversible(plan: Plan, limits: Limits) -> Iterator[Refusal]:
    for system, count in sorted(Counter(action.system for action in plan.actions if not action.reversible).items()):
        if count > limits.irreversible:
            setting = f"jobs.{plan.job}.limits.irreversible"
            yield Refusal(
                system=system,
                what="irreversible",
                count=count,
                limit=limits.irreversible,
                population=plan.populations.get(system, 0),
                setting=setting,
                why=f"{count} actions in {system} that cannot be taken back, the limit is {limits.irreversible} "
                f"({setting} = {limits.irreversible})",
            )


def _shrunken_sources(plan: Plan, limits: Limits, before: Mapping[str, int]) -> Iterator[Refusal]:
    setting = f"jobs.{plan.job}.limits.shrink"
    for source, size in sorted(before.items()):
        now = plan.report.sources.get(source, 0)
        lost = size - now
        if lost > 0 and (now == 0 or lost * 100 > limits.shrink * size):
            yield Refusal(
                system=source,
                what="shrink",
                count=lost,
                limit=math.floor(limits.shrink * size / 100 + 1e-9),
                population=size,
                setting=setting,
                why=f"{source} has {now} objects, and had {size} in the last good run: {lost * 100 / size:.0f} % fewer "
                f"({setting} = {limits.shrink:g})",
            )
