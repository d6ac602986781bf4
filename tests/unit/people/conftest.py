"""A store for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.state.store import Store, open_store
from unit.people.fake_rt import World


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, actor="test") as opened:
        yield opened


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
