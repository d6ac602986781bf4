"""Who shall be in a group: people of the imported roster, or the members of a group of RT."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from syncd.host.errors import ConfigurationError, DataError
from syncd.jobs.membership.options import RosterMembers, RtGroupMembers, Source
from syncd.jobs.people.roster_side import SYSTEM as ROSTER
from syncd.jobs.people.roster_side import ident_of, text_key
from syncd.jobs.people.sources import imported
from syncd.jobs.sides.rt_writer import SYSTEM as RT
from syncd.reconcile.keys import Rejected
from syncd.state.rosters import Rosters
from syncd.systems.rosters.person import Person
from syncd.systems.rt.client import RequestTracker

_SHOWN = 20
"""Schools or grades that an error names at most."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """Somebody who shall be a member. ``ident`` tells no name: it is shown in the journal; ``address`` may be empty."""

    system: str
    ident: str
    address: str


class Sources:
    """Reads who shall be in each group. ``rt`` is None where no source needs it."""

    def __init__(self, rosters: Rosters, rt: RequestTracker | None) -> None:
        self._rosters = rosters
        self._rt = rt

    def of(self, group: str, source: Source) -> Sequence[Wanted]:
        """Return who shall be in a group.

        Raises ConfigurationError for a condition or a group of RT that names nothing, DataError for a source without
        anybody, and what RT's adapter raises.
        """
        wanted = self._of_rt(source) if isinstance(source, RtGroupMembers) else self._of_roster(group, source)
        if not any(one.address for one in wanted):
            raise DataError(
                f"the source of {group} has nobody with an e-mail address, and no group is emptied for that: correct "
                "the source, or take the group out of the configuration.",
                code="groups.nobody",
                object=group,
            )
        return wanted

    @cached_property
    def _people(self) -> Sequence[Person]:
        return imported(self._rosters, "groups", ROSTER)

    def _of_roster(self, group: str, source: RosterMembers) -> list[Wanted]:
        _check(group, self._people, source)
        tests = [*_tests(source)]
        people = [person for person in self._people if all(test(person) for test in tests)]
        return [Wanted(ROSTER, ident_of(person), person.email.strip()) for person in people]

    def _of_rt(self, source: RtGroupMembers) -> list[Wanted]:
        assert self._rt is not None
        users = self._rt.groups.users(source.rt_group)
        return [Wanted(RT, str(user.id), user.email.strip()) for user in users]


def _tests(source: RosterMembers) -> Iterator[Callable[[Person], bool]]:
    schools, grades = _keys(source.schools), _keys(source.grades)
    if schools:
        yield lambda person: text_key(person.school) in schools
    if grades:
        yield lambda person: text_key(person.grade) in grades
    if not source.inactive:
        yield lambda person: person.active
    yield lambda person: person.role in source.roles


def _keys(texts: Sequence[str]) -> set[str | Rejected]:
    return {text_key(text) for text in texts}


def _check(group: str, people: Sequence[Person], source: RosterMembers) -> None:
    """Raise ConfigurationError for schools and grades that nobody of the roster has, with the nearest there are."""
    named: Mapping[str, tuple[Sequence[str], Any]] = {
        "schools": (source.schools, lambda person: person.school),
        "grades": (source.grades, lambda person: person.grade),
    }
    problems: list[str] = []
    for option, (texts, read) in named.items():
        if not texts:
            continue
        known = {text_key(read(person)): read(person) for person in people if read(person)}
        problems += [
            f"{option} names {text!r}, which nobody of the roster has{_nearest(text, [*known.values()])}"
            for text in texts
            if text_key(text) not in known
        ]
    if problems:
        raise ConfigurationError(
            f'jobs.groups.groups."{group}": {"; ".join(problems)}.', code="groups.condition", object=group
        )


def _nearest(text: str, known: Sequence[str]) -> str:
    if near := difflib.get_close_matches(text, known, n=1, cutoff=0.75):
        return f" (did you mean {near[0]!r}?)"
    return f" (it has {', '.join(sorted(known)[:_SHOWN]) or 'none'})"
