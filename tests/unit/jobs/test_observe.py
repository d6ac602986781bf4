"""Reading two sides side by side."""

import threading
from collections.abc import Callable

import pytest

from syncd.host.errors import Interrupted, NotPermitted, Unavailable
from syncd.jobs.observe import side_by_side
from syncd.reconcile.ports import Progress

WAIT = 10.0
"""Seconds after which a test fails that would hang."""


def quiet(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


def reads(value: str) -> Callable[[Progress], str]:
    def read(progress: Progress) -> str:
        progress(value, 1, None)
        return value

    return read


def fails(error: Exception) -> Callable[[Progress], str]:
    def read(_: Progress) -> str:
        raise error

    return read


class Endless:
    """A reader that goes on, page after page, until its progress stops it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.pages = 0

    def __call__(self, progress: Progress) -> str:
        ends = threading.Event()
        while not ends.wait(0.001):
            self.pages += 1
            progress("pages", self.pages, None)
            self.begun.set()
            if self.pages > WAIT * 1000:
                return "never stopped"
        return ""


def test_both_sides_are_returned_and_their_progress_is_shown() -> None:
    shown: list[str] = []
    assert side_by_side(reads("left"), reads("right"), lambda what, _, __: shown.append(what)) == ("left", "right")
    assert sorted(shown) == ["left", "right"]


def test_the_two_sides_are_read_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=WAIT)

    def meets(_: Progress) -> int:
        return meeting.wait()

    assert sorted(side_by_side(meets, meets, quiet)) == [0, 1]


@pytest.mark.parametrize("error", [Unavailable("down", code="rt.down"), NotPermitted("no", code="rt.no")])
def test_when_the_right_side_fails_the_left_is_not_read_to_its_end(error: Exception) -> None:
    left = Endless()

    def right(_: Progress) -> str:
        left.begun.wait(WAIT)
        raise error

    with pytest.raises(type(error), match=str(error)):
        side_by_side(left, right, quiet)
    assert left.pages < WAIT * 1000


def test_when_the_left_side_fails_its_error_ends_the_reading_of_the_right() -> None:
    right = Endless()

    def left(_: Progress) -> str:
        right.begun.wait(WAIT)
        raise NotPermitted("google says no", code="google.forbidden")

    with pytest.raises(NotPermitted, match="google says no"):
        side_by_side(left, right, quiet)
    assert right.pages < WAIT * 1000


def test_an_error_of_the_left_side_is_told_when_the_right_was_read_whole() -> None:
    with pytest.raises(Unavailable, match="short list"):
        side_by_side(fails(Unavailable("short list", code="google.incomplete")), reads("right"), quiet)


def test_a_stop_while_reading_ends_both_sides() -> None:
    def stopped(what: str, done: int, total: int | None) -> None:  # noqa: ARG001
        raise Interrupted("stopped", code="run.stopped")

    with pytest.raises(Interrupted):
        side_by_side(Endless(), Endless(), stopped)
