"""What tests of several rooms need; and what takes most of a test's time, and is the same each time, is made once."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import Connection

from syncd.sandbox.google import account
from syncd.state import migration
from syncd.state.migration import Schema
from syncd.state.store import Store, open_store

if TYPE_CHECKING:
    import sqlite3

_BY_ALEMBIC = migration._upgrade


class _OnceByAlembic:
    """Takes the place of Alembic: it migrates the first new file of a schema, and the next ones get what that has."""

    def __init__(self) -> None:
        self._made: dict[Schema, list[str]] = {}

    def __call__(self, connection: Connection, schema: Schema) -> None:
        if connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first():
            _BY_ALEMBIC(connection, schema)
        elif schema not in self._made:
            _BY_ALEMBIC(connection, schema)
            self._made[schema] = _dump(connection)
        else:
            for statement in self._made[schema]:
                connection.exec_driver_sql(statement)
            migration._after_upgrade(connection)


def _dump(connection: Connection) -> list[str]:
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    return [line for line in driver.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]


@pytest.fixture(scope="package", autouse=True)
def _made_once() -> Iterator[None]:
    """Migrate one new file of each schema, and make one key for all sandboxes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migration, "_upgrade", _OnceByAlembic())
        patch.setattr(account, "_new_key", cache(account._new_key))
        yield


@pytest.fixture
def by_alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Alembic make each new file of this test."""
    monkeypatch.setattr(migration, "_upgrade", _BY_ALEMBIC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that the test, made a common user, may not write."""
    directory = Path(tempfile.mkdtemp(prefix="syncd-"))
    directory.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield directory
    finally:
        os.seteuid(user)
        directory.chmod(0o755)
        shutil.rmtree(directory)
