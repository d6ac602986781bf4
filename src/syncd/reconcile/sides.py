"""The two sides of a comparison, as the engine sees them: records, their ids, and keys to match them by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from syncd.reconcile.keys import Rejected
from syncd.reconcile.values import Known, texts

R = TypeVar("R")

# No slots here: Python 3.11 cannot make Side[Record](...) of a generic dataclass that is frozen and has slots.


@dataclass(frozen=True)
class KeyRule(Generic[R]):
    """One kind of key: ``read`` gives a record's raw key of this kind, or several; ``normalise`` their one spelling.

    A normalised key must be its own normal form. ``normalise_all`` does for many texts at once what ``normalise`` does
    for one, in less time; it gives None where it cannot, or where one of them is no usable key.
    """

    name: str
    read: Callable[[R], Known]
    normalise: Callable[[str], str | Rejected]
    normalise_all: Callable[[Sequence[str]], Sequence[str] | None] | None = None

    def all_keys(self, raws: Sequence[Known]) -> Sequence[str] | None:
        """Return the key of each of many raw keys; None where not each is one text and one usable key."""
        if self.normalise_all is None or set(map(type, raws)) != {str}:
            return None
        return self.normalise_all(raws)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Side(Generic[R]):
    """The records of one system.

    ``noun`` is what one record is called ("device"), ``ident`` gives the system's own id of a record, ``label``
    what people call it. ``keys`` go from the strongest kind to the weakest.
    """

    system: str
    noun: str
    records: Sequence[R]
    ident: Callable[[R], str]
    label: Callable[[R], str]
    keys: tuple[KeyRule[R], ...] = ()

    def name(self, record: R) -> str:
        """Return how a sentence names a record: "asset 12 (CB-0012)"; labels alone may be those of several."""
        ident, label = self.ident(record), self.label(record)
        return f"{self.noun} {ident} ({label})" if label and label != ident else f"{self.noun} {ident}"

    def usable(self, record: R) -> list[tuple[str, str]]:
        """Return the usable keys of a record as pairs of kind and normalised key, the strongest kind first."""
        found = ((rule.name, rule.normalise(text)) for rule in self.keys for text in texts(rule.read(record)))
        return [(name, key) for name, key in found if isinstance(key, str)]
