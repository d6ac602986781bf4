"""Grades by a stated table, and the year in which a grade graduates."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple


class Grade(NamedTuple):
    """A grade: its short name, and how many years are left after the present one; None where nobody can tell."""

    name: str
    years_left: int | None


_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth"),
)
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}

UNNUMBERED: Mapping[Grade, tuple[str, ...]] = {
    Grade("IT", None): ("it", "infant", "toddler", "infanttoddler"),
    Grade("PR", None): ("pr", "preschool", "pk3", "ps3"),
    Grade("PK", 13): ("pk", "prek", "prekindergarten", "prekg", "pk4", "p"),
    Grade("TK", 13): ("tk", "transitionalkindergarten", "prekinder"),
    Grade("K", 12): ("k", "kg", "kindergarten", "kinder", "0", "00", "0.0"),
    Grade("PS", None): ("ps", "postsecondary"),
    Grade("UG", None): ("ug", "ungraded", "other"),
}
"""Grades that are no number, with their spellings: the codes of CEDS, as OneRoster has them, and words."""

NAMED: Mapping[int, tuple[str, ...]] = {
    9: ("freshman",),
    10: ("sophomore",),
    11: ("junior",),
    12: ("senior",),
}
"""Words for numbered grades besides the ordinals."""

FIRST, LAST, BEYOND = 1, 12, 13


def _numbered(number: int) -> tuple[str, ...]:
    ordinal = _ORDINALS[number - 1]
    counted = f"{number}{_ENDINGS.get(number, 'th')}"
    written = (str(number), f"{number:02}", f"{number}.0", counted, ordinal)
    return (*(f"{part}{way}" for way in ("", "grade") for part in written), f"grade{number}", f"gr{number}")


SPELLINGS: Mapping[str, Grade] = {
    spelling: grade
    for grade, spellings in (
        *UNNUMBERED.items(),
        # The thirteenth year is the last one, as the twelfth is: a year in the past would be wrong for who is here.
        *((Grade(str(n), max(LAST - n, 0)), _numbered(n) + NAMED.get(n, ())) for n in range(FIRST, BEYOND + 1)),
    )
    for spelling in spellings
}
"""All spellings, in the form that ``_form`` gives them."""

KNOWN = "PK, TK, K, 1 to 13, ordinals, freshman to senior, UG"
"""What a message says of the table."""


def _form(text: str) -> str:
    """Drop case, and the spaces and hyphens beside a letter: ``Pre-K``, ``Grade 9``; those between digits stay."""
    return re.sub(r"(?<=[a-z])[\s_-]+|[\s_-]+(?=[a-z])", "", text.strip().casefold())


def grade_of(text: str, more: Mapping[str, str] | None = None) -> Grade | None:
    """Return the grade that a text means, None for one that is in no table.

    ``more`` are spellings of a school's own, each with one that the table has: ``{"-1": "PK"}``.
    """
    text = (more or {}).get(text.strip(), text)
    return SPELLINGS.get(_form(text))


def unknown_grades(more: Mapping[str, str]) -> list[str]:
    """Return the grades that a school's own spellings stand for and that the table does not have."""
    return [grade for grade in more.values() if _form(grade) not in SPELLINGS]


class SchoolYear(NamedTuple):
    """The month and the day on which the school year begins."""

    month: int
    day: int

    @classmethod
    def starting(cls, text: str) -> "SchoolYear":
        """Read ``MM-DD``. Raises ValueError for anything else, and for the 29th of February."""
        found = re.fullmatch(r"(\d\d)-(\d\d)", text, re.ASCII)
        if found is None:
            raise ValueError(f"{text!r} is no day of the year; write it as MM-DD, like 08-01")
        month, day = int(found[1]), int(found[2])
        try:
            date(2001, month, day)
        except ValueError:
            raise ValueError(f"{text!r} is no day that every year has; write it as MM-DD, like 08-01") from None
        return cls(month, day)

    def ends(self, today: date) -> int:
        """Return the year in which the school year of a day ends.

        Lessons end about 300 days after the first: a year from August on ends in the next calendar year, one from
        February on in the same.
        """
        first = date(today.year, self.month, self.day)
        if today < first:
            first = date(today.year - 1, self.month, self.day)
        return (first + timedelta(days=300)).year


def graduation_year(grade: Grade, ends: int) -> int | None:
    """Return when somebody graduates who is in a grade in the school year that ends in a year."""
    return None if grade.years_left is None else ends + grade.years_left
