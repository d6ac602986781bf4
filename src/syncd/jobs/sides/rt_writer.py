"""Writing objects of RT, one request for each; RT's answers prove nothing, so all is read back in bulk at the end."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from syncd.host.errors import Unavailable
from syncd.jobs.sides.trouble import doubtful
from syncd.reconcile.model import Action, Outcome

SYSTEM = "rt"

LOST = frozenset({"rt.answer_lost", "rt.server_error", "rt.not_json"})
"""Codes of a create that was sent and whose answer tells nothing; what it made was looked for and not found."""


class RtWriter(ABC):
    """What writers of all kinds of objects have in common."""

    system = SYSTEM

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency

    @abstractmethod
    def update(self, action: Action) -> None:
        """Change the object of an action."""

    @abstractmethod
    def create(self, action: Action) -> int:
        """Create the object of an action and return its number."""

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """RT takes objects one by one."""
        return ((action,) for action in actions)

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        """Make one request."""
        return [self._create(action) if action.kind == "create" else self._update(action) for action in batch]

    def _update(self, action: Action) -> Outcome:
        try:
            self.update(action)
        except Unavailable as error:
            return doubtful(action, error)
        return Outcome(action=action.id, state="unproven")

    def _create(self, action: Action) -> Outcome:
        try:
            created = self.create(action)
        except Unavailable as error:
            if error.code not in LOST:
                return doubtful(action, error)
            # Should RT make it after all, the next run matches it.
            return Outcome(action=action.id, state="failed", error=error.sentence, code=error.code)
        return Outcome(action=action.id, state="unproven", object=str(created))


def numbers(actions: Sequence[Action], objects: Mapping[str, str]) -> dict[str, int]:
    """Return the numbers of the objects of actions, by action id; those of a create come from its answer."""
    return {
        action.id: int(objects.get(action.id) or action.object)
        for action in actions
        if action.kind != "create" or action.id in objects
    }
