"""One suite, two servers: every test that uses ``rt`` runs against the stand-in and against the real RT 5."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from contract.rt_trackers import Connect, open_as
from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.sandbox.rt import RtApp
from syncd.sandbox.server import Server
from syncd.systems.rt import handovers, lookup, newcomers, pages, rest

USERS = ("rt-sync", "rt-readonly", "rt-catalog", "rt-blind", "rt-west")


@pytest.fixture(scope="module", params=["sandbox", "rt5"])
def rt(request: pytest.FixtureRequest) -> Iterator[Rest2]:
    """Return a client of a freshly seeded server; the two hold the same users, catalogs, fields and assets."""
    if request.param == "rt5":
        yield from _real(request.getfixturevalue("rt5"))
    else:
        yield from _stand_in()


@pytest.fixture
def connect(rt: Rest2) -> Iterator[Connect]:
    """Return what opens the adapter as one of RT's users (see ``open_as``); all are closed at the end."""
    with ExitStack() as opened:
        yield lambda *who, **options: opened.enter_context(closing(open_as(rt, *who, **options)))


@pytest.fixture
def page_size(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the adapter ask for pages of three, and return that: a hundred assets take a real RT half a minute."""
    for module in (handovers, lookup, newcomers, pages, rest):
        monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(rest.Rest.search, "__kwdefaults__", {**(rest.Rest.search.__kwdefaults__ or {}), "per_page": 3})
    return 3


def _real(server: Rt5) -> Iterator[Rest2]:
    server.reset()
    with closing(Rest2(server.url, server.tokens, server.root)) as client:
        yield client


def _stand_in() -> Iterator[Rest2]:
    app = RtApp.example()
    with Server({"/rt": app}) as server:
        with closing(Rest2(f"{server.url}/rt", {user: app.token(user) for user in USERS})) as client:
            yield client
        assert not server.failures
