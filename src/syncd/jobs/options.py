"""Options that every job has, and the rules that say which side owns a field."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from syncd.reconcile.guard import Limits

Mode = Literal["plan", "apply"]
R = TypeVar("R")


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


class CheckedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of which more can be wrong than their types tell; all of it is told at once."""

    def __post_init__(self) -> None:
        """Raise one ValueError with all ``problems``."""
        if told := "; ".join(self.problems()):
            raise ValueError(told)

    def problems(self) -> Iterator[str]:
        """Yield a clause for each option that names nothing, would do nothing, or would do harm."""
        yield from ()


class JobOptions(CheckedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every job has."""

    mode: Annotated[
        Mode, Meta(description="What `syncd run` does: only plan and report, or also apply within the limits.")
    ] = "plan"
    limits: Annotated[Limits, Meta(description="How much one run may change without approval.")] = Limits()

    @property
    def systems(self) -> tuple[str, ...]:
        """The tables of systems that these options need besides those that the job always does."""
        return ()


def _no_others(name: str) -> bool:  # noqa: ARG001
    return False


@dataclass(frozen=True)
class FieldNames:
    """The names that fields of a system have.

    ``others`` accepts a name that only the system itself can tell to be right or wrong; ``hint`` says how such a
    name is written.
    """

    known: tuple[str, ...] = ()
    others: Callable[[str], bool] = _no_others
    hint: str = ""

    def problem(self, where: str, name: str, what: str = "field") -> str | None:
        """Return a clause about a name that is no field, with the nearest one there is; None for a good one."""
        if name in self.known or self.others(name):
            return None
        return f"{where} names the unknown {what} {name!r}; {self._remedy(name)}"

    def _remedy(self, name: str) -> str:
        if near := difflib.get_close_matches(name, self.known, n=1):
            return f"did you mean {near[0]!r}?"
        known = f"known here: {', '.join(sorted(self.known))}" if self.known else ""
        return "; ".join(filter(None, (known, self.hint)))


def merge_rules(defaults: Mapping[str, FieldRule], rules: Rules) -> dict[str, FieldRule]:
    """Return the rules in force, where a plain text is the name of the source."""
    return merged(defaults, rules, lambda source: FieldRule(source=source))


def merged(defaults: Mapping[str, R], rules: Mapping[str, str | bool | R], short: Callable[[str], R]) -> dict[str, R]:
    """Return the rules in force: the defaults, with each named field replaced or switched off.

    ``short`` makes a rule of a plain text. ``true`` is no rule and leaves things as they are; ``rule_problems``
    refuses it.
    """
    found = dict(defaults)
    for target, rule in rules.items():
        if rule is False:
            found.pop(target, None)
        elif isinstance(rule, str):
            found[target] = short(rule)
        elif not isinstance(rule, bool):
            found[target] = rule
    return found


def rule_problems(where: str, rules: Rules, *, targets: FieldNames, sources: FieldNames) -> Iterator[str]:
    """Yield a clause for every rule that names no field, and for every ``true``."""
    for target, rule in rules.items():
        if problem := targets.problem(where, target):
            yield problem
        if rule is True:
            yield f'{where}.{target} = true names no source; write the name of a field, or {{ from = "NAME" }}'
    for target, made in merge_rules({}, rules).items():
        if problem := sources.problem(f"{where}.{target}", made.source, "source"):
            yield problem


def ownership_circles(left: Mapping[str, FieldRule], right: Mapping[str, FieldRule]) -> Iterator[str]:
    """Yield a clause for each circle of fields that would own each other: their values would go round for ever.

    ``left`` are the rules of one side's fields, whose sources are fields of the other side; ``right`` the reverse.
    """
    sources = {(True, name): (False, rule.source) for name, rule in left.items()}
    sources |= {(False, name): (True, rule.source) for name, rule in right.items()}
    done: set[tuple[bool, str]] = set()
    for start in sources:
        path: list[tuple[bool, str]] = []
        field = start
        while field in sources and field not in done:
            done.add(field)
            path.append(field)
            field = sources[field]
        if field in path:
            circle = [name for _, name in path[path.index(field) :]]
            yield f"{' and '.join(circle)} would own each other; drop one of their rules"
