from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.state.store import Store
from unit.state.sample import SCOPE

OTHER = "rt:https://rt.example.org:assets:3"


def test_a_scope_is_empty_before_its_first_commit(store: Store) -> None:
    assert store.snapshots.meta(SCOPE) is None
    assert list(store.snapshots.rows(SCOPE)) == []


def test_what_was_kept_with_each_scope_is_found(store: Store) -> None:
    store.snapshots.commit("rt:two", meta=b"2")
    store.snapshots.commit("rt:one", meta=b"1", upsert=[("1", b"row")])
    assert list(store.snapshots.metas().items()) == [("rt:one", b"1"), ("rt:two", b"2")]


def test_rows_are_kept_changed_and_removed_by_object(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[("a", b"A"), ("b", b"B"), ("c", b"C")])
    store.snapshots.commit(SCOPE, meta=b"2", upsert=[("b", b"BB"), ("d", b"D")], remove=["a", "unknown"])
    assert store.snapshots.meta(SCOPE) == b"2"
    assert sorted(store.snapshots.rows(SCOPE)) == [b"BB", b"C", b"D"]


def test_rows_come_by_their_keys_and_can_be_counted_and_picked(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[("c", b"C"), ("a", b"A"), ("b", b"B")])
    store.snapshots.commit(OTHER, meta=b"o", upsert=[("a", b"other"), ("d", b"other")])
    assert list(store.snapshots.rows(SCOPE)) == [b"A", b"B", b"C"]
    assert (store.snapshots.count(SCOPE), store.snapshots.count(OTHER), store.snapshots.count("none")) == (3, 2, 0)
    assert sorted(store.snapshots.pick(SCOPE, ["a", "c", "d"])) == [b"A", b"C"]
    assert list(store.snapshots.pick(SCOPE, [])) == []
    assert len(list(store.snapshots.pick(SCOPE, map(str, range(1200))))) == 0


def test_a_replacement_leaves_only_what_it_brings(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[("a", b"A"), ("b", b"B")])
    store.snapshots.commit(OTHER, meta=b"o", upsert=[("a", b"other")])
    store.snapshots.commit(SCOPE, meta=b"2", upsert=[("b", b"BB")], replace=True)
    assert list(store.snapshots.rows(SCOPE)) == [b"BB"]
    assert (store.snapshots.meta(OTHER), list(store.snapshots.rows(OTHER))) == (b"o", [b"other"])
    store.snapshots.commit(SCOPE, meta=b"3", replace=True)
    assert (store.snapshots.meta(SCOPE), list(store.snapshots.rows(SCOPE))) == (b"3", [])


@pytest.mark.parametrize("replace", [False, True])
def test_a_commit_that_fails_half_way_changes_nothing(store: Store, replace: bool) -> None:  # noqa: FBT001
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[("a", b"A")])

    def cut() -> Iterator[tuple[str, bytes]]:
        for number in range(1200):
            yield f"{number}", b"new"
        raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        store.snapshots.commit(SCOPE, meta=b"2", upsert=cut(), remove=["a"], replace=replace)
    assert store.snapshots.meta(SCOPE) == b"1"
    assert list(store.snapshots.rows(SCOPE)) == [b"A"]


def test_a_reader_sees_one_commit_while_the_next_is_made(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[(str(number), b"old") for number in range(2000)])
    rows = store.snapshots.rows(SCOPE)
    first = next(rows)
    store.snapshots.commit(SCOPE, meta=b"2", upsert=[("new", b"new")], replace=True)
    assert {first, *rows} == {b"old"}
    assert list(store.snapshots.rows(SCOPE)) == [b"new"]


def test_a_reader_that_stops_early_holds_nothing(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[(str(number), b"x") for number in range(2000)])
    for _ in range(40):  # more than there are connections
        next(store.snapshots.rows(SCOPE))
    assert len(list(store.snapshots.rows(SCOPE))) == 2000


def test_rows_may_come_from_the_snapshot_itself(store: Store) -> None:
    store.snapshots.commit(SCOPE, meta=b"1", upsert=[("a", b"A"), ("b", b"B")])
    store.snapshots.commit(
        SCOPE, meta=b"2", upsert=((row.decode(), row * 2) for row in store.snapshots.rows(SCOPE)), replace=True
    )
    assert sorted(store.snapshots.rows(SCOPE)) == [b"AA", b"BB"]


_ids = st.text(max_size=3).filter(lambda text: text.isprintable())
_commits = st.lists(
    st.tuples(st.lists(st.tuples(_ids, st.binary(max_size=4)), max_size=6), st.lists(_ids, max_size=3), st.booleans()),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_commits)
def test_a_snapshot_is_the_sum_of_its_commits(
    store: Store, commits: list[tuple[list[tuple[str, bytes]], list[str], bool]]
) -> None:
    store.snapshots.commit(SCOPE, meta=b"", replace=True)
    model: dict[str, bytes] = {}
    for upsert, remove, replace in commits:
        store.snapshots.commit(SCOPE, meta=b"", upsert=upsert, remove=remove, replace=replace)
        kept = {} if replace else {key: value for key, value in model.items() if key not in remove}
        model = kept | dict(upsert)
    assert sorted(store.snapshots.rows(SCOPE)) == sorted(model.values())
