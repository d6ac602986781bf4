"""Tags are given once: to the same asset again, and to no two, whatever happens in between."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.host.errors import DataError
from syncd.state.store import Store, open_store
from syncd.state.tags import FIRST

PREFIX = "W12-"

MANY = """
import sys
from pathlib import Path
from syncd.state.store import open_store
with open_store(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for asset in sys.argv[2:]:
        print(store.tags.reserve("W12-", asset).number, flush=True)
"""


def test_numbers_follow_each_other_and_each_sequence_has_its_own(store: Store) -> None:
    assert [store.tags.reserve(PREFIX, str(asset)).number for asset in (17, 18, 19)] == [FIRST, FIRST + 1, FIRST + 2]
    assert store.tags.reserve("LAB-", "17").number == FIRST


def test_the_same_asset_gets_its_own_number_again(store: Store) -> None:
    first = store.tags.reserve(PREFIX, "17")
    store.tags.reserve(PREFIX, "18")
    again = store.tags.reserve(PREFIX, "17")
    assert (first.number, first.again) == (again.number, False)
    assert again.again


def test_a_reservation_is_there_after_the_store_was_closed(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        number = store.tags.reserve(PREFIX, "17").number
    with open_store(tmp_path) as store:
        assert store.tags.reserve(PREFIX, "17").number == number
        assert store.tags.reserve(PREFIX, "18").number == number + 1


def test_a_number_that_others_have_is_given_to_nobody(store: Store) -> None:
    assert store.tags.reserve(PREFIX, "17").number == 1
    assert store.tags.reserve(PREFIX, "18").number == 2
    store.tags.pass_over(PREFIX, "17", {1})
    assert store.tags.reserve(PREFIX, "17").number == 3
    assert store.tags.reserve(PREFIX, "18").number == 2
    (sequence,) = store.tags.sequences()
    assert (sequence.given, sequence.passed, sequence.next) == (2, 1, 4)


def test_a_block_of_taken_numbers_is_passed_at_once_and_not_more_than_it(store: Store) -> None:
    store.tags.reserve(PREFIX, "17")
    store.tags.pass_over(PREFIX, "17", {1, 2, 3, 4, 6, 7})
    assert store.tags.reserve(PREFIX, "17").number == 5


def test_passing_over_twice_changes_nothing(store: Store) -> None:
    store.tags.reserve(PREFIX, "17")
    store.tags.pass_over(PREFIX, "17", {1})
    store.tags.pass_over(PREFIX, "17", {1, 2, 3})
    assert store.tags.reserve(PREFIX, "17").number == 2


def test_a_sequence_goes_on_where_it_was_set_and_back_only_when_that_is_meant(store: Store) -> None:
    assert store.tags.set_next(PREFIX, 500) is None
    assert store.tags.reserve(PREFIX, "17").number == 500
    assert store.tags.set_next(PREFIX, 502) == 501
    assert store.tags.reserve(PREFIX, "18").number == 502
    with pytest.raises(DataError, match=r"stands at 503 already; .* Say --lower to go back to 500") as caught:
        store.tags.set_next(PREFIX, 500)
    assert caught.value.code == "tags.lower"
    store.tags.set_next(PREFIX, 500, lower=True)
    assert store.tags.upcoming(PREFIX) == 501
    assert [store.tags.reserve(PREFIX, str(asset)).number for asset in (19, 20)] == [501, 503]


@pytest.mark.parametrize("number", [-1, 10**15 + 1])
def test_a_number_that_is_none_is_refused(store: Store, number: int) -> None:
    with pytest.raises(DataError, match="no number of a tag"):
        store.tags.set_next(PREFIX, number)


def test_a_look_at_the_next_number_gives_nothing(store: Store) -> None:
    assert store.tags.upcoming(PREFIX) == FIRST
    assert store.tags.sequences() == []


def test_it_can_be_seen_who_has_what(store: Store) -> None:
    store.tags.reserve(PREFIX, "17")
    store.tags.reserve("LAB-", "18")
    assert {(prefix, number, of) for prefix, number, of, _ in store.tags.given()} == {
        ("W12-", 1, "17"),
        ("LAB-", 1, "18"),
    }
    assert [(number, of) for _, number, of, _ in store.tags.given(PREFIX)] == [(1, "17")]
    lab, w12 = store.tags.sequences()
    assert (lab.prefix, lab.last, lab.last_object) == ("LAB-", 1, "18")
    assert (w12.actor, bool(w12.changed)) == ("operator", True)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["reserve", "pass", "set"]), st.integers(0, 5), st.integers(0, 12)), max_size=40)
)
def test_whatever_is_done_no_number_is_given_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    ever: dict[int, str] = {}
    with open_store(tmp_path_factory.mktemp("tags")) as store:
        for step, asset, number in steps:
            if step == "reserve":
                got = store.tags.reserve(PREFIX, str(asset)).number
                assert ever.setdefault(got, str(asset)) == str(asset)
            elif step == "pass":
                store.tags.pass_over(PREFIX, str(asset), set(range(number)))
            else:
                store.tags.set_next(PREFIX, number, lower=True)


def _start(directory: Path, assets: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", MANY, str(directory), *assets],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_side_by_side_never_give_the_same_number(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    # Half of the assets are asked for by both.
    groups = [[str(asset) for asset in range(40)], [str(asset) for asset in range(20, 60)]]
    processes = [_start(tmp_path, assets) for assets in groups]
    for process in processes:
        _go(process)
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
    pairs = {pair for group, numbers in zip(groups, answers, strict=True) for pair in zip(group, numbers, strict=True)}
    assert len(pairs) == 60
    assert set(Counter(number for _, number in pairs).values()) == {1}


def test_what_was_reserved_before_a_kill_is_kept(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    process = _start(tmp_path, [str(asset) for asset in range(1000)])
    assert process.stdout is not None
    _go(process)
    told = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.communicate(timeout=60)[0].split()]
    with open_store(tmp_path) as store:
        assert [store.tags.reserve(PREFIX, str(asset)).number for asset in range(len(told))] == told
