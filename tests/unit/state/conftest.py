from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.state.store import Store, open_store
from unit.virtual_clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    with open_store(tmp_path / "state", actor="operator", clock=clock, busy_timeout=0.2) as opened:
        yield opened
