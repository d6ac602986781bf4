"""Which side owns which field of the other: the mapping that a job declares."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from syncd.reconcile.model import Kind
from syncd.reconcile.sides import Side
from syncd.reconcile.values import Known, Value

S = TypeVar("S")
T = TypeVar("T")

Verdict = Literal["same", "change", "clear", "kept", "unknown"]
"""What a field comes to. ``kept``: the source is empty, and an empty source does not overwrite this field."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a pair: both values and what follows. ``why`` says it in words where nothing is written."""

    field: str
    verdict: Verdict
    wanted: Value
    present: Value
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Field(Generic[S, T]):
    """One field of the target that follows a field of the source.

    Both readers give values in the target's spelling. An empty source leaves the target alone unless ``clear``.
    ``same`` is asked only about two filled values that differ. ``kind`` is ``move`` for a field that the target
    takes by another request than its other fields. ``peek`` are two cheap readers of a source and a target: where they
    give the same, both hold the same value in the same spelling, and nothing else is asked.
    """

    name: str
    source_name: str
    read_source: Callable[[S], Value]
    read_target: Callable[[T], Value]
    clear: bool = False
    same: Callable[[Known, Known], bool] = operator.eq
    kind: Kind = "update"
    peek: tuple[Callable[[S], object], Callable[[T], object]] | None = None


@dataclass(frozen=True, kw_only=True)
class Flow(Generic[S, T]):
    """The fields of the target that the source owns; every other field of the target is never written.

    ``settle`` has the last word on a pair whose fields depend on each other: it gets their verdicts in the order of
    ``fields``, and returns them in that order.
    """

    source: Side[S]
    target: Side[T]
    fields: tuple[Field[S, T], ...]
    settle: Callable[[S, T, Sequence[Judged]], Sequence[Judged]] | None = None
