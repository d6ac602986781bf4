import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.state.external_ids import Link
from syncd.state.store import Store
from unit.state.sample import link

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def pairs(links: Iterator[Link] | list[Link]) -> list[tuple[str, str]]:
    return [(each.left_id, each.right_id) for each in links]


def test_links_are_kept_by_job(store: Store) -> None:
    assert store.external_ids.record("a", [link("d2", "2"), link("d1", "1", "mac:0011")], NOW) == 2
    assert store.external_ids.record("b", [link("d1", "9")], NOW) == 1
    kept = list(store.external_ids.links("a"))
    assert pairs(kept) == [("d1", "1"), ("d2", "2")]
    assert kept[0].match_key == "mac:0011"
    assert {(each.first_seen, each.gone_since) for each in kept} == {("2026-01-01T00:00:00.000Z", "")}


def test_the_same_links_are_not_written_again(store: Store) -> None:
    links = [link("d1", "1"), link("d2", "2"), link("d3", "3")]
    store.external_ids.record("a", links, NOW)
    with store._database.read() as connection:
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        assert store.external_ids.record("a", links, LATER) == 0
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before


def test_the_same_links_in_another_order_are_the_same_links(store: Store) -> None:
    links = [link("d1", "1"), link("d2", "2"), link("d3", "3")]
    store.external_ids.record("a", links, NOW)
    assert store.external_ids.record("a", links[::-1], LATER) == 0
    kept = list(store.external_ids.links("a", former=True))
    assert pairs(kept) == [("d1", "1"), ("d2", "2"), ("d3", "3")]
    assert {each.first_seen for each in kept} == {"2026-01-01T00:00:00.000Z"}


def test_only_what_differs_is_written(store: Store) -> None:
    store.external_ids.record("a", [link(f"d{number}", str(number)) for number in range(1200)], NOW)
    links = [link(f"d{number}", str(number)) for number in range(1, 1201)]
    assert store.external_ids.record("a", links, LATER) == 2
    assert len(list(store.external_ids.links("a"))) == 1200
    assert len(list(store.external_ids.links("a", former=True))) == 1201


def test_a_device_that_is_enrolled_again_keeps_its_former_link(store: Store) -> None:
    store.external_ids.record("a", [link("old-id", "7")], NOW)
    store.external_ids.record("a", [link("new-id", "7")], LATER)
    now, former = store.external_ids.find("a", "rt", "7")
    assert (now.left_id, now.first_seen, now.gone_since) == ("new-id", "2026-01-01T01:00:00.000Z", "")
    assert (former.left_id, former.first_seen) == ("old-id", "2026-01-01T00:00:00.000Z")
    assert former.gone_since == "2026-01-01T01:00:00.000Z"
    assert pairs(store.external_ids.find("a", "google", "old-id")) == [("old-id", "7")]
    assert store.external_ids.find("a", "google", "7") == []


def test_a_link_that_comes_back_is_the_old_one(store: Store) -> None:
    for links, at in (([link("d", "1")], NOW), ([], LATER), ([link("d", "1")], LATER)):
        store.external_ids.record("a", links, at)
    (back,) = store.external_ids.links("a", former=True)
    assert (back.first_seen, back.gone_since) == ("2026-01-01T00:00:00.000Z", "")


def test_another_match_key_changes_the_link_and_does_not_end_it(store: Store) -> None:
    store.external_ids.record("a", [link("d", "1", "serial:x")], NOW)
    assert store.external_ids.record("a", [link("d", "1", "mac:y")], LATER) == 1
    (changed,) = store.external_ids.links("a", former=True)
    assert (changed.match_key, changed.gone_since) == ("mac:y", "")
    assert changed.first_seen == "2026-01-01T00:00:00.000Z"


def test_no_links_at_all_is_a_record_too(store: Store) -> None:
    assert store.external_ids.record("a", [], NOW) == 0
    assert list(store.external_ids.links("a", former=True)) == []


def test_a_generator_is_refused_before_it_is_used_up(store: Store) -> None:
    with pytest.raises(TypeError, match="twice"):
        store.external_ids.record("a", (each for each in [link("d", "1")]), NOW)


class Fleet:
    """Links that are made as they are asked for."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __iter__(self) -> Iterator[Link]:
        return (link(f"device-{number:036}", str(number)) for number in range(self._size))


def test_unchanged_links_take_no_memory(store: Store) -> None:
    fleet = Fleet(5000)
    store.external_ids.record("a", fleet, NOW)
    tracemalloc.start()
    try:
        assert store.external_ids.record("a", fleet, LATER) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300_000, "5,000 links of some 300 bytes would be more"


_links = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("123")), st.sampled_from(["serial", "mac"]), max_size=5
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_links, min_size=1, max_size=5))
def test_the_links_that_hold_are_those_recorded_last(store: Store, records: list[dict[tuple[str, str], str]]) -> None:
    for number, record in enumerate(records):
        links = [link(left, right, key) for (left, right), key in record.items()]
        store.external_ids.record("a", links, NOW + timedelta(hours=number))
        kept = {(each.left_id, each.right_id): each.match_key for each in store.external_ids.links("a")}
        assert kept == record
    ever = {pair for record in records for pair in record}
    assert ever <= set(pairs(store.external_ids.links("a", former=True)))


def test_links_with_the_digest_of_the_last_run_are_not_even_looked_at(store: Store) -> None:
    links = [link("d1", "1")]
    assert store.external_ids.record("a", links, NOW, "one") == 1
    assert store.external_ids.record("a", iter(()), LATER, "one") == 0
    assert store.external_ids.record("a", links, LATER, "two") == 0, "another digest: compared, and nothing is new"
    assert store.external_ids.record("a", [], LATER, "three") == 1
