from collections.abc import Iterator

import pytest

from unit.webhooks.listener import Listener


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """A listener that no test stops, without a limit on the rate."""
    with Listener(tmp_path_factory.mktemp("shared"), "rate = 0.0") as listener:
        yield listener
