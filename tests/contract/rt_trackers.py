"""Connections of the adapter to an RT under test, as one of its users."""

from collections.abc import Callable

import msgspec

from services.rest2 import Rest2
from syncd.host.credentials import Credentials
from syncd.systems.rt.client import RequestTracker, open_rt
from syncd.systems.rt.options import RtOptions
from unit.rt.memory_store import MemoryStore

Connect = Callable[..., RequestTracker]


def open_as(
    rt: Rest2, user: str = "rt-sync", store: MemoryStore | None = None, *, secret: str = "", **options: object
) -> RequestTracker:
    """Return the adapter, signed in with the user's own secret or another one."""
    environment = {"RT_TOKEN": secret or rt.tokens[user], "RT_PASSWORD": secret or f"{user}-password"}
    settings = msgspec.convert({"url": rt.url, "rate": 1000.0, "username": user, **options}, RtOptions)
    return open_rt(settings, Credentials(environment, keyring=False), snapshots=store or MemoryStore())
