"""Indices of keys: the small one of the opposite side says what the plain one says. And pairs kept as places."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.reconcile.holders import Holders, Opposite
from syncd.reconcile.pairs import Pairs, places_of

KEYS = st.lists(st.sampled_from("abcdef"), max_size=12)


def filled(index: Holders, keys: list[str], slice_size: int) -> Holders:
    """Take keys, the place of each is its number, some at a time."""
    for start in range(0, len(keys), slice_size):
        some = keys[start : start + slice_size]
        index.take(some, range(start, start + len(some)))
    return index


@given(lefts=KEYS, rights=KEYS, slice_size=st.integers(1, 5))
def test_an_index_by_places_of_the_other_side_says_what_one_by_keys_says(
    lefts: list[str], rights: list[str], slice_size: int
) -> None:
    other = filled(Holders(), lefts, slice_size)
    plain = filled(Holders(), rights, slice_size)
    small = filled(Opposite(other.first, len(lefts)), rights, slice_size)
    assert small.shared == plain.shared
    assert [*small.partners(other.first)] == [*plain.partners(other.first)]
    assert [small.of(key) for key in "abcdefg"] == [plain.of(key) for key in "abcdefg"]


def test_pairs_come_in_the_order_of_the_left_whatever_key_paired_them() -> None:
    serial = places_of([(3, 0), (5, None), (4, 2)])
    pairs = Pairs("abcdef", "xyz", [("serial", serial), ("mac", places_of([(0, 1)])), ("tag", places_of([]))])
    assert [*pairs] == [("a", "y", "mac"), ("d", "x", "serial"), ("e", "z", "serial")]
    assert (len(pairs), pairs[-1], pairs[1:]) == (3, ("e", "z", "serial"), [*pairs][1:])
    assert not Pairs("ab", "xy", [])
