"""A person of a roster, and what every source of such people has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from syncd.host.problems import Problems

Role = Literal["student", "staff"]


class Person(msgspec.Struct, frozen=True, gc=False):
    """One student or member of staff. Empty text is a value that the source does not have.

    ``id`` is the school's own number for the person, leading zeros kept. ``grade`` is as it was read;
    ``graduation_year`` is the year given, else that of the grade, 0 where neither tells. ``source`` names the format.
    """

    id: str
    given_name: str
    family_name: str
    user_name: str = ""
    email: str = ""
    grade: str = ""
    graduation_year: int = 0
    school: str = ""
    advisor: str = ""
    role: Role = "student"
    active: bool = True
    source: str = ""


FIELDS = Person.__struct_fields__[:-1]
"""What a source may tell of a person, in the order of the record."""


class Source(Protocol):
    """Where people come from: a file, a bundle of files, another system."""

    @property
    def format(self) -> str:
        """The name of the format, for people."""

    @property
    def complete(self) -> bool:
        """Whether somebody who is not in it has left; false for one that tells changes only."""

    @property
    def content(self) -> str:
        """The SHA-256 of what is read, in hex."""

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many were left out so far, by why: they are of no wanted role, or of another org unit."""

    def people(self, problems: Problems) -> Iterator[Sequence[Person]]:
        """Yield the people, some at a time; what is wrong with a row goes to ``problems`` and the row is left out.

        Raises DataError (``roster.…``) for what cannot be read at all.
        """
