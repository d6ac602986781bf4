"""A job for each test."""

import pytest

from syncd.state.store import Store
from unit.people.fake_rt import World


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
