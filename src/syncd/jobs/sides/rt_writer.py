"""Writing objects of RT, one request for each; RT's answers prove nothing, so all is read back in bulk at the end."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from syncd.host.errors import ConfigurationError, Unavailable, WriteRefused
from syncd.jobs.sides.trouble import doubtful
from syncd.reconcile.model import Action, Outcome

SYSTEM = "rt"

NOT_MADE = frozenset({"rt.answer_lost", "rt.server_error", "rt.not_json", "rt.gave_up"})
"""Codes of a create that made nothing.

Its answer told nothing, and what it should have made was looked for and not found; or each try was turned away, since a
create is tried again only then.
"""

REFUSED = "rt.refused"
"""Code of an update that RT refused a part of at least: it writes field by field (RT 5.0.3, observed)."""


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

    def knows(self, field: str) -> bool:  # noqa: ARG002 - for those whose fields differ from mapping to mapping
        """Return whether a field can be read and written."""
        return True

    def widen(self, fields: Collection[str]) -> None:
        """Get to know further fields; raises ConfigurationError where RT does not have them all."""
        raise NotImplementedError

    def learn(self, actions: Iterable[Action]) -> None:
        """Get to know the fields of actions: those of a run that is undone may be mapped no longer."""
        if unknown := {name for action in actions for name in action.after if not self.knows(name)}:
            self.widen(unknown)

    def readable(self, actions: Iterable[Action]) -> Sequence[Action]:
        """Return the actions whose fields RT has."""
        actions = [*actions]
        with suppress(ConfigurationError):
            self.learn(actions)
        return [action for action in actions if all(map(self.knows, action.after))]

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """RT takes objects one by one."""
        self.learn(actions)
        return ((action,) for action in actions)

    def write(self, batch: Sequence[Action]) -> Sequence[Outcome]:
        """Make one request."""
        return [self._create(action) if action.kind == "create" else self._update(action) for action in batch]

    def _update(self, action: Action) -> Outcome:
        try:
            self.update(action)
        except Unavailable as error:
            return doubtful(action, error)
        except WriteRefused as error:
            if error.code != REFUSED or len(action.after) == 1:
                raise
            return Outcome(action=action.id, state="unproven", error=error.sentence, code=error.code)
        return Outcome(action=action.id, state="unproven")

    def _create(self, action: Action) -> Outcome:
        try:
            created = self.create(action)
        except Unavailable as error:
            if error.code not in NOT_MADE:
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
