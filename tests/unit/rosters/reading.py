"""Files as a test writes them, and what is read out of them."""

import io
from datetime import date
from pathlib import Path
from typing import Any

from syncd.host.problems import Problems
from syncd.systems.rosters.assembly import Reading
from syncd.systems.rosters.opening import open_roster, source_of
from syncd.systems.rosters.options import StudentImportOptions
from syncd.systems.rosters.person import Person, Source

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rosters"
TODAY = date(2026, 11, 21)
HEADER = "student_id,first_name,last_name,username,grade,advisor\n"


def reading(school: str = "", **options: Any) -> Reading:  # noqa: ANN401 - options are of many types
    return Reading(StudentImportOptions(**options), TODAY, school)


def opened(content: bytes | str, school: str = "", **options: Any) -> Source:  # noqa: ANN401
    data = content.encode() if isinstance(content, str) else content
    return source_of(io.BytesIO(data), "students.csv", reading(school, **options))


def read(content: bytes | str, school: str = "", **options: Any) -> list[Person]:  # noqa: ANN401
    """Return the people of a file that has to be without a fault."""
    problems = Problems()
    found = [person for batch in opened(content, school, **options).people(problems) for person in batch]
    assert not problems, list(problems)
    return found


def faults(content: bytes | str, school: str = "", **options: Any) -> list[tuple[int, str, str]]:  # noqa: ANN401
    """Return row, column and reason of what is wrong in a file."""
    problems = Problems()
    for _ in opened(content, school, **options).people(problems):
        pass
    assert problems.count == len(problems.kept)
    return [(problem.row, problem.column, problem.reason) for problem in problems]


def fixture(name: str, **options: Any) -> tuple[Source, list[Person]]:  # noqa: ANN401
    """Return a file of the fixtures, and its people."""
    problems = Problems()
    with open_roster(FIXTURES / name) as found:
        source = found.source(reading(**options))
        people = [person for batch in source.people(problems) for person in batch]
    assert not problems, list(problems)
    return source, people
