"""What an operation of an adapter is: how it is called, and which of its requests is struck."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from faults.kinds import Expect
from faults.lab import Route, Systems

Kind = Literal["read", "search", "write", "create"]


@dataclass(frozen=True)
class Operation:
    """One operation; one that sends several kinds of requests is there once for each of them.

    ``others``: what comes of the faults that come to something else than the row of its kind says.
    """

    kind: Kind
    route: Route
    call: Callable[[Systems], object]
    others: Mapping[str, Expect] = field(default_factory=dict)
