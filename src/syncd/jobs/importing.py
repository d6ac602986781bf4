"""What imports of files have in common: who reads a file, and what became of it."""

from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeVar

import msgspec

from syncd.host.errors import IntegrationError
from syncd.host.problems import Problem

Result = Literal["imported", "unchanged", "planned", "refused", "rejected", "waiting"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file. ``error`` is the reason why it was not kept; ``problems`` are the first of so many."""

    file: str
    result: Result
    problems: list[Problem] = []
    problem_count: int = 0
    error: IntegrationError | None = None

    @property
    def summary(self) -> str:
        """What became of the file, in one clause; for one without an error."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """What kind of file it was, to stand behind its name; "" where there is one kind."""
        return ""


Done = TypeVar("Done", bound=Outcome)
_Done_co = TypeVar("_Done_co", bound=Outcome, covariant=True)


class Importer(Protocol[_Done_co]):
    """Imports files of one kind. What is wrong with a file is in the outcome; what else is wrong is raised."""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored."""

    def by_path(self, path: Path) -> _Done_co:
        """Import the file that somebody named."""

    def opened(self, file: BinaryIO, name: str, path: Path) -> _Done_co:
        """Import a file of a drop zone; ``path`` is where it will lie if it is not taken."""

    def not_opened(self, name: str, result: Result, error: IntegrationError) -> _Done_co:
        """Return the outcome of a file that could not be opened, or was not whole."""
