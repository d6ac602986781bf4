"""A fleet whose assets are held with their match keys alone is compared as one that is held whole."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from syncd.jobs import chromebooks
from syncd.jobs.sides import glance
from syncd.reconcile.model import Comparison, canonical
from syncd.sandbox.site import Sandbox
from unit.jobs.chromebook_ways import WAYS, job_of

WHOLE, KEYS = 99, 0
"""Most fields that are held, such that all are, or none but the keys."""


@pytest.fixture(scope="module", params=[False, True], ids=["as they differ", "first run"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("site"), devices=40, first_run=request.param) as sandbox:
        yield sandbox


def compared(site: Sandbox, lines: str, held: int, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    monkeypatch.setattr(chromebooks, "_HELD", held)
    monkeypatch.setattr(glance, "_SLICE", 7)
    with job_of(site, lines) as job:
        return job.observe_and_compare()


@pytest.mark.parametrize("lines", WAYS.values(), ids=WAYS)
def test_nothing_is_overlooked_at_a_glance(site: Sandbox, lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, keys = (compared(site, lines, held, monkeypatch) for held in (WHOLE, KEYS))
    assert keys.actions
    assert sorted(map(canonical, keys.actions)) == sorted(map(canonical, whole.actions))
    assert sorted(map(canonical, keys.listings)) == sorted(map(canonical, whole.listings))
    assert (keys.counts, keys.populations, keys.sources) == (whole.counts, whole.populations, whole.sources)


def test_only_pairs_that_may_differ_are_read_again(site: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = count_looks(monkeypatch)
    counts = compared(site, "", KEYS, monkeypatch).counts
    assert counts["changed"] <= sum(looked) <= counts["matched"]


def test_a_fleet_in_sync_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = count_looks(monkeypatch)
    with Sandbox(tmp_path, devices=40, drift=False) as site:
        assert compared(site, "", KEYS, monkeypatch).counts["matched"]
    assert looked == []


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of pairs of each second look."""
    looked: list[int] = []
    again = glance.Glance.doubtful

    def counted(self: glance.Glance, pairs: Iterable[glance.Pair]) -> Iterator[list[glance.Pair]]:
        for some in again(self, pairs):
            looked.append(len(some))
            yield some

    monkeypatch.setattr(glance.Glance, "doubtful", counted)
    return looked
