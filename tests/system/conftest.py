"""The whole product, in front of a running sandbox or of a real RT."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.state.store import open_store
from system.commands import Program
from system.site import Site, running

MakeSite = Callable[..., Site]
StartSite = Callable[..., AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def start_site(tmp_path_factory: pytest.TempPathFactory) -> StartSite:
    """Return a function that runs a sandbox in a new directory, with the arguments of ``Sandbox``, as a context."""
    empty_store = tmp_path_factory.mktemp("empty") / "state"
    open_store(empty_store).close()
    return lambda directory, **options: running(directory, empty_store, **options)


@pytest.fixture
def make_site(start_site: StartSite, tmp_path: Path) -> Iterator[MakeSite]:
    """Return a function that starts a sandbox for the time of one test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(start_site(tmp_path / "site", **options))


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Return a running sandbox of 40 devices that differ from their assets in every way."""
    return make_site()


@pytest.fixture
def syncd(site: Site) -> Program:
    """Return the program, configured for the site."""
    return site.syncd


@pytest.fixture
def rt(rt5: Rt5) -> Iterator[Rest2]:
    """Return a plain client of the real RT, for what people do there."""
    with closing(Rest2(rt5.url, rt5.tokens, rt5.root)) as client:
        yield client
