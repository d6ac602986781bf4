"""The guard against formulas: nothing that it guards is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.host.errors import DataError
from syncd.systems.rosters.dialects import OWN
from syncd.systems.rosters.formulas import guarded, unguarded
from unit.rosters.reading import faults, read

SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TRIGGERS = (*SIGNS, "\t", "\r", "\n")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-Ann", "'-Ann"),
        ("+1 555", "'+1 555"),
        ("@home", "'@home"),
        ("\tx", "'\tx"),
        (" =1+1", "' =1+1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1+1", "''=1+1"),
        ("''=1", "'''=1"),
        ("'Quoted", "'Quoted"),
        ("'t Hart", "'t Hart"),
        ("O'-Neil", "O'-Neil"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_only_what_could_be_a_formula_gets_an_apostrophe(value: str, cell: str) -> None:
    assert (guarded(value), unguarded(cell)) == (cell, value)


@given(st.text(st.sampled_from([*TRIGGERS, "'", " ", "a", "1"]), max_size=6) | st.text())
def test_what_was_guarded_comes_back_and_starts_no_formula(value: str) -> None:
    cell = guarded(value)
    assert unguarded(cell) == value
    assert not cell.startswith(TRIGGERS)
    assert not cell.lstrip().startswith(SIGNS)


def file(**cells: str) -> str:
    plain = dict.fromkeys(OWN.telling, "") | {"id": "1", "given_name": "Ann", "family_name": "Example"}
    text = io.StringIO()
    csv.writer(text).writerows([[*plain], (plain | cells).values()])
    return text.getvalue()


@pytest.mark.parametrize("name", ["=1+1", "-Ann", "'Quoted", "''=x", "'t Hart", '"=1"', "=1,=2"])
def test_an_import_takes_the_guard_of_an_export_away(name: str) -> None:
    (person,) = read(file(given_name=guarded(name), advisor=guarded(name)))
    assert (person.given_name, person.advisor, person.source) == (name, name, "syncd")


def test_no_other_file_loses_an_apostrophe() -> None:
    (person,) = read("id,first_name,last_name\n1,'=Ann,'-Example\n")
    assert (person.given_name, person.family_name) == ("'=Ann", "'-Example")


def test_an_export_without_one_of_its_columns_is_refused() -> None:
    whole = file()
    assert faults(whole) == []
    lacking = whole.replace("advisor", "tutor")
    with pytest.raises(DataError, match="lacks its column advisor"):
        read(lacking)
