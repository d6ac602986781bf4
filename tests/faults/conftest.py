"""One lab for all cells: what a cell changes in it matters to no other."""

import logging
from collections.abc import Iterator

import pytest

from faults.district import District, district
from faults.lab import Lab


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the stand-ins, healthy. What the lab lays into sessions and sign-in must not outlive these tests."""
    with Lab(tmp_path_factory.mktemp("lab")).running() as running:
        yield running


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """Return a district whose sides agree."""
    with district(tmp_path_factory.mktemp("district")) as made:
        assert made.run().said.result == "in_sync"
        yield made


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Write no records: thousands of requests fail on purpose."""
    logger = logging.getLogger("syncd")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)
