"""What happens to a run between its reading and its writing: records go, and tokens end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from crash.edits import DELETED, put
from faults.district import District
from faults.runs import APPLIED, Run, System

HEADER = ("what happens between reading and writing", "the run's exit status", "its change", "the next run")


class Case(NamedTuple):
    """Something that ``happens`` while a run has a change of an asset's device (``google``) or of the asset to make.

    ``expect``: how the run ends; ``again``: how the next one does, in words for the page in ``what_next``.
    """

    system: System
    happens: Callable[[District, int], AbstractContextManager[None]]
    expect: Run
    again: Run
    what_next: str


@contextmanager
def _device_goes(town: District, asset: int) -> Iterator[None]:
    town.lab.google_app.tenant.devices.remove(town.device_of(asset))
    yield


@contextmanager
def _asset_goes(town: District, asset: int) -> Iterator[None]:
    put(town.lab, f"asset/{asset}", Status=DELETED)
    yield


@contextmanager
def _google_token_ends(town: District, _: int) -> Iterator[None]:
    tokens = town.lab.google_app.tenant.documents.collection("google.tokens")
    known = {key: tokens.get(key) or {} for key in [*tokens]}
    for key in known:
        tokens.remove(key)
    yield
    tokens.put_all(known.items())


@contextmanager
def _rt_token_ends(town: District, _: int) -> Iterator[None]:
    user = town.lab.rt_app.world.user_named("rt-sync")
    assert user is not None
    token, user.token = user.token, ""
    yield
    user.token = token


_IN_SYNC = Run("in_sync", 0)
CASES: Mapping[str, Case] = {
    "the device is deleted": Case(
        "google", _device_goes, Run("partial", 1, "google.not_found", "failed"), _IN_SYNC, "has nothing to do"
    ),
    "the asset is deleted": Case(
        "rt",
        _asset_goes,
        Run("partial", 1, state="unproven"),
        _IN_SYNC,
        "lists its device as `not_created`: it was made before",
    ),
    "Google's token ends": Case("google", _google_token_ends, APPLIED, _IN_SYNC, "has nothing to do"),
    "RT's token is revoked": Case(
        "rt", _rt_token_ends, Run("partial", 1, "rt.unauthorized", "failed"), APPLIED, "makes it, with a new token"
    ),
}


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the page."""
    for title, case in CASES.items():
        run = case.expect
        change = f"{run.state}, `{run.code}`" if run.code else str(run.state)
        yield title, str(run.status), change, case.what_next
