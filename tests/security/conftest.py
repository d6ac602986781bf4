"""One walk over all verbs for all that is looked for in what comes out of it."""

from collections.abc import Iterator

import pytest

from security.school import opened
from security.walk import Walk, walk


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Return everything that came out of a walk over all verbs."""
    with opened(tmp_path_factory.mktemp("walk")) as school:
        yield walk(school)
