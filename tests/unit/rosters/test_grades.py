from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.systems.rosters.grades import SPELLINGS, SchoolYear, grade_of, graduation_year, unknown_grades

AUGUST = SchoolYear.starting("08-01")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("9", "9"), ("09", "9"), (" 9 ", "9"), ("9.0", "9"), ("9th", "9"), ("Grade 9", "9"), ("9th grade", "9")),
        *(("Ninth", "9"), ("FRESHMAN", "9"), ("1st", "1"), ("2nd", "2"), ("3rd", "3"), ("12", "12"), ("13", "13")),
        *(("K", "K"), ("KG", "K"), ("0", "K"), ("Kindergarten", "K"), ("pre-K", "PK"), ("Pre K", "PK"), ("PK", "PK")),
        *(("TK", "TK"), ("PR", "PR"), ("IT", "IT"), ("PS", "PS"), ("UG", "UG"), ("Other", "UG")),
    ],
)
def test_spellings_of_grades(text: str, name: str) -> None:
    found = grade_of(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", ["-1", "14", "", "x", "1-2", "10-12", "9 10", "99", "0x9", "9.5", "--", "grade", "٩"])
def test_what_is_no_grade(text: str) -> None:
    assert grade_of(text) is None


@pytest.mark.parametrize(
    ("grade", "year"),
    [("K", 2039), ("1", 2038), ("9", 2030), ("12", 2027), ("13", 2027), ("PK", 2040), ("UG", None), ("PR", None)],
)
def test_graduation_years_in_the_school_year_2026_to_2027(grade: str, year: int | None) -> None:
    found = grade_of(grade)
    assert found is not None
    assert graduation_year(found, AUGUST.ends(date(2026, 11, 21))) == year


@pytest.mark.parametrize(
    ("starts", "day", "ends"),
    [
        ("08-01", "2026-07-31", 2026),
        ("08-01", "2026-08-01", 2027),
        ("08-01", "2027-07-31", 2027),
        ("01-01", "2026-06-30", 2026),
        ("02-01", "2026-11-21", 2026),
        ("02-01", "2026-01-31", 2025),
        ("04-01", "2026-11-21", 2027),
        ("09-01", "2026-08-31", 2026),
    ],
)
def test_the_year_in_which_a_school_year_ends(starts: str, day: str, ends: int) -> None:
    assert SchoolYear.starting(starts).ends(date.fromisoformat(day)) == ends


@pytest.mark.parametrize("text", ["8-1", "13-01", "02-29", "02-30", "", "0801", "08-01x", "\u0660\u0668-01"])
def test_a_day_that_is_not_in_every_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="MM-DD"):
        SchoolYear.starting(text)


DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
STARTS = st.dates(date(2001, 1, 1), date(2001, 12, 31)).map(lambda day: SchoolYear(day.month, day.day))


@given(DAYS, STARTS, st.sampled_from(sorted(SPELLINGS)))
def test_nobody_graduates_in_the_past_and_each_year_brings_the_same_later(
    day: date, start: SchoolYear, spelling: str
) -> None:
    ends = start.ends(day)
    grade = grade_of(spelling)
    assert grade is not None
    year = graduation_year(grade, ends)
    assert year is None or ends <= year <= ends + 13
    later = start.ends(date(day.year + 1, day.month, min(day.day, 28)))
    assert later - start.ends(day - timedelta(days=max(day.day - 28, 0))) == 1


@given(DAYS, STARTS)
def test_a_school_year_changes_on_its_first_day_only(day: date, start: SchoolYear) -> None:
    changes = start.ends(day) != start.ends(day - timedelta(days=1))
    assert changes == ((day.month, day.day) == (start.month, start.day))


@given(st.text(max_size=12))
def test_any_text_is_a_grade_of_the_table_or_none(text: str) -> None:
    found = grade_of(text)
    assert found is None or found in SPELLINGS.values()


def test_a_school_may_have_spellings_of_its_own() -> None:
    assert grade_of("-1", {"-1": "PK"}) == grade_of("PK")
    assert unknown_grades({"-1": "PK", "x": "PQ"}) == ["PQ"]
