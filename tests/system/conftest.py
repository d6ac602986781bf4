"""The whole product in front of a running sandbox."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox.site import Sandbox
from system.commands import Program
from system.site import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Return a function that starts a sandbox, with the arguments of ``Sandbox``; no stand-in may break in a test."""
    made: list[Sandbox] = []
    with ExitStack() as stack:

        def make(**options: Any) -> Site:  # noqa: ANN401
            sandbox = stack.enter_context(Sandbox(tmp_path / "site", **({"devices": 40} | options)))
            made.append(sandbox)
            return Site(sandbox)

        yield make
    assert [failure for sandbox in made for failure in sandbox.server.failures] == []


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Return a running sandbox of 40 devices that differ from their assets in every way."""
    return make_site()


@pytest.fixture
def syncd(site: Site) -> Program:
    """Return the program, configured for the site."""
    return site.syncd
