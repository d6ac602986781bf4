"""What every test of the host room starts from."""

import pytest

from syncd.host import credentials


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_hidden", set())
