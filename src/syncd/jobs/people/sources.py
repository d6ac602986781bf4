"""Where people come from: the imported roster, a file of its own, Google's Directory. Each is read whole."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from syncd.host.errors import DataError
from syncd.host.problems import Problems
from syncd.jobs.people.directory import people_of
from syncd.jobs.people.options import FileSource, GoogleSource, RtUsersOptions, Source
from syncd.reconcile.ports import Progress
from syncd.state.rosters import Rosters
from syncd.systems.google import Google
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.opening import open_roster
from syncd.systems.rosters.person import FIELDS, Person

IMPORTED = "students"
"""The roster that `syncd import students` keeps."""


def active_in(people: Sequence[Person]) -> int:
    """Return the size of a source, as the guard measures it: whoever is not active has left."""
    return sum(person.active for person in people)


def imported(rosters: Rosters, job: str, source: str) -> list[Person]:
    """Return the people of the imported roster for a source of a job; DataError where none was imported yet."""
    if rosters.last(IMPORTED) is None:
        raise DataError(
            f"the source {source} of {job} is the imported roster, and none was imported yet: "
            "syncd import students FILE.",
            code="roster.none",
            object=source,
        )
    rows = rosters.people(IMPORTED)
    return [Person(**dict(zip(FIELDS, row, strict=True)), source=source) for row in rows]


class People:
    """Reads the sources of a job. ``google`` is None where no source needs it."""

    def __init__(self, options: RtUsersOptions, rosters: Rosters, google: Google | None, today: date) -> None:
        self._options = options
        self._rosters = rosters
        self._google = google
        self._today = today

    def read(self, progress: Progress) -> list[tuple[str, Sequence[Person]]]:
        """Return the people of every source, the one that is believed most first.

        Raises DataError for a source that tells nothing or has a bad row, and what Google's adapter raises.
        """
        sources = self._options.sources
        found = [(name, self._people(name, sources[name], progress)) for name in self._options.order]
        if empty := [(name, people) for name, people in found if not active_in(people)]:
            name, people = empty[0]
            nobody = "nobody who is active" if people else "nobody at all"
            raise DataError(
                f"the source {name} of rt-users has {nobody}; correct it, or take it out of the configuration.",
                code="roster.nobody",
                object=name,
            )
        return found

    def _people(self, name: str, source: Source, progress: Progress) -> Sequence[Person]:
        if isinstance(source, GoogleSource):
            return self._directory(source, progress)
        if isinstance(source, FileSource):
            return self._file(name, source)
        return imported(self._rosters, "rt-users", name)

    def _file(self, name: str, source: FileSource) -> Sequence[Person]:
        problems = Problems()
        with open_roster(Path(source.path)) as roster:
            read = roster.source(Reading(source, self._today))
            people = [person for batch in read.people(problems) for person in batch]
            roster.whole()
        if problems:
            raise DataError(
                f"the source {name} of rt-users, {roster.name}, has bad cells ({problems.count:,}): "
                f"{problems.places(5)}. Correct them at their source and export again.",
                code="roster.bad_rows",
                object=name,
            )
        if not read.complete:
            raise DataError(
                f"the source {name} of rt-users, {roster.name}, tells changes only, and a source has to be whole; "
                "import it with syncd import students, and take the imported roster as the source.",
                code="roster.changes_only",
                object=name,
            )
        return people

    def _directory(self, source: GoogleSource, progress: Progress) -> Sequence[Person]:
        assert self._google is not None
        users = self._google.users.list(
            org_units=source.org_units,
            include_children=source.include_child_org_units,
            query=source.query,
            progress=progress,
        )
        return people_of(users, source.role)
