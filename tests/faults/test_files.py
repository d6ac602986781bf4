"""A roster that goes wrong: the one that was kept before is there as it was."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from faults.files import CASES, WHOLE, Case
from syncd.host.errors import IntegrationError
from syncd.jobs.student_import import Imported, Order, import_students
from syncd.state.store import Store, open_store
from syncd.systems.rosters.opening import open_roster
from syncd.systems.rosters.options import StudentImportOptions

ORDER = Order(options=StudentImportOptions(), today=date(2026, 11, 21))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "students.csv").write_text(WHOLE)
    with open_store(folder / "state") as opened:
        assert import_of(opened, folder / "students.csv").result == "imported"
        yield opened


def import_of(store: Store, path: Path, later: bytes = b"") -> Imported:
    with open_roster(path) as roster:
        if later:
            path.write_bytes(path.read_bytes() + later)
        return import_students(store.rosters, roster, ORDER)


def error_of(store: Store, path: Path, later: bytes) -> IntegrationError | None:
    try:
        return import_of(store, path, later).error
    except IntegrationError as error:
        return error


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_file_that_goes_wrong_changes_nothing(tmp_path: Path, store: Store, case: Case) -> None:
    kept = store.rosters.last("students")
    if case.content is not None:
        (tmp_path / case.name).write_bytes(case.content)
    error = error_of(store, tmp_path / case.name, case.later)
    assert (type(error), error and error.code) == (case.error, case.code)
    assert store.rosters.last("students") == kept
