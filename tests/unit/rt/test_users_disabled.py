"""Who is disabled, by counting: always right, and never dearer than listing everybody twice."""

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.host.clock import SystemClock
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.users.disabled import Moved, disabled_users, suspected
from unit.rt.fake_users import FakeUsers

if TYPE_CHECKING:
    from collections.abc import Collection

    from syncd.host.http import HttpClient

RT = FakeUsers(777)


def ask(rt: FakeUsers, suspects: "Collection[int]" = ()) -> set[int]:
    rt.requests.clear()
    rest = Rest(cast("HttpClient", rt), rt, SystemClock())
    return disabled_users(rest, list(rt.people), lambda ids: {n: rt.people[n]["Name"] for n in ids}, suspects)


@settings(max_examples=60, deadline=None)
@given(
    disabled=st.sets(st.integers(1, 777).map(lambda n: 2 * n), max_size=777),
    suspects=st.sets(st.integers(1, 777).map(lambda n: 2 * n), max_size=40),
)
def test_any_set_of_users_is_found(disabled: set[int], suspects: set[int]) -> None:
    RT.disabled = disabled
    assert ask(RT, suspects) == disabled
    pages = -(-(777 - len(disabled)) // 100)
    assert len(RT.requests) <= 2 + 2 + 1 + pages


@given(first=st.integers(1, 700), number=st.integers(1, 77))
def test_a_class_that_left_together_is_found_with_few_pages(first: int, number: int) -> None:
    RT.disabled = {2 * n for n in range(first, first + number)}
    assert ask(RT) == RT.disabled
    assert len(RT.requests) <= 2 + 1 + 4


def test_suspects_that_are_disabled_take_two_requests_more() -> None:
    rt = FakeUsers(500)
    rt.disabled = set(range(20, 600, 4))
    assert ask(rt, rt.disabled | {2, 6}) == rt.disabled
    assert len(rt.requests) == 4


def test_a_suspect_whose_name_is_not_found_proves_nothing() -> None:
    rt = FakeUsers(500)
    rt.disabled = {20}
    rest = Rest(cast("HttpClient", rt), rt, SystemClock())
    assert disabled_users(rest, list(rt.people), lambda ids: dict.fromkeys(ids, "nobody"), {40}) == {20}


def test_the_latest_of_a_users_transactions_counts_and_no_more_pages_than_they_spare() -> None:
    rt = FakeUsers(1_000)
    for _ in range(300):
        rt.set_disabled(8)
        rt.set_disabled(8, disabled=False)
    rt.set_disabled(6)
    rest = Rest(cast("HttpClient", rt), rt, SystemClock())
    rt.requests.clear()
    assert suspected(rest, 5, 1_000) == {6}
    assert len(rt.requests) == 1 + 1_000 // 100 // 4


@pytest.mark.parametrize("users", [499, 501])
def test_a_list_that_is_not_of_all_is_refused(users: int) -> None:
    rt = FakeUsers(500)
    rt.disabled = {20}
    rest = Rest(cast("HttpClient", rt), rt, SystemClock())
    with pytest.raises(Moved):
        disabled_users(rest, range(2, 2 * users + 2, 2), lambda _: {})
