"""Options that every job has, and the rules that say which side owns a field."""

import difflib
from collections.abc import Collection, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncd.reconcile.guard import Limits

Mode = Literal["plan", "apply"]


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """Where the value of a field comes from, and what an empty value there means."""

    source: Annotated[str, Meta(description="Field of the other system that the value comes from.")]
    clear: Annotated[
        bool, Meta(description="Whether an empty value there empties the field here; else the field keeps its value.")
    ] = False
    tolerance_hours: Annotated[
        float, Meta(ge=0, description="For times only: a difference up to this many hours is not a change.")
    ] = 0.0


Rules = dict[str, str | bool | FieldRule]
"""Target field to its rule. A plain name is short for ``{ from = NAME }``; ``false`` switches a default off."""


class JobOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every job has."""

    mode: Annotated[
        Mode, Meta(description="What `syncd run` does: only plan and report, or also apply within the limits.")
    ] = "plan"
    limits: Annotated[Limits, Meta(description="How much one run may change without approval.")] = Limits()


def merge_rules(defaults: Mapping[str, FieldRule], rules: Rules) -> dict[str, FieldRule]:
    """Return the rules in force: the defaults, with each named field replaced or switched off."""
    merged = dict(defaults)
    for target, rule in rules.items():
        if rule is False:
            merged.pop(target, None)
        elif isinstance(rule, FieldRule):
            merged[target] = rule
        elif isinstance(rule, str):
            merged[target] = FieldRule(source=rule)
    return merged


def check_rules(
    rules: Mapping[str, FieldRule], *, where: str, targets: Collection[str] = (), sources: Collection[str] = ()
) -> None:
    """Raise ValueError naming every rule whose target or source is no field, with the nearest field there is.

    An empty collection means that any name may be right, and that only the outside system can tell.
    """
    wrong = [
        *(_unknown(where, name, "field", targets) for name in rules if targets and name not in targets),
        *(
            _unknown(f"{where}.{name}", rule.source, "source", sources)
            for name, rule in rules.items()
            if sources and rule.source not in sources
        ),
    ]
    if wrong:
        raise ValueError("; ".join(wrong))


def _unknown(where: str, name: str, what: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(sorted(known))}"
    return f"{where} names the unknown {what} {name!r}; {hint}"
