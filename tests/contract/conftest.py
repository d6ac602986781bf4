"""One suite, two servers: every test that uses ``rt`` runs against the stand-in and against the real RT 5."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from contract.rt_trackers import Connect, open_as
from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.sandbox.rt import RtApp
from syncd.sandbox.server import Server

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


def _real(server: Rt5) -> Iterator[Rest2]:
    server.reset()
    client = Rest2(server.url, server.tokens, server.root)
    yield client
    client.close()


def _stand_in() -> Iterator[Rest2]:
    app = RtApp.example()
    with Server({"/rt": app}) as server:
        client = Rest2(f"{server.url}/rt", {user: app.token(user) for user in USERS})
        yield client
        client.close()
        assert not server.failures
