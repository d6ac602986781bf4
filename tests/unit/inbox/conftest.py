from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.state.inbox.store import Inbox, open_inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with open_inbox(tmp_path / "webhooks", actor="operator", busy_timeout=5) as opened:
        yield opened
